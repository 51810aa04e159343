package app_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// parallel runs f n times at once and waits.
func parallel(n int, f func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	wg.Wait()
}

// TK-01: fifty redemptions of one code at once, over two nodes: at most one answer has tokens, none is a 5xx, and the replay has ended the grant.
func TestCodeRedeemedInParallel(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		nodes := []*partner{p, p.at(w.second())}
		b := newBrowser(t)
		p.code(b, "ada")
		for range 6 {
			code := p.ask(b).expectCode(t)
			replies := make([]reply, 50)
			parallel(len(replies), func(i int) { replies[i] = nodes[i%2].redeem(code) })
			var won []reply
			for _, r := range replies {
				switch {
				case r.status == http.StatusOK:
					won = append(won, r)
				default:
					r.expect(t, 400, "invalid_grant")
				}
			}
			if len(won) > 1 {
				t.Fatalf("%d winners of one code", len(won))
			}
			for _, r := range won {
				for _, node := range nodes {
					if node.active(r.text("access_token")) || node.active(r.text("refresh_token")) {
						t.Error("the tokens of a replayed code are alive (RFC 6749 §4.1.2)")
					}
					node.refresh(r.text("refresh_token")).expect(t, 400, "invalid_grant")
				}
			}
		}
		if n := w.count("grants"); n != 6 {
			t.Errorf("%d grants of 6 codes", n)
		}
	})
}

// RFC 6749 §4.1.2: a code used again after its success ends what it was used for, whoever tries. Conformance `oidcc-codereuse`.
func TestCodeReuseEndsTheGrant(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		b := newBrowser(t)
		code := p.code(b, "ada")
		r := p.redeem(code)
		r.expect(t, 200, "")
		other := p.redeem(p.ask(b).expectCode(t))
		p.redeem(code).expect(t, 400, "invalid_grant")
		if p.active(r.text("access_token")) || p.active(r.text("refresh_token")) {
			t.Error("the tokens live on")
		}
		if a := w.get("/oauth2/userinfo", r.text("access_token")); a.status != 401 {
			t.Errorf("userinfo: %d", a.status)
		}
		p.refresh(r.text("refresh_token")).expect(t, 400, "invalid_grant")
		if !p.active(other.text("access_token")) {
			t.Error("another sign-in of the same person ended with it")
		}
		w.test("a replay that proves nothing gets nothing", func(t *testing.T, w *world) {
			code := p.ask(b).expectCode(t)
			p.redeem(code).expect(t, 200, "")
			p.redeem(code, "code_verifier", strings.Repeat("x", 50)).expect(t, 400, "invalid_grant")
		})
	})
}

// Another client's code, another redirect URI: nothing, and the right client loses nothing by it but perhaps the code.
func TestCodeOfAnotherClient(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p, other := w.newPartner(), w.newPartner()
		public := w.partner(`{"client_name":"Page","token_endpoint_auth_method":"none","redirect_uris":["` + redirectURI + `"]}`)
		b := newBrowser(t)
		code := p.code(b, "ada")
		other.redeem(code).expect(t, 400, "invalid_grant")
		public.redeem(code).expect(t, 400, "invalid_grant")
		theirs := public.code(b, "ada")
		p.redeem(theirs).expect(t, 400, "invalid_grant")
		for _, uri := range []string{"https://partner.example/", "https://evil.example/cb", redirectURI + "/", redirectURI + "?", strings.ToUpper(redirectURI), redirectURI + " "} {
			p.redeem(p.ask(b).expectCode(t), "redirect_uri", uri).expect(t, 400, "invalid_grant")
		}
		if r := p.redeem(p.ask(b).expectCode(t), "redirect_uri", ""); r.status != 400 || (r.text("error") != "invalid_grant" && r.text("error") != "invalid_request") {
			t.Errorf("RFC 6749 §4.1.3: redirect_uri left out: %d %s", r.status, r.raw)
		}
	})
}

// A code lives as long as the configuration says, 60 s at most.
func TestCodeExpires(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "lifetimes: { authorization_code: 1s }")
	p := w.newPartner()
	b := newBrowser(t)
	p.redeem(p.code(b, "ada")).expect(t, 200, "")
	code := p.ask(b).expectCode(t)
	time.Sleep(2100 * time.Millisecond)
	p.redeem(code).expect(t, 400, "invalid_grant")
}

// TK-02 to TK-05: PKCE.
func TestPKCE(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		strict := w.partner(`{"client_name":"Strict","redirect_uris":["` + redirectURI + `"],"require_pkce":true}`)
		public := w.partner(`{"client_name":"Page","token_endpoint_auth_method":"none","redirect_uris":["` + redirectURI + `"]}`)
		b := newBrowser(t)
		for _, p := range []*partner{p, strict, public} {
			p.code(b, "ada")
		}
		bare := []string{"code_challenge", "", "code_challenge_method", ""}
		for _, p := range []*partner{strict, public} {
			p.test("TK-02: required", func(t *testing.T, p *partner) {
				p.ask(b, bare...).expectError(t, w.issuer, "invalid_request")
				p.ask(b, append(bare, "prompt", "none")...).expectError(t, w.issuer, "invalid_request")
			})
		}
		p.test("TK-02: a confidential client needs it without a nonce (RFC 9700 §2.1.1)", func(t *testing.T, p *partner) {
			p.ask(b, append(bare, "nonce", "")...).expectError(t, w.issuer, "invalid_request")
			p.ask(b, append(bare, "scope", "profile")...).expectError(t, w.issuer, "invalid_request")
			p.redeem(p.ask(b, bare...).expectCode(t), "code_verifier", "").expect(t, 200, "")
		})
		p.test("TK-04: a verifier for a code without challenge", func(t *testing.T, p *partner) {
			p.redeem(p.ask(b, bare...).expectCode(t)).expect(t, 400, "invalid_grant")
		})
		for _, p := range []*partner{p, public} {
			p.test("a challenge sent is a verifier owed", func(t *testing.T, p *partner) {
				r := p.redeem(p.ask(b).expectCode(t), "code_verifier", "")
				if r.status != 400 || (r.text("error") != "invalid_grant" && r.text("error") != "invalid_request") {
					t.Errorf("%d %s", r.status, r.raw)
				}
			})
			p.test("TK-05: guessing burns the code", func(t *testing.T, p *partner) {
				code := p.ask(b).expectCode(t)
				for range 5 {
					p.redeem(code, "code_verifier", strings.Repeat("guess", 10)).expect(t, 400, "invalid_grant")
				}
				p.redeem(code).expect(t, 400, "invalid_grant")
			})
			p.test("the challenge is no verifier", func(t *testing.T, p *partner) {
				p.redeem(p.ask(b).expectCode(t), "code_verifier", "fBF-yv6TPXs-lPDAvcJ42u3CtPa4w12Hh8qSaRLEbTg").expect(t, 400, "invalid_grant")
			})
		}
		p.test("TK-06: a code injected into another session", func(t *testing.T, p *partner) {
			stolen := p.ask(b).expectCode(t)
			p.redeem(stolen, "code_verifier", "the-attackers-own-verifier-the-attackers-own-0123").expect(t, 400, "invalid_grant")
		})
	})
}

// TK-15: what changed between the code and its redemption counts.
func TestCodeMeetsTheWorldAsItIs(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		for name, change := range map[string]func(p *partner, b *browser){
			"user blocked": func(p *partner, _ *browser) {
				w.must(w.stores.DB.Block(t.Context(), w.account("alan@bletchley.example").ID, time.Now()))
			},
			"user deleted": func(p *partner, _ *browser) {
				w.must(w.stores.DB.Delete(t.Context(), w.account("edsger@gmail.com").ID))
			},
			"client deleted": func(p *partner, _ *browser) { w.must(w.clients.Delete(t.Context(), p.id)) },
			"client disabled": func(p *partner, _ *browser) {
				_, err := w.clients.Update(t.Context(), p.id, []byte(`{"disabled":true}`), 0)
				w.must(err)
			},
			"redirect URI removed": func(p *partner, _ *browser) {
				_, err := w.clients.Update(t.Context(), p.id, []byte(`{"redirect_uris":["https://partner.example/new"]}`), 0)
				w.must(err)
			},
			"consent withdrawn": func(p *partner, _ *browser) {
				w.must(w.stores.DB.DeleteConsent(t.Context(), w.account("grace@navy.example").ID, p.id, time.Now()))
			},
			"logged out": func(_ *partner, b *browser) { b.open(w.issuer + "/logout").press("logout-confirm") },
		} {
			person := map[string]string{"user blocked": "alan", "user deleted": "edsger", "consent withdrawn": "grace"}[name]
			if person == "" {
				person = "ada"
			}
			w.newPartner().test(name, func(t *testing.T, p *partner) {
				b := newBrowser(t)
				code := p.code(b, person)
				change(p, b)
				r := p.redeem(code)
				if strings.HasPrefix(name, "client") && r.text("error") == "invalid_client" {
					r.expect(t, 401, "invalid_client")
					return
				}
				r.expect(t, 400, "invalid_grant")
			})
		}
	})
}

// TK-14: many people through one client at once: every token belongs to the browser that asked.
func TestParallelSignInsDoNotCross(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		nodes := []*world{w, w.second()}
		people := map[string]string{"ada": "ada.lovelace@gmail.com", "grace": "grace@navy.example", "alan": "alan@bletchley.example", "edsger": "edsger@gmail.com"}
		names := []string{"ada", "grace", "alan", "edsger"}
		for _, person := range names {
			p.code(newBrowser(t), person)
		}
		parallel(24, func(i int) {
			person := names[i%len(names)]
			b := newBrowser(t)
			b.use(nodes[i%2])
			r := p.at(nodes[(i/2)%2]).tokens(b, person)
			info := nodes[i%2].get("/oauth2/userinfo", r.text("access_token"))
			id := readJWT(t, r.text("id_token"))
			if info.text("email") != people[person] || info.text("sub") != id.text("sub") || readJWT(t, r.text("access_token")).text("sub") != id.text("sub") {
				t.Errorf("%s got %s and %v", person, info.raw, id.claims)
			}
		})
		if n := w.count("accounts"); n != len(people) {
			t.Errorf("%d accounts of %d people", n, len(people))
		}
	})
}
