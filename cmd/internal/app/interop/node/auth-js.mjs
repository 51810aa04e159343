// A partner app on Express and Auth.js, as its documentation shows for a provider of one's own. What it knows of people it takes from userinfo.
import { ExpressAuth, getSession } from '@auth/express'
import express from 'express'
import { settings } from './partner.mjs'

const config = {
  trustHost: true,
  secret: 'a secret of the partner',
  providers: [
    {
      id: 'symbolon',
      name: 'Symbolon',
      type: 'oidc',
      issuer: settings.issuer.href.replace(/\/$/, ''),
      clientId: settings.clientID,
      clientSecret: settings.clientSecret,
      checks: ['pkce', 'state', 'nonce'],
      idToken: false,
    },
  ],
  callbacks: {
    jwt: ({ token, account, profile }) => (account ? { ...token, account, profile } : token),
    session: ({ session, token }) => ({ ...session, account: token.account, profile: token.profile }),
  },
}

const app = express()
app.use('/auth/*', ExpressAuth(config))
app.get('/', (_request, response) => response.json({ ready: true }))
app.get('/login', async (_request, response, next) => {
  try {
    // The button of its sign-in page: a form with a token that a cookie repeats.
    const csrf = await fetch(settings.base + '/auth/csrf')
    const cookies = csrf.headers.getSetCookie()
    const { csrfToken } = await csrf.json()
    const pressed = await fetch(settings.base + '/auth/signin/symbolon', {
      method: 'POST',
      headers: { cookie: cookies.map((cookie) => cookie.split(';')[0]).join('; ') },
      body: new URLSearchParams({ csrfToken, callbackUrl: settings.base + '/me' }),
      redirect: 'manual',
    })
    response.append('set-cookie', [...cookies, ...pressed.headers.getSetCookie()])
    response.redirect(pressed.headers.get('location'))
  } catch (error) {
    next(error)
  }
})
app.get('/me', async (request, response, next) => {
  try {
    const session = await getSession(request, config)
    if (!session) return response.status(401).end()
    const { account, profile } = session
    const claims = JSON.parse(Buffer.from(account.id_token.split('.')[1], 'base64url')) // Auth.js has verified it
    response.json({ id_token: claims, userinfo: profile, token_type: account.token_type })
  } catch (error) {
    next(error)
  }
})
app.get('/logout', async (request, response, next) => {
  try {
    const { account } = await getSession(request, config)
    response.clearCookie('authjs.session-token')
    const hint = { id_token_hint: account.id_token, post_logout_redirect_uri: settings.signedOut, state: 'bye' }
    response.redirect(`${config.providers[0].issuer}/oauth2/logout?` + new URLSearchParams(hint))
  } catch (error) {
    next(error)
  }
})
app.get('/signed-out', (request, response) => response.json({ state: request.query.state }))
app.use((error, _request, response, _next) => response.status(500).send(`${error.stack}\n${JSON.stringify(error)}`))
app.listen(Number(new URL(settings.base).port), '127.0.0.1')
