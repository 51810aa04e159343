// A partner app on Express and passport-openidconnect, as its documentation shows. It verifies the ID token's claims and asks userinfo.
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import OpenIDConnectStrategy from 'passport-openidconnect'
import { settings } from './partner.mjs'

const issuer = settings.issuer.href.replace(/\/$/, '')

const strategy = new OpenIDConnectStrategy(
  {
    issuer,
    authorizationURL: issuer + '/oauth2/authorize',
    tokenURL: issuer + '/oauth2/token',
    userInfoURL: issuer + '/oauth2/userinfo',
    clientID: settings.clientID,
    clientSecret: settings.clientSecret,
    callbackURL: settings.callback,
    scope: ['profile', 'email'],
    nonce: true,
  },
  (issuer, userinfo, idToken, _context, raw, _accessToken, _refreshToken, _parameters, done) => {
    done(null, {
      raw,
      id_token: { iss: issuer, sub: idToken.id, aud: settings.clientID },
      userinfo: { sub: userinfo.id, email: userinfo.emails[0].value, name: userinfo.displayName },
    })
  },
)
passport.use(strategy)
passport.serializeUser((user, done) => done(null, user))
passport.deserializeUser((user, done) => done(null, user))

const app = express()
app.use(session({ secret: 'a secret of the partner', resave: false, saveUninitialized: false }))
app.use(passport.session())
app.get('/', (_request, response) => response.json({ ready: true }))
app.get('/login', passport.authenticate('openidconnect'))
app.get('/callback', passport.authenticate('openidconnect', { failWithError: true }), (_request, response) => response.redirect('/me'))
app.get('/me', (request, response) => (request.user ? response.json(request.user) : response.status(401).end()))
app.get('/logout', (request, response, next) => {
  const hint = request.user.raw
  request.logout((error) => {
    if (error) return next(error)
    response.redirect(`${issuer}/oauth2/logout?` + new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: settings.signedOut, state: 'bye' }))
  })
})
app.get('/signed-out', (request, response) => response.json({ state: request.query.state }))
app.use((error, _request, response, _next) => response.status(500).send(`${error.stack}\n${JSON.stringify(error)}`))
app.listen(Number(new URL(settings.base).port), '127.0.0.1')
