package app_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
)

// OIDC Core §3.1.2.1: prompt none shows no page, whatever is missing.
func TestPromptNone(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		b := newBrowser(t)
		before := w.commits()
		pg := p.ask(b, "prompt", "none")
		pg.expectError(t, w.issuer, "login_required")
		if len(b.cookies[w.host()]) != 0 {
			t.Errorf("prompt=none leaves cookies: %v", b.cookies)
		}
		long := strings.Repeat("0123456789abcdef", 8)
		if q := p.ask(b, "prompt", "none", "state", long).came(); q.Get("state") != long {
			t.Errorf("state of 128 characters: %v", q)
		}
		if after := w.commits(); after != before {
			t.Errorf("%d commits", after-before)
		}
		first := p.tokens(b, "ada")
		second := p.redeem(p.ask(b, "prompt", "none").expectCode(t))
		for _, claim := range []string{"sub", "auth_time", "sid"} {
			a, b := readJWT(t, first.text("id_token")).claims[claim], readJWT(t, second.text("id_token")).claims[claim]
			if a != b || a == nil {
				t.Errorf("%s: %v, then %v", claim, a, b)
			}
		}
		other := w.newPartner()
		other.ask(b, "prompt", "none").expectError(t, w.issuer, "consent_required")
		p.oauth.Scopes = append(p.oauth.Scopes, "offline_access")
		p.ask(b, "prompt", "none").expectError(t, w.issuer, "consent_required")
	})
}

// SSO: a second client gets its code without the upstream; its own consent comes first (FD-08). A code of an SSO costs no commit.
func TestSecondClientSignsInWithoutLogin(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p, other := w.newPartner(), w.newPartner()
		b := newBrowser(t)
		p.tokens(b, "ada")
		before := w.statements()
		p.ask(b).expectCode(t)
		after := w.statements()
		for _, kind := range []string{"insert", "update", "delete", "begin", "commit", "other"} {
			if after[kind] != before[kind] {
				t.Errorf("/authorize of a known client sends %d %s", after[kind]-before[kind], kind)
			}
		}
		pg := other.ask(b)
		pg.expectConsent(t)
		code := pg.press("consent-allow").expectCode(t)
		other.redeem(code).expect(t, 200, "")
		other.ask(b).expectCode(t)
		trusted := w.partner(`{"client_name":"Own","redirect_uris":["` + redirectURI + `"],"skip_consent":true}`)
		trusted.ask(b, "prompt", "none").expectCode(t)
		trusted.ask(b, "prompt", "consent").expectConsent(t)
	})
}

// OIDC Core §3.1.2.1: prompt consent asks although consent is remembered; no gives access_denied and takes nothing away.
func TestPromptConsent(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	r := p.tokens(b, "ada")
	pg := p.ask(b, "prompt", "consent")
	pg.expectConsent(t)
	pg.press("consent-deny").expectError(t, w.issuer, "access_denied")
	if !p.active(r.text("access_token")) {
		t.Error("no to a second question ended the first sign-in")
	}
	p.ask(b).expectCode(t)
	p.ask(b, "prompt", "consent").press("consent-allow").expectCode(t)
}

// The person says no on the login page: access_denied, and nobody is signed in.
func TestLoginCancelled(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	pg := p.ask(b)
	pg.expectLogin(t)
	id := "login-cancel"
	if !pg.has(id) {
		t.Fatalf("no #%s:\n%s", id, pg.body)
	}
	pg.press(id).expectError(t, w.issuer, "access_denied")
	p.ask(b, "prompt", "none").expectError(t, w.issuer, "login_required")
}

// The upstream says no: the person is back on the login page and may choose another.
func TestDenialAtUpstream(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	w.google.SetBehaviour(upstreamtest.Behaviour{Deny: true})
	pg := p.ask(b).press("login-google")
	pg.expectLogin(t)
	if strings.Contains(pg.url.RawQuery, "state=") || strings.Contains(pg.url.RawQuery, "error=") {
		t.Errorf("what the upstream sent is left in the address: %s", pg.url)
	}
	pg = pg.press("login-facebook").press("person-ada")
	pg.expectConsent(t)
	pg.press("consent-allow").expectCode(t)
}

// OIDC Core §3.1.2.1: prompt select_account lets the person choose, and whoever they choose is signed in then.
func TestPromptSelectAccount(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	first := p.tokens(b, "ada")
	pg := p.ask(b, "prompt", "select_account")
	pg.expectLogin(t)
	pg = pg.press("login-google")
	if !pg.has("person-grace") {
		t.Fatalf("the upstream did not let the person choose: %s", pg.url)
	}
	pg = pg.press("person-grace")
	if pg.has("consent-allow") {
		pg = pg.press("consent-allow")
	}
	second := p.redeem(pg.expectCode(t))
	if readJWT(t, first.text("id_token")).text("sub") == readJWT(t, second.text("id_token")).text("sub") {
		t.Error("another person chosen, the same subject")
	}
	p.ask(b, "prompt", "none", "id_token_hint", first.text("id_token")).expectError(t, w.issuer, "login_required")
}

// AZ-14: prompt=login and max_age show the login page; cancelling gives no code and leaves the session's auth_time as it was.
func TestReauthenticationCancelled(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	first := readJWT(t, p.tokens(b, "ada").text("id_token"))
	time.Sleep(2100 * time.Millisecond)
	for _, overrides := range [][]string{{"prompt", "login"}, {"max_age", "0"}, {"max_age", "1"}} {
		pg := p.ask(b, overrides...)
		pg.expectLogin(t)
		sealed := pg.url.Query().Get("i")
		// Pressing Back and going on is no way around.
		p.ask(b, overrides...).expectLogin(t)
		again := b.open(w.issuer + "/oauth2/authorize/resume?i=" + url.QueryEscape(sealed))
		again.expectLogin(t)
		pg.press("login-cancel").expectError(t, w.issuer, "access_denied")
	}
	p.ask(b, "prompt", "none", "max_age", "1").expectError(t, w.issuer, "login_required")
	for _, age := range []string{"10000", "2147483647"} {
		now := readJWT(t, p.redeem(p.ask(b, "prompt", "none", "max_age", age).expectCode(t)).text("id_token"))
		if now.seconds(t, "auth_time") != first.seconds(t, "auth_time") {
			t.Errorf("auth_time moved without a sign-in")
		}
	}
}

// AZ-14, FD-23: Google cannot prove that somebody signed in just now, so auth_time stays and no max_age is claimed to be met.
func TestReauthenticationWithoutProof(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	first := readJWT(t, p.tokens(b, "ada").text("id_token"))
	time.Sleep(2100 * time.Millisecond)
	again := readJWT(t, p.redeem(p.code(b, "ada", "prompt", "login")).text("id_token"))
	if again.text("sub") != first.text("sub") {
		t.Error("another subject")
	}
	if again.seconds(t, "auth_time") != first.seconds(t, "auth_time") {
		t.Error("auth_time moved although the upstream did not say so")
	}
	q := p.signIn(b, "ada", "max_age", "1")
	if q.Get("error") != "login_required" || q.Has("code") {
		t.Errorf("max_age=1 with an upstream that proves nothing: %v", q)
	}
}

// proving is an upstream that can re-authenticate and says when it did: the simulated Google behind a door of its own.
func proving(t *testing.T, g *upstreamtest.Google) string {
	t.Helper()
	g.OnIDToken(func(token upstreamtest.IDToken) string {
		token.Claims["auth_time"] = time.Now().Unix()
		return token.Sign()
	})
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("prompt") == "login" {
			q.Set("prompt", "select_account")
		}
		http.Redirect(w, r, g.BaseURL()+"/o/oauth2/v2/auth?"+q.Encode(), http.StatusSeeOther)
	}))
	t.Cleanup(door.Close)
	return door.URL
}

// AZ-14, conformance `oidcc-prompt-login` and `oidcc-max-age-1`: after a proven sign-in auth_time is later, and max_age is met.
func TestReauthenticationProven(t *testing.T) {
	t.Parallel()
	w := corporateWorld(t)
	p := w.newPartner()
	b := newBrowser(t)
	var times []int64
	for _, overrides := range [][]string{{}, {"prompt", "login"}, {"max_age", "1"}, {"max_age", "0"}} {
		if len(times) > 0 {
			time.Sleep(2100 * time.Millisecond)
		}
		pg := p.ask(b, overrides...)
		pg.expectLogin(t)
		pg = pg.press("login-corp").press("person-ada")
		if pg.has("consent-allow") {
			pg = pg.press("consent-allow")
		}
		r := p.redeem(pg.expectCode(t))
		times = append(times, readJWT(t, r.text("id_token")).seconds(t, "auth_time"))
		if n := len(times); n > 1 && times[n-1] <= times[n-2] {
			t.Errorf("%v: auth_time %v does not move", overrides, times)
		}
	}
}

// corporateWorld has a third upstream, "corp", that proves when people sign in.
func corporateWorld(t *testing.T) *world {
	t.Helper()
	g := upstreamtest.NewGoogle(upstreamtest.Options{})
	if err := g.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	c := g.Config("corp", nil)
	return embeddedWorld(t, "  - { id: corp, type: oidc, label: Corp, issuer: \""+c.Issuer+"\", client_id: "+c.ClientID+", client_secret: "+c.ClientSecret+
		", endpoints: { authorization: \""+proving(t, g)+"\" }, allow_private_network: true }")
}

// AZ-15 (RFC 8252 §8.6): a public client that another program can pose as is asked for every time, and never answered silently.
func TestImpersonableClientIsAlwaysAsked(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		for _, uri := range []string{"http://127.0.0.1/cb", "com.example.app:/cb", "http://localhost:8123/cb", "https://127.0.0.1:8123/cb"} {
			p := w.partner(`{"client_name":"Tool","application_type":"native","token_endpoint_auth_method":"none","skip_consent":true,"redirect_uris":[` + quoted(uri) + `]}`)
			b := newBrowser(t)
			b.stopAt = uri
			pg := b.open(p.url("redirect_uri", uri)).press("login-google").press("person-ada")
			for range 3 {
				pg.expectConsent(t)
				pg = pg.press("consent-allow")
				if !strings.HasPrefix(pg.location, uri+"?") || !strings.Contains(pg.location, "code=") {
					t.Fatalf("%s: %d to %q", uri, pg.status, pg.location)
				}
				pg = b.open(p.url("redirect_uri", uri, "prompt", "none"))
				if !strings.Contains(pg.location, "error=consent_required") || !strings.HasPrefix(pg.location, uri+"?") {
					t.Errorf("%s: prompt=none goes to %q", uri, pg.location)
				}
				pg = b.open(p.url("redirect_uri", uri))
			}
		}
	})
}

// AZ-15: a public client whose redirect URI is https on a host of its own is remembered.
func TestPublicWebClientIsRemembered(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.partner(`{"client_name":"Page","token_endpoint_auth_method":"none","redirect_uris":["` + redirectURI + `"]}`)
	b := newBrowser(t)
	p.code(b, "ada")
	p.ask(b).expectCode(t)
	p.ask(b, "prompt", "none").expectCode(t)
}

// OIDC Core §3.1.2.1: id_token_hint names who is expected; an expired one counts, one that is not ours or not this client's does not.
func TestIDTokenHint(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "lifetimes: { id_token: 1s }")
	p, other := w.newPartner(), w.newPartner()
	b := newBrowser(t)
	mine := p.tokens(b, "ada").text("id_token")
	grace := newBrowser(t)
	hers := p.tokens(grace, "grace").text("id_token")
	foreign := other.tokens(b, "ada").text("id_token")
	time.Sleep(1100 * time.Millisecond) // now all have expired
	p.ask(b, "prompt", "none", "id_token_hint", mine).expectCode(t)
	p.ask(b, "prompt", "none", "id_token_hint", hers).expectError(t, w.issuer, "login_required")
	p.ask(b, "id_token_hint", mine).expectCode(t)
	if pg := p.ask(b, "id_token_hint", hers); pg.came() != nil {
		t.Errorf("a hint of another person is answered with %v", pg.came())
	}
	access := p.redeem(p.ask(b).expectCode(t)).text("access_token")
	for name, hint := range map[string]string{
		"another client's": foreign, "garbage": "x", "dots": "..", "an access token": access, "cut": mine[:len(mine)-2],
		"alg none":    encodeJWT(`{"alg":"none","typ":"JWT"}`, altered(t, mine, func(map[string]any) {}), nil),
		"another iss": w.sign("RS256", "JWT", altered(t, mine, func(c map[string]any) { c["iss"] = "https://evil.example" })),
	} {
		pg := p.ask(b, "prompt", "none", "id_token_hint", hint)
		if code := pg.came().Get("error"); code != "invalid_request" && code != "login_required" {
			t.Errorf("%s: %v", name, pg.came())
		}
	}
}

// AZ-15: consent is given to the request that asked for it. Another one that waits at the same time, perhaps of a program that poses as the client,
// gets nothing of it.
func TestConsentAnswersItsOwnRequest(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	native := w.partner(`{"client_name":"Tool","application_type":"native","token_endpoint_auth_method":"none","redirect_uris":["http://127.0.0.1/cb"]}`)
	for name, p := range map[string]*partner{"impersonable": native, "prompt=consent": w.newPartner()} {
		p.test(name, func(t *testing.T, p *partner) {
			overrides := []string{"prompt", "consent"}
			uri := redirectURI
			if p.id == native.id {
				uri = "http://127.0.0.1:4711/cb"
				overrides = []string{"redirect_uri", uri}
			}
			b := newBrowser(t)
			b.stopAt = uri
			other := b.open(p.url(overrides...)).press("login-google").press("person-ada")
			genuine := b.open(p.url(overrides...))
			genuine.expectConsent(t)
			if pg := genuine.press("consent-allow"); !strings.Contains(pg.location, "code=") {
				t.Errorf("the genuine one: %d to %q", pg.status, pg.location)
			}
			again := b.open(w.issuer + "/oauth2/authorize/resume?" + url.Values{"i": {other.url.Query().Get("i")}}.Encode())
			again.expectConsent(t)
		})
	}
}
