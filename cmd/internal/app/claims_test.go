package app_test

import (
	"crypto/elliptic"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// personal are the claims about a person, which an ID token has only when they were asked for.
var personal = []string{"name", "given_name", "family_name", "picture", "locale", "updated_at", "email", "email_verified"}

// personalIn returns which of them are there, sorted.
func personalIn(claims map[string]any) []string {
	var names []string
	for name := range claims {
		if slices.Contains(personal, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func equalNames(t *testing.T, what string, claims map[string]any, want ...string) {
	t.Helper()
	if got := personalIn(claims); !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// OIDC Core §5.5: claims by name, each where it was asked for, with the right JSON types, at the first ID token and at refreshed ones.
func TestClaimsParameter(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		const claims = `{"userinfo":{"name":{"essential":true},"updated_at":null,"nickname":null},"id_token":{"email":null,"email_verified":{"essential":true},"auth_time":{"essential":true},"https://x.example/y":null}}`
		r := p.tokens(newBrowser(t), "ada", "scope", "openid", "claims", claims)
		if r.text("scope") != "openid" {
			t.Errorf("the scope grew: %s", r.raw)
		}
		check := func(what string, r reply) {
			t.Helper()
			id := readJWT(t, r.text("id_token"))
			equalNames(t, what+": ID token", id.claims, "email", "email_verified")
			if id.text("email") != "ada.lovelace@gmail.com" || id.claims["email_verified"] != true || id.seconds(t, "auth_time") == 0 {
				t.Errorf("%s: %v", what, id.claims)
			}
			info := w.get("/oauth2/userinfo", r.text("access_token"))
			equalNames(t, what+": userinfo", info.body, "name", "updated_at")
			if at, ok := info.body["updated_at"].(float64); info.text("name") != "Ada Lovelace" || info.text("sub") != id.text("sub") || !ok || at != float64(int64(at)) || at > 1e11 {
				t.Errorf("%s: %s", what, info.raw)
			}
			if scope := readJWT(t, r.text("access_token")).text("scope"); scope != "openid" {
				t.Errorf("%s: access token with scope %q", what, scope)
			}
		}
		check("code", r)
		check("refresh", p.refresh(r.text("refresh_token")))
		plain := p.tokens(newBrowser(t), "ada", "scope", "openid")
		equalNames(t, "OIDC Core §5.4: nothing unasked in the ID token", readJWT(t, plain.text("id_token")).claims)
		equalNames(t, "nothing unasked at userinfo", w.get("/oauth2/userinfo", plain.text("access_token")).body)
		scoped := p.tokens(newBrowser(t), "ada", "claims", `{"id_token":{"locale":null}}`)
		equalNames(t, "scope claims stay at userinfo, and what is not known is left out", readJWT(t, scoped.text("id_token")).claims)
		equalNames(t, "scope claims", w.get("/oauth2/userinfo", scoped.text("access_token")).body, "email", "email_verified", "family_name", "given_name", "name", "picture", "updated_at")
	})
}

// AZ-17, OIDC Core §5.5: a claim needs the consent that the scope which covers it needs, and nothing is released beyond it.
func TestClaimsNeedConsent(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		b := newBrowser(t)
		const claims = `{"userinfo":{"name":null},"id_token":{"email":null}}`
		p.tokens(b, "ada", "scope", "openid")
		p.ask(b, "scope", "openid", "prompt", "none").expectCode(t)
		p.ask(b, "scope", "openid", "prompt", "none", "claims", claims).expectError(t, w.issuer, "consent_required")
		pg := p.ask(b, "scope", "openid", "claims", claims)
		pg.expectConsent(t)
		if !strings.Contains(pg.body, "Ada Lovelace") || strings.Contains(pg.body, "nickname") {
			t.Error("the page does not say what is asked for")
		}
		pg.press("consent-deny").expectError(t, w.issuer, "access_denied")
		p.ask(b, "scope", "openid", "prompt", "none", "claims", claims).expectError(t, w.issuer, "consent_required")
		p.ask(b, "scope", "openid", "prompt", "none", "claims", `{"userinfo":{"nickname":null,"sub":null,"acr":null},"id_token":{"auth_time":null}}`).expectCode(t)

		r := p.redeem(p.ask(b, "scope", "openid", "claims", claims).press("consent-allow").expectCode(t))
		equalNames(t, "userinfo", w.get("/oauth2/userinfo", r.text("access_token")).body, "name")
		p.ask(b, "scope", "openid", "prompt", "none", "claims", claims).expectCode(t)
		code := p.ask(b, "scope", "openid", "claims", claims).expectCode(t)

		// Withdrawn, and then less allowed than the code and the grant are for.
		account := readJWT(t, r.text("id_token")).text("sub")
		w.must(w.stores.DB.DeleteConsent(t.Context(), account, p.id, time.Now()))
		p.code(b, "ada", "scope", "openid")
		if a := w.get("/oauth2/userinfo", r.text("access_token")); a.status != 401 {
			t.Errorf("userinfo after the consent was withdrawn: %d %s", a.status, a.raw)
		}
		p.redeem(code).expect(t, 400, "invalid_grant")
	})
}

// AZ-17: a client gets no claim whose scope it is not registered for, also when the registration shrinks later.
func TestClaimsBeyondTheRegistration(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.partner(`{"client_name":"Shy Books","redirect_uris":["` + redirectURI + `"],"scope":"openid profile","grant_types":["authorization_code","refresh_token"]}`)
	const claims = `{"userinfo":{"email":{"essential":true},"name":null},"id_token":{"email":null,"email_verified":null,"picture":null}}`
	r := p.tokens(newBrowser(t), "ada", "scope", "openid", "claims", claims)
	equalNames(t, "ID token", readJWT(t, r.text("id_token")).claims, "picture")
	equalNames(t, "userinfo", w.get("/oauth2/userinfo", r.text("access_token")).body, "name")
	if _, err := w.clients.Update(t.Context(), p.id, []byte(`{"scope":"openid"}`), 0); err != nil {
		t.Fatal(err)
	}
	next := p.refresh(r.text("refresh_token"))
	equalNames(t, "ID token afterwards", readJWT(t, next.text("id_token")).claims)
	equalNames(t, "userinfo afterwards", w.get("/oauth2/userinfo", next.text("access_token")).body)

	own := w.partner(`{"client_name":"Own","redirect_uris":["` + redirectURI + `"],"skip_consent":true}`)
	b := newBrowser(t)
	p.code(b, "ada", "scope", "openid")
	r = own.redeem(own.ask(b, "scope", "openid", "claims", claims).expectCode(t))
	equalNames(t, "the operator's own client", readJWT(t, r.text("id_token")).claims, "email", "email_verified", "picture")
}

// AZ-17: what is no claims parameter is refused, by GET, by PAR and in the middle of a sign-in.
func TestClaimsParameterRefused(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	p.code(b, "ada")
	many := `{"id_token":{"a":null` + strings.Repeat(`,"a":null`, 60) + `}}`
	for _, claims := range []string{
		"x", "[]", "null", `"name"`, `{"id_token":[]}`, `{"userinfo":{"name":1}}`, `{"userinfo":{"name":{"essential":"yes"}}}`, `{"id_token":{"sub":{"value":7}}}`, `{"id_token":{},"id_token":{}}`,
		strings.Repeat(`{"a":`, 20) + "1" + strings.Repeat("}", 20), many, `{"id_token":{"name":{"values":"x"}}}`,
	} {
		p.ask(b, "claims", claims).expectError(t, w.issuer, "invalid_request")
		p.ask(b, "claims", claims, "prompt", "none").expectError(t, w.issuer, "invalid_request")
		u, err := url.Parse(p.url("claims", claims))
		w.must(err)
		p.postForm("/oauth2/par", u.Query()).expect(t, 400, "invalid_request")
	}
	p.raw(b, p.query("claims", "{}")+"&claims="+url.QueryEscape(`{"id_token":{"email":null}}`)).expectError(t, w.issuer, "invalid_request")
	p.raw(b, p.query()+"&claims=").expectCode(t)
	long := `{"userinfo":{"name":null,"x":{"value":"` + strings.Repeat("x", 6<<10) + `"}}}`
	u, err := url.Parse(p.url("claims", long))
	w.must(err)
	pushed := p.postForm("/oauth2/par", u.Query())
	pushed.expect(t, 201, "")
	p.raw(b, url.Values{"client_id": {p.id}, "request_uri": {pushed.text("request_uri")}}.Encode()).expectCode(t)
	// claims_locales, and claims for somebody who does not ask for openid, do no harm.
	p.ask(b, "claims_locales", "se", "claims", `{"userinfo":{"name":{"essential":true}}}`).expectCode(t)
}

// postForm sends a form to an endpoint with the partner's own authentication.
func (p *partner) postForm(path string, form url.Values) reply {
	p.w.t.Helper()
	return p.w.post(path, form, p.id, p.secret)
}

// OIDC Core §5.5.1, §3.1.2.1: sub with a value asks for one person, and nobody else will do.
func TestClaimsSubject(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	ada := readJWT(t, p.tokens(b, "ada").text("id_token")).text("sub")
	grace := readJWT(t, p.tokens(newBrowser(t), "grace").text("id_token")).text("sub")
	for name, claims := range map[string]string{
		"value":               `{"id_token":{"sub":{"value":"` + grace + `"}}}`,
		"values":              `{"id_token":{"sub":{"values":["` + grace + `","nobody"]}}}`,
		"at userinfo":         `{"userinfo":{"sub":{"value":"` + grace + `"}}}`,
		"essential":           `{"id_token":{"sub":{"value":"` + grace + `","essential":true}}}`,
		"nobody":              `{"id_token":{"sub":{"value":"nobody"}}}`,
		"empty":               `{"id_token":{"sub":{"value":""}}}`,
		"two who contradict":  `{"id_token":{"sub":{"value":"` + ada + `"}},"userinfo":{"sub":{"value":"` + grace + `"}}}`,
		"in another spelling": `{"id_token":{"sub":{"value":"` + ada + ` "}}}`,
	} {
		p.test(name, func(t *testing.T, p *partner) {
			p.ask(b, "claims", claims, "prompt", "none").expectError(t, w.issuer, "login_required")
			p.ask(b, "claims", claims).expectLogin(t)
		})
	}
	p.ask(b, "claims", `{"id_token":{"sub":{"value":"`+ada+`"}}}`, "prompt", "none").expectCode(t)
	p.ask(b, "claims", `{"userinfo":{"sub":{"values":["`+grace+`","`+ada+`"]}}}`, "prompt", "none").expectCode(t)
	// The wrong person signs in again: that is the end of it. The right one gets the code.
	wanted := `{"id_token":{"sub":{"value":"` + grace + `"}}}`
	pg := p.ask(b, "claims", wanted).press("login-google")
	if pg.has("person-ada") {
		pg = pg.press("person-ada")
	}
	pg.expectError(t, w.issuer, "login_required")
	if q := p.signIn(newBrowser(t), "grace", "claims", wanted); q.Get("code") == "" {
		t.Errorf("the person who was asked for: %v", q)
	}
}

// OIDC Core §5.5.1.1: an essential acr is proven or refused, never invented; a voluntary one, and acr_values, change nothing.
func TestClaimsACR(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	r := p.tokens(b, "ada", "acr_values", "phr phrh", "claims", `{"id_token":{"acr":{"values":["phr"]}}}`)
	if acr, ok := readJWT(t, r.text("id_token")).claims["acr"]; ok {
		t.Errorf("acr %v, which no upstream has proven", acr)
	}
	p.ask(b, "prompt", "none", "claims", `{"id_token":{"acr":{"essential":true}}}`).expectCode(t)
	const essential = `{"id_token":{"acr":{"essential":true,"values":["phr","phrh"]}}}`
	p.ask(b, "prompt", "none", "claims", essential).expectError(t, w.issuer, "login_required")
	pg := p.ask(b, "claims", essential)
	pg.expectLogin(t)
	pg = pg.press("login-google")
	if pg.has("person-ada") {
		pg = pg.press("person-ada")
	}
	pg.expectError(t, w.issuer, "unmet_authentication_requirements")
}

// OIDC Core §5.5, §6.1: in a request object the parameter is an object, and is looked at as closely.
func TestClaimsInARequestObject(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	r := w.requester("ES256", ecKey(t, elliptic.P256()), `"skip_consent":true`)
	b := newBrowser(t)
	r.code(b, "ada")
	good := map[string]any{"id_token": map[string]any{"email": nil}, "userinfo": map[string]any{"name": map[string]any{"essential": true}}}
	a := r.redeem(r.bring(b, r.object("scope", "openid", "claims", good)).expectCode(t))
	equalNames(t, "ID token", readJWT(t, a.text("id_token")).claims, "email")
	equalNames(t, "userinfo", w.get("/oauth2/userinfo", a.text("access_token")).body, "name")
	beside := r.bring(b, r.object("scope", "openid"), "claims", `{"id_token":{"email":null}}`).expectCode(t)
	equalNames(t, "RFC 9101 §6.3: beside the object it counts for nothing", readJWT(t, r.redeem(beside).text("id_token")).claims)
	for _, bad := range []any{[]any{good}, map[string]any{"id_token": 1}, 7, true, "x"} {
		r.bring(b, r.object("claims", bad)).expectError(t, w.issuer, "invalid_request")
	}
}

// OIDC Core §5.4, §3.3.3.6: in the front channel an ID token has the named claims only where no better way is open.
func TestClaimsInTheFrontChannel(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "legacy_response_types: true")
	p := w.legacyPartner()
	b := newBrowser(t)
	p.tokens(b, "ada")
	b.stopAt = redirectURI
	const claims = `{"id_token":{"email":null},"userinfo":{"name":null}}`
	for kind, want := range map[string][]string{"id_token": {"email"}, "id_token token": {"email"}, "code id_token": nil} {
		got := p.answer(b.open(p.url("response_type", kind, "scope", "openid", "claims", claims)), "fragment")
		equalNames(t, kind, readJWT(t, got.Get("id_token")).claims, want...)
		if code := got.Get("code"); code != "" {
			equalNames(t, kind+", from the token endpoint", readJWT(t, p.redeem(code).text("id_token")).claims, "email")
		}
		if access := got.Get("access_token"); access != "" {
			equalNames(t, kind+", at userinfo", w.get("/oauth2/userinfo", access).body, "name")
		}
	}
}
