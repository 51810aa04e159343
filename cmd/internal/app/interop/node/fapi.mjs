// A partner app on openid-client by the FAPI 2.0 Security Profile and Message Signing: private_key_jwt, PAR with a signed request, DPoP, JARM,
// signed introspection; userinfo is signed and the ID token encrypted on top.
import * as client from 'openid-client'
import { serve, settings } from './partner.mjs'

const signing = JSON.parse(process.env.KEY)
const key = { kid: signing.kid, key: await crypto.subtle.importKey('jwk', signing, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']) }
const encryption = JSON.parse(process.env.ENCRYPTION_KEY)
const decryption = { kid: encryption.kid, alg: 'ECDH-ES', key: await crypto.subtle.importKey('jwk', encryption, { name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits']) }

let pending
let signedIn

async function login() {
  const metadata = {
    id_token_signed_response_alg: 'ES256',
    authorization_signed_response_alg: 'ES256',
    introspection_signed_response_alg: 'ES256',
    userinfo_signed_response_alg: 'ES256',
    use_mtls_endpoint_aliases: false,
  }
  const config = await client.discovery(settings.issuer, settings.clientID, metadata, client.PrivateKeyJwt(key), { execute: [client.allowInsecureRequests] })
  client.useJwtResponseMode(config)
  client.enableNonRepudiationChecks(config)
  client.enableDecryptingResponses(config, ['A256GCM'], decryption)
  const verifier = client.randomPKCECodeVerifier()
  const checks = { pkceCodeVerifier: verifier, expectedState: client.randomState(), expectedNonce: client.randomNonce(), idTokenExpected: true }
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
  pending = { config, checks, DPoP }
  const signed = await client.buildAuthorizationUrlWithJAR(
    config,
    {
      redirect_uri: settings.callback,
      scope: 'openid profile email',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state: checks.expectedState,
      nonce: checks.expectedNonce,
    },
    key,
  )
  return client.buildAuthorizationUrlWithPAR(config, signed.searchParams, { DPoP })
}

async function callback(url) {
  const { config, checks, DPoP } = pending
  const tokens = await client.authorizationCodeGrant(config, url, checks, undefined, { DPoP })
  const claims = tokens.claims()
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub, { DPoP })
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP })
  const introspection = await client.tokenIntrospection(config, refreshed.access_token)
  signedIn = { config, tokens }
  await client.tokenRevocation(config, refreshed.access_token)
  return {
    id_token: claims,
    encrypted: tokens.id_token.split('.').length === 5,
    userinfo,
    token_type: tokens.token_type,
    refreshed: { id_token: refreshed.claims(), kept: (refreshed.refresh_token ?? tokens.refresh_token) === tokens.refresh_token },
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
