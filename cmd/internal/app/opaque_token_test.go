package app_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
)

// opaquePartner registers a client that must not read its access tokens.
func (w *world) opaquePartner() *partner {
	w.t.Helper()
	return w.partner(`{"client_name":"Opaque","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token","client_credentials"],` +
		`"scope":"openid profile email read","access_token_format":"opaque"}`)
}

// Issue 3: access tokens that the partner cannot read: introspectable, revocable, good at userinfo, and still no row.
func TestOpaqueAccessTokens(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		b := newBrowser(t)
		p := w.opaquePartner()
		onB := p.at(w.second())
		r := p.tokens(b, "ada")
		token := r.text("access_token")
		if !strings.HasPrefix(token, "sym_at_") || strings.Contains(token, ".") {
			t.Fatalf("not opaque: %s", token)
		}
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, "sym_at_"))
		w.must(err)
		for _, readable := range []string{"ada", p.id, readJWT(t, r.text("id_token")).text("sub"), w.issuer, "scope"} {
			if strings.Contains(string(raw), readable) {
				t.Errorf("the token tells %q", readable)
			}
		}
		a := onB.introspect(token)
		if a.body["active"] != true || a.text("sub") != readJWT(t, r.text("id_token")).text("sub") || a.text("client_id") != p.id || a.text("token_type") != "Bearer" || a.text("scope") != "openid profile email" {
			t.Errorf("%s", a.raw)
		}
		if info := onB.w.get("/oauth2/userinfo", token); info.status != 200 || info.text("email") != "ada.lovelace@gmail.com" {
			t.Errorf("userinfo: %d %s", info.status, info.raw)
		}
		if w.newPartner().active(token) {
			t.Error("another client may look into it")
		}
		for _, wrong := range append(mangled(token), strings.TrimPrefix(token, "sym_at_"), "sym_rt_"+strings.TrimPrefix(token, "sym_at_"), "sym_ac_"+strings.TrimPrefix(token, "sym_at_"), neighbour(token)) {
			if p.introspect(wrong).body["active"] == true {
				t.Errorf("introspection takes %q", wrong)
			}
			if strings.TrimSpace(wrong) != token && !strings.ContainsFunc(wrong, unicode.IsControl) && w.get("/oauth2/userinfo", wrong).status == 200 {
				t.Errorf("userinfo takes %q", wrong)
			}
		}
		for _, credential := range []string{r.text("refresh_token"), p.ask(b).expectCode(t)} { // TK-09: seals are of one kind
			body := credential[strings.LastIndex(credential, "_")+1:]
			if w.get("/oauth2/userinfo", "sym_at_"+body).status == 200 || p.active("sym_at_"+body) {
				t.Error("another credential passes for an access token")
			}
		}
	})
}

// They are refreshed and revoked like others, and have no row.
func TestOpaqueAccessTokensEnd(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.opaquePartner()
		onB, r := p.at(w.second()), p.tokens(newBrowser(t), "ada")
		token := r.text("access_token")
		next := p.refresh(r.text("refresh_token"))
		if !strings.HasPrefix(next.text("access_token"), "sym_at_") || !p.active(next.text("access_token")) {
			t.Errorf("refresh: %s", next.raw)
		}
		grants := w.count("grants")
		p.post("/oauth2/revoke", "token", next.text("access_token"))
		for _, node := range []*partner{p, onB} {
			for _, dead := range []string{token, next.text("access_token"), next.text("refresh_token")} {
				if node.active(dead) {
					t.Error("alive after its revocation")
				}
			}
			if node.w.get("/oauth2/userinfo", token).status != 401 {
				t.Error("userinfo takes a revoked token")
			}
		}
		if w.count("grants") != grants {
			t.Error("an access token has a row")
		}
		robot := p.post("/oauth2/token", "grant_type", "client_credentials", "scope", "read").text("access_token")
		if !strings.HasPrefix(robot, "sym_at_") || !onB.active(robot) {
			t.Errorf("client credentials: %q", robot)
		}
		p.post("/oauth2/revoke", "token", robot)
		if p.active(robot) || onB.active(robot) {
			t.Error("a client's own opaque token is alive after its revocation")
		}
	})
}

// An opaque token is bound to a key as a JWT is (RFC 9449 §6.2), and it ends.
func TestOpaqueTokenBoundAndExpired(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "lifetimes: { access_token: 60s }")
	v := w.prover()
	p := w.partner(`{"client_name":"Opaque","redirect_uris":["` + redirectURI + `"],"access_token_format":"opaque","access_token_lifetime":2}`)
	r := p.proved("/oauth2/token", codeForm(p.code(newBrowser(t), "ada")), v.proof(nil, nil))
	token := r.text("access_token")
	if a := p.introspect(token); a.text("token_type") != "DPoP" || fmt.Sprint(a.body["cnf"]) != "map[jkt:"+v.thumbprint()+"]" {
		t.Errorf("%s", a.raw)
	}
	if w.get("/oauth2/userinfo", token).status != 401 {
		t.Error("bound, and taken as Bearer")
	}
	if info := w.with("GET", "/oauth2/userinfo", "DPoP", token, v.at("GET", "/oauth2/userinfo", token)); info.status != 200 {
		t.Errorf("%d %s", info.status, info.raw)
	}
	time.Sleep(3100 * time.Millisecond) // expiry is in whole seconds
	if p.active(token) || w.with("GET", "/oauth2/userinfo", "DPoP", token, v.at("GET", "/oauth2/userinfo", token)).status != 401 {
		t.Error("it does not end")
	}
}
