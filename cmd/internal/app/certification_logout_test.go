package app_test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// logoutModules are those of the log-out plans, without those that need scripts.
func logoutModules() map[string]func(*suite) {
	hint := func(rp *relyingParty, got signedIn) url.Values {
		return url.Values{"id_token_hint": {got.idToken}, "post_logout_redirect_uri": {afterLogout}, "state": {rand.Text()}}
	}
	asked := func(pairs ...string) func(*relyingParty, signedIn) url.Values {
		return func(rp *relyingParty, got signedIn) url.Values { return changed(hint(rp, got), pairs...) }
	}
	return map[string]func(*suite){
		"oidcc-rp-initiated-logout-discovery-endpoint-verification": announced("end_session_endpoint"),
		"oidcc-session-management-discovery-endpoint-verification":  announced("check_session_iframe", "end_session_endpoint"),
		"oidcc-frontchannel-logout-discovery-endpoint-verification": announced("frontchannel_logout_supported", "frontchannel_logout_session_supported", "end_session_endpoint"),
		"oidcc-backchannel-logout-discovery-endpoint-verification":  announced("backchannel_logout_supported", "backchannel_logout_session_supported", "end_session_endpoint"),

		"oidcc-rp-initiated-logout":          returning(asked("state", strings.Repeat(rand.Text()[:16], 8))),
		"oidcc-rp-initiated-logout-no-state": returning(asked("state", "")),

		"oidcc-rp-initiated-logout-bad-post-logout-redirect-uri":            staying(asked("post_logout_redirect_uri", afterLogout+"/"+rand.Text())),
		"oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri": staying(asked("post_logout_redirect_uri", afterLogout+"?foo=bar")),
		"oidcc-rp-initiated-logout-no-id-token-hint":                        staying(asked("id_token_hint", "")),
		"oidcc-rp-initiated-logout-modified-id-token-hint": staying(func(rp *relyingParty, got signedIn) url.Values {
			return changed(hint(rp, got), "id_token_hint", encodeJWT(`{"alg":"none"}`, string(mustJSON(rp.suite, got.claims)), nil))
		}),
		"oidcc-rp-initiated-logout-bad-id-token-hint": staying(func(rp *relyingParty, got signedIn) url.Values {
			return changed(hint(rp, got), "id_token_hint", rp.sign(got.claims)) // with the client's own key
		}),

		"oidcc-rp-initiated-logout-no-params":                   leaving(asked("id_token_hint", "", "post_logout_redirect_uri", "", "state", "")),
		"oidcc-rp-initiated-logout-only-state":                  leaving(asked("id_token_hint", "", "post_logout_redirect_uri", "")),
		"oidcc-rp-initiated-logout-no-post-logout-redirect-uri": leaving(asked("post_logout_redirect_uri", "")),

		"oidcc-backchannel-rp-initiated-logout": backchannelLogout,
	}
}

// announced is a module that looks at the metadata: each member is an address of ours, or true.
func announced(members ...string) func(*suite) {
	return func(s *suite) {
		d := s.discovery()
		for _, member := range members {
			address, _ := d[member].(string)
			if d[member] != true && !strings.HasPrefix(address, s.issuer+"/") {
				s.t.Errorf("%s: %v", member, d[member])
			}
		}
		expectMetadata(s, d)
	}
}

// leaver is a client that can send people back to itself after a log-out, with somebody signed in.
func (s *suite) leaver(changes ...any) (*relyingParty, signedIn) {
	s.t.Helper()
	rp := s.register(append([]any{"post_logout_redirect_uris", []any{afterLogout}}, changes...)...)
	return rp, rp.flow()
}

// logout opens the end-session endpoint.
func (rp *relyingParty) logout(q url.Values) *page {
	rp.t.Helper()
	rp.browser.stopAt = "https://partner.example/"
	return rp.browser.open(rp.issuer + "/oauth2/logout?" + q.Encode())
}

// expectLoggedOut asks without pages, which must not work any more.
func (rp *relyingParty) expectLoggedOut() {
	rp.t.Helper()
	pg, q := rp.silent()
	rp.expectRefusal(pg, q, needsPerson...)
}

// expectReturn looks at where the browser goes after a log-out: back, with the state and nothing else.
func (rp *relyingParty) expectReturn(location string, q url.Values) {
	rp.t.Helper()
	want := afterLogout
	if q.Has("state") {
		want += "?state=" + url.QueryEscape(q.Get("state"))
	}
	if location != want {
		rp.t.Errorf("to %q, want %q", location, want)
	}
}

// returning is a module whose log-out needs no page.
func returning(ask func(*relyingParty, signedIn) url.Values) func(*suite) {
	return func(s *suite) {
		rp, got := s.leaver()
		q := ask(rp, got)
		rp.expectReturn(rp.logout(q).location, q)
		rp.expectLoggedOut()
	}
}

// staying is a module whose log-out ends on a page: an error, or a question after which the person stays with us.
func staying(ask func(*relyingParty, signedIn) url.Values) func(*suite) {
	return func(s *suite) {
		rp, got := s.leaver()
		pg := rp.logout(ask(rp, got))
		if pg.has("logout-confirm") {
			rp.expectGoodbye(pg.press("logout-confirm"))
			rp.expectLoggedOut()
			return
		}
		pg.expectLocalError(s.t)
	}
}

// leaving is a module whose log-out may ask the person, and says at the end that they are logged out.
func leaving(ask func(*relyingParty, signedIn) url.Values) func(*suite) {
	return func(s *suite) {
		rp, got := s.leaver()
		pg := rp.logout(ask(rp, got))
		if pg.has("logout-confirm") {
			pg = pg.press("logout-confirm")
		}
		rp.expectGoodbye(pg)
		rp.expectLoggedOut()
	}
}

// expectGoodbye fails unless the page says that the person is logged out, and leads nowhere.
func (rp *relyingParty) expectGoodbye(pg *page) {
	rp.t.Helper()
	if pg.status != http.StatusOK || pg.location != "" || !strings.Contains(pg.body, "You are logged out") || pg.has("next") || pg.header.Get("Refresh") != "" {
		rp.t.Errorf("%d to %q\n%s", pg.status, pg.location, pg.body)
	}
}

// backchannelLogout: the token comes by POST, and the browser goes back to the client meanwhile.
func backchannelLogout(s *suite) {
	heard := make(chan url.Values, 9)
	address := s.listener(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.RawQuery == "" && r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" && r.ParseForm() == nil {
			heard <- r.PostForm
		}
		w.Header().Set("Cache-Control", "no-store")
	}) + "/backchannel_logout"
	rp, got := s.leaver("backchannel_logout_uri", address, "backchannel_logout_session_required", true)
	q := url.Values{"id_token_hint": {got.idToken}, "post_logout_redirect_uri": {afterLogout}, "state": {rand.Text()}}
	rp.expectReturn(rp.logout(q).location, q)
	select {
	case form := <-heard:
		rp.expectOnly(form, "logout_token")
		rp.expectLogoutToken(form.Get("logout_token"), got.claims)
	case <-time.After(10 * time.Second):
		s.t.Error("nothing came to the backchannel_logout_uri")
	}
	rp.expectLoggedOut()
}

// expectLogoutToken: OIDC Back-Channel Logout §2.4.
func (rp *relyingParty) expectLogoutToken(token string, of map[string]any) {
	rp.t.Helper()
	claims := rp.opened(token, "logout+jwt")
	events, _ := claims["events"].(map[string]any)
	event, ok := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any)
	jti, _ := claims["jti"].(string)
	if !ok || len(event) != 0 || len(events) != 1 || jti == "" || claims["nonce"] != nil {
		rp.t.Errorf("%v", claims)
	}
	for _, name := range []string{"iss", "aud", "sub", "sid"} {
		if claims[name] != of[name] || claims[name] == nil {
			rp.t.Errorf("%s: %v, in the ID token %v", name, claims[name], of[name])
		}
	}
	j := jwt{claims: claims}
	if j.seconds(rp.t, "exp") <= j.seconds(rp.t, "iat") {
		rp.t.Errorf("%v", claims)
	}
}
