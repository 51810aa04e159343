package app_test

import (
	"bytes"
	"crypto/elliptic"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const pushedPrefix = "urn:ietf:params:oauth:request_uri:"

// pairsOf returns the parameters of the partner's authorization request, as post takes them. Overrides replace parameters.
func (p *partner) pairsOf(overrides ...string) (pairs []string) {
	u, _ := url.Parse(p.url(overrides...))
	for name, values := range u.Query() {
		pairs = append(pairs, name, values[0])
	}
	return pairs
}

// form is pairsOf as a form.
func (p *partner) form(overrides ...string) url.Values {
	form := url.Values{}
	for i, pairs := 0, p.pairsOf(overrides...); i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

// push pushes the partner's authorization request (RFC 9126 §2.1).
func (p *partner) push(overrides ...string) reply {
	p.w.t.Helper()
	return p.post("/oauth2/par", p.pairsOf(overrides...)...)
}

// pushed pushes and returns the request_uri.
func (p *partner) pushed(overrides ...string) string {
	p.w.t.Helper()
	r := p.push(overrides...)
	if r.status != http.StatusCreated {
		p.w.t.Fatalf("push: %d %s\nlog:\n%s", r.status, r.raw, p.w.log)
	}
	return r.text("request_uri")
}

// take opens the authorization endpoint with a request_uri. more is written behind it.
func (p *partner) take(b *browser, uri string, more ...string) *page {
	p.w.t.Helper()
	query := "client_id=" + url.QueryEscape(p.id) + "&request_uri=" + url.QueryEscape(uri)
	return p.raw(b, strings.Join(append([]string{query}, more...), "&"))
}

// finish takes the browser from the login page to the partner.
func (p *partner) finish(t *testing.T, pg *page, person string) *page {
	t.Helper()
	for range 5 {
		switch {
		case pg.came() != nil:
			return pg
		case pg.has("login-google"):
			pg = pg.press("login-google")
		case pg.has("person-" + person):
			pg = pg.press("person-" + person)
		case pg.has("consent-allow"):
			pg = pg.press("consent-allow")
		default:
			t.Fatalf("stuck at %s (%d):\n%s", pg.url, pg.status, pg.body)
		}
	}
	return pg
}

// RFC 9126 §2.2, §4: what was pushed is what is asked for, whatever the browser brings beside the request_uri, and the person may reload.
func TestPushedRequest(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		r := p.push()
		if r.status != 201 || r.body["expires_in"] != 60.0 || len(r.body) != 2 || !strings.Contains(r.header.Get("Cache-Control"), "no-store") {
			t.Fatalf("%d %s %v", r.status, r.raw, r.header)
		}
		uri := r.text("request_uri")
		// PR-02: 128 bits and more that nobody can guess.
		if random, ok := strings.CutPrefix(uri, pushedPrefix); !ok || len(random) < 43 {
			t.Errorf("request_uri %q", uri)
		}
		b := newBrowser(t)
		p.take(b, uri).expectLogin(t)
		p.take(b, uri).expectLogin(t) // reloaded
		evil := "redirect_uri=https%3A%2F%2Fevil.example%2Fcb&state=evil&scope=openid&response_type=token&nonce=evil&prompt=none&code_challenge=evil"
		pg := p.finish(t, p.take(b, uri, evil), "ada")
		code := pg.expectCode(t)
		if pg.came().Get("state") != "s1" {
			t.Errorf("state: %v", pg.came())
		}
		tokens := p.redeem(code)
		tokens.expect(t, 200, "")
		if readJWT(t, tokens.text("id_token")).text("nonce") != "n1" {
			t.Error("the nonce is not the pushed one")
		}
		// RFC 9126 §7.3: used up. The person who is signed in goes straight back to the partner.
		p.take(b, uri).expectError(t, w.issuer, "invalid_request_uri")
	})
}

// RFC 9126 §7.3, TK-06: of many browsers that finish one pushed request at the same time, on two nodes, one gets a code.
func TestPushedRequestIsSpentOnce(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, a *world) {
		second := a.second()
		p := a.newPartner()
		b := newBrowser(t)
		p.code(b, "ada")
		uri := p.pushed()
		codes, errs := atomic.Int64{}, atomic.Int64{}
		var racers sync.WaitGroup
		for i := range 12 {
			own := b.copy()
			if i%2 == 1 {
				own.use(second)
			}
			racers.Go(func() {
				switch q := p.take(own, uri).came(); {
				case q.Get("code") != "":
					codes.Add(1)
				case q.Get("error") == "invalid_request_uri":
					errs.Add(1)
				default:
					t.Errorf("%v", q)
				}
			})
		}
		racers.Wait()
		if codes.Load() != 1 || errs.Load() != 11 {
			t.Errorf("%d codes, %d errors", codes.Load(), errs.Load())
		}
	})
}

// A request that was pushed on one node is taken up on the other, also one that is too long for a URL and stays in its row meanwhile.
func TestPushedRequestOnTwoNodes(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, a *world) {
		second := a.second()
		p := a.newPartner()
		for name, more := range map[string][]string{"short": nil, "long": {"vendor", strings.Repeat("long ", 6<<10)}} {
			a.test(name, func(t *testing.T, w *world) {
				p := p.at(w)
				uri := p.pushed(more...)
				b := newBrowser(t)
				b.stopAt = redirectURI
				b.use(second)
				pg := p.take(b, uri)
				pg.expectLogin(t)
				if len(pg.url.String()) > 8<<10 || name == "long" && len(pg.url.String()) > 1<<10 {
					t.Errorf("the interaction has %d bytes", len(pg.url.String()))
				}
				b.use(w)
				pg = pg.press("login-google")
				b.use(second)
				pg = p.finish(t, pg, "ada")
				p.redeem(pg.expectCode(t)).expect(t, 200, "")
				p.take(b, uri).expectError(t, w.issuer, "invalid_request_uri")
			})
		}
	})
}

// RFC 9126 §2.2: a request_uri lives for a minute. A person who has begun in time finishes, also after the row of a short request is gone.
func TestPushedRequestExpires(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		short, long := p.pushed(), p.pushed("vendor", strings.Repeat("x", 5<<10))
		begun, begunLong := newBrowser(t), newBrowser(t)
		login, loginLong := p.take(begun, short), p.take(begunLong, long)
		w.exec("UPDATE pushed_requests SET expires_at = expires_at - 60001") // the long one has its hour left
		p.take(newBrowser(t), short).expectLocalError(t)
		pg := p.take(newBrowser(t), short, "redirect_uri="+url.QueryEscape(redirectURI)+"&state=s1")
		pg.expectError(t, w.issuer, "invalid_request_uri")
		p.finish(t, login, "ada").expectCode(t)
		p.finish(t, loginLong, "ada").expectCode(t)
		// PR-01: the rows go.
		w.exec("UPDATE pushed_requests SET expires_at = 1")
		b := newBrowser(t)
		if pg := b.open(loginLong.url.String()); pg.status != 400 {
			t.Errorf("the interaction of a request that is gone: %d", pg.status)
		}
		if n, err := w.stores.DB.Sweep(t.Context(), time.Now(), 100); err != nil || n < 2 || w.count("pushed_requests") != 0 {
			t.Errorf("%d swept, %v, %d left", n, err, w.count("pushed_requests"))
		}
	})
}

// RFC 9126 §2.3, FAPI 2.0 §5.3.2.2: everything is checked before anything is stored, and a client hears of it as JSON.
func TestPushedRequestRefusals(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	other := w.newPartner()
	for name, c := range map[string]struct {
		change []string
		code   string
	}{
		"no response_type":      {[]string{"response_type", ""}, "invalid_request"},
		"token":                 {[]string{"response_type", "token"}, "unsupported_response_type"},
		"response_mode":         {[]string{"response_mode", "web_message"}, "invalid_request"},
		"plain PKCE":            {[]string{"code_challenge_method", "plain"}, "invalid_request"},
		"no PKCE, no nonce":     {[]string{"code_challenge_method", "", "code_challenge", "", "nonce", ""}, "invalid_request"},
		"short challenge":       {[]string{"code_challenge", "x"}, "invalid_request"},
		"prompt":                {[]string{"prompt", "none login"}, "invalid_request"},
		"max_age":               {[]string{"max_age", "-1"}, "invalid_request"},
		"scope":                 {[]string{"scope", "openid symbolon:admin"}, "invalid_scope"},
		"no scope":              {[]string{"scope", ""}, "invalid_scope"},
		"resource":              {[]string{"resource", "https://evil.example"}, "invalid_target"},
		"dpop_jkt":              {[]string{"dpop_jkt", "x"}, "invalid_request"},
		"registration":          {[]string{"registration", "{}"}, "registration_not_supported"},
		"redirect_uri":          {[]string{"redirect_uri", "https://evil.example/cb"}, "invalid_request"},
		"no redirect_uri":       {[]string{"redirect_uri", ""}, "invalid_request"},
		"a request_uri of ours": {[]string{"request_uri", pushedPrefix + "x"}, "invalid_request"},
		"a request_uri":         {[]string{"request_uri", "https://partner.example/r"}, "invalid_request"},
		"a state of 5 KiB":      {[]string{"state", strings.Repeat("s", 5<<10)}, "invalid_request"},
		"another's client_id":   {[]string{"client_id", other.id}, "invalid_request"},
	} {
		r := p.push(c.change...)
		if r.header.Get("Location") != "" {
			t.Errorf("%s: sent to %q", name, r.header.Get("Location"))
		}
		if r.expect(t, 400, c.code); t.Failed() {
			t.Fatal(name)
		}
	}
	form := p.form()
	w.post("/oauth2/par", form, p.id, "wrong").expect(t, 401, "invalid_client")
	w.post("/oauth2/par", form, "", "").expect(t, 401, "invalid_client")
	w.post("/oauth2/par?state=x", form, p.id, p.secret).expect(t, 400, "invalid_request")
	twice := merged(form)
	twice["state"] = []string{"a", "b"}
	w.post("/oauth2/par", twice, p.id, p.secret).expect(t, 400, "invalid_request")
	w.post("/oauth2/par", merged(form, "x", strings.Repeat("x", 1<<20)), p.id, p.secret).expect(t, 413, "invalid_request")
	if r := w.get("/oauth2/par", ""); r.status != 405 {
		t.Errorf("GET: %d", r.status)
	}
	if n := w.count("pushed_requests"); n != 0 {
		t.Errorf("%d refused requests were stored", n)
	}
	// A public client may push, but anybody can push as one: nothing that would stay for longer than its minute.
	public := w.partner(`{"client_name":"Native","redirect_uris":["` + redirectURI + `"],"token_endpoint_auth_method":"none"}`)
	public.push("vendor", strings.Repeat("x", 5<<10)).expect(t, 413, "invalid_request")
	public.finish(t, public.take(newBrowser(t), public.pushed()), "ada").expectCode(t)
}

// PR-02: a request_uri that is not ours, or not this client's, leads to nothing, and nothing is fetched.
func TestForeignRequestURIs(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p, other := w.newPartner(), w.newPartner()
	var asked atomic.Int64
	canary := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer canary.Close()
	uri := p.pushed()
	for _, foreign := range []string{
		"", pushedPrefix, pushedPrefix + strings.Repeat("A", 43), uri[:len(uri)-1], uri + "x", uri + "#", strings.ToUpper(uri), " " + uri, strings.Replace(uri, "urn:", "URN:", 1),
		canary.URL, canary.URL + "/r#x", "file:///etc/passwd", "gopher://127.0.0.1:1/", "//evil.example", "data:,x", "x", strings.Repeat("u", 3000),
	} {
		pg := p.take(newBrowser(t), foreign)
		pg.expectLocalError(t)
		pg = p.take(newBrowser(t), foreign, "state=s1&redirect_uri="+url.QueryEscape(redirectURI))
		if code := pg.came().Get("error"); code != "invalid_request_uri" && code != "request_uri_not_supported" {
			t.Errorf("%q: %d to %q", foreign, pg.status, pg.location)
		}
		p.take(newBrowser(t), foreign, "redirect_uri=https%3A%2F%2Fevil.example").expectLocalError(t)
	}
	other.take(newBrowser(t), uri).expectLocalError(t)
	p.raw(newBrowser(t), "request_uri="+url.QueryEscape(uri)).expectLocalError(t)
	p.raw(newBrowser(t), "client_id=nobody&request_uri="+url.QueryEscape(uri)).expectLocalError(t)
	p.take(newBrowser(t), uri, "request=x.y.z").expectLocalError(t)
	if q := p.take(newBrowser(t), uri, "request_uri=x").came(); q.Get("error") != "invalid_request" || q.Has("state") { // AZ-10: told at the only place that is registered
		t.Errorf("two of them: %v", q)
	}
	p.take(newBrowser(t), uri).expectLogin(t)
	if n := asked.Load(); n != 0 {
		t.Errorf("the canary was asked %d times", n)
	}
}

// TK-09: a request_uri is no code, token or interaction, and none of them is a request_uri.
func TestRequestURIConfusion(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	uri := p.pushed()
	interaction := p.take(newBrowser(t), uri).url.Query().Get("i")
	code := p.code(b, "ada")
	tokens := p.tokens(b, "ada")
	p.redeem(uri).expect(t, 400, "invalid_grant")
	p.redeem(strings.TrimPrefix(uri, pushedPrefix)).expect(t, 400, "invalid_grant")
	p.refresh(uri).expect(t, 400, "invalid_grant")
	if p.active(uri) {
		t.Error("a request_uri is an active token")
	}
	if pg := b.open(w.issuer + "/login?i=" + url.QueryEscape(uri)); pg.status != 400 {
		t.Errorf("as an interaction: %d", pg.status)
	}
	for _, other := range []string{code, tokens.text("access_token"), tokens.text("refresh_token"), tokens.text("id_token"), interaction} {
		p.take(b, pushedPrefix+other).expectLocalError(t)
		p.take(b, other).expectLocalError(t)
	}
}

// PR-03 and trap of stored credentials: nothing that was pushed is seen in the browser, in the log or in the database, least of all credentials.
func TestPushedParametersStayOnTheServer(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		id, secret := w.client(`{"client_name":"Poster","redirect_uris":["` + redirectURI + `"],"token_endpoint_auth_method":"client_secret_post"}`)
		p := w.newPartner()
		p.id = id
		p.oauth.ClientID = id
		form := p.form("nonce", "marked-nonce", "state", "marked-state", "vendor", "marked-vendor")
		r := w.post("/oauth2/par", merged(form, "client_secret", secret), "", "")
		r.expect(t, 201, "")
		uri := r.text("request_uri")
		stored := w.dump()
		for _, text := range []string{secret, "marked-", "client_secret=", uri, strings.TrimPrefix(uri, pushedPrefix)} {
			if bytes.Contains(stored, []byte(text)) {
				t.Errorf("%q lies in the database", text)
			}
		}
		b := newBrowser(t)
		pg := p.take(b, uri)
		seen := []string{pg.body, pg.url.String()}
		pg = pg.press("login-google")
		seen = append(seen, pg.url.String(), pg.body)
		for _, jar := range b.cookies {
			for _, value := range jar {
				seen = append(seen, value)
			}
		}
		if all := strings.Join(seen, "\n"); strings.Contains(all, "marked-") || strings.Contains(all, secret) {
			t.Error("what was pushed is seen in the browser")
		}
		p.finish(t, pg, "ada")
		if log := w.log.String(); strings.Contains(log, "marked-") || strings.Contains(log, secret) || strings.Contains(log, strings.TrimPrefix(uri, pushedPrefix)) {
			t.Error("what was pushed is in the log")
		}
	})
}

// RFC 9126 §5 and §6: an operator, or the client's registration, may leave no other way. What was pushed is the only thing that opens it.
func TestPushedRequestsRequired(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, w *world, p *partner) {
		b := newBrowser(t)
		p.ask(b).expectError(t, w.issuer, "invalid_request")
		p.ask(b, "request_uri", pushedPrefix+"x").expectError(t, w.issuer, "invalid_request_uri")
		p.finish(t, p.take(b, p.pushed()), "ada").expectCode(t)
		p.ask(b).expectError(t, w.issuer, "invalid_request")
	}
	t.Run("by the operator", func(t *testing.T) {
		w := embeddedWorld(t, "require_pushed_authorization_requests: true")
		check(t, w, w.newPartner())
		if r := w.get("/.well-known/openid-configuration", ""); r.body["require_pushed_authorization_requests"] != true || r.text("pushed_authorization_request_endpoint") != w.issuer+"/oauth2/par" {
			t.Error(r.raw)
		}
	})
	t.Run("by the client", func(t *testing.T) {
		w := embeddedWorld(t, "")
		check(t, w, w.partner(`{"client_name":"Strict","redirect_uris":["`+redirectURI+`"],"require_pushed_authorization_requests":true}`))
		p := w.newPartner()
		p.finish(t, p.ask(newBrowser(t)), "ada").expectCode(t)
		if r := w.get("/.well-known/openid-configuration", ""); r.body["require_pushed_authorization_requests"] != false {
			t.Error(r.raw)
		}
	})
}

// A client that was changed since it pushed is judged as it is now.
func TestPushedRequestOfAChangedClient(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	uri := p.pushed()
	_, err := w.clients.Update(t.Context(), p.id, []byte(`{"redirect_uris":["https://partner.example/moved"]}`), 0)
	w.must(err)
	time.Sleep(2100 * time.Millisecond) // the cache of another process
	p.take(newBrowser(t), uri).expectLocalError(t)
}

// RFC 9449 §10.1: the key of the proof at the endpoint is the key of the code.
func TestPushedRequestWithDPoP(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		key, thief := ecKey(t, elliptic.P256()), ecKey(t, elliptic.P256())
		form := p.form()
		push := func(proof string, pairs ...string) reply {
			return p.postWithProof("/oauth2/par", merged(form, pairs...), proof)
		}
		proof := func(path string) string { return w.proof(key, "POST", path) }
		redeem := func(code, proof string) reply {
			return p.postWithProof("/oauth2/token", url.Values{
				"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {testVerifier},
			}, proof)
		}
		once := proof("/oauth2/par")
		r := push(once)
		r.expect(t, 201, "")
		push(once).expect(t, 400, "invalid_dpop_proof")
		push(proof("/oauth2/token")).expect(t, 400, "invalid_dpop_proof")
		push(proof("/oauth2/par"), "dpop_jkt", thumbprint(t, thief)).expect(t, 400, "invalid_dpop_proof")
		push(proof("/oauth2/par"), "dpop_jkt", thumbprint(t, key)).expect(t, 201, "")
		b := newBrowser(t)
		code := p.finish(t, p.take(b, r.text("request_uri")), "ada").expectCode(t)
		redeem(code, w.proof(thief, "POST", "/oauth2/token")).expect(t, 400, "invalid_grant")
		code = p.take(b, push(proof("/oauth2/par")).text("request_uri")).expectCode(t)
		redeem(code, "").expect(t, 400, "invalid_grant")
		code = p.take(b, push(proof("/oauth2/par")).text("request_uri")).expectCode(t)
		tokens := redeem(code, proof("/oauth2/token"))
		if tokens.expect(t, 200, ""); tokens.text("token_type") != "DPoP" {
			t.Error(tokens.raw)
		}
	})
}

// RFC 9126 §2: a client that authenticates with assertions does so here too; each is good once.
func TestPushedRequestWithAssertion(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		key := ecKey(t, elliptic.P256())
		id, _ := w.client(`{"client_name":"Asserter","redirect_uris":["` + redirectURI + `"],"token_endpoint_auth_method":"private_key_jwt","jwks":` + jwksOf(t, key) + `}`)
		a := &asserter{w: w, id: id, alg: jose.ES256, key: key, kid: "k1"}
		p := w.newPartner()
		p.id, p.oauth.ClientID = id, id
		form := p.form()
		assertion := a.sign()
		r := w.post("/oauth2/par", asserted(form, assertion), "", "")
		r.expect(t, 201, "")
		w.post("/oauth2/par", asserted(form, assertion), "", "").expect(t, 401, "invalid_client")
		w.post("/oauth2/par", asserted(form, a.sign("aud", w.issuer+"/oauth2/par"), "client_id", ""), "", "").expect(t, 401, "invalid_client")
		form.Del("client_id")
		w.post("/oauth2/par", asserted(form, a.sign()), "", "").expect(t, 201, "")
		if bytes.Contains(w.dump(), []byte(assertion[:40])) {
			t.Error("the assertion lies in the database")
		}
		pg := p.finish(t, p.take(newBrowser(t), r.text("request_uri")), "ada")
		pg.expectCode(t)
	})
}
