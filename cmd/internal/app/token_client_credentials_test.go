package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/clients"
)

const machineClient = `{"client_name":"Machine","grant_types":["client_credentials"],"scope":"reports:read reports:write","audience":["https://api.example","https://two.example"]}`

// RFC 6749 §4.4: a client asks for itself.
func TestClientCredentials(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.partner(machineClient)
		cc := func(pairs ...string) reply {
			return p.post("/oauth2/token", append([]string{"grant_type", "client_credentials"}, pairs...)...)
		}
		cc() // the node reserves a block of status indexes, once for a thousand tokens
		before := w.commits()
		r := cc()
		r.expect(t, 200, "")
		if r.body["refresh_token"] != nil || r.body["id_token"] != nil || r.text("scope") != "reports:read reports:write" || r.text("token_type") != "Bearer" {
			t.Errorf("%s", r.raw)
		}
		if after := w.commits(); after != before {
			t.Errorf("%d commits", after-before)
		}
		token := readJWT(t, r.text("access_token"))
		// RFC 9068 §2.2: sub is the client; TK-13: no person can be meant.
		if token.text("sub") != p.id || token.text("client_id") != p.id || fmt.Sprint(token.claims["aud"]) != "https://api.example" {
			t.Errorf("%v", token.claims)
		}
		for _, personal := range []string{"sid", "auth_time", "acr", "amr", "email", "name", "nonce"} {
			if token.claims[personal] != nil {
				t.Errorf("a machine's token has %s", personal)
			}
		}
		if r := cc("scope", "reports:read"); r.status != 200 || r.text("scope") != "reports:read" || readJWT(t, r.text("access_token")).text("scope") != "reports:read" {
			t.Errorf("narrowed: %s", r.raw)
		}
		for _, scope := range []string{"openid", "profile", "email", "offline_access", "openid reports:read", "unknown", "reports:*", "reports", "REPORTS:READ", "symbolon:admin", "reports:read unknown"} {
			cc("scope", scope).expect(t, 400, "invalid_scope")
		}
		// RFC 8707 §2.
		if r := cc("resource", "https://two.example"); r.status != 200 || fmt.Sprint(readJWT(t, r.text("access_token")).claims["aud"]) != "https://two.example" {
			t.Errorf("resource: %s", r.raw)
		}
		for _, resource := range []string{"https://evil.example", "https://api.example/", "https://API.example", "x", "https://two.example#f"} {
			cc("resource", resource).expect(t, 400, "invalid_target")
		}
		both := w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "resource": {"https://api.example", "https://two.example"}}, p.id, p.secret)
		if aud := fmt.Sprint(readJWT(t, both.text("access_token")).claims["aud"]); aud != "[https://api.example https://two.example]" {
			t.Errorf("two resources: %s", aud)
		}
		if a := w.get("/oauth2/userinfo", r.text("access_token")); a.status != 403 && a.status != 401 {
			t.Errorf("TK-13: userinfo %d %s", a.status, a.raw)
		}
		if !p.active(r.text("access_token")) {
			t.Error("its own token is not active")
		}
	})
}

// RFC 8707 §2.2: at the token endpoint a code's audience may be narrowed, never widened.
func TestResourceIndicators(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.partner(`{"client_name":"API","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token"],"audience":["https://api.example","https://two.example"]}`)
	b := newBrowser(t)
	p.code(b, "ada")
	asked := p.query() + "&resource=https%3A%2F%2Fapi.example&resource=https%3A%2F%2Ftwo.example"
	aud := func(r reply) []string {
		t.Helper()
		if r.status != 200 {
			t.Fatalf("%d %s", r.status, r.raw)
		}
		if one, ok := readJWT(t, r.text("access_token")).claims["aud"].(string); ok {
			return []string{one}
		}
		var list []string
		for _, a := range readJWT(t, r.text("access_token")).claims["aud"].([]any) {
			list = append(list, a.(string))
		}
		return list
	}
	r := p.redeem(p.raw(b, asked).expectCode(t))
	if got := aud(r); !slices.Contains(got, "https://api.example") || !slices.Contains(got, "https://two.example") {
		t.Errorf("both: %v", got)
	}
	r = p.redeem(p.raw(b, asked).expectCode(t), "resource", "https://two.example")
	if got := aud(r); slices.Contains(got, "https://api.example") || !slices.Contains(got, "https://two.example") {
		t.Errorf("narrowed: %v", got)
	}
	r = p.refresh(r.text("refresh_token"), "resource", "https://api.example")
	if got := aud(r); !slices.Contains(got, "https://api.example") || slices.Contains(got, "https://two.example") {
		t.Errorf("RFC 8707 §2.2: a refresh may name another resource of the grant: %v", got)
	}
	p.redeem(p.raw(b, p.query()+"&resource=https%3A%2F%2Fapi.example").expectCode(t), "resource", "https://two.example").expect(t, 400, "invalid_target")
	p.refresh(r.text("refresh_token"), "resource", "https://evil.example").expect(t, 400, "invalid_target")
	p.redeem(p.raw(b, asked).expectCode(t), "resource", "https://evil.example").expect(t, 400, "invalid_target")
}

// TK-13: a client whose id is somebody's subject is still a client.
func TestClientNamedLikeAPerson(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	person := readJWT(t, p.tokens(newBrowser(t), "ada").text("id_token")).text("sub")
	m, err := clients.DecodeMetadata([]byte(machineClient))
	w.must(err)
	c, secret, err := w.clients.Create(t.Context(), m, clients.CreateOptions{ID: person})
	if err != nil {
		return // refused is right too
	}
	r := w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, c.ID, secret)
	r.expect(t, 200, "")
	if a := w.get("/oauth2/userinfo", r.text("access_token")); a.status == 200 {
		t.Errorf("userinfo answers a machine with a person: %s", a.raw)
	}
	if a := w.get("/admin/v1/clients", r.text("access_token")); a.status != 401 && a.status != 403 {
		t.Errorf("the admin API: %d", a.status)
	}
}

// TK-09: every credential in every other's place is refused.
func TestCredentialsInEachOthersPlace(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		b := newBrowser(t)
		p.oauth.Scopes = append(p.oauth.Scopes, "offline_access")
		r := p.tokens(b, "ada")
		login := p.ask(newBrowser(t))
		upstream := p.ask(newBrowser(t))
		upstream.b.stopAt = w.google.BaseURL()
		location, err := url.Parse(upstream.press("login-google").location)
		w.must(err)
		upstreamState := location.Query().Get("state")
		logout := b.open(w.issuer + "/oauth2/logout?client_id=" + p.id)
		credentials := map[string]string{
			"code": p.ask(b).expectCode(t), "access token": r.text("access_token"), "refresh token": r.text("refresh_token"), "ID token": r.text("id_token"), "session cookie": b.cookies[w.host()]["__Host-symbolon"],
			"browser cookie": b.cookies[w.host()]["__Host-symbolon-browser"], "interaction": login.url.Query().Get("i"), "upstream state": upstreamState, "client secret": p.secret, "log-out": logout.url.Query().Get("l"),
			"verifier": testVerifier, "client id": p.id, "sid": readJWT(t, r.text("id_token")).text("sid"), "sub": readJWT(t, r.text("id_token")).text("sub"), "jti": readJWT(t, r.text("access_token")).text("jti"),
		}
		for name, value := range credentials {
			if value == "" {
				t.Fatalf("there is no %s", name)
			}
			if name != "code" {
				for _, prefix := range []string{"", "sym_ac_", "sym_rt_"} {
					p.redeem(prefix+value).expect(t, 400, "invalid_grant")
				}
			}
			if name != "refresh token" {
				for _, prefix := range []string{"", "sym_ac_", "sym_rt_"} {
					p.refresh(prefix+value).expect(t, 400, "invalid_grant")
				}
			}
			if name != "access token" && name != "refresh token" && p.active(value) {
				t.Errorf("%s is active at introspection", name)
			}
			if name != "access token" {
				if a := w.get("/oauth2/userinfo", value); a.status != 401 {
					t.Errorf("%s as a bearer token: %d %s", name, a.status, a.raw)
				}
				if a := w.get("/admin/v1/clients", value); a.status != 401 {
					t.Errorf("%s at the admin API: %d", name, a.status)
				}
			}
			if name != "client secret" {
				w.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}}, p.id, value).expect(t, 401, "invalid_client")
			}
			for _, path := range []string{"/login?i=", "/consent?i=", "/oauth2/authorize/resume?i="} {
				if name != "interaction" {
					b.open(w.issuer + path + url.QueryEscape(value)).expectLocalError(t)
				}
			}
			if name != "upstream state" {
				b.open(w.issuer + "/login/google/callback?code=x&state=" + url.QueryEscape(value)).expectLocalError(t)
			}
			if name != "log-out" {
				b.open(w.issuer + "/logout?l=" + url.QueryEscape(value)).expectLocalError(t)
			}
			if name != "session cookie" { // BR-02
				thief := newBrowser(t)
				thief.cookies[w.host()] = map[string]string{"__Host-symbolon": value, "__Host-symbolon-browser": b.cookies[w.host()]["__Host-symbolon-browser"]}
				p.ask(thief, "prompt", "none").expectError(t, w.issuer, "login_required")
			}
			if name != "ID token" {
				if pg := p.ask(b, "prompt", "none", "id_token_hint", value); pg.came().Get("code") != "" {
					t.Errorf("%s as id_token_hint gives a code", name)
				}
			}
		}
		if !p.active(r.text("refresh_token")) {
			t.Error("the confusion ended the real grant")
		}
		if n := w.count("grants"); n != 1 {
			t.Errorf("%d grants", n)
		}
	})
}

// TK-12, DS-11: metacharacters, NUL and bytes that are no text are a 4xx on both databases, never a 5xx.
func TestHostileText(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		p.tokens(newBrowser(t), "ada")
		hostile := []string{"' OR 1=1--", "1=1", "%", "_", "\x00", "a\x00b", "$1", "\\", "🏛️", "\xff\xfe", "\xc0\xaf", "\xed\xa0\x80", strings.Repeat("x", 60<<10), "?", "{}", "[]", `"`, "\u2028", "\ufeff"}
		for _, text := range hostile {
			for _, form := range []url.Values{
				{"grant_type": {"authorization_code"}, "code": {text}, "redirect_uri": {redirectURI}, "code_verifier": {testVerifier}},
				{"grant_type": {"authorization_code"}, "code": {"x"}, "redirect_uri": {text}, "code_verifier": {text}},
				{"grant_type": {"refresh_token"}, "refresh_token": {text}},
				{"grant_type": {"refresh_token"}, "refresh_token": {"sym_rt_" + text}, "scope": {text}},
				{"grant_type": {text}},
				{"grant_type": {"client_credentials"}, "scope": {text}, "resource": {text}},
				{text: {text}},
			} {
				if a := w.post("/oauth2/token", form, p.id, p.secret); a.status < 400 || a.status >= 500 {
					t.Errorf("token %.60q: %d %.200s", form, a.status, a.raw)
				}
			}
			for _, id := range []string{text, p.id + text} {
				a := w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {text}}, "", "")
				if a.status < 400 || a.status >= 500 {
					t.Errorf("client_id %.60q: %d %.200s", id, a.status, a.raw)
				}
				if len(id) < 20<<10 {
					if a := w.post("/oauth2/introspect", url.Values{"token": {"x"}}, id, text); a.status != 401 && a.status != 400 {
						t.Errorf("Basic %.60q: %d %.200s", id, a.status, a.raw)
					}
				}
			}
			for _, path := range []string{"/oauth2/introspect", "/oauth2/revoke"} {
				if a := w.post(path, url.Values{"token": {text}, "token_type_hint": {text}}, p.id, p.secret); a.status >= 500 || a.body["active"] == true {
					t.Errorf("%s %.60q: %d %.200s", path, text, a.status, a.raw)
				}
			}
			if len(text) > 4<<10 {
				continue
			}
			for _, path := range []string{"/oauth2/authorize?client_id=", "/login?i=", "/login/google/callback?state=x&code=", "/login/google/callback?code=x&state=", "/oauth2/logout?id_token_hint=", "/oauth2/logout?client_id=", "/login/", "/assets/", "/admin/v1/clients/"} {
				if pg := newBrowser(t).open(w.issuer + path + url.QueryEscape(text)); pg.status >= 500 {
					t.Errorf("%s %.60q: %d", path, text, pg.status)
				}
			}
			r, err := http.NewRequest("GET", w.issuer+"/logout", nil)
			w.must(err)
			r.Header["User-Agent"], r.Header["Accept-Language"] = []string{strings.Map(headerRune, text)}, []string{strings.Map(headerRune, text)}
			if a := w.send(r); a.status >= 500 {
				t.Errorf("User-Agent %q: %d", text, a.status)
			}
		}
		// The user agent is stored with the session: one that is no text must not break the sign-in.
		b := newBrowser(t)
		b.headers["User-Agent"] = []string{"\xff\xfe agent \xed\xa0\x80"}
		p.code(b, "ada")
	})
}

// headerRune leaves out what Go's client would not send in a header.
func headerRune(r rune) rune {
	if r < ' ' || r == 0x7f {
		return -1
	}
	return r
}
