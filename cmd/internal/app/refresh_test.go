package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// RT-01: fifty refreshes with one token at once, over two nodes: all answers carry the same successor, and only it goes on.
func TestRefreshInParallel(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		nodes := []*partner{p, p.at(w.second())}
		token := p.tokens(newBrowser(t), "ada").text("refresh_token")
		for range 6 {
			replies := make([]reply, 50)
			parallel(len(replies), func(i int) { replies[i] = nodes[i%2].refresh(token) })
			successors := map[string]bool{}
			for _, r := range replies {
				switch r.status {
				case http.StatusOK:
					successors[r.text("refresh_token")] = true
				default:
					r.expect(t, 400, "invalid_grant")
				}
			}
			if len(successors) != 1 {
				t.Fatalf("%d successors of one refresh token", len(successors))
			}
			for successor := range successors {
				if successor == "" || successor == token {
					t.Fatalf("the successor is %q", successor)
				}
				if !p.active(successor) {
					t.Error("the successor is dead")
				}
				token = successor
			}
		}
		if n := w.count("grants"); n != 1 {
			t.Errorf("%d grants", n)
		}
	})
}

// RT-02: a client that lost the answer gets the same one again within the grace window; later it is reuse, and ends the grant.
func TestRefreshAnswerLost(t *testing.T) {
	t.Parallel()
	bothWith(t, "lifetimes: { refresh_grace_confidential: 2s, refresh_grace_public: 1s }", func(t *testing.T, w *world) {
		p := w.newPartner()
		first := p.tokens(newBrowser(t), "ada").text("refresh_token")
		second := p.refresh(first).text("refresh_token")
		for range 20 {
			r := p.refresh(first)
			r.expect(t, 200, "")
			if r.text("refresh_token") != second {
				t.Fatal("another successor")
			}
		}
		third := p.refresh(second) // the answer arrived after all
		third.expect(t, 200, "")
		if r := p.refresh(second); r.text("refresh_token") != third.text("refresh_token") {
			t.Errorf("%d %s", r.status, r.raw)
		}
		time.Sleep(2100 * time.Millisecond)
		if !p.active(third.text("refresh_token")) || !p.active(third.text("access_token")) {
			t.Error("the newest is not alive")
		}
		p.refresh(second).expect(t, 400, "invalid_grant")
		p.refresh(third.text("refresh_token")).expect(t, 400, "invalid_grant")
		if p.active(third.text("access_token")) {
			t.Error("reuse left the access token alive")
		}
	})
}

// RT-02: two generations back is reuse, however short ago.
func TestRefreshTokenOfLongAgo(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		first := p.tokens(newBrowser(t), "ada")
		second := p.refresh(first.text("refresh_token"))
		third := p.refresh(second.text("refresh_token"))
		p.refresh(first.text("refresh_token")).expect(t, 400, "invalid_grant")
		for _, r := range []reply{first, second, third} {
			if p.active(r.text("access_token")) || p.active(r.text("refresh_token")) {
				t.Error("the family is alive after reuse")
			}
		}
		p.refresh(third.text("refresh_token")).expect(t, 400, "invalid_grant")
	})
}

// RT-02: a window of zero switches the grace off.
func TestRefreshWithoutGrace(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "lifetimes: { refresh_grace_confidential: 0s, refresh_grace_public: 0s }")
	p := w.newPartner()
	first := p.tokens(newBrowser(t), "ada").text("refresh_token")
	second := p.refresh(first).text("refresh_token")
	p.refresh(first).expect(t, 400, "invalid_grant")
	p.refresh(second).expect(t, 400, "invalid_grant")
}

// RT-03: what was rotated on one node is known on a new one.
func TestRefreshReuseAfterRestart(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		first := p.tokens(newBrowser(t), "ada").text("refresh_token")
		third := p.refresh(p.refresh(first).text("refresh_token")).text("refresh_token")
		restarted := p.at(w.second())
		if !restarted.active(third) {
			t.Error("the new node does not know the token")
		}
		restarted.refresh(first).expect(t, 400, "invalid_grant")
		p.refresh(third).expect(t, 400, "invalid_grant")
		restarted.refresh(third).expect(t, 400, "invalid_grant")
	})
}

// RT-04: rotation never goes beyond the first token's absolute end, and an idle token ends.
func TestRefreshTokenLifetimes(t *testing.T) {
	t.Parallel()
	for name, lifetimes := range map[string]string{
		"absolute": "lifetimes: { refresh_token: 3s, refresh_idle: 3s, refresh_grace_confidential: 0s }",
		"idle":     "lifetimes: { refresh_token: 1h, refresh_idle: 2s, refresh_grace_confidential: 0s }",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothWith(t, lifetimes, func(t *testing.T, w *world) {
				p := w.newPartner()
				start := time.Now()
				token := p.tokens(newBrowser(t), "ada").text("refresh_token")
				for range 5 {
					time.Sleep(500 * time.Millisecond)
					r := p.refresh(token)
					if name == "absolute" && time.Since(start) > 2500*time.Millisecond {
						break
					}
					if r.status != 200 {
						t.Fatalf("after %s: %d %s", time.Since(start), r.status, r.raw)
					}
					token = r.text("refresh_token")
				}
				introspected := p.introspect(token)
				time.Sleep(2100 * time.Millisecond)
				p.refresh(token).expect(t, 400, "invalid_grant")
				if p.active(token) {
					t.Error("introspection calls it active")
				}
				if introspected.body["active"] == true {
					if exp, ok := introspected.body["exp"].(float64); !ok || int64(exp) > time.Now().Unix()+1 {
						t.Errorf("exp of a refresh token that has ended: %s", introspected.raw)
					}
				}
			})
		})
	}
}

// RT-05: refreshing looks at the world as it is.
func TestRefreshMeetsTheWorldAsItIs(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		for _, c := range []struct {
			name, person string
			change       func(p *partner)
		}{
			{"user blocked", "alan", func(*partner) {
				w.must(w.stores.DB.Block(t.Context(), w.account("alan@bletchley.example").ID, time.Now()))
			}},
			{"user deleted", "edsger", func(*partner) { w.must(w.stores.DB.Delete(t.Context(), w.account("edsger@gmail.com").ID)) }},
			{"consent withdrawn", "grace", func(p *partner) {
				w.must(w.stores.DB.DeleteConsent(t.Context(), w.account("grace@navy.example").ID, p.id, time.Now()))
			}},
			{"client deleted", "ada", func(p *partner) { w.must(w.clients.Delete(t.Context(), p.id)) }},
			{"client disabled", "ada", func(p *partner) {
				_, err := w.clients.Update(t.Context(), p.id, []byte(`{"disabled":true}`), 0)
				w.must(err)
			}},
			{"grant type taken", "ada", func(p *partner) {
				_, err := w.clients.Update(t.Context(), p.id, []byte(`{"grant_types":["authorization_code"]}`), 0)
				w.must(err)
			}},
		} {
			p := w.newPartner()
			p.oauth.Scopes = append(p.oauth.Scopes, "offline_access") // does not hang on the session
			p.test(c.name, func(t *testing.T, p *partner) {
				r := p.tokens(newBrowser(t), c.person)
				c.change(p)
				got := p.refresh(r.text("refresh_token"))
				if strings.HasPrefix(c.name, "client") && got.text("error") == "invalid_client" {
					return
				}
				if c.name == "grant type taken" {
					time.Sleep(2100 * time.Millisecond) // the client's own record may be two seconds old
					got = p.refresh(r.text("refresh_token"))
					got.expect(t, 400, "unauthorized_client")
					return
				}
				got.expect(t, 400, "invalid_grant")
			})
		}
		w.newPartner().test("scope dropped from the client", func(t *testing.T, p *partner) {
			r := p.tokens(newBrowser(t), "ada")
			_, err := w.clients.Update(t.Context(), p.id, []byte(`{"scope":"openid profile"}`), 0)
			w.must(err)
			r = p.refresh(r.text("refresh_token"))
			if r.status == 200 && (strings.Contains(r.text("scope"), "email") || w.get("/oauth2/userinfo", r.text("access_token")).body["email"] != nil) {
				t.Errorf("the scope is still there: %s", r.raw)
			}
			if r.status != 200 && r.text("error") != "invalid_grant" {
				t.Errorf("%d %s", r.status, r.raw)
			}
		})
		w.newPartner().test("blocked, then unblocked: what was ended stays ended", func(t *testing.T, p *partner) {
			r := p.tokens(newBrowser(t), "minji")
			id := w.account("minji.kim@gmail.com").ID
			w.must(w.stores.DB.Block(t.Context(), id, time.Now()))
			w.must(w.stores.DB.Unblock(t.Context(), id))
			p.refresh(r.text("refresh_token")).expect(t, 400, "invalid_grant")
		})
	})
}

// Without offline_access a refresh token ends with the session; with it, it outlives the session (OIDC Core §11).
func TestRefreshAfterLogout(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		b := newBrowser(t)
		online := p.tokens(b, "ada")
		offline := p.tokens(b, "ada", "scope", "openid profile email offline_access")
		b.open(w.issuer + "/logout").press("logout-confirm")
		p.refresh(online.text("refresh_token")).expect(t, 400, "invalid_grant")
		p.refresh(offline.text("refresh_token")).expect(t, 200, "")
	})
}

// RT-06: a client that cannot refresh gets no refresh token, whatever it asks for.
func TestNoRefreshTokenWithoutTheGrant(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.partner(`{"client_name":"Code","redirect_uris":["` + redirectURI + `"]}`)
	r := p.tokens(newBrowser(t), "ada", "scope", "openid offline_access")
	if r.body["refresh_token"] != nil || strings.Contains(r.text("scope"), "offline_access") {
		t.Errorf("%s", r.raw)
	}
}

// RFC 6749 §6: scope may narrow, never widen; the grant itself keeps its scope.
func TestRefreshScope(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		r := p.tokens(newBrowser(t), "ada", "scope", "openid email")
		narrow := p.refresh(r.text("refresh_token"), "scope", "openid")
		if narrow.text("scope") != "openid" || readJWT(t, narrow.text("access_token")).text("scope") != "openid" {
			t.Errorf("%s", narrow.raw)
		}
		if info := w.get("/oauth2/userinfo", narrow.text("access_token")); info.status != 200 || info.body["email"] != nil {
			t.Errorf("userinfo of a narrowed token: %d %s", info.status, info.raw)
		}
		token := narrow.text("refresh_token")
		for _, wider := range []string{"openid profile", "profile", "openid email offline_access", "openid unknown", "openid  email\tprofile"} {
			p.refresh(token, "scope", wider).expect(t, 400, "invalid_scope")
		}
		whole := p.refresh(token)
		if whole.status != 200 || whole.text("scope") != "openid email" {
			t.Errorf("RFC 6749 §6: left out, it is what was granted: %d %s", whole.status, whole.raw)
		}
	})
}

// A refresh token is its client's alone, and an attempt of another does no harm. Conformance `oidcc-refresh-token`.
func TestRefreshTokenOfAnotherClient(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p, other := w.newPartner(), w.newPartner()
		public := w.partner(`{"client_name":"Page","token_endpoint_auth_method":"none","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token"]}`)
		token := p.tokens(newBrowser(t), "ada").text("refresh_token")
		other.refresh(token).expect(t, 400, "invalid_grant")
		public.refresh(token).expect(t, 400, "invalid_grant")
		next := p.refresh(token)
		next.expect(t, 200, "")
		next = p.refresh(next.text("refresh_token"))
		other.refresh(token).expect(t, 400, "invalid_grant") // long used: still none of its business
		p.refresh(next.text("refresh_token")).expect(t, 200, "")
	})
}

// OIDC Core §12.2: the refreshed ID token keeps who, for whom and when; it has no nonce and a new iat.
func TestRefreshedIDToken(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		first := p.tokens(newBrowser(t), "ada")
		time.Sleep(1100 * time.Millisecond)
		second := p.refresh(first.text("refresh_token"))
		a, b := readJWT(t, first.text("id_token")), readJWT(t, second.text("id_token"))
		for _, claim := range []string{"iss", "sub", "aud", "auth_time", "sid"} {
			if a.claims[claim] == nil || a.claims[claim] != b.claims[claim] {
				t.Errorf("%s: %v, then %v", claim, a.claims[claim], b.claims[claim])
			}
		}
		if b.claims["nonce"] != nil || b.seconds(t, "iat") <= a.seconds(t, "iat") {
			t.Errorf("%v", b.claims)
		}
		if second.text("access_token") == first.text("access_token") || second.text("refresh_token") == first.text("refresh_token") {
			t.Error("nothing was rotated")
		}
		if a.text("at_hash") == b.text("at_hash") {
			t.Error("at_hash is of the old access token")
		}
	})
}
