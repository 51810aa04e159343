// A partner app on oauth4webapi, which checks every answer of the server by the letter: sign-in with PKCE through a pushed request, with DPoP.
import * as oauth from 'oauth4webapi'
import { serve, settings } from './partner.mjs'

const insecure = { [oauth.allowInsecureRequests]: true } // the server of the test speaks http, on loopback
const client = { client_id: settings.clientID }
const authentication = oauth.ClientSecretBasic(settings.clientSecret)

let pending
let signedIn

async function login() {
  const server = await oauth.processDiscoveryResponse(settings.issuer, await oauth.discoveryRequest(settings.issuer, insecure))
  const keys = await oauth.generateKeyPair('ES256')
  const verifier = oauth.generateRandomCodeVerifier()
  pending = { server, verifier, state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce(), DPoP: oauth.DPoP(client, keys) }
  const parameters = {
    response_type: 'code',
    redirect_uri: settings.callback,
    scope: 'openid profile email',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: pending.state,
    nonce: pending.nonce,
  }
  const response = await oauth.pushedAuthorizationRequest(server, client, authentication, parameters, { ...insecure, DPoP: pending.DPoP })
  const { request_uri } = await oauth.processPushedAuthorizationResponse(server, client, response)
  const url = new URL(server.authorization_endpoint)
  url.searchParams.set('client_id', client.client_id)
  url.searchParams.set('request_uri', request_uri)
  return url
}

async function callback(url) {
  const { server, verifier, state, nonce, DPoP } = pending
  const options = { ...insecure, DPoP }
  const parameters = oauth.validateAuthResponse(server, client, url, state)
  let response = await oauth.authorizationCodeGrantRequest(server, client, authentication, parameters, settings.callback, verifier, options)
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, { expectedNonce: nonce, requireIdToken: true })
  await oauth.validateApplicationLevelSignature(server, response, insecure)
  const claims = oauth.getValidatedIdTokenClaims(tokens)

  const userinfo = await oauth.processUserInfoResponse(server, client, claims.sub, await oauth.userInfoRequest(server, client, tokens.access_token, options))
  response = await oauth.refreshTokenGrantRequest(server, client, authentication, tokens.refresh_token, options)
  const refreshed = await oauth.processRefreshTokenResponse(server, client, response)
  const introspection = await introspect(server, refreshed.access_token)

  // As a resource server would: the JWT access token with the proof of its key (RFC 9068, RFC 9449).
  const { payload } = decode(refreshed.access_token)
  const api = await resource(server, payload.aud, refreshed.access_token, DPoP)

  await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, authentication, refreshed.refresh_token, insecure))
  signedIn = { server, tokens }
  return {
    id_token: claims,
    userinfo,
    token_type: tokens.token_type,
    refreshed: { id_token: oauth.getValidatedIdTokenClaims(refreshed), rotated: refreshed.refresh_token !== tokens.refresh_token },
    introspection,
    access_token: api,
    revoked: await introspect(server, refreshed.access_token),
  }
}

async function introspect(server, token) {
  const response = await oauth.introspectionRequest(server, client, authentication, token, insecure)
  return oauth.processIntrospectionResponse(server, client, response)
}

// resource sends the token to an API that stands in for a partner's, and returns the claims that it verified.
async function resource(server, audience, token, DPoP) {
  let claims
  const options = {
    ...insecure,
    DPoP,
    [oauth.customFetch]: async (target, init) => {
      claims = await oauth.validateJwtAccessToken(server, new Request(target, init), [audience].flat()[0], { ...insecure, requireDPoP: true })
      return new Response()
    },
  }
  await oauth.protectedResourceRequest(token, 'GET', new URL('https://api.partner.example/books'), undefined, undefined, options)
  return claims
}

function decode(token) {
  return { payload: JSON.parse(Buffer.from(token.split('.')[1], 'base64url')) }
}

function logout() {
  const url = new URL(signedIn.server.end_session_endpoint)
  url.searchParams.set('id_token_hint', signedIn.tokens.id_token)
  url.searchParams.set('post_logout_redirect_uri', settings.signedOut)
  url.searchParams.set('state', 'bye')
  return url
}

serve({
  '/': () => ({ ready: true }),
  '/login': login,
  '/callback': callback,
  '/logout': logout,
  '/signed-out': (url) => ({ state: url.searchParams.get('state') }),
})
