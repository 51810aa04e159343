// A partner app on openid-client that registers itself (RFC 7591).
import * as client from 'openid-client'
import { serve, settings } from './partner.mjs'

let config
let checks

async function register() {
  const metadata = { client_name: 'Sunny Books', redirect_uris: [settings.callback], token_endpoint_auth_method: 'client_secret_basic' }
  config = await client.dynamicClientRegistration(settings.issuer, metadata, client.ClientSecretBasic(), { execute: [client.allowInsecureRequests] })
  return { client_id: config.clientMetadata().client_id }
}

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
  return { id_token: claims, userinfo: await client.fetchUserInfo(config, tokens.access_token, claims.sub), token_type: tokens.token_type }
}

serve({ '/': () => ({ ready: true }), '/register': register, '/login': login, '/callback': callback })
