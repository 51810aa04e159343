package partner

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// logOutToken returns the claims of a log-out token (OIDC Back-Channel Logout §2.4) for the session of the subject; either may be empty.
func logOutToken(i *issuer, sub, sid string) map[string]any {
	claims := map[string]any{
		"iss": i.server.URL, "aud": "books", "iat": time.Now().Unix(), "exp": time.Now().Add(2 * time.Minute).Unix(), "jti": rand.Text(),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	if sub != "" {
		claims["sub"] = sub
	}
	if sid != "" {
		claims["sid"] = sid
	}
	return claims
}

// tellLogOut posts the token as the provider does and returns the status.
func tellLogOut(t *testing.T, base, token string) int {
	t.Helper()
	res, err := http.PostForm(base+BackchannelLogoutPath, url.Values{"logout_token": {token}})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// OIDC Back-Channel Logout §2.7: a log-out token ends the sessions that it names, and no other.
func TestBackchannelLogout(t *testing.T) {
	for _, test := range []struct {
		name           string
		token          func(*issuer) string
		status         int
		ada, otherTab  bool // still signed in
		otherPersonToo bool
	}{
		{"a session", func(i *issuer) string { return i.sign("logout+jwt", logOutToken(i, "ada", "sid-1")) }, http.StatusOK, false, true, true},
		{"a session without its subject", func(i *issuer) string { return i.sign("logout+jwt", logOutToken(i, "", "sid-1")) }, http.StatusOK, false, true, true},
		{"all of a person's", func(i *issuer) string { return i.sign("logout+jwt", logOutToken(i, "ada", "")) }, http.StatusOK, false, false, true},
		{"an unknown session", func(i *issuer) string { return i.sign("logout+jwt", logOutToken(i, "ada", "sid-9")) }, http.StatusOK, true, true, true},
		{"another app's log-out", func(i *issuer) string {
			claims := logOutToken(i, "ada", "sid-1")
			claims["aud"] = "night-radio"
			return i.sign("logout+jwt", claims)
		}, http.StatusBadRequest, true, true, true},
		{"an ID token", func(i *issuer) string { return i.sign("JWT", logOutToken(i, "ada", "sid-1")) }, http.StatusBadRequest, true, true, true},
		{"noise", func(*issuer) string { return "noise" }, http.StatusBadRequest, true, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			i := newIssuer(t)
			app, base := newBooks(t, i)
			i.sid = "sid-1"
			ada := signIn(t, i, base, "ada", "")
			i.sid = "sid-2"
			otherTab := signIn(t, i, base, "ada", "")
			i.sid = "sid-3"
			grace := signIn(t, i, base, "grace", "")
			if status := tellLogOut(t, base, test.token(i)); status != test.status {
				t.Errorf("answered %d, want %d", status, test.status)
			}
			for name, who := range map[string]struct {
				cookie   *http.Cookie
				signedIn bool
			}{"the session": {ada, test.ada}, "the person's other browser": {otherTab, test.otherTab}, "another person": {grace, test.otherPersonToo}} {
				s, _ := app.sessions.get(who.cookie.Value)
				if (s.person != nil) != who.signedIn {
					t.Errorf("%s: signed in %t, want %t", name, s.person != nil, who.signedIn)
				}
				if s.person == nil && (s.idToken != "" || s.token != nil) {
					t.Errorf("%s: the session's tokens are still there", name)
				}
			}
		})
	}
}

// A refresh that is under way while the person signs out elsewhere does not bring the session back.
func TestBackchannelLogoutDuringRefresh(t *testing.T) {
	i := newIssuer(t)
	app, base := newBooks(t, i)
	i.sid = "sid-1"
	cookie := signIn(t, i, base, "ada", "")
	i.atToken = func() { tellLogOut(t, base, i.sign("logout+jwt", logOutToken(i, "ada", "sid-1"))) }
	if res := post(t, base+"/refresh", cookie); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("refresh: %s", res.Status)
	}
	if s, _ := app.sessions.get(cookie.Value); s.person != nil || s.token != nil {
		t.Errorf("signed in again: %+v", s)
	}
}

// OIDC RP-Logout §2: the app's own session ends first, then the browser goes to the provider with the ID token as the hint.
func TestLogOut(t *testing.T) {
	i := newIssuer(t)
	app, base := newBooks(t, i)
	cookie := signIn(t, i, base, "ada", "")
	res := post(t, base+"/log-out", cookie)
	to, err := res.Location()
	if err != nil || !strings.HasPrefix(to.String(), i.server.URL+"/logout?") {
		t.Fatalf("%s to %v, %v", res.Status, to, err)
	}
	q := to.Query()
	if q.Get("id_token_hint") == "" || q.Get("client_id") != "books" || q.Get("post_logout_redirect_uri") != base+SignedOutPath {
		t.Errorf("asked %v", q)
	}
	if _, known := app.sessions.get(cookie.Value); known {
		t.Error("the old session id is still good")
	}
}
