// A partner app on openid-client that signs people in on a television (RFC 8628), and asks for a token of its own.
import * as client from 'openid-client'
import { serve, settings } from './partner.mjs'

const authentication = client.ClientSecretBasic(settings.clientSecret)
const config = await client.discovery(settings.issuer, settings.clientID, undefined, authentication, { execute: [client.allowInsecureRequests] })
let polled

async function device() {
  const answer = await client.initiateDeviceAuthorization(config, { scope: 'openid profile email' })
  polled = client.pollDeviceAuthorizationGrant(config, answer)
  return new URL(answer.verification_uri_complete)
}

async function television() {
  const tokens = await polled
  const claims = tokens.claims()
  return { id_token: claims, userinfo: await client.fetchUserInfo(config, tokens.access_token, claims.sub), token_type: tokens.token_type }
}

async function own() {
  const tokens = await client.clientCredentialsGrant(config, { scope: 'read' })
  return client.tokenIntrospection(config, tokens.access_token)
}

serve({ '/': () => ({ ready: true }), '/device': device, '/television': television, '/own': own })
