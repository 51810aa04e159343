// A client and a server of the Model Context Protocol on its TypeScript SDK. The server is an API that takes Symbolon's access tokens and verifies
// them by itself; the client learns from the server's refusal where to sign in, and what to ask for (RFC 9728, RFC 8414, RFC 8707).
import { auth, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import { getOAuthProtectedResourceMetadataUrl, mcpAuthMetadataRouter } from '@modelcontextprotocol/sdk/server/auth/router.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import express from 'express'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { settings } from './partner.mjs'

const issuer = settings.issuer.href.replace(/\/$/, '')
const resource = new URL(settings.base + '/mcp')
const scopesSupported = ['books:read']

// The server.

const metadata = await (await fetch(issuer + '/.well-known/oauth-authorization-server')).json()
const keys = createRemoteJWKSet(new URL(metadata.jwks_uri), { timeoutDuration: 60_000 })

async function verifyAccessToken(token) {
  try {
    const { payload } = await jwtVerify(token, keys, { issuer, audience: resource.href, typ: 'at+jwt' })
    return { token, clientId: payload.client_id, scopes: payload.scope.split(' '), expiresAt: payload.exp, resource, extra: { subject: payload.sub } }
  } catch (error) {
    throw new InvalidTokenError(error.message)
  }
}

function newServer() {
  const server = new McpServer({ name: 'Sunny Books', version: '1.0.0' })
  server.registerTool('whoami', { description: 'Says who asks.' }, ({ authInfo }) => {
    const { clientId, scopes, extra } = authInfo
    return { content: [{ type: 'text', text: JSON.stringify({ client_id: clientId, scopes, sub: extra.subject }) }] }
  })
  return server
}

const app = express()
app.use(mcpAuthMetadataRouter({ oauthMetadata: metadata, resourceServerUrl: resource, scopesSupported }))
const guard = requireBearerAuth({
  verifier: { verifyAccessToken },
  requiredScopes: scopesSupported,
  resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(resource),
  expectedResource: resource,
})
app.post('/mcp', guard, express.json(), async (request, response) => {
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined })
  await newServer().connect(transport)
  await transport.handleRequest(request, response, request.body)
})
app.all('/mcp', (_request, response) => response.status(405).end())

// The client.

let stored = { client: settings.clientID ? { client_id: settings.clientID } : undefined }
const provider = {
  redirectUrl: settings.callback,
  clientMetadataUrl: process.env.CLIENT_DOCUMENT,
  clientMetadata: {
    client_name: 'Sunny Inspector',
    redirect_uris: [settings.callback],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  },
  state: () => (stored.state = crypto.randomUUID()),
  clientInformation: () => stored.client,
  saveClientInformation: (client) => (stored.client = client),
  tokens: () => stored.tokens,
  saveTokens: (tokens) => (stored.tokens = tokens),
  saveCodeVerifier: (verifier) => (stored.verifier = verifier),
  codeVerifier: () => stored.verifier,
  redirectToAuthorization: (url) => (stored.url = url),
  discoveryState: () => stored.discovery,
  saveDiscoveryState: (discovery) => (stored.discovery = discovery),
}

async function whoami() {
  const client = new Client({ name: 'Sunny Inspector', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(resource, { authProvider: provider }))
  const { content } = await client.callTool({ name: 'whoami' })
  await client.close()
  return JSON.parse(content[0].text)
}

let pending

async function login() {
  stored = { client: stored.client }
  pending = new StreamableHTTPClientTransport(resource, { authProvider: provider })
  try {
    await new Client({ name: 'Sunny Inspector', version: '1.0.0' }).connect(pending)
  } catch (error) {
    if (error instanceof UnauthorizedError) return stored.url
    throw error
  }
  throw new Error('the server wants no token')
}

async function callback({ query }) {
  if (query.error || query.state !== stored.state) throw new Error(JSON.stringify(query))
  await pending.finishAuth(query.code)
  const who = await whoami()
  const { refresh_token } = stored.tokens
  await auth(provider, { serverUrl: resource })
  return { ...who, refreshed: { ...(await whoami()), rotated: stored.tokens.refresh_token !== refresh_token } }
}

const by = (handler) => async (request, response) => {
  try {
    const answer = await handler(request)
    if (answer instanceof URL) response.redirect(303, answer.href)
    else response.json(answer)
  } catch (error) {
    console.error(error)
    response.status(500).send(`${error.stack}\n${JSON.stringify(error)}`)
  }
}
app.get('/', (_request, response) => response.json({ ready: true }))
app.get('/login', by(login))
app.get('/callback', by(callback))
app.listen(Number(new URL(settings.base).port), '127.0.0.1')
