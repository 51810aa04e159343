package app_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// AZ-11, AZ-12 and the parameters that are not offered: the partner is told by the error's own name (RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6).
func TestAuthorizeRefusals(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	for _, c := range []struct {
		name, without, add string
		codes              []string
	}{
		{"AZ-11 token", "response_type", "response_type=token", []string{"unsupported_response_type", "unauthorized_client"}},
		{"AZ-11 id_token", "response_type", "response_type=id_token", []string{"unsupported_response_type", "unauthorized_client"}},
		{"AZ-11 id_token token", "response_type", "response_type=id_token+token", []string{"unsupported_response_type", "unauthorized_client"}},
		{"AZ-11 code token", "response_type", "response_type=code+token", []string{"unsupported_response_type", "unauthorized_client"}},
		{"AZ-11 code id_token", "response_type", "response_type=code+id_token", []string{"unsupported_response_type", "unauthorized_client"}},
		{"AZ-11 none", "response_type", "response_type=none", []string{"unsupported_response_type", "unauthorized_client"}},
		{"AZ-11 code code", "response_type", "response_type=code+code", []string{"unsupported_response_type", "unauthorized_client"}},
		{"AZ-11 CODE", "response_type", "response_type=CODE", []string{"unsupported_response_type", "unauthorized_client"}},
		{"AZ-11 code with a space", "response_type", "response_type=+code", []string{"unsupported_response_type", "unauthorized_client"}},
		{"AZ-11 empty", "response_type", "response_type=", []string{"invalid_request", "unsupported_response_type"}},
		{"AZ-11 missing", "response_type", "", []string{"invalid_request", "unsupported_response_type"}},
		{"AZ-12 web_message", "", "response_mode=web_message", []string{"invalid_request", "unsupported_response_mode"}},
		{"AZ-12 unknown", "", "response_mode=unknown", []string{"invalid_request", "unsupported_response_mode"}},
		{"AZ-12 QUERY", "", "response_mode=QUERY", []string{"invalid_request", "unsupported_response_mode"}},
		{"request", "", "request=eyJhbGciOiJub25lIn0.e30.", []string{"request_not_supported"}},
		{"request_uri", "", "request_uri=https%3A%2F%2Fevil.example%2Fr", []string{"request_uri_not_supported"}},
		{"PR-02 urn", "", "request_uri=urn:ietf:params:oauth:request_uri:x", []string{"request_uri_not_supported", "invalid_request_uri"}},
		{"registration", "", "registration=%7B%7D", []string{"registration_not_supported"}},
		{"prompt none with login", "", "prompt=none+login", []string{"invalid_request"}},
		{"prompt none with none and consent", "", "prompt=consent+none", []string{"invalid_request"}},
		{"prompt unknown", "", "prompt=unknown", []string{"invalid_request"}},
		{"prompt case", "", "prompt=NONE", []string{"invalid_request"}},
		{"max_age text", "", "max_age=soon", []string{"invalid_request"}},
		{"max_age negative", "", "max_age=-1", []string{"invalid_request"}},
		{"max_age fraction", "", "max_age=1.5", []string{"invalid_request"}},
		{"max_age exponent", "", "max_age=1e3", []string{"invalid_request"}},
		{"max_age over 64 bits", "", "max_age=99999999999999999999", []string{"invalid_request"}},
		{"scope unknown", "scope", "scope=openid+unknown", []string{"invalid_scope"}},
		{"scope case", "scope", "scope=OPENID", []string{"invalid_scope"}},
		{"scope of administrators", "scope", "scope=openid+symbolon:admin", []string{"invalid_scope"}},
		{"scope pattern", "scope", "scope=openid+*", []string{"invalid_scope"}},
		{"resource foreign (RFC 8707 §2)", "", "resource=https%3A%2F%2Fevil.example", []string{"invalid_target"}},
		{"resource not absolute", "", "resource=x", []string{"invalid_target"}},
		{"TK-03 plain", "code_challenge_method", "code_challenge_method=plain", []string{"invalid_request"}},
		{"TK-03 method absent", "code_challenge_method", "", []string{"invalid_request"}},
		{"TK-03 s256", "code_challenge_method", "code_challenge_method=s256", []string{"invalid_request"}},
		{"TK-03 S512", "code_challenge_method", "code_challenge_method=S512", []string{"invalid_request"}},
		{"TK-03 none", "code_challenge_method", "code_challenge_method=none", []string{"invalid_request"}},
		{"TK-03 method empty", "code_challenge_method", "code_challenge_method=", []string{"invalid_request"}},
		{"TK-03 method alone", "code_challenge", "", []string{"invalid_request"}},
		{"RFC 7636 §4.2 short challenge", "code_challenge", "code_challenge=short", []string{"invalid_request"}},
		{"RFC 7636 §4.2 challenge of 44 characters", "code_challenge", "code_challenge=" + strings.Repeat("a", 44), []string{"invalid_request"}},
	} {
		p.test(c.name, func(t *testing.T, p *partner) {
			query := p.query()
			if c.without != "" {
				query = p.without(c.without)
			}
			pg := p.raw(newBrowser(t), query+"&"+c.add)
			code := pg.came().Get("error")
			for _, allowed := range c.codes {
				if code == allowed {
					pg.expectError(t, p.w.issuer, code)
					return
				}
			}
			t.Errorf("got %d to %q, want %v\n%.300s", pg.status, pg.location, c.codes, pg.body)
		})
	}
}

// RFC 6749 §3.1, §4.1.2.1: a parameter that is there twice is refused, and the client is told. Where the client or the address is ambiguous, nobody is
// sent anywhere.
func TestAuthorizeDuplicateParameters(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "prompt", "max_age", "response_mode", "id_token_hint", "login_hint", "ui_locales", "made_up"} {
		for _, second := range []string{"x", "code", ""} {
			query := p.query() + "&" + name + "=" + second
			if !strings.Contains(p.query(), name+"=") {
				query += "&" + name + "=" + second
			}
			pg := p.raw(newBrowser(t), query)
			switch q := pg.came(); {
			case name == "client_id" || name == "redirect_uri":
				pg.expectLocalError(t)
			case name != "state":
				pg.expectError(t, w.issuer, "invalid_request")
			case q.Get("error") != "invalid_request" || q.Has("state") || q.Get("iss") != w.issuer:
				t.Errorf("state: %v", q)
			}
		}
	}
	both := newBrowser(t)
	both.stopAt = redirectURI
	form, _ := url.ParseQuery(p.query() + "&made_up=1&made_up=2")
	both.do("POST", w.issuer+"/oauth2/authorize", form, "cross-site").expectError(t, w.issuer, "invalid_request")
	p.raw(newBrowser(t), p.query()+"&made_up=1&made_up=2&client_id=x").expectLocalError(t)
}

// RFC 6749 §4.1.2.1, OAuth Response Types §5: an answer travels in the fragment only where the response type asks for tokens there.
func TestUnsupportedResponseTypeIsToldInTheQuery(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	b.stopAt = redirectURI
	for responseType, separator := range map[string]string{"foo": "?", "none": "?", "code code": "?", "code foo": "?", "token": "#", "code token": "#", "foo id_token": "#"} {
		if pg := b.open(p.url("response_type", responseType)); !strings.HasPrefix(pg.location, redirectURI+separator) || !strings.Contains(pg.location, "error=unsupported_response_type") {
			t.Errorf("%s: %s", responseType, pg.location)
		}
	}
}

// AZ-10: a POST whose query and body disagree is not merged.
func TestAuthorizePostWithQuery(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	for name, other := range map[string]string{"redirect_uri": "https://evil.example/", "client_id": "other", "scope": "openid email", "state": "s2"} {
		b := newBrowser(t)
		b.stopAt = redirectURI
		form, _ := url.ParseQuery(p.query())
		pg := b.do("POST", w.issuer+"/oauth2/authorize?"+url.Values{name: {other}}.Encode(), form, "cross-site")
		if pg.came().Get("error") != "invalid_request" {
			pg.expectLocalError(t)
		}
	}
}

// OIDC Core §3.1.2.1: the request may come as a form of another site, and meets the person's session all the same.
func TestAuthorizePost(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	form, _ := url.ParseQuery(p.query())
	b.stopAt = redirectURI
	pg := b.do("POST", w.issuer+"/oauth2/authorize", form, "cross-site")
	pg.expectLogin(t)
	first := p.code(b, "ada")
	// A browser keeps Lax cookies back from a cross-site POST.
	jar := b.cookies[w.host()]
	b.cookies[w.host()] = map[string]string{}
	pg = b.once("POST", w.issuer+"/oauth2/authorize", form, "cross-site")
	b.cookies[w.host()] = jar
	if pg.status != http.StatusSeeOther && pg.status != http.StatusFound {
		t.Fatalf("AZ-19: a POST is answered by %d", pg.status)
	}
	next, err := url.Parse(w.issuer + "/oauth2/authorize")
	w.must(err)
	next, err = next.Parse(pg.location)
	w.must(err)
	if pg = b.open(next.String()); pg.expectCode(t) == first {
		t.Error("the same code again")
	}
	for _, kind := range []string{"multipart/form-data; boundary=x", "application/json", "text/plain", ""} {
		r, err := http.NewRequest("POST", w.issuer+"/oauth2/authorize", strings.NewReader(form.Encode()))
		w.must(err)
		r.Header.Set("Content-Type", kind)
		if a := w.send(r); a.status < 400 || a.status >= 500 {
			t.Errorf("%q: %d", kind, a.status)
		}
	}
}

// AZ-13: state comes back exactly once and unchanged, or the request is refused up front.
func TestAuthorizeState(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	p.signIn(b, "ada")
	states := []string{
		"", "x", strings.Repeat("s", 128), strings.Repeat("s", 3000), strings.Repeat("s", 8<<10), "ünïcödé 한국어", "\r\nSet-Cookie: x=1", "a&iss=https://evil.example", "a#b", "a b+c", "%41",
		"a?b", "%0d%0a", "'\"<script>alert(1)</script>", "a;b", "\x7f", "\t", "\u202e",
	}
	for _, state := range states {
		for _, scope := range []string{"openid profile email", "unknown"} {
			pg := p.raw(b, p.without("state", "scope")+"&state="+url.QueryEscape(state)+"&scope="+url.QueryEscape(scope))
			q := pg.came()
			if q == nil && pg.status >= 400 && pg.status < 500 && len(state) > 3000 {
				continue // refused up front
			}
			if len(q["state"]) > 1 || q.Get("state") != state || len(q["iss"]) != 1 || q.Get("iss") != w.issuer || pg.header.Get("Set-Cookie") != "" {
				t.Errorf("state %.40q: %d to %.300q", state, pg.status, pg.location)
			}
		}
	}
	pg := p.raw(b, p.without("state"))
	if q := pg.came(); q == nil || q.Has("state") || q.Get("code") == "" {
		t.Errorf("no state was sent: %d to %q", pg.status, pg.location)
	}
	p.raw(b, p.without("state")+"&state=%00").expectLocalError(t)
	p.raw(b, p.without("state")+"&state=%ff%fe").expectLocalError(t)
}

// Conformance: parameters that do not matter do no harm, in any order (`oidcc-login-hint`, `-ui-locales`, `-claims-locales`, `-display-page`, `-unknown-parameter`, `-acr-values`).
func TestAuthorizeHarmlessParameters(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	p.signIn(b, "ada")
	for _, add := range []string{
		"login_hint=buffy%40localhost", "ui_locales=se", "ui_locales=ko+en", "claims_locales=se", "display=page", "display=popup", "display=touch", "extra=foobar", "acr_values=1+2",
		"response_mode=query", "audience=https%3A%2F%2Fx.example", "nonce=" + strings.Repeat("n", 384), "access_type=offline", "claims=%7B%22userinfo%22%3A%7B%22name%22%3A%7B%22essential%22%3Atrue%7D%7D%7D",
	} {
		query := p.query()
		if strings.HasPrefix(add, "nonce=") {
			query = p.without("nonce")
		}
		p.raw(b, query+"&"+add).expectCode(t)
	}
	p.raw(b, p.without("scope")+"&scope=email+profile+openid").expectCode(t)
	p.raw(b, p.without("nonce")).expectCode(t) // OIDC Core §3.1.2.1: optional in the code flow
}

// AZ-17: the claims parameter is refused, or the person is asked; without that it never gives more than scopes do.
func TestAuthorizeClaimsParameter(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	p.oauth.Scopes = []string{"openid"}
	b := newBrowser(t)
	p.signIn(b, "ada")
	for _, claims := range []string{
		`{"id_token":{"sub":{"value":"somebody-else"}}}`, `{"userinfo":{"email":null,"name":null}}`, `[]`, `"x"`, `{`, `{"userinfo":1}`, strings.Repeat("[", 500),
		`{"userinfo":{` + strings.Repeat(`"a":null,`, 100) + `"email":null}}`,
	} {
		pg := p.raw(b, p.query()+"&claims="+url.QueryEscape(claims))
		q := pg.came()
		switch {
		case q.Get("error") == "invalid_request", q == nil && (pg.has("login-google") || pg.has("consent-allow")):
		case q.Get("code") != "":
			r := p.redeem(q.Get("code"))
			info := p.w.get("/oauth2/userinfo", r.text("access_token"))
			if info.status != 200 || info.body["email"] != nil || info.body["name"] != nil {
				t.Errorf("%.60s: userinfo gives %s", claims, info.raw)
			}
			if c := readJWT(t, r.text("id_token")).claims; c["email"] != nil || c["name"] != nil {
				t.Errorf("%.60s: ID token %v", claims, c)
			}
		default:
			t.Errorf("%.60s: %d to %q", claims, pg.status, pg.location)
		}
	}
}

// AZ-18, BR-06: what comes in a request is escaped or dropped on every page.
func TestPagesEscapeTheRequest(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	for _, evil := range []string{`"><script>alert(1)</script>`, `'-alert(1)-'`, `{{7*7}}`, "\r\nX-Evil: 1", `javascript:alert(1)`, `</title><img src=x onerror=alert(1)>`, "${7*7}"} {
		for _, name := range []string{"login_hint", "ui_locales", "acr_values", "display", "claims", "client_id", "error_description", "redirect_uri", "state", "nonce", "made_up", "id_token_hint", "resource"} {
			b := newBrowser(t)
			pg := p.raw(b, p.without(name)+"&"+name+"="+url.QueryEscape(evil))
			inert(t, name, evil, pg)
		}
		for _, path := range []string{"/login?i=", "/login?notice=", "/consent?i=", "/logout?l=", "/oauth2/authorize/resume?i=", "/oauth2/logout?id_token_hint=", "/oauth2/logout?client_id=x&state=", "/login/google/callback?state=", "/login/google/callback?error=", "/login/google/callback?error=x&error_description=", "/?next=", "/nowhere?x=", "/login/x/callback?code="} {
			inert(t, path, evil, newBrowser(t).open(w.issuer+path+url.QueryEscape(evil)))
		}
		inert(t, "path", evil, newBrowser(t).open(w.issuer+"/"+url.PathEscape(evil)))
	}
}

func inert(t *testing.T, where, evil string, pg *page) {
	t.Helper()
	if pg.status >= 500 || pg.header.Get("X-Evil") != "" {
		t.Errorf("%s=%q: %d %v", where, evil, pg.status, pg.header)
	}
	if strings.ContainsAny(evil, `<"`) && strings.Contains(pg.body, evil) || strings.Contains(pg.body, "<script>alert") || strings.Contains(pg.body, "<img src=x") {
		t.Errorf("%s=%q stands in the page as it came", where, evil)
	}
	if strings.Contains(pg.body, `href="javascript:`) || strings.Contains(pg.body, "49") && strings.Contains(evil, "7*7") && strings.Contains(pg.body, ">49<") {
		t.Errorf("%s=%q is live in the page", where, evil)
	}
}

// AZ-24: other methods are refused with the ones there are, and an override header is not one.
func TestAuthorizeMethods(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	p.signIn(b, "ada")
	for _, path := range []string{"/oauth2/authorize?" + p.query(), "/consent?i=x", "/login?i=x", "/login/google/callback?state=x&code=y", "/oauth2/authorize/resume?i=x", "/oauth2/logout", "/logout"} {
		before := w.commits()
		for _, method := range []string{"PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "CONNECT", "BREW"} {
			r, err := http.NewRequest(method, w.issuer+path, nil)
			w.must(err)
			r.AddCookie(&http.Cookie{Name: "__Host-symbolon", Value: b.cookies[w.host()]["__Host-symbolon"]})
			a := w.send(r)
			if a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") == "" {
				t.Errorf("%s %s: %d, Allow %q", method, path, a.status, a.header.Get("Allow"))
			}
		}
		if after := w.commits(); after != before {
			t.Errorf("%s: %d commits", path, after-before)
		}
		r, err := http.NewRequest("GET", w.issuer+path, nil)
		w.must(err)
		for _, name := range []string{"X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"} {
			r.Header.Set(name, "POST")
		}
		plain, err := http.NewRequest("GET", w.issuer+path, nil)
		w.must(err)
		if a, b := w.send(r), w.send(plain); a.status != b.status {
			t.Errorf("%s: an override header changes %d to %d", path, b.status, a.status)
		}
	}
}

// AZ-24: HEAD creates nothing.
func TestAuthorizeHeadCreatesNothing(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	p.signIn(b, "ada")
	before := w.commits()
	r, err := http.NewRequest("HEAD", p.url(), nil)
	w.must(err)
	r.AddCookie(&http.Cookie{Name: "__Host-symbolon", Value: b.cookies[w.host()]["__Host-symbolon"]})
	resp, err := plainClient.Do(r)
	w.must(err)
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); len(body) != 0 {
		t.Error("HEAD has a body")
	}
	if strings.Contains(resp.Header.Get("Location"), "code=") {
		t.Errorf("HEAD makes a code: %s", resp.Header.Get("Location"))
	}
	if after := w.commits(); after != before {
		t.Errorf("%d commits", after-before)
	}
}

// RFC 6749 §3.3: a request without scope asks for all that the client is registered for, but for what says who the person is.
func TestRequestWithoutScope(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	api := w.partner(`{"client_name":"Inspector","redirect_uris":["` + redirectURI + `"],"scope":"openid email books:read books:write offline_access","grant_types":["authorization_code","refresh_token"]}`)
	b := newBrowser(t)
	r := api.tokens(b, "ada", "scope", "")
	if r.text("scope") != "books:read books:write offline_access" || r.text("id_token") != "" || readJWT(t, r.text("access_token")).text("scope") != r.text("scope") {
		t.Errorf("%s", r.raw)
	}
	uri := api.pushed("scope", "")
	if code := api.take(b, uri).came().Get("code"); api.redeem(code).text("scope") != r.text("scope") {
		t.Errorf("pushed: %q", code)
	}
	w.newPartner().ask(b, "scope", "").expectError(t, w.issuer, "invalid_scope")
}
