package partner

import (
	"context"
	"net/http"
	"net/url"

	"github.com/symbolon-id/symbolon/clients/sdk/bearer"
)

// serveLogOut ends the app's own session and then the one at the provider (OIDC RP-Logout §2). The ID token shows the provider who asks.
func (a *App) serveLogOut(w http.ResponseWriter, r *http.Request) {
	id, s := a.session(r)
	a.sessions.end(id)
	if s.person == nil {
		http.Redirect(w, r, SignedOutPath, http.StatusSeeOther)
		return
	}
	a.setCookie(w, a.sessions.begin(s.afterLogOut(false)))
	rp, err := a.discover(r.Context())
	if err != nil || rp.metadata.EndSessionEndpoint == "" {
		http.Redirect(w, r, SignedOutPath, http.StatusSeeOther)
		return
	}
	q := url.Values{
		"id_token_hint": {s.idToken}, "client_id": {a.config.ClientID}, "post_logout_redirect_uri": {a.config.BaseURL + SignedOutPath},
	}
	http.Redirect(w, r, rp.metadata.EndSessionEndpoint+"?"+q.Encode(), http.StatusSeeOther)
}

// endSessions ends the app's own sessions when the person has signed out elsewhere. The provider has posted a log-out token that has been checked
// (OIDC Back-Channel Logout §2.7): it names a session, or without one all of the person's.
func (a *App) endSessions(_ context.Context, l bearer.Logout) error {
	a.sessions.signOut(func(s session) bool {
		if l.SessionID != "" {
			return s.person.Issuer == l.Issuer && s.sid == l.SessionID
		}
		return s.person.identity == identity{l.Issuer, l.Subject}
	})
	return nil
}
