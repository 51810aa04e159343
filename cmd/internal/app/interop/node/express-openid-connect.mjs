// A partner app on express-openid-connect: code with PKCE, by form_post, refresh and log-out.
import express from 'express'
import { createRequire } from 'node:module'
import { settings } from './partner.mjs'

const { auth } = createRequire(import.meta.url)('express-openid-connect')

const app = express()
app.get('/', (_request, response) => response.json({ ready: true }))
app.get('/signed-out', (_request, response) => response.json({}))
app.use(
  auth({
    issuerBaseURL: settings.issuer.href,
    baseURL: settings.base,
    clientID: settings.clientID,
    clientSecret: settings.clientSecret,
    secret: 'a secret of the partner, long enough',
    authorizationParams: { response_type: 'code', response_mode: 'form_post', scope: 'openid profile email' },
    authRequired: false,
    idpLogout: true,
    httpTimeout: 60_000,
    routes: { postLogoutRedirect: settings.signedOut },
    session: { cookie: { secure: false } },
    transactionCookie: { sameSite: 'Lax' },
  }),
)
app.get('/books', async (request, response, next) => {
  try {
    if (!request.oidc.isAuthenticated()) return response.oidc.login({ returnTo: '/books' })
    const before = request.oidc.refreshToken
    const userinfo = await request.oidc.fetchUserInfo()
    const { token_type } = request.oidc.accessToken
    await request.oidc.accessToken.refresh()
    response.json({
      id_token: request.oidc.idTokenClaims,
      userinfo,
      token_type,
      refreshed: { id_token: request.oidc.idTokenClaims, rotated: request.oidc.refreshToken !== before },
    })
  } catch (error) {
    next(error)
  }
})
app.use((error, _request, response, _next) => response.status(500).send(`${error.stack}\n${JSON.stringify(error)}`))
app.listen(Number(new URL(settings.base).port), '127.0.0.1')
