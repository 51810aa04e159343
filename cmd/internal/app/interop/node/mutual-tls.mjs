// A partner app on openid-client with undici's connections: it authenticates by its certificate, and its tokens are bound to it (RFC 8705).
import { readFileSync } from 'node:fs'
import * as client from 'openid-client'
import { Agent, fetch } from 'undici'
import { serve, settings } from './partner.mjs'

const ca = readFileSync(process.env.CA)
const withCertificate = new Agent({ connect: { ca, cert: readFileSync(process.env.CERT), key: readFileSync(process.env.CERT_KEY) } })
const without = new Agent({ connect: { ca } })
const by = (dispatcher) => (url, init) => fetch(url, { ...init, dispatcher })

const config = await client.discovery(settings.issuer, settings.clientID, { use_mtls_endpoint_aliases: true }, client.TlsClientAuth(), {
  [client.customFetch]: by(withCertificate),
})
let checks
let signedIn

async function login() {
  checks = { pkceCodeVerifier: client.randomPKCECodeVerifier(), expectedState: client.randomState(), idTokenExpected: true }
  return client.buildAuthorizationUrl(config, {
    redirect_uri: settings.callback,
    scope: 'openid profile email',
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
  })
}

async function callback(url) {
  const tokens = await client.authorizationCodeGrant(config, url, checks)
  const claims = tokens.claims()
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token)
  const introspection = await client.tokenIntrospection(config, refreshed.access_token)
  const stolen = await by(without)(config.serverMetadata().userinfo_endpoint, { headers: { authorization: 'Bearer ' + refreshed.access_token } })
  await client.tokenRevocation(config, refreshed.access_token)
  signedIn = tokens
  return {
    id_token: claims,
    userinfo,
    token_type: tokens.token_type,
    refreshed: { id_token: refreshed.claims() },
    introspection,
    refused: { status: stolen.status, challenge: stolen.headers.get('www-authenticate') },
    revoked: await client.tokenIntrospection(config, refreshed.access_token),
  }
}

serve({
  '/': () => ({ ready: true }),
  '/login': login,
  '/callback': callback,
  '/logout': () => client.buildEndSessionUrl(config, { post_logout_redirect_uri: settings.signedOut, id_token_hint: signedIn.id_token, state: 'bye' }),
  '/signed-out': (url) => ({ state: url.searchParams.get('state') }),
})
