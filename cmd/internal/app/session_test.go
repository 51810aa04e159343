package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const sessionCookie = "__Host-symbolon"

// The cookies: host-bound, for http only, Lax, and a new session value at every log-in.
func TestCookies(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		b := newBrowser(t)
		// A value that was planted before the log-in is worth nothing after it (session fixation).
		b.cookies[w.host()] = map[string]string{sessionCookie: strings.Repeat("A", 43)}
		pg := p.ask(b)
		pg = pg.press("login-google")
		b.stopAt = w.issuer + "/login/google/callback"
		callback := pg.press("person-ada").location
		answer := b.once("GET", callback, nil, "cross-site")
		lines := answer.header.Values("Set-Cookie")
		if len(lines) == 0 {
			t.Fatalf("no cookie: %d %v", answer.status, answer.header)
		}
		session := false
		for _, line := range lines {
			c, err := http.ParseSetCookie(line)
			w.must(err)
			session = session || c.Name == sessionCookie
			if !c.Secure || !c.HttpOnly && c.Name == sessionCookie || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || !strings.HasPrefix(c.Name, "__Host-") {
				t.Errorf("%s", line)
			}
		}
		first := b.cookies[w.host()][sessionCookie]
		if !session || first == strings.Repeat("A", 43) || len(first) < 22 {
			t.Errorf("the session cookie is %q", first)
		}
		b.stopAt = redirectURI
		p.code(b, "ada", "prompt", "login")
		second := b.cookies[w.host()][sessionCookie]
		if second == first {
			t.Error("the same value after another log-in")
		}
		old := newBrowser(t)
		old.cookies[w.host()] = map[string]string{sessionCookie: first}
		p.ask(old, "prompt", "none").expectError(t, w.issuer, "login_required") // BR-03: the superseded one
		if n := w.count("sessions"); n != 1 {
			t.Errorf("%d sessions of one browser", n)
		}
	})
}

// BR-01: two cookies of the name are none, and a flood of cookies does not let a sign-in through.
func TestCookieTossing(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	p.code(b, "ada")
	mine := b.cookies[w.host()][sessionCookie]
	for _, header := range []string{
		sessionCookie + "=" + strings.Repeat("A", 43) + "; " + sessionCookie + "=" + mine, sessionCookie + "=" + mine + "; " + sessionCookie + "=" + strings.Repeat("A", 43),
		"symbolon=" + mine, "__host-symbolon=" + mine, "__Secure-symbolon=" + mine, sessionCookie + "=\"" + mine, sessionCookie + "=" + mine + "x",
	} {
		r, err := http.NewRequest("GET", p.url("prompt", "none"), nil)
		w.must(err)
		r.Header.Set("Cookie", header)
		a := w.send(r)
		if strings.Contains(a.header.Get("Location"), "code=") {
			t.Errorf("%.60s is signed in", header)
		}
	}
	// The binding cookie of another browser, beside the own: the interaction fails closed.
	login := p.ask(newBrowser(t))
	i := login.url.RawQuery
	bound := login.b.cookies[w.host()]["__Host-symbolon-browser"]
	r, err := http.NewRequest("GET", w.issuer+"/login?"+i, nil)
	w.must(err)
	r.Header.Set("Cookie", "__Host-symbolon-browser="+strings.Repeat("A", len(bound))+"; __Host-symbolon-browser="+bound)
	if a := w.send(r); a.status != 400 {
		t.Errorf("two binding cookies: %d", a.status)
	}
	r, err = http.NewRequest("GET", w.issuer+"/login?"+i, nil)
	w.must(err)
	r.Header.Set("Cookie", strings.Repeat("a=b; ", 180)+"x=y")
	if a := w.send(r); a.status != 400 {
		t.Errorf("the binding cookie was evicted: %d", a.status)
	}
}

// BR-03: idle and absolute limits, everywhere.
func TestSessionLimits(t *testing.T) {
	t.Parallel()
	for name, lifetimes := range map[string]string{"idle": "lifetimes: { session_idle: 2s }", "absolute": "lifetimes: { session_idle: 3s, session_absolute: 3s }"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothWith(t, lifetimes, func(t *testing.T, w *world) {
				p := w.newPartner()
				b := newBrowser(t)
				p.code(b, "ada")
				for range 4 { // use keeps an idle session alive, and prolongs nothing beyond the absolute end
					time.Sleep(600 * time.Millisecond)
					p.ask(b, "prompt", "none").expectCode(t)
				}
				time.Sleep(2200 * time.Millisecond)
				p.ask(b, "prompt", "none").expectError(t, w.issuer, "login_required")
				p.ask(b).expectLogin(t)
				if home := b.open(w.issuer + "/"); strings.Contains(home.body, "Ada") {
					t.Error("the home page still knows the person")
				}
				if pg := b.open(w.issuer + "/logout"); pg.has("logout-confirm") {
					t.Error("the log-out page still finds a session")
				}
			})
		})
	}
}

// BR-09: a log-out that another site starts is confirmed or refused, and never ends somebody else's session.
func TestForcedLogout(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b, grace := newBrowser(t), newBrowser(t)
	p.code(b, "ada")
	hers := p.tokens(grace, "grace").text("id_token")
	b.do("GET", w.issuer+"/logout", nil, "cross-site") // <img src=/logout>
	b.do("GET", w.issuer+"/oauth2/logout", nil, "cross-site")
	b.do("GET", w.issuer+"/oauth2/logout?client_id="+p.id, nil, "cross-site")
	b.do("POST", w.issuer+"/oauth2/logout", url.Values{"client_id": {p.id}}, "cross-site")
	b.do("GET", w.issuer+"/oauth2/logout?id_token_hint="+url.QueryEscape(hers), nil, "cross-site")
	form := url.Values{"session": {"x"}}
	for _, site := range []string{"cross-site", "same-site"} {
		if pg := b.do("POST", w.issuer+"/logout", form, site); pg.status != 403 {
			t.Errorf("BR-04 POST /logout, %s: %d", site, pg.status)
		}
	}
	for _, origin := range []string{"https://evil.example", "null", "http://localhost:1", "http://" + w.host() + ".evil.example", "https://" + w.host()} {
		r, err := http.NewRequest("POST", w.issuer+"/logout", strings.NewReader(form.Encode()))
		w.must(err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin)
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: b.cookies[w.host()][sessionCookie]})
		if a := w.send(r); a.status != 403 {
			t.Errorf("BR-04 Origin %s: %d", origin, a.status)
		}
	}
	p.ask(b, "prompt", "none").expectCode(t)
	p.ask(grace, "prompt", "none").expectCode(t)
}

// BR-04: no form of ours is taken from another site.
func TestCrossSitePosts(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	login := p.ask(b)
	i := login.url.Query().Get("i")
	for _, path := range []string{"/login/google", "/login/facebook", "/login/cancel", "/consent", "/logout"} {
		for _, site := range []string{"cross-site", "same-site"} {
			if pg := b.do("POST", w.issuer+path, url.Values{"i": {i}, "decision": {"allow"}}, site); pg.status != 403 {
				t.Errorf("%s from %s: %d", path, site, pg.status)
			}
		}
	}
	if n := w.count("upstream_attempts"); n != 0 {
		t.Errorf("%d attempts", n)
	}
}

// BR-13: issuer, addresses, redirects and cookies come from the configuration, whatever the headers say.
func TestHostHeaderInjection(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	evil := map[string]string{
		"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "444", "X-Forwarded-Prefix": "/evil", "Forwarded": "host=evil.example;proto=https", "X-Original-URL": "/admin",
		"X-Rewrite-URL": "/admin", "X-Forwarded-Server": "evil.example", "X-Host": "evil.example", "X-Forwarded-For": "1.2.3.4",
	}
	send := func(method, target string, host string) reply {
		r, err := http.NewRequest(method, target, nil)
		w.must(err)
		for name, value := range evil {
			r.Header.Set(name, value)
		}
		if host != "" {
			r.Host = host
		}
		return w.send(r)
	}
	plain := w.get("/.well-known/openid-configuration", "")
	for _, host := range []string{"", "evil.example", "evil.example:80", "localhost:1"} {
		if a := send("GET", w.issuer+"/.well-known/openid-configuration", host); a.raw != plain.raw {
			t.Errorf("Host %q: another discovery: %s", host, a.raw)
		}
		for _, path := range []string{"/oauth2/authorize?" + p.query(), "/oauth2/authorize?" + p.query("prompt", "none"), "/logout", "/", "/nowhere", "/oauth2/logout?client_id=" + p.id} {
			a := send("GET", w.issuer+path, host)
			for name := range a.header {
				if value := fmt.Sprint(a.header[name]); strings.Contains(value, "evil") || strings.Contains(value, ":444") {
					t.Errorf("Host %q, %s: %s: %s", host, path, name, value)
				}
			}
			if strings.Contains(a.raw, "evil") {
				t.Errorf("Host %q, %s: the page says evil", host, path)
			}
		}
	}
	b := newBrowser(t)
	for name, value := range evil {
		b.headers.Set(name, value)
	}
	pg := p.ask(b)
	b.stopAt = w.google.BaseURL()
	upstream, err := url.Parse(pg.press("login-google").location)
	w.must(err)
	if got := upstream.Query().Get("redirect_uri"); got != w.issuer+"/login/google/callback" {
		t.Errorf("redirect_uri at the upstream: %s", got)
	}
}

// Discovery announces what is there and nothing else (OIDC Discovery §3, RFC 8414 §2).
func TestDiscovery(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	d := w.get("/.well-known/openid-configuration", "")
	if other := w.get("/.well-known/oauth-authorization-server", ""); other.raw != d.raw || d.text("issuer") != w.issuer || !strings.HasPrefix(d.header.Get("Content-Type"), "application/json") {
		t.Errorf("%s\n%s", d.raw, other.raw)
	}
	list := func(name string) string { return fmt.Sprint(d.body[name]) }
	for name, want := range map[string]string{
		"response_types_supported": "[code]", "code_challenge_methods_supported": "[S256]", "subject_types_supported": "[public pairwise]", "authorization_response_iss_parameter_supported": "true",
		"request_uri_parameter_supported": "false", "require_pushed_authorization_requests": "false", "request_parameter_supported": "true", "request_object_signing_alg_values_supported": "[RS256 PS256 ES256 EdDSA]", "claims_parameter_supported": "true",
		"backchannel_logout_supported": "true", "backchannel_logout_session_supported": "true", "frontchannel_logout_supported": "true", "frontchannel_logout_session_supported": "true",
	} {
		if got := list(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if !strings.Contains(list("id_token_signing_alg_values_supported"), "RS256") || strings.Contains(list("id_token_signing_alg_values_supported"), "none") || strings.Contains(list("id_token_signing_alg_values_supported"), "HS") {
		t.Error(list("id_token_signing_alg_values_supported"))
	}
	for name, value := range d.body {
		if address, ok := value.(string); ok && (strings.HasSuffix(name, "_endpoint") || name == "jwks_uri") {
			if !strings.HasPrefix(address, w.issuer+"/") {
				t.Errorf("%s is %s", name, address)
			}
			r, err := http.NewRequest("GET", address, nil)
			w.must(err)
			if a := w.send(r); a.status == 404 || a.status >= 500 {
				t.Errorf("%s answers %d", name, a.status)
			}
		}
	}
	keys := w.get("/oauth2/jwks", "")
	set, _ := keys.body["keys"].([]any)
	kids := map[any]bool{}
	for _, k := range set {
		key := k.(map[string]any)
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k", "oth"} {
			if key[private] != nil {
				t.Errorf("the key set has a private member %s", private)
			}
		}
		if kids[key["kid"]] || key["kid"] == nil || key["alg"] == nil || key["use"] != "sig" {
			t.Errorf("%v", key)
		}
		kids[key["kid"]] = true
	}
	if len(set) < 4 {
		t.Errorf("%d keys", len(set))
	}
}
