package app_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider/session"
)

// stateOfBrowser is the browser's state as the script in the frame reads it.
func (w *world) stateOfBrowser(b *browser) string {
	return b.cookies[w.host()][session.StateCookieName]
}

// stateFor computes a session_state as a client or the frame would (OIDC Session Management §3.2).
func stateFor(clientID, origin, browserState, salt string) string {
	sum := sha256.Sum256([]byte(clientID + " " + origin + " " + browserState + " " + salt))
	return base64.RawURLEncoding.EncodeToString(sum[:]) + "." + salt
}

// unchanged reports what the frame would say to the partner's page in the browser.
func (p *partner) unchanged(b *browser, sessionState string) bool {
	_, salt, _ := strings.Cut(sessionState, ".")
	return salt != "" && sessionState == stateFor(p.id, "https://partner.example", p.w.stateOfBrowser(b), salt)
}

// OIDC Session Management §2, §3.3: without the operator's word there is neither frame nor cookie nor parameter.
func TestSessionManagementIsOff(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	if q := p.signIn(b, "ada"); q.Has("session_state") || q.Get("code") == "" {
		t.Errorf("%v", q)
	}
	if got := w.stateOfBrowser(b); got != "" {
		t.Errorf("a state cookie: %s", got)
	}
	for _, path := range []string{"/oauth2/check_session", "/oauth2/check_session.js"} {
		if a := w.get(path, ""); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	if d := w.get("/.well-known/openid-configuration", ""); d.body["check_session_iframe"] != nil {
		t.Errorf("%v", d.body["check_session_iframe"])
	}
}

// OIDC Session Management §2, §3.2: every successful answer to an OpenID request has a session_state of its own, in each response mode, that
// fits the browser's state.
func TestSessionState(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "session_management: true")
	p := w.newPartner()
	if d := w.get("/.well-known/openid-configuration", ""); d.text("check_session_iframe") != w.issuer+"/oauth2/check_session" {
		t.Errorf("OIDC Session Management §3.3: %v", d.body["check_session_iframe"])
	}
	b := newBrowser(t)
	seen := map[string]bool{}
	check := func(name, state string) {
		t.Helper()
		if !p.unchanged(b, state) || seen[state] || strings.Contains(state, " ") {
			t.Errorf("%s: %q with the browser in %q", name, state, w.stateOfBrowser(b))
		}
		seen[state] = true
	}
	check("sign-in", p.signIn(b, "ada").Get("session_state"))
	for _, carrier := range []string{"query", "fragment", "form_post"} {
		check(carrier, p.answer(p.ask(b, "response_mode", carrier), carrier).Get("session_state"))
	}
	var c struct {
		SessionState string `json:"session_state"`
	}
	w.must(json.Unmarshal(w.verified(p.answer(p.ask(b, "response_mode", "jwt"), "query").Get("response")), &c))
	check("jwt", c.SessionState)

	p.ask(b, "prompt", "none", "max_age", "0").expectError(t, w.issuer, "login_required") // and no session_state
	if q := p.ask(b, "scope", "profile").came(); q.Get("code") == "" || q.Has("session_state") {
		t.Errorf("without openid: %v", q)
	}
	other := w.newPartner()
	if state := other.signIn(b, "ada").Get("session_state"); p.unchanged(b, state) || !other.unchanged(b, state) {
		t.Errorf("another client: %s", state)
	}
}

// OIDC Session Management §3.2: the browser's state changes when another person signs in or this one leaves, and at nothing else.
func TestBrowserStateChanges(t *testing.T) {
	t.Parallel()
	bothWith(t, "session_management: true", func(t *testing.T, w *world) {
		p := w.newPartner()
		b := newBrowser(t)
		p.ask(b).expectLogin(t)
		if got := w.stateOfBrowser(b); got != "" {
			t.Errorf("a state before anybody signed in: %s", got)
		}
		state := p.signIn(b, "ada").Get("session_state")
		for name, do := range map[string]func(){
			"another code":      func() { p.ask(b, "prompt", "none").expectCode(t) },
			"a refused request": func() { p.ask(b, "prompt", "none", "max_age", "0") },
			"the home page":     func() { b.open(w.issuer + "/") },
			"the log-out page":  func() { b.open(w.issuer + "/logout") },
			"the same log-in":   func() { p.code(b, "ada", "prompt", "login") },
		} {
			if do(); !p.unchanged(b, state) {
				t.Errorf("%s changes the state", name)
			}
		}
		b.open(w.issuer + "/logout").press("logout-confirm")
		out := w.stateOfBrowser(b)
		if p.unchanged(b, state) || out == "" {
			t.Errorf("unchanged after the log-out: %q", out)
		}
		if p.ask(b).expectLogin(t); w.stateOfBrowser(b) != out {
			t.Error("another state although nothing happened")
		}
		again := p.signIn(b, "ada").Get("session_state")
		if p.unchanged(b, state) || !p.unchanged(b, again) {
			t.Error("the old state after another log-in")
		}
		if grace := p.signIn(b, "grace", "prompt", "login").Get("session_state"); p.unchanged(b, again) || !p.unchanged(b, grace) {
			t.Errorf("another person: %q after %q with the browser in %q", grace, again, w.stateOfBrowser(b))
		}
	})
}

// A session that ended elsewhere shows at the browser's next request; two browsers that leave are not in the same state, which any page could guess.
func TestBrowserStateAfterARemoteEnd(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "session_management: true")
	p := w.newPartner()
	b, other := newBrowser(t), newBrowser(t)
	state := p.signIn(b, "ada").Get("session_state")
	p.signIn(other, "ada")
	db := w.sql()
	defer db.Close()
	rows, err := db.Query("SELECT id FROM sessions")
	w.must(err)
	var ids []string
	for rows.Next() {
		var id string
		w.must(rows.Scan(&id))
		ids = append(ids, id)
	}
	w.must(rows.Err())
	for _, id := range ids {
		w.must(w.stores.DB.EndSession(context.Background(), id, time.Now()))
	}
	p.ask(b, "prompt", "none").expectError(t, w.issuer, "login_required")
	p.ask(other, "prompt", "none").expectError(t, w.issuer, "login_required")
	if len(ids) != 2 || p.unchanged(b, state) || w.stateOfBrowser(b) == w.stateOfBrowser(other) {
		t.Errorf("%d sessions; %q and %q", len(ids), w.stateOfBrowser(b), w.stateOfBrowser(other))
	}
}

// BR-09: a request that another site makes, which comes with this cookie and without the session's, does not make clients believe that the
// person has left.
func TestOtherSitesCannotChangeTheBrowserState(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "session_management: true")
	p := w.newPartner()
	b := newBrowser(t)
	p.signIn(b, "ada")
	framed := newBrowser(t)
	framed.cookies[w.host()] = map[string]string{session.StateCookieName: w.stateOfBrowser(b)}
	p.ask(framed, "prompt", "none").expectError(t, w.issuer, "login_required")
	p.ask(framed)
	for _, path := range []string{"/oauth2/logout", "/logout", "/oauth2/logout?client_id=" + p.id, "/oauth2/check_session", "/"} {
		framed.open(w.issuer + path)
	}
	if got := w.stateOfBrowser(framed); got != w.stateOfBrowser(b) {
		t.Errorf("the state is %q", got)
	}
}

// JS-10, BR-01: the state cookie is for scripts and for other sites' pages, and opens nothing; the session cookie stays what it was.
func TestStateCookieOpensNothing(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "session_management: true")
	p := w.newPartner()
	b := newBrowser(t)
	login := p.ask(b).press("login-google")
	b.stopAt = w.issuer + "/login/google/callback"
	answer := b.once("GET", login.press("person-ada").location, nil, "cross-site")
	kinds := map[string]http.SameSite{}
	for _, line := range answer.header.Values("Set-Cookie") {
		c, err := http.ParseSetCookie(line)
		w.must(err)
		kinds[c.Name] = c.SameSite
		shared := c.Name == session.StateCookieName
		if !c.Secure || c.HttpOnly == shared || c.Path != "/" || c.Domain != "" || c.MaxAge <= 0 {
			t.Errorf("%s", line)
		}
	}
	if kinds[sessionCookie] != http.SameSiteLaxMode || kinds[session.StateCookieName] != http.SameSiteNoneMode {
		t.Errorf("%v", kinds)
	}
	state, token := w.stateOfBrowser(b), b.cookies[w.host()][sessionCookie]
	if state == token || strings.Contains(string(w.dump()), state) || strings.Contains(w.log.String(), state) {
		t.Error("the state is the session's token, or is kept")
	}
	p.signIn(b, "ada")
	for name, cookies := range map[string]map[string]string{
		"alone":            {session.StateCookieName: state},
		"as the session":   {session.StateCookieName: state, sessionCookie: state},
		"as the browser":   {session.StateCookieName: state, "__Host-symbolon-browser": state},
		"as a bearer":      {session.StateCookieName: "Bearer " + state},
		"without its name": {sessionCookie: session.StateCookieName + "=" + state},
	} {
		thief := newBrowser(t)
		thief.cookies[w.host()] = cookies
		p.ask(thief, "prompt", "none").expectError(t, w.issuer, "login_required")
		if home := thief.open(w.issuer + "/"); strings.Contains(home.body, "Ada") {
			t.Errorf("%s: signed in", name)
		}
	}
	if a := w.get("/oauth2/userinfo", state); a.status != http.StatusUnauthorized {
		t.Errorf("userinfo: %d", a.status)
	}
	// Nor does a wrong one harm: the session decides, and puts it right.
	b.cookies[w.host()][session.StateCookieName] = "planted"
	if q := p.ask(b, "prompt", "none").came(); !p.unchanged(b, q.Get("session_state")) {
		t.Errorf("%v with %s", q, w.stateOfBrowser(b))
	}
}

// BR-05: of all pages, only the frame may be framed, and nothing in it is inline.
func TestOnlyTheSessionCheckIsFramable(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "session_management: true")
	pages := 0
	for _, route := range w.app.Routes() {
		method, path, _ := strings.Cut(route.Pattern, " ")
		if method != http.MethodGet {
			continue
		}
		a := w.get(strings.NewReplacer("{$}", "", "{upstream}", "google", "{file}", "x", "{id}", "x", "{list}", "x").Replace(path), "")
		if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			continue
		}
		pages++
		policy := a.header.Get("Content-Security-Policy")
		if path != "/oauth2/check_session" {
			if !strings.Contains(policy, "frame-ancestors 'none'") {
				t.Errorf("%s: %s", path, policy)
			}
			continue
		}
		if !strings.Contains(policy, "frame-ancestors https: http://localhost:* http://127.0.0.1:*") || !strings.Contains(policy, "default-src 'none'; script-src 'self';") ||
			a.header.Get("X-Frame-Options") != "" || a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Set-Cookie") != "" {
			t.Errorf("%v", a.header)
		}
		if strings.Count(a.raw, "<script") != 1 || !strings.Contains(a.raw, `<script src="/oauth2/check_session.js"></script>`) {
			t.Errorf("%s", a.raw)
		}
	}
	if script := w.get("/oauth2/check_session.js", ""); pages < 5 || script.status != http.StatusOK || script.header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("%d pages; %d %v", pages, script.status, script.header)
	}
}
