package app_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

const afterLogout = "https://partner.example/bye"

// logoutPartner may send people to afterLogout.
func (w *world) logoutPartner() *partner {
	return w.partner(`{"client_name":"Sunny Books","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token"],"post_logout_redirect_uris":["` + afterLogout + `"]}`)
}

// OIDC RP-Logout §2, §3; conformance, RP-initiated log-out: one line a module.
func TestEndSession(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p, other := w.logoutPartner(), w.logoutPartner()
		for _, c := range []struct {
			name     string
			query    func(hint string) url.Values
			redirect string // "" for a page of ours
			ends     bool   // the session is over without a question
		}{
			{"hint, URI and state", func(hint string) url.Values {
				return url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {afterLogout}, "state": {"s&t=u#v"}}
			}, afterLogout + "?state=" + url.QueryEscape("s&t=u#v"), true},
			{"no state", func(hint string) url.Values {
				return url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {afterLogout}}
			}, afterLogout, true},
			{"hint, URI, client_id", func(hint string) url.Values {
				return url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {afterLogout}, "client_id": {p.id}}
			}, afterLogout, true},
			{"bad URI", func(hint string) url.Values {
				return url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {"https://partner.example/other"}, "state": {"s"}}
			}, "", false},
			{"query added", func(hint string) url.Values {
				return url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {afterLogout + "?foo=bar"}}
			}, "", false},
			{"modified hint", func(hint string) url.Values {
				return url.Values{"id_token_hint": {encodeJWT(`{"alg":"none","typ":"JWT"}`, altered(t, hint, func(map[string]any) {}), nil)}, "post_logout_redirect_uri": {afterLogout}}
			}, "", false},
			{"hint signed by somebody else", func(hint string) url.Values {
				return url.Values{"id_token_hint": {hint[:strings.LastIndexByte(hint, '.')+1] + strings.Repeat("A", 342)}, "post_logout_redirect_uri": {afterLogout}}
			}, "", false},
			{"no hint", func(string) url.Values { return url.Values{"post_logout_redirect_uri": {afterLogout}} }, "", false},
			{"no hint, client_id", func(string) url.Values {
				return url.Values{"post_logout_redirect_uri": {afterLogout}, "client_id": {p.id}}
			}, "", false},
			{"client_id of another", func(hint string) url.Values {
				return url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {afterLogout}, "client_id": {other.id}}
			}, "", false},
			{"no parameters", func(string) url.Values { return nil }, "", false},
			{"only state", func(string) url.Values { return url.Values{"state": {"s"}} }, "", false},
			{"hint only", func(hint string) url.Values { return url.Values{"id_token_hint": {hint}} }, "", true},
			{"hostile URI", func(hint string) url.Values {
				return url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {"javascript:alert(1)"}}
			}, "", false},
			{"hostile URI without hint", func(string) url.Values { return url.Values{"post_logout_redirect_uri": {"https://evil.example/"}} }, "", false},
		} {
			for _, method := range []string{"GET", "POST"} {
				p.test(c.name+" by "+method, func(t *testing.T, p *partner) {
					b := newBrowser(t)
					r := p.tokens(b, "ada")
					b.stopAt = "https://"
					query := c.query(r.text("id_token"))
					var pg *page
					if method == "GET" {
						pg = b.open(w.issuer + "/oauth2/logout?" + query.Encode())
					} else {
						pg = b.do("POST", w.issuer+"/oauth2/logout", query, "cross-site")
					}
					if pg.location != c.redirect {
						t.Errorf("went to %q, want %q", pg.location, c.redirect)
					}
					if c.redirect == "" && (pg.status >= 500 || !strings.HasPrefix(pg.header.Get("Content-Type"), "text/html")) {
						t.Errorf("no page: %d", pg.status)
					}
					if !c.ends && pg.has("logout-confirm") {
						pg = pg.press("logout-confirm")
						if pg.location != "" {
							t.Errorf("confirmed, and went to %q", pg.location)
						}
						if offered := strings.Contains(pg.body, `href="`+afterLogout+`"`); offered != (c.name == "no hint, client_id") || strings.Contains(pg.body, "data-after") {
							t.Errorf("a way back is offered: %t\n%s", offered, pg.body)
						}
						c := p.ask(b, "prompt", "none").came()
						if c.Get("error") != "login_required" {
							t.Errorf("confirmed, and still signed in: %v", c)
						}
						return
					}
					again := p.ask(b, "prompt", "none").came()
					if c.ends != (again.Get("error") == "login_required") {
						t.Errorf("the session: %v", again)
					}
					if c.ends && p.active(r.text("access_token")) {
						t.Error("the token outlives the log-out")
					}
				})
			}
		}
	})
}

// A log-out where nobody is signed in still says so, or goes back.
func TestEndSessionWithoutSession(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.logoutPartner()
	b := newBrowser(t)
	hint := p.tokens(b, "ada").text("id_token")
	b.open(w.issuer + "/logout").press("logout-confirm")
	for _, b := range []*browser{b, newBrowser(t)} {
		b.stopAt = "https://"
		pg := b.open(w.issuer + "/oauth2/logout?" + url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {afterLogout}, "state": {"s"}}.Encode())
		if pg.location != afterLogout+"?state=s" {
			t.Errorf("%d to %q", pg.status, pg.location)
		}
	}
}

// OIDC RP-Logout §2: an ID token that has expired still says who wants to leave, and where from.
func TestEndSessionWithExpiredHint(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "lifetimes: { id_token: 1s }")
	p := w.logoutPartner()
	b := newBrowser(t)
	hint := p.tokens(b, "ada").text("id_token")
	w.until("the hint has expired", func() bool { return readJWT(t, hint).claims["exp"].(float64) < float64(time.Now().Unix()) })
	b.stopAt = "https://"
	pg := b.open(w.issuer + "/oauth2/logout?" + url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {afterLogout}, "state": {"s"}}.Encode())
	if pg.location != afterLogout+"?state=s" {
		t.Errorf("%d to %q", pg.status, pg.location)
	}
	b.stopAt = redirectURI
	p.ask(b, "prompt", "none").expectError(t, w.issuer, "login_required")
}

// OIDC RP-Logout §2: ui_locales, on the page that asks and on the one that says that it is done; OIDC Core §3.1.2.1: on the page that posts the answer,
// also when the request was pushed.
func TestLocalesOfPagesThatFollow(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p, b := w.logoutPartner(), newBrowser(t)
	p.code(b, "ada")
	inKorean := func(what string, pg *page) *page {
		t.Helper()
		if !strings.Contains(pg.body, `<html lang="ko"`) {
			t.Errorf("%s: %d\n%s", what, pg.status, pg.body)
		}
		return pg
	}
	inKorean("form_post", p.take(b, p.pushed("response_mode", "form_post", "ui_locales", "ko")))
	for _, query := range []string{"?ui_locales=ko", "?ui_locales=ko&client_id=" + p.id} {
		p.code(b, "ada")
		inKorean("logged out", inKorean("log-out", b.open(w.issuer+"/oauth2/logout"+query)).press("logout-confirm"))
	}
}
