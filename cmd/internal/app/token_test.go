package app_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// RFC 6749 §5.1 and §5.2: what every answer of the token endpoint says of itself.
func TestTokenResponse(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	ok := p.tokens(b, "ada", "scope", "openid profile email offline_access")
	for name, r := range map[string]reply{"success": ok, "error": p.redeem("x"), "refresh": p.refresh(ok.text("refresh_token")), "401": w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, "x", "y")} {
		if r.header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: %v", name, r.header)
		}
		if r.header.Get("Set-Cookie") != "" || r.header.Get("Access-Control-Allow-Origin") == "*" && r.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %v", name, r.header)
		}
	}
	if ok.text("token_type") != "Bearer" || ok.body["expires_in"] != float64(600) || ok.text("scope") != "openid profile email offline_access" {
		t.Errorf("success: %s", ok.raw)
	}
	for member := range ok.body {
		if !slices.Contains([]string{"access_token", "token_type", "expires_in", "refresh_token", "id_token", "scope"}, member) {
			t.Errorf("the answer has %s", member)
		}
	}
	if code := p.ask(b).expectCode(t); len(code) < 100 || len(code) > 600 || !strings.HasPrefix(code, "sym_ac_") {
		t.Errorf("a code of %d characters: %.20s", len(code), code)
	}
}

// RFC 9068 §2: header and claims of an access token.
func TestAccessTokenIsJWT(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.partner(`{"client_name":"API","redirect_uris":["` + redirectURI + `"],"audience":["https://api.example","https://two.example"],"access_token_lifetime":120}`)
		r := p.tokens(newBrowser(t), "ada")
		token := readJWT(t, r.text("access_token"))
		if token.header["typ"] != "at+jwt" || token.header["alg"] != "ES256" || token.header["kid"] == nil || len(token.header) != 3 {
			t.Errorf("header: %v", token.header)
		}
		id := readJWT(t, r.text("id_token"))
		for name, want := range map[string]string{"iss": w.issuer, "sub": id.text("sub"), "client_id": p.id, "scope": "openid profile email"} {
			if token.text(name) != want {
				t.Errorf("%s: %v, want %s", name, token.claims[name], want)
			}
		}
		if len(token.text("jti")) < 16 || token.text("sub") == p.id {
			t.Errorf("%v", token.claims)
		}
		aud := fmt.Sprint(token.claims["aud"])
		if !strings.Contains(aud, "https://api.example") || strings.Contains(aud, p.id) || strings.Contains(aud, "two.example") {
			t.Errorf("aud: %v", token.claims["aud"])
		}
		if exp, iat := token.seconds(t, "exp"), token.seconds(t, "iat"); exp-iat < 119 || exp-iat > 121 || r.body["expires_in"] != float64(120) {
			t.Errorf("lives %d s, expires_in %v", exp-iat, r.body["expires_in"])
		}
		if token.seconds(t, "auth_time") != id.seconds(t, "auth_time") {
			t.Error("auth_time differs from the ID token's")
		}
		for _, personal := range []string{"email", "name", "picture", "given_name"} {
			if token.claims[personal] != nil {
				t.Errorf("the access token has %s", personal)
			}
		}
		// Any JWT library verifies it with the published keys, and takes it for no ID token.
		verifier := p.provider.Verifier(&oidc.Config{SkipClientIDCheck: true, SupportedSigningAlgs: []string{"ES256"}})
		if _, err := verifier.Verify(t.Context(), r.text("access_token")); err != nil {
			t.Error(err)
		}
		if _, err := p.provider.Verifier(&oidc.Config{ClientID: p.id, SupportedSigningAlgs: []string{"ES256"}}).Verify(t.Context(), r.text("access_token")); err == nil {
			t.Error("an access token passes for an ID token")
		}
	})
}

// OIDC Core §2, §3.1.3.6: the ID token under every algorithm a client may register.
func TestIDToken(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		b := newBrowser(t)
		for _, alg := range []string{"", "RS256", "PS256", "ES256", "EdDSA"} {
			p := w.partner(`{"client_name":"` + alg + `x","redirect_uris":["` + redirectURI + `"],"id_token_signed_response_alg":` + quoted(alg) + `}`)
			if alg == "" {
				p, alg = w.newPartner(), "RS256"
			}
			before := time.Now().Unix()
			r := p.tokens(b, "ada")
			verified, err := p.provider.Verifier(&oidc.Config{ClientID: p.id, SupportedSigningAlgs: []string{alg}}).Verify(t.Context(), r.text("id_token"))
			if err != nil {
				t.Errorf("%s: %v", alg, err)
				continue
			}
			id := readJWT(t, r.text("id_token"))
			if id.header["alg"] != alg || id.header["kid"] == nil || verified.Nonce != "n1" {
				t.Errorf("%s: %v %v", alg, id.header, id.claims)
			}
			sum := sha256.Sum256([]byte(r.text("access_token")))
			want := base64.RawURLEncoding.EncodeToString(sum[:16])
			if alg == "EdDSA" {
				long := sha512.Sum512([]byte(r.text("access_token")))
				want = base64.RawURLEncoding.EncodeToString(long[:32])
			}
			if id.text("at_hash") != want {
				t.Errorf("%s: at_hash %v", alg, id.claims["at_hash"])
			}
			if at := id.seconds(t, "auth_time"); at > time.Now().Unix() || at < before-60 || id.seconds(t, "iat") < before {
				t.Errorf("%s: times %v", alg, id.claims)
			}
			for claim := range id.claims {
				if !slices.Contains([]string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash"}, claim) {
					t.Errorf("%s: the ID token has %s", alg, claim)
				}
			}
			if id.claims["aud"] != p.id {
				t.Errorf("%s: aud %v", alg, id.claims["aud"])
			}
		}
	})
}

// No openid scope, no ID token and no userinfo; no nonce sent, none in the token.
func TestScopesDecide(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	r := p.tokens(b, "ada", "scope", "profile email")
	if r.body["id_token"] != nil {
		t.Error("an ID token without openid")
	}
	if a := w.get("/oauth2/userinfo", r.text("access_token")); a.status != 403 || !strings.Contains(a.header.Get("WWW-Authenticate"), `error="insufficient_scope"`) {
		t.Errorf("userinfo without openid: %d %v", a.status, a.header)
	}
	r = p.tokens(b, "ada", "scope", "openid", "nonce", "")
	if readJWT(t, r.text("id_token")).claims["nonce"] != nil {
		t.Error("a nonce that nobody sent")
	}
	info := w.get("/oauth2/userinfo", r.text("access_token"))
	if info.status != 200 || len(info.body) != 1 {
		t.Errorf("userinfo of openid alone: %s", info.raw)
	}
}

// TK-08: grant_type is spelt exactly, once.
func TestGrantTypeFormatting(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	code := p.code(newBrowser(t), "ada")
	rest := url.Values{"code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {testVerifier}, "refresh_token": {"x"}}.Encode()
	for _, grant := range []string{
		"grant_type=authorization_code+refresh_token", "grant_type=Authorization_Code", "grant_type=authorization_code+", "grant_type=+authorization_code", "grant_type=authorization_code%0a",
		"grant_type[]=authorization_code", "grant_type=", "", "grant_type=password", "grant_type=implicit", "grant_type=urn:ietf:params:oauth:grant-type:saml2-bearer", "grant_type=authorization_code&grant_type=refresh_token",
		"grant_type=authorization_code&grant_type=authorization_code", "grant_type=AUTHORIZATION_CODE", "grant_type=authorization_code%00", "grant_type=authorization_code,refresh_token",
	} {
		r, err := http.NewRequest("POST", w.issuer+"/oauth2/token", strings.NewReader(grant+"&"+rest))
		w.must(err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(p.id, p.secret)
		if a := w.send(r); a.status != 400 || (a.text("error") != "unsupported_grant_type" && a.text("error") != "invalid_request") {
			t.Errorf("%q: %d %s", grant, a.status, a.raw)
		}
	}
	// Parameters in the query are not parameters of a POST; the code must not be spent by them.
	r, err := http.NewRequest("POST", w.issuer+"/oauth2/token?grant_type=authorization_code&"+rest, strings.NewReader(""))
	w.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(p.id, p.secret)
	if a := w.send(r); a.status != 400 {
		t.Errorf("RFC 6749 §3.2: parameters in the query: %d %s", a.status, a.raw)
	}
}

// A grant that the client is not registered for is unauthorized_client (RFC 6749 §5.2).
func TestGrantTypeNotRegistered(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.partner(`{"client_name":"Code","redirect_uris":["` + redirectURI + `"]}`)
	p.post("/oauth2/token", "grant_type", "client_credentials").expect(t, 400, "unauthorized_client")
	p.refresh("x").expect(t, 400, "unauthorized_client")
	machine := w.partner(`{"client_name":"Machine","grant_types":["client_credentials"]}`)
	machine.redeem("x").expect(t, 400, "unauthorized_client")
	p.raw(newBrowser(t), p.without("client_id")+"&client_id="+machine.id).expectLocalError(t)
}

// TK-10: an empty value matches nothing.
func TestEmptyCredentialsMatchNothing(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		b := newBrowser(t)
		p.tokens(b, "ada", "scope", "openid offline_access") // so that there are rows to hit
		for _, empty := range []string{"", " ", "\t", "%", "_", "''"} {
			for _, form := range []url.Values{
				{"grant_type": {"authorization_code"}, "code": {empty}, "redirect_uri": {redirectURI}, "code_verifier": {testVerifier}},
				{"grant_type": {"refresh_token"}, "refresh_token": {empty}},
			} {
				if a := w.post("/oauth2/token", form, p.id, p.secret); a.status != 400 || (a.text("error") != "invalid_grant" && a.text("error") != "invalid_request") {
					t.Errorf("%v: %d %s", form, a.status, a.raw)
				}
			}
			if a := w.post("/oauth2/introspect", url.Values{"token": {empty}}, p.id, p.secret); a.status != 400 && a.body["active"] != false {
				t.Errorf("token=%q: %d %s", empty, a.status, a.raw)
			}
			if a := w.post("/oauth2/revoke", url.Values{"token": {empty}}, p.id, p.secret); a.status != 400 && a.status != 200 {
				t.Errorf("revoke token=%q: %d %s", empty, a.status, a.raw)
			}
			for _, credentials := range [][2]string{{empty, ""}, {empty, empty}, {empty, p.secret}, {p.id, empty}} {
				if a := w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, credentials[0], credentials[1]); credentials[0] != "" && a.status != 401 {
					t.Errorf("%q: %d %s", credentials, a.status, a.raw)
				}
			}
			for _, path := range []string{"/login/google/callback?state=", "/login?i=", "/oauth2/authorize/resume?i=", "/login/google/callback?code=x&state="} {
				b.open(w.issuer + path + url.QueryEscape(empty)).expectLocalError(t)
			}
			if a := w.get("/oauth2/userinfo", empty); a.status != 401 {
				t.Errorf("Bearer %q: %d", empty, a.status)
			}
			other := newBrowser(t)
			other.cookies[w.host()] = map[string]string{"__Host-symbolon": empty, "__Host-symbolon-browser": empty}
			p.ask(other, "prompt", "none").expectError(t, w.issuer, "login_required")
		}
		if n := w.count("grants WHERE revoked_at IS NOT NULL"); n != 0 {
			t.Errorf("%d grants were revoked by nothing", n)
		}
	})
}

// TK-11: cut, lengthened and mixed tokens are nothing.
func TestMangledTokens(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		b := newBrowser(t)
		p.oauth.Scopes = append(p.oauth.Scopes, "offline_access")
		one, two := p.tokens(b, "ada"), p.tokens(b, "ada")
		for _, kind := range []string{"access_token", "refresh_token"} {
			token, other := one.text(kind), two.text(kind)
			if w.post("/oauth2/introspect", url.Values{"token": {token}}, p.id, p.secret).body["active"] != true {
				t.Fatalf("%s is not alive", kind)
			}
			for _, bad := range append(mangled(token), token[:len(token)/2]+other[len(other)/2:], token+other) {
				if bad == token {
					continue
				}
				if a := w.post("/oauth2/introspect", url.Values{"token": {bad}}, p.id, p.secret); a.body["active"] != false && a.status != 400 {
					t.Errorf("introspect …%q, alive …%q: %d %s", bad[len(bad)-8:], token[len(token)-8:], a.status, a.raw)
				}
				if a := w.post("/oauth2/revoke", url.Values{"token": {bad}}, p.id, p.secret); a.status != 200 && a.status != 400 {
					t.Errorf("revoke: %d %s", a.status, a.raw)
				}
				p.refresh(bad).expect(t, 400, map[bool]string{true: "invalid_request", false: "invalid_grant"}[strings.Contains(bad, "\x00")])
				if strings.TrimSpace(bad) == bad && !strings.Contains(bad, "\x00") { // a header loses the space around it
					if a := w.get("/oauth2/userinfo", bad); a.status != 401 && a.status != 400 {
						t.Errorf("userinfo %q: %d %s", bad, a.status, a.raw)
					}
				}
			}
			if w.post("/oauth2/introspect", url.Values{"token": {token}}, p.id, p.secret).body["active"] != true {
				t.Errorf("a mangled %s ended the real one", kind)
			}
		}
		for _, bad := range mangled(p.ask(b).expectCode(t)) {
			if a := p.redeem(bad); a.status != 400 {
				t.Errorf("code %q: %d %s", bad, a.status, a.raw)
			}
		}
		cookie := b.cookies[w.host()]["__Host-symbolon"]
		for _, bad := range mangled(cookie) {
			other := newBrowser(t)
			other.cookies[w.host()] = map[string]string{"__Host-symbolon": bad}
			if strings.ContainsAny(bad, " \x00\n\r") {
				continue // no cookie can hold it
			}
			p.ask(other, "prompt", "none").expectError(t, w.issuer, "login_required")
		}
	})
}

// mangled returns texts that look like the token and are not it.
func mangled(token string) []string {
	last := token[len(token)-1]
	bits := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	// The last character of unpadded base64url may hold bits that mean nothing: another with the same meaning is another token (JW-09).
	neighbour := string(bits[(strings.IndexByte(bits, last)^1)&63])
	list := []string{
		token[:len(token)-1], token[1:], token[:len(token)/2], token + "=", token + "==", token + "\x00", token + " ", " " + token, token + "\n", token + ".", "." + token,
		token[:len(token)-1] + neighbour, strings.ToUpper(token), strings.ToLower(token), strings.ReplaceAll(strings.ReplaceAll(token, "-", "+"), "_", "/") + "=", token + "A",
	}
	if dot := strings.LastIndexByte(token, '.'); dot > 0 {
		list = append(list, token[:dot], token[:dot+1], token[dot+1:])
	}
	return slices.DeleteFunc(list, func(s string) bool { return s == token })
}
