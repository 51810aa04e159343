package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// RFC 7662 §2.2: what introspection says of each kind of token.
func TestIntrospection(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		b := newBrowser(t)
		r := p.tokens(b, "ada")
		access := readJWT(t, r.text("access_token"))
		a := p.introspect(r.text("access_token"))
		for name, want := range map[string]any{
			"active": true, "client_id": p.id, "scope": "openid profile email", "token_type": "Bearer", "sub": access.claims["sub"], "iss": w.issuer, "exp": access.claims["exp"],
			"iat": access.claims["iat"], "jti": access.claims["jti"], "aud": access.claims["aud"],
		} {
			if a.body[name] != want {
				t.Errorf("access token: %s is %v, want %v", name, a.body[name], want)
			}
		}
		if strings.Contains(a.raw, "ada.lovelace") || a.header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
			t.Errorf("%v %s", a.header, a.raw)
		}
		f := p.introspect(r.text("refresh_token"))
		exp, _ := f.body["exp"].(float64)
		if f.body["active"] != true || f.body["client_id"] != p.id || f.body["sub"] != access.claims["sub"] {
			t.Errorf("refresh token: %s", f.raw)
		}
		if left := time.Until(time.Unix(int64(exp), 0)); left < 335*time.Hour || left > 337*time.Hour {
			t.Errorf("refresh token: exp in %s, want the idle lifetime of 336h", left)
		}
		if tt, has := f.body["token_type"]; has && tt == "Bearer" {
			t.Error("a refresh token is called a bearer token")
		}
		for name, token := range map[string]string{"ID token": r.text("id_token"), "code": p.ask(b).expectCode(t), "garbage": "x", "dots": strings.Repeat(".", 2)} {
			if a := p.introspect(token); a.raw != `{"active":false}` {
				t.Errorf("%s: %s", name, a.raw)
			}
		}
		p.refresh(r.text("refresh_token"))
		if p.active(r.text("refresh_token")) {
			t.Error("a refresh token that was replaced is active")
		}
		p.post("/oauth2/introspect").expect(t, 400, "invalid_request")
	})
}

// RFC 7662 §4: a client learns of its own tokens and of those meant for it; another's are inactive, like those that do not exist.
func TestIntrospectionAcrossClients(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.partner(`{"client_name":"App","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token"],"audience":["https://api.example"]}`)
		stranger := w.newPartner()
		resource := w.partner(`{"client_name":"API","grant_types":["client_credentials"],"scope":"x","audience":["https://api.example"]}`)
		all := w.partner(`{"client_name":"Gateway","grant_types":["client_credentials"],"scope":"x","introspect_any":true}`)
		public := w.machine("none")
		r := p.tokens(newBrowser(t), "ada")
		for _, kind := range []string{"access_token", "refresh_token"} {
			if a := stranger.introspect(r.text(kind)); a.raw != `{"active":false}` {
				t.Errorf("%s at a stranger: %s", kind, a.raw)
			}
			if !all.active(r.text(kind)) {
				t.Errorf("%s at a client that may see all", kind)
			}
			public.introspect(r.text(kind)).expect(t, 401, "invalid_client")
		}
		if !resource.active(r.text("access_token")) {
			t.Error("the resource server that the token is for cannot see it")
		}
		if resource.active(r.text("refresh_token")) {
			t.Error("a resource server sees a refresh token")
		}
		w.test("IR-01: an access token is no credential here", func(t *testing.T, w *world) {
			for _, path := range []string{"/oauth2/introspect", "/oauth2/revoke", "/oauth2/token"} {
				a := w.basic(path, url.Values{"token": {r.text("access_token")}, "grant_type": {"client_credentials"}}, "Bearer "+r.text("access_token"))
				if a.status != 401 && a.status != 400 {
					t.Errorf("%s: %d %s", path, a.status, a.raw)
				}
			}
			for _, path := range []string{"/admin/v1/clients", "/admin/v1/clients/" + p.id} {
				if a := w.get(path, r.text("access_token")); a.status != 401 && a.status != 403 {
					t.Errorf("%s: %d", path, a.status)
				}
			}
		})
	})
}

// IR-03: hints are hints; abuse of them is a 4xx.
func TestTokenTypeHint(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	r := p.tokens(newBrowser(t), "ada")
	for _, hint := range []string{"access_token", "refresh_token", "saml", "", "x y", strings.Repeat("x", 10<<10)} {
		for _, kind := range []string{"access_token", "refresh_token"} {
			if a := p.post("/oauth2/introspect", "token", r.text(kind), "token_type_hint", hint); a.body["active"] != true && a.text("error") != "unsupported_token_type" {
				t.Errorf("%s with hint %.20q: %d %s", kind, hint, a.status, a.raw)
			}
		}
	}
	huge := url.Values{"token": {r.text("access_token")}, "token_type_hint": {strings.Repeat("x", 1<<20)}}
	if a := w.post("/oauth2/introspect", huge, p.id, p.secret); a.status != 413 && a.status != 400 {
		t.Errorf("1 MiB: %d %.100s", a.status, a.raw)
	}
	twice := url.Values{"token": {r.text("access_token")}, "token_type_hint": {"access_token", "refresh_token"}}
	w.post("/oauth2/introspect", twice, p.id, p.secret).expect(t, 400, "invalid_request")
	w.post("/oauth2/revoke", twice, p.id, p.secret).expect(t, 400, "invalid_request")
	if a := p.post("/oauth2/revoke", "token", r.text("access_token"), "token_type_hint", "saml"); a.status != 200 && a.text("error") != "unsupported_token_type" {
		t.Errorf("revoke with an unknown hint: %d %s", a.status, a.raw)
	}
}

// RFC 7009 §2: revoking either token ends both; what is unknown or another's is 200 and changes nothing.
func TestRevocation(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p, stranger := w.newPartner(), w.newPartner()
		b := newBrowser(t)
		for _, kind := range []string{"access_token", "refresh_token"} {
			for _, hint := range []string{"", "access_token", "refresh_token"} {
				r := p.tokens(b, "ada")
				kept := p.tokens(b, "ada")
				if a := stranger.post("/oauth2/revoke", "token", r.text(kind)); a.status != 200 {
					t.Errorf("another's token: %d %s", a.status, a.raw)
				}
				if !p.active(r.text("access_token")) || !p.active(r.text("refresh_token")) {
					t.Error("a stranger revoked it")
				}
				for range 2 {
					a := p.post("/oauth2/revoke", "token", r.text(kind), "token_type_hint", hint)
					if a.status != 200 || a.raw != "" || a.header.Get("Cache-Control") != "no-store" {
						t.Errorf("%s: %d %q %v", kind, a.status, a.raw, a.header)
					}
				}
				if p.active(r.text("access_token")) || p.active(r.text("refresh_token")) {
					t.Errorf("alive after its %s was revoked", kind)
				}
				p.refresh(r.text("refresh_token")).expect(t, 400, "invalid_grant")
				if a := w.get("/oauth2/userinfo", r.text("access_token")); a.status != 401 {
					t.Errorf("userinfo: %d", a.status)
				}
				if !p.active(kept.text("access_token")) {
					t.Error("another sign-in ended with it")
				}
			}
		}
		old := p.tokens(b, "ada")
		next := p.refresh(old.text("refresh_token"))
		if a := p.post("/oauth2/revoke", "token", old.text("access_token")); a.status != 200 {
			t.Errorf("%d", a.status)
		}
		if p.active(next.text("access_token")) || p.active(next.text("refresh_token")) {
			t.Error("an older access token's revocation left the descendants alive")
		}
		for _, token := range []string{"x", "..", "sym_rt_x", "sym_ac_x", strings.Repeat("a", 10<<10)} {
			if a := p.post("/oauth2/revoke", "token", token); a.status != 200 {
				t.Errorf("RFC 7009 §2.2: %.10s: %d %s", token, a.status, a.raw)
			}
		}
		p.post("/oauth2/revoke").expect(t, 400, "invalid_request")
		public := w.partner(`{"client_name":"Page","token_endpoint_auth_method":"none","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token"]}`)
		r := public.tokens(b, "ada")
		if a := public.post("/oauth2/revoke", "token", r.text("refresh_token")); a.status != 200 {
			t.Errorf("RFC 7009 §2.1: a public client: %d %s", a.status, a.raw)
		}
		public.refresh(r.text("refresh_token")).expect(t, 400, "invalid_grant")
	})
}

// IR-04: refreshing and revoking at once: once revoking has answered, no descendant is usable.
func TestRevocationRacesRefresh(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		nodes := []*partner{p, p.at(w.second())}
		b := newBrowser(t)
		p.code(b, "ada")
		for range 5 {
			first := p.redeem(p.ask(b).expectCode(t))
			replies := make([]reply, 12)
			parallel(len(replies), func(i int) {
				if i == 5 {
					replies[i] = nodes[i%2].post("/oauth2/revoke", "token", first.text("refresh_token"))
					return
				}
				replies[i] = nodes[i%2].refresh(first.text("refresh_token"))
			})
			for i, r := range replies {
				if r.status >= 500 {
					t.Errorf("%d %s", r.status, r.raw)
				}
				if i == 5 || r.status != 200 {
					continue
				}
				p.refresh(r.text("refresh_token")).expect(t, 400, "invalid_grant")
				if nodes[1].active(r.text("access_token")) || nodes[0].active(r.text("refresh_token")) {
					t.Error("a descendant outlives the revocation")
				}
			}
		}
	})
}

// IR-07: an access token lives at most fifteen minutes by default.
func TestAccessTokenIsShortLived(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	token := readJWT(t, p.tokens(newBrowser(t), "ada").text("access_token"))
	if life := token.seconds(t, "exp") - token.seconds(t, "iat"); life > 900 || life < 60 {
		t.Errorf("lives %d s", life)
	}
}

// An access token that has expired is nothing anywhere.
func TestAccessTokenExpires(t *testing.T) {
	t.Parallel()
	bothWith(t, "lifetimes: { access_token: 1s }", func(t *testing.T, w *world) {
		p := w.newPartner()
		r := p.tokens(newBrowser(t), "ada")
		time.Sleep(2100 * time.Millisecond)
		if p.active(r.text("access_token")) {
			t.Error("active")
		}
		if a := w.get("/oauth2/userinfo", r.text("access_token")); a.status != 401 || !strings.Contains(a.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
			t.Errorf("userinfo: %d %v", a.status, a.header)
		}
		p.refresh(r.text("refresh_token")).expect(t, 200, "")
	})
}

// IR-02, IR-05: introspection and userinfo follow events at once.
func TestEventsReachTokensAtOnce(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		for _, c := range []struct {
			name, person string
			change       func(p *partner, b *browser, sub string)
		}{
			{"blocked", "alan", func(_ *partner, _ *browser, sub string) { w.must(w.stores.DB.Block(t.Context(), sub, time.Now())) }},
			{"deleted", "edsger", func(_ *partner, _ *browser, sub string) { w.must(w.stores.DB.Delete(t.Context(), sub)) }},
			{"consent withdrawn", "grace", func(p *partner, _ *browser, sub string) {
				w.must(w.stores.DB.DeleteConsent(t.Context(), sub, p.id, time.Now()))
			}},
			{"logged out", "ada", func(_ *partner, b *browser, _ string) { b.open(w.issuer + "/logout").press("logout-confirm") }},
			{"client disabled", "ada", func(p *partner, _ *browser, _ string) {
				_, err := w.clients.Update(t.Context(), p.id, []byte(`{"disabled":true}`), 0)
				w.must(err)
			}},
			{"client deleted", "ada", func(p *partner, _ *browser, _ string) { w.must(w.clients.Delete(t.Context(), p.id)) }},
		} {
			all := w.partner(`{"client_name":"Gateway","grant_types":["client_credentials"],"scope":"x","introspect_any":true}`)
			w.newPartner().test(c.name, func(t *testing.T, p *partner) {
				all := all.at(p.w)
				b := newBrowser(t)
				r := p.tokens(b, c.person)
				if !all.active(r.text("access_token")) {
					t.Fatal("not alive")
				}
				c.change(p, b, readJWT(t, r.text("id_token")).text("sub"))
				if all.active(r.text("access_token")) || all.active(r.text("refresh_token")) {
					t.Error("introspection says active")
				}
				a := p.w.get("/oauth2/userinfo", r.text("access_token"))
				if a.status != http.StatusUnauthorized || !strings.Contains(a.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
					t.Errorf("userinfo: %d %s", a.status, a.raw)
				}
			})
		}
	})
}
