package app_test

import (
	"testing"
	"time"
)

// FAPI 2.0 §5.3.2.1: a refresh token that stays the same is used by many at once, on all nodes, and still ends with what it stands on.
func TestFAPIRefreshToken(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		f := newFAPI(t, w, fapiWay{}, rsaKey(t, 2048))
		first := f.tokens(f.first)
		token := first.text("refresh_token")
		nodes := []*fapiClient{f.first, f.first.in(w.second())}
		replies := make([]reply, 30)
		parallel(len(replies), func(i int) { replies[i] = nodes[i%2].refreshes(token) })
		for _, r := range replies {
			if r.expect(t, 200, ""); r.text("refresh_token") != token {
				t.Errorf("another refresh token: %s", r.raw)
			}
		}
		another := f.second.prover // a new key of the same client (RFC 9449 §5)
		another.bound(t, f.first.send("/oauth2/token", refreshForm(token), another.proof(nil, nil)))
		f.first.send("/oauth2/token", merged(refreshForm(token), "scope", "openid symbolon:admin"), f.first.proofs()...).expect(t, 400, "invalid_scope")
		narrow := f.first.send("/oauth2/token", merged(refreshForm(token), "scope", "openid"), f.first.proofs()...)
		if narrow.expect(t, 200, ""); narrow.text("scope") != "openid" {
			t.Errorf("scope %q", narrow.text("scope"))
		}
		for name, end := range map[string]func(){
			"the client revokes": func() { f.first.send("/oauth2/revoke", merged(nil, "token", token)).expect(t, 200, "") },
			"consent withdrawn": func() {
				w.must(w.stores.DB.DeleteConsent(t.Context(), w.account("ada.lovelace@gmail.com").ID, f.first.id, time.Now()))
			},
			"log-out": func() { f.browser.open(w.issuer + "/logout").press("logout-confirm") },
			"user blocked": func() {
				id := w.account("ada.lovelace@gmail.com").ID
				w.must(w.stores.DB.Block(t.Context(), id, time.Now()))
				w.must(w.stores.DB.Unblock(t.Context(), id))
			},
		} {
			f.browser = newBrowser(t)
			token = f.tokens(f.first).text("refresh_token")
			f.first.refreshes(token).expect(t, 200, "")
			end()
			if r := f.first.refreshes(token); r.status != 400 || r.text("error") != "invalid_grant" {
				t.Errorf("%s: %d %s", name, r.status, r.raw)
			}
		}
	})
}

// RT-04: a refresh token that stays the same ends when it is not used for too long, and at its absolute end.
func TestFAPIRefreshTokenLifetimes(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		const year = "31536000000"
		f := newFAPI(t, w, fapiWay{}, rsaKey(t, 2048))
		for name, change := range map[string]string{"idle": "refreshed_at = refreshed_at - " + year, "absolute": "expires_at = 1"} {
			token := f.tokens(f.first).text("refresh_token")
			f.first.refreshes(token).expect(t, 200, "")
			w.exec("UPDATE grants SET created_at = created_at - " + year) // it was used since
			f.first.refreshes(token).expect(t, 200, "")
			w.exec("UPDATE grants SET " + change)
			if r := f.first.refreshes(token); r.status != 400 || r.text("error") != "invalid_grant" {
				t.Errorf("%s: %d %s", name, r.status, r.raw)
			}
		}
	})
}

// A client that comes to the profile keeps the refresh token that it has; what was rotated away before stays away. Leaving it, the tokens rotate
// again.
func TestFAPIRefreshTokenOfAChangedClient(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	f := newFAPI(t, w, fapiWay{}, rsaKey(t, 2048))
	change := func(patch string) {
		_, err := w.clients.Update(t.Context(), f.first.id, []byte(patch), 0)
		w.must(err)
		time.Sleep(2100 * time.Millisecond) // the cache of another process
	}
	token := f.tokens(f.first).text("refresh_token")
	change(`{"require_pushed_authorization_requests":false}`)
	next := f.first.refreshes(token).text("refresh_token")
	again := f.first.refreshes(token).text("refresh_token") // in the grace window
	if next == "" || next == token || again != next {
		t.Fatalf("not rotated: %q, %q", next, again)
	}
	change(`{"require_pushed_authorization_requests":true}`)
	for _, old := range []string{next, token, next} {
		if r := f.first.refreshes(old); r.text("refresh_token") != next {
			t.Errorf("the refresh token is lost: %d %s", r.status, r.raw)
		}
	}
	w.exec("UPDATE grants SET refreshed_at = refreshed_at - 61000")
	f.first.refreshes(token).expect(t, 400, "invalid_grant") // reuse
	f.first.refreshes(next).expect(t, 400, "invalid_grant")
}

// FAPI 2.0 §5.3.2.1 is for clients that prove a key of their own: with a secret, or none, refresh tokens rotate as ever.
func TestRefreshTokensRotateOutsideFAPI(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	v := w.prover()
	for _, method := range []string{"client_secret_basic", "none"} {
		p := w.partner(`{"client_name":"Page","token_endpoint_auth_method":"` + method + `","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token"],"dpop_bound_access_tokens":true,"require_pushed_authorization_requests":true}`)
		code := p.finish(t, p.take(newBrowser(t), p.pushed()), "ada").expectCode(t)
		first := p.proved("/oauth2/token", codeForm(code), v.proof(nil, nil)).text("refresh_token")
		second := p.proved("/oauth2/token", refreshForm(first), v.proof(nil, nil)).text("refresh_token")
		if first == "" || second == "" || first == second {
			t.Errorf("%s: %q, then %q", method, first, second)
		}
	}
}
