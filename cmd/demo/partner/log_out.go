package partner

import (
	"net/http"
	"net/url"
)

// serveLogOut ends the app's own session and then the one at the provider (OIDC RP-Logout §2). The ID token shows the provider who asks.
func (a *App) serveLogOut(w http.ResponseWriter, r *http.Request) {
	id, s := a.session(r)
	a.sessions.end(id)
	http.SetCookie(w, &http.Cookie{Name: a.config.Product.Cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: -1})
	rp, err := a.discover(r.Context())
	if err != nil || s.person == nil || rp.metadata.EndSessionEndpoint == "" {
		http.Redirect(w, r, SignedOutPath, http.StatusSeeOther)
		return
	}
	q := url.Values{
		"id_token_hint": {s.idToken}, "client_id": {a.config.ClientID}, "post_logout_redirect_uri": {a.config.BaseURL + SignedOutPath},
	}
	http.Redirect(w, r, rp.metadata.EndSessionEndpoint+"?"+q.Encode(), http.StatusSeeOther)
}
