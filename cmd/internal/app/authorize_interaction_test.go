package app_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Nothing is written before an upstream is chosen: opening the login page is free (DS-08), choosing is one row, and a finished sign-in has one
// grant at its end.
func TestAuthorizeWritesNothing(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		p.tokens(newBrowser(t), "grace") // the node reserves its first block of status indexes
		grants, attempts := w.count("grants"), w.count("upstream_attempts")
		before := w.commits()
		for range 20 {
			p.ask(newBrowser(t)).expectLogin(t)
		}
		b := newBrowser(t)
		pg := p.ask(b)
		if after := w.commits(); after != before {
			t.Errorf("the login page costs %d commits", after-before)
		}
		if n := w.count("upstream_attempts") - attempts; n != 0 {
			t.Errorf("%d attempts", n)
		}
		pg = pg.press("login-google")
		if after := w.commits(); after != before+1 || w.count("upstream_attempts") != attempts+1 {
			t.Errorf("choosing an upstream costs %d commits and %d rows", after-before, w.count("upstream_attempts")-attempts)
		}
		pg = pg.press("person-ada")
		if pg.has("consent-allow") {
			pg = pg.press("consent-allow")
		}
		code := pg.expectCode(t)
		if w.count("grants") != grants {
			t.Error("a grant stands before the code is redeemed")
		}
		before = w.commits()
		p.redeem(code).expect(t, 200, "")
		if after := w.commits(); after != before+1 || w.count("grants") != grants+1 {
			t.Errorf("redeeming costs %d commits and makes %d grants", after-before, w.count("grants")-grants)
		}
	})
}

// AZ-21: the link of an interaction works in the browser that started it and in no other, at every step.
func TestInteractionInAnotherBrowser(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		attacker, victim := newBrowser(t), newBrowser(t)
		p.code(victim, "ada") // the victim is signed in and has consented before
		victim.stopAt = redirectURI
		login := p.ask(attacker)
		login.expectLogin(t)
		i := login.url.RawQuery
		for _, path := range []string{"/login?", "/consent?", "/oauth2/authorize/resume?"} {
			pg := victim.open(w.issuer + path + i)
			pg.expectLocalError(t)
			newBrowser(t).open(w.issuer + path + i).expectLocalError(t)
		}
		for _, path := range []string{"/login/google", "/login/cancel", "/consent"} {
			pg := victim.do("POST", w.issuer+path, url.Values{"i": {login.url.Query().Get("i")}, "decision": {"allow"}}, "same-origin")
			pg.expectLocalError(t)
		}
		// FD-07: the attacker's way to the upstream, finished by the victim.
		attacker.stopAt = w.google.BaseURL()
		upstream := login.press("login-google").location
		stranger := newBrowser(t)
		stranger.stopAt = redirectURI
		pg := stranger.open(upstream).press("person-grace")
		pg.expectLocalError(t)
		if len(stranger.cookies[w.host()]["__Host-symbolon"]) != 0 {
			t.Error("the stranger is signed in by the attacker's link")
		}
		// Nothing of it was worth anything to the attacker.
		attacker.stopAt = redirectURI
		attacker.open(w.issuer + "/oauth2/authorize/resume?" + i).expectLogin(t)
	})
}

// FD-07: a callback is good for one use, in the browser that started it.
func TestCallbackIsSpent(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		b := newBrowser(t)
		pg := p.ask(b).press("login-google")
		b.stopAt = w.issuer + "/login/google/callback"
		callback := pg.press("person-ada").location
		b.stopAt = redirectURI
		newBrowser(t).open(callback).expectLocalError(t)
		other := newBrowser(t)
		p.ask(other).expectLogin(t)
		other.open(callback).expectLocalError(t)
		facebook := strings.Replace(callback, "/login/google/", "/login/facebook/", 1) // FD-09
		b.open(facebook).expectLocalError(t)
		if len(b.cookies[w.host()]["__Host-symbolon"]) != 0 {
			t.Error("signed in by the other upstream's callback")
		}
		b.open(callback)
		second := b.open(callback)
		if second.came().Get("code") != "" {
			t.Error("a callback gives a code twice")
		}
	})
}

// AZ-22: whatever is changed in the link, the form or the cookies between two steps is refused, or changes nothing.
func TestInteractionTampering(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p, other := w.newPartner(), w.newPartner()
	b := newBrowser(t)
	login := p.ask(b)
	i := login.url.Query().Get("i")
	for n := 0; n < len(i); n += len(i)/40 + 1 {
		c := byte('A')
		if i[n] == c {
			c = 'B'
		}
		b.open(w.issuer + "/login?i=" + url.QueryEscape(i[:n]+string(c)+i[n+1:])).expectLocalError(t)
	}
	raw, err := base64.RawURLEncoding.DecodeString(i)
	w.must(err)
	for name, bad := range map[string]string{
		"cut": i[:len(i)-1], "longer": i + "A", "padded": i + "=", "nul": i + "\x00", "empty": "", "lower": strings.ToLower(i), "half": i[:len(i)/2],
		"reversed": base64.RawURLEncoding.EncodeToString(append(raw[1:], raw[0])),
	} {
		pg := b.open(w.issuer + "/login?i=" + url.QueryEscape(bad))
		pg.expectLocalError(t)
		if t.Failed() {
			t.Fatal(name)
		}
	}
	pg := login.press("login-google", "client_id", other.id, "redirect_uri", "https://evil.example/", "scope", "openid symbolon:admin")
	pg = pg.press("person-ada")
	pg.expectConsent(t)
	// Parameters beside "i" are not read.
	pg = b.open(pg.url.String() + "&client_id=" + other.id + "&scope=openid&redirect_uri=https%3A%2F%2Fevil.example%2F&state=s2&nonce=n2&user=x")
	pg.expectConsent(t)
	pg = pg.press("consent-allow", "client_id", other.id, "scope", "openid offline_access", "nonce", "n2", "state", "s2", "account", "x", "sub", "x", "redirect_uri", "https://evil.example/")
	code := pg.expectCode(t)
	if pg.came().Get("state") != "s1" {
		t.Errorf("state: %v", pg.came())
	}
	other.redeem(code).expect(t, 400, "invalid_grant")
	// What another client tried has burnt nothing of the owner's, or burnt the code: either way nobody else has tokens.
	if r := p.redeem(code); r.status == 200 {
		id := readJWT(t, r.text("id_token"))
		if id.text("nonce") != "n1" || id.text("aud") != p.id || strings.Contains(r.text("scope"), "offline_access") {
			t.Errorf("tampering got through: %v, scope %s", id.claims, r.text("scope"))
		}
	}
}

// AZ-22: the consent form of one account does not answer for another that has signed in meanwhile.
func TestConsentOfAnotherAccount(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	consent := p.ask(b).press("login-google").press("person-ada")
	consent.expectConsent(t)
	second := p.ask(b, "prompt", "select_account").press("login-google").press("person-grace")
	second.expectConsent(t)
	pg := consent.press("consent-allow") // made for Ada, sent by Grace's session
	pg.expectConsent(t)
	if n := w.count("consents"); n != 0 {
		t.Errorf("%d consents from a form of another account", n)
	}
}

// AZ-19: no 307 or 308 anywhere on the way, and paths are not repaired.
func TestNoRedirectKeepsThePost(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	form, _ := url.ParseQuery(p.query())
	login := p.ask(b)
	form.Set("i", login.url.Query().Get("i"))
	for _, path := range []string{
		"/oauth2/authorize", "/oauth2/authorize/", "//oauth2/authorize", "/./oauth2/authorize", "/oauth2/../oauth2/authorize", "/login/google", "//login/google", "/./login", "/login/",
		"/login/google/", "/consent", "/consent/", "//consent", "/logout", "/logout/", "//logout", "/oauth2/logout", "/oauth2/token/", "//oauth2/token", "/oauth2//token", "/x/../oauth2/token", "//evil.example/%2e%2e", "/\\evil.example",
	} {
		pg := b.once("POST", w.issuer+path, form, "same-origin")
		if pg.status == http.StatusTemporaryRedirect || pg.status == http.StatusPermanentRedirect || pg.status == http.StatusMovedPermanently {
			t.Errorf("POST %s: %d to %s", path, pg.status, pg.location)
		}
		if strings.HasPrefix(pg.location, "//") || strings.HasPrefix(pg.location, "/\\") || strings.Contains(pg.location, "evil.example") {
			t.Errorf("POST %s leads to %s", path, pg.location)
		}
	}
}

// AZ-20: no page gives the address away, loads from elsewhere or may be framed.
func TestPagesKeepToThemselves(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	pages := map[string]*page{"login": p.ask(b)}
	pages["consent"] = p.ask(b).press("login-google").press("person-ada")
	pages["error"] = p.raw(b, "client_id=x")
	pages["logout"] = b.open(w.issuer + "/logout")
	pages["home"] = b.open(w.issuer + "/")
	pages["missing"] = b.open(w.issuer + "/nowhere")
	for name, pg := range pages {
		if policy := pg.header.Get("Referrer-Policy"); policy != "no-referrer" && policy != "same-origin" {
			t.Errorf("%s: Referrer-Policy %q", name, policy)
		}
		csp := pg.header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: no %s in %s", name, want, csp)
			}
		}
		// The simulated upstreams are on this device, where a form may go to any port (login-ui/headers.go).
		if strings.Contains(csp, "unsafe") || strings.Contains(strings.ReplaceAll(csp, " http://localhost:* http://127.0.0.1:*", ""), "*") {
			t.Errorf("BR-05 %s: %s", name, csp)
		}
		for _, attribute := range []string{`src="http`, `src="//`, `@import`, "style=\"", "onclick=", "<script>"} {
			if strings.Contains(pg.body, attribute) {
				t.Errorf("%s: %s in the page", name, attribute)
			}
		}
		if pg.header.Get("Cache-Control") != "no-store" || pg.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("BR-12 %s: %v", name, pg.header)
		}
	}
	hop := p.ask(b, "prompt", "none")
	if policy := hop.header.Get("Referrer-Policy"); policy != "no-referrer" {
		t.Errorf("the hop to the partner: Referrer-Policy %q", policy)
	}
}

// AZ-23: twenty tabs of one browser, two clients, two upstreams, one step each in turn: every tab ends at its own client with its own state and nonce.
func TestTwentyTabsInterleaved(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		partners := []*partner{w.newPartner(), w.newPartner()}
		people := map[string]string{"google": "ada", "facebook": "grace"}
		b := newBrowser(t)
		b.stopAt = redirectURI
		tabs := make([]*page, 20)
		for n := range tabs {
			tabs[n] = b.open(partners[n%2].url("state", fmt.Sprint("state-", n), "nonce", fmt.Sprint("nonce-", n)))
		}
		for step := 0; step < 4; step++ {
			for n, tab := range tabs {
				upstream := []string{"google", "facebook"}[n/2%2]
				if n == 7 && step == 1 {
					tabs[n] = nil // this one is closed
				}
				switch {
				case tabs[n] == nil || tab.came() != nil:
				case tab.has("login-" + upstream):
					tabs[n] = tab.press("login-" + upstream)
				case tab.has("person-" + people[upstream]):
					tabs[n] = tab.press("person-" + people[upstream])
				case tab.has("consent-allow"):
					tabs[n] = tab.press("consent-allow")
				default:
					t.Fatalf("tab %d is stuck at %s (%d)\n%s", n, tab.url, tab.status, tab.body)
				}
			}
		}
		for n, tab := range tabs {
			if tab == nil {
				continue
			}
			// A tab whose account was changed by another is asked again.
			for range 3 {
				if tab.came() == nil && tab.has("consent-allow") {
					tab = tab.press("consent-allow")
				}
			}
			q := tab.came()
			if q.Get("state") != fmt.Sprint("state-", n) || q.Get("code") == "" {
				t.Errorf("tab %d: %v at %s", n, q, tab.url.Path)
				continue
			}
			r := partners[n%2].redeem(q.Get("code"))
			if r.status != 200 {
				if r.text("error") != "invalid_grant" {
					t.Errorf("tab %d: %d %s", n, r.status, r.raw)
				}
				continue // another person has signed in with this browser since: the session of the code has ended
			}
			id := readJWT(t, r.text("id_token"))
			if id.text("nonce") != fmt.Sprint("nonce-", n) || id.text("aud") != partners[n%2].id {
				t.Errorf("tab %d: %v", n, id.claims)
			}
			partners[(n+1)%2].redeem(q.Get("code")).expect(t, 400, "invalid_grant")
		}
	})
}
