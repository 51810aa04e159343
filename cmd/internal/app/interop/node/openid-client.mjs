// A partner app on openid-client: sign-in with PKCE, and each feature that the query of /login names.
import * as client from 'openid-client'
import { form, serve, settings } from './partner.mjs'

let pending // the sign-in under way
let signedIn // its tokens

async function configure(features) {
  const config = await client.discovery(settings.issuer, settings.clientID, settings.clientSecret, undefined, { execute: [client.allowInsecureRequests] })
  client.enableNonRepudiationChecks(config)
  if (features.has('jarm')) client.useJwtResponseMode(config)
  if (features.has('hybrid')) client.useCodeIdTokenResponseType(config)
  return config
}

async function login(url) {
  const features = url.searchParams
  const config = await configure(features)
  const verifier = client.randomPKCECodeVerifier()
  const checks = { pkceCodeVerifier: verifier, expectedState: client.randomState(), expectedNonce: client.randomNonce(), idTokenExpected: true }
  const parameters = {
    redirect_uri: settings.callback,
    scope: 'openid profile email',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
  }
  if (features.has('max_age')) {
    checks.maxAge = Number(features.get('max_age'))
    parameters.max_age = features.get('max_age')
  }
  if (features.has('form_post')) parameters.response_mode = 'form_post'
  let DPoP
  if (features.has('dpop')) DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair())
  pending = { config, checks, DPoP }
  if (features.has('par')) return client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP })
  return client.buildAuthorizationUrl(config, parameters)
}

async function callback(url, request) {
  const { config, checks, DPoP } = pending
  let current = url
  if (request.method === 'POST') {
    current = new Request(url, { method: 'POST', headers: { 'content-type': request.headers['content-type'] }, body: await form(request) })
  }
  const tokens = await client.authorizationCodeGrant(config, current, checks, undefined, { DPoP })
  const claims = tokens.claims()
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub, { DPoP })
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP })
  const introspection = await client.tokenIntrospection(config, refreshed.access_token)
  await client.tokenRevocation(config, refreshed.refresh_token)
  signedIn = { config, tokens }
  return {
    id_token: claims,
    userinfo,
    token_type: tokens.token_type,
    refreshed: { id_token: refreshed.claims(), rotated: refreshed.refresh_token !== tokens.refresh_token },
    introspection,
    revoked: await client.tokenIntrospection(config, refreshed.access_token),
  }
}

serve({
  '/': () => ({ ready: true }),
  '/login': login,
  '/callback': callback,
  '/logout': () => client.buildEndSessionUrl(signedIn.config, { post_logout_redirect_uri: settings.signedOut, id_token_hint: signedIn.tokens.id_token, state: 'bye' }),
  '/signed-out': (url) => ({ state: url.searchParams.get('state') }),
})
