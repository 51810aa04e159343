// A partner app without a server, on oidc-client-ts: a public client whose tokens stay in the page. Each path is a step of it.
const { authority, client_id } = await (await fetch('/settings')).json()
const origin = location.origin
if (location.search === '?dpop') sessionStorage.setItem('dpop', 'yes')
const dpop = sessionStorage.getItem('dpop') ? { store: new oidc.IndexedDbDPoPStore() } : undefined
const manager = new oidc.UserManager({
  authority,
  client_id,
  redirect_uri: origin + '/callback',
  post_logout_redirect_uri: origin + '/signed-out',
  scope: 'openid profile email',
  loadUserInfo: !dpop, // it would ask without a proof
  validateSubOnSilentRenew: true,
  userStore: new oidc.WebStorageStateStore({ store: sessionStorage }),
  silentRequestTimeoutInSeconds: 60,
  dpop,
})

async function callback() {
  const user = await manager.signinCallback()
  const { sub, iss, aud, auth_time, email, name } = user.profile
  const report = { id_token: { sub, iss, aud, auth_time }, userinfo: { sub, email, name }, token_type: user.token_type }
  if (dpop) report.userinfo = await (await userinfo(user)).json()
  const refreshed = await manager.signinSilent()
  report.refreshed = { id_token: { sub: refreshed.profile.sub }, rotated: refreshed.refresh_token !== user.refresh_token }
  await manager.revokeTokens(['refresh_token'])
  try {
    const answer = await userinfo(refreshed)
    report.refused = { status: answer.status, challenge: answer.headers.get('www-authenticate') }
  } catch (error) {
    report.refused = { status: 0, challenge: String(error) }
  }
  return report
}

async function userinfo(user) {
  const url = await manager.metadataService.getUserInfoEndpoint()
  const headers = { Authorization: `${user.token_type} ${user.access_token}` }
  if (dpop) headers.DPoP = await manager.dpopProof(url, user, 'GET')
  return fetch(url, { headers })
}

async function step() {
  switch (location.pathname) {
    case '/login':
      return manager.signinRedirect()
    case '/callback':
      return callback()
    case '/logout':
      return manager.signoutRedirect({ state: 'bye' })
    case '/signed-out':
      return { state: (await manager.signoutCallback()).userState }
  }
}

const report = document.getElementById('report')
try {
  const answer = await step()
  if (answer) report.textContent = JSON.stringify(answer)
} catch (error) {
  report.textContent = error.stack + '\n' + JSON.stringify(error)
}
