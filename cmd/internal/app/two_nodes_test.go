package app_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// What one node does, the other knows: interactions, codes, tokens and their end.
func TestTwoNodes(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, a *world) {
		b := a.second()
		p := a.newPartner()
		onB := p.at(b)
		a.test("every step on the other node", func(t *testing.T, w *world) {
			browser := newBrowser(t)
			browser.stopAt = redirectURI
			pg := browser.open(p.url())
			browser.use(b)
			pg = browser.open(pg.url.String()) // the same page by the other node
			pg = pg.press("login-google")
			browser.use(a)
			pg = pg.press("person-ada")
			pg.expectConsent(t)
			browser.use(b)
			code := pg.press("consent-allow").expectCode(t)
			r := p.redeem(code)
			r.expect(t, 200, "")
			onB.redeem(code).expect(t, 400, "invalid_grant")
			if p.active(r.text("access_token")) {
				t.Error("a replay on B left the tokens of A alive")
			}
			other := onB.redeem(p.ask(browser).expectCode(t))
			onB.refresh(p.refresh(other.text("refresh_token")).text("refresh_token")).expect(t, 200, "")
		})
		ends := func(name, person string, end func(r reply, browser *browser)) {
			a.test(name, func(t *testing.T, w *world) {
				browser := newBrowser(t)
				r := p.tokens(browser, person)
				onB := onB.at(b)
				onB.w.t = t
				if !onB.active(r.text("access_token")) || b.get("/oauth2/userinfo", r.text("access_token")).status != 200 {
					t.Fatal("B does not know the token")
				}
				browser.use(a)
				end(r, browser)
				if onB.active(r.text("access_token")) || onB.active(r.text("refresh_token")) {
					t.Error("B says active")
				}
				if status := b.get("/oauth2/userinfo", r.text("access_token")).status; status != 401 {
					t.Errorf("userinfo on B: %d", status)
				}
				onB.refresh(r.text("refresh_token")).expect(t, 400, "invalid_grant")
			})
		}
		ends("revoked on A", "ada", func(r reply, _ *browser) { p.post("/oauth2/revoke", "token", r.text("access_token")) })
		ends("logged out on A", "ada", func(_ reply, browser *browser) {
			browser.open(a.issuer + "/logout").press("logout-confirm")
			browser.use(b)
			p.ask(browser, "prompt", "none").expectError(t, a.issuer, "login_required")
			if home := browser.open(a.issuer + "/"); strings.Contains(home.body, "Ada") {
				t.Error("B's home page still knows the person")
			}
		})
		ends("logged out on A by the partner", "ada", func(r reply, browser *browser) {
			browser.open(a.issuer + "/oauth2/logout?id_token_hint=" + url.QueryEscape(r.text("id_token")))
		})
		ends("blocked", "alan", func(r reply, _ *browser) {
			a.must(a.stores.DB.Block(a.t.Context(), readJWT(a.t, r.text("id_token")).text("sub"), time.Now()))
		})
		ends("disconnected", "grace", func(r reply, _ *browser) {
			a.must(a.stores.DB.DeleteConsent(a.t.Context(), readJWT(a.t, r.text("id_token")).text("sub"), p.id, time.Now()))
		})
	})
}

// FD-15: a blocked person cannot come back by the upstream, on any node.
func TestBlockedPersonSignsIn(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		b := newBrowser(t)
		p.code(b, "ada")
		w.must(w.stores.DB.Block(t.Context(), w.account("ada.lovelace@gmail.com").ID, time.Now()))
		pg := p.ask(b)
		pg.expectLogin(t)
		pg = pg.press("login-google")
		if pg.has("person-ada") {
			pg = pg.press("person-ada")
		}
		if pg.status != 403 || pg.came() != nil {
			t.Errorf("%d to %q", pg.status, pg.location)
		}
		p.ask(b, "prompt", "none").expectError(t, w.issuer, "login_required")
		if n := w.count("accounts"); n != 1 {
			t.Errorf("%d accounts", n)
		}
	})
}
