package app_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/symbolon-id/symbolon/clients/sdk/bearer"
)

const apiAudience = "https://api.example"

// partnerAPI is an API of a partner, on its own listener, behind the Go middleware.
type partnerAPI struct {
	*httptest.Server
	t        *testing.T
	verifier *bearer.Verifier
	fetches  atomic.Int64 // of the middleware from the issuer
}

// api starts a partner's API: /orders needs orders:read, /orders/write needs orders:write. more adds routes.
func (w *world) api(change func(*bearer.Config), more func(mux *http.ServeMux, v *bearer.Verifier)) *partnerAPI {
	w.t.Helper()
	a := &partnerAPI{t: w.t}
	mux := http.NewServeMux()
	a.Server = httptest.NewServer(mux)
	w.t.Cleanup(a.Close)
	config := bearer.Config{Issuer: w.issuer, Audience: apiAudience, OnFetch: func(bearer.Fetch) { a.fetches.Add(1) }}
	config.Status.Require = true
	config.DPoP.PublicURL = a.URL
	if change != nil {
		change(&config)
	}
	v, err := bearer.New(config)
	w.must(err)
	w.t.Cleanup(v.Close)
	a.verifier = v
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := bearer.FromContext(r.Context())
		if !ok {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, token.Subject)
	})
	mux.Handle("/orders", v.Require("orders:read")(answer))
	mux.Handle("/orders/write", v.Require("orders:write")(answer))
	if more != nil {
		more(mux, v)
	}
	return a
}

// call calls the API and returns the status and what it says.
func (a *partnerAPI) call(path, scheme, token string, proofs ...string) (status int, body string) {
	a.t.Helper()
	r, err := http.NewRequest("GET", a.URL+path, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Authorization", scheme+" "+token)
	r.Header["Dpop"] = proofs
	w := &world{t: a.t}
	got := w.send(r)
	return got.status, got.raw
}

func (a *partnerAPI) expect(name, token string, want int) {
	a.t.Helper()
	if got, body := a.call("/orders", "Bearer", token); got != want {
		a.t.Errorf("%s: %d %s, want %d", name, got, body, want)
	}
}

// shop registers a client whose tokens are for the API.
func (w *world) shop(members ...string) *partner {
	w.t.Helper()
	p := w.partner(`{"client_name":"Shop","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token","client_credentials"],"audience":["` + apiAudience + `"],` +
		`"scope":"openid email profile offline_access orders:read orders:write"` + strings.Join(append([]string{""}, members...), ",") + `}`)
	p.oauth.Scopes = []string{"openid", "email", "orders:read"}
	return p
}

// requests returns how many requests a node has answered, those for its metrics left out.
func (w *world) requests() (n int) {
	w.t.Helper()
	for line := range strings.Lines(w.get("/metrics", "").raw) {
		series, value, _ := strings.Cut(strings.TrimSpace(line), "} ")
		if strings.HasPrefix(series, "symbolon_http_requests_total{") && !strings.Contains(series, "/metrics") {
			count, err := strconv.ParseFloat(value, 64)
			w.must(err)
			n += int(count)
		}
	}
	return n
}

// MW, RFC 9068 §4: the middleware verifies our tokens offline: signature, type, audience and scope, with nothing on the network per request.
func TestMiddlewareVerifiesOffline(t *testing.T) {
	t.Parallel()
	bothWith(t, "lifetimes: { status_list: 1h }", func(t *testing.T, w *world) {
		api, p, b := w.api(nil, nil), w.shop(), newBrowser(t)
		r := p.tokens(b, "ada")
		token := r.text("access_token")
		if status, who := api.call("/orders", "Bearer", token); status != 200 || who != subjectOf(t, r) {
			t.Fatalf("%d %s", status, who)
		}
		robot := p.post("/oauth2/token", "grant_type", "client_credentials", "scope", "orders:read").text("access_token")
		api.expect("client credentials", robot, 200)
		if status, body := api.call("/orders/write", "Bearer", token); status != 403 {
			t.Errorf("MW-06: %d %s", status, body)
		}
		elsewhere := w.newPartner().tokens(newBrowser(t), "ada").text("access_token")
		parts := strings.Split(token, ".")
		for name, wrong := range map[string]string{
			"ID token": r.text("id_token"), "refresh token": r.text("refresh_token"), "another audience": elsewhere, "none": "x", "signature of another token": parts[0] + "." + parts[1] + "." + strings.Split(elsewhere, ".")[2],
			"alg none": encodeJWT(`{"alg":"none","typ":"at+jwt"}`, altered(t, token, func(map[string]any) {}), nil), "unknown key": unknownKeyToken,
			"expired":         w.sign(jose.ES256, "at+jwt", altered(t, token, func(c map[string]any) { c["exp"], c["iat"] = time.Now().Unix()-60, time.Now().Unix()-600 })),
			"status left out": w.sign(jose.ES256, "at+jwt", altered(t, token, func(c map[string]any) { delete(c, "status") })),
		} {
			api.expect(name, wrong, 401)
		}
		answered, fetched := w.requests(), api.fetches.Load()
		for range 300 {
			api.expect("again", token, 200)
			api.expect("forged", token[:len(token)-8]+"AAAAAAAA", 401)
		}
		if n := w.requests() - answered; n != 0 || api.fetches.Load() != fetched {
			t.Errorf("600 requests to the API made %d at the issuer", n)
		}
		t.Logf("fetches until then: %d", fetched)
	})
}

// Issue 3: whatever ends a sign-in reaches the partner's API within the list's ttl and a second, and introspection and userinfo of every node at once.
func TestRevocationReachesTheMiddleware(t *testing.T) {
	t.Parallel()
	const ttl = 2 * time.Second
	bothWith(t, "lifetimes: { status_list: 2s }", func(t *testing.T, w *world) {
		p, nodes := w.shop(), []*world{w, w.second()}
		b := func() *browser { return newBrowser(t) }
		ada := b()
		for _, c := range []struct {
			name, person string
			browser      *browser
			end          func(r reply)
		}{
			{"revocation of the access token", "grace", b(), func(r reply) { p.at(nodes[1]).post("/oauth2/revoke", "token", r.text("access_token")) }},
			{"revocation of the refresh token", "grace", b(), func(r reply) { p.post("/oauth2/revoke", "token", r.text("refresh_token")) }},
			{"log-out", "ada", ada, func(reply) { ada.open(w.issuer + "/logout").press("logout-confirm") }},
			{"reuse of a refresh token", "grace", b(), func(r reply) { w.reuse(p, r.text("refresh_token")) }},
			{"ban", "alan", b(), func(r reply) { w.must(w.stores.DB.Block(t.Context(), subjectOf(t, r), time.Now())) }},
			{"consent withdrawn", "grace", b(), func(r reply) { w.must(w.stores.DB.DeleteConsent(t.Context(), subjectOf(t, r), p.id, time.Now())) }},
			{"account deleted", "edsger", b(), func(r reply) { w.must(w.stores.DB.Delete(t.Context(), subjectOf(t, r))) }},
		} {
			p.test(c.name, func(t *testing.T, p *partner) {
				w := p.w
				api, r := w.api(nil, nil), p.tokens(c.browser, c.person)
				token := r.text("access_token")
				api.expect("before", token, 200)
				c.end(r)
				ended := time.Now()
				for _, node := range nodes {
					if p.at(node).active(token) || node.get("/oauth2/userinfo", token).status != 401 {
						t.Error("a node still calls it active")
					}
				}
				api.refuses(t, token, ended.Add(ttl+time.Second))
				t.Logf("refused after %s", time.Since(ended).Round(10*time.Millisecond))
			})
		}
	})
}

// refuses waits until the API refuses the token. No request that was begun after the deadline may be let through.
func (a *partnerAPI) refuses(t *testing.T, token string, deadline time.Time) {
	t.Helper()
	for {
		began := time.Now()
		status, body := a.call("/orders", "Bearer", token)
		switch {
		case status == http.StatusUnauthorized:
			return
		case status != http.StatusOK:
			t.Fatalf("%d %s", status, body)
		case began.After(deadline):
			t.Fatalf("still let through %s too late", began.Sub(deadline))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// OIDC Back-Channel Logout §2.5: a partner that is told does not wait for the list.
func TestMiddlewareHearsLogout(t *testing.T) {
	t.Parallel()
	bothWith(t, "lifetimes: { status_list: 1h }", func(t *testing.T, w *world) {
		told, receiver := make(chan bearer.Logout, 10), atomic.Pointer[http.Handler]{}
		var verifier *bearer.Verifier
		api := w.api(nil, func(mux *http.ServeMux, v *bearer.Verifier) {
			verifier = v
			mux.HandleFunc("/backchannel", func(w http.ResponseWriter, r *http.Request) { (*receiver.Load()).ServeHTTP(w, r) })
		})
		p := w.shop(`"backchannel_logout_uri":"` + api.URL + `/backchannel"`)
		handler := verifier.LogoutHandler(p.id, func(_ context.Context, l bearer.Logout) error {
			told <- l
			return nil
		})
		receiver.Store(&handler)
		b, other := newBrowser(t), newBrowser(t)
		r, others := p.tokens(b, "ada"), p.tokens(other, "ada")
		api.expect("before", r.text("access_token"), 200)
		b.open(w.issuer + "/logout").press("logout-confirm")
		began := time.Now()
		select {
		case l := <-told:
			id := readJWT(t, r.text("id_token"))
			if l.Issuer != w.issuer || l.Subject != id.text("sub") || l.SessionID != id.text("sid") {
				t.Errorf("the partner hears of %+v, ID token %v", l, id.claims)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("the partner was not told")
		}
		t.Logf("told after %s", time.Since(began).Round(10*time.Millisecond))
		api.expect("after the log-out", r.text("access_token"), 401)
		api.expect("the other device", others.text("access_token"), 200)
		api.expect("signed in again", p.tokens(b, "ada").text("access_token"), 200)
	})
}

// RFC 9449 §7 at the partner's API: a bound token needs the key there too.
func TestMiddlewareDPoP(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	api, p, v := w.api(nil, nil), w.shop(), w.prover()
	token := p.proved("/oauth2/token", codeForm(p.code(newBrowser(t), "ada")), v.proof(nil, nil)).text("access_token")
	proof := func(v *prover) string {
		at := *v.w
		at.issuer = api.URL
		return (&prover{w: &at, key: v.key, alg: v.alg}).at("GET", "/orders", token)
	}
	once := proof(v)
	for _, c := range []struct {
		name, scheme string
		proofs       []string
		want         int
	}{
		{"with proof", "DPoP", []string{once}, 200},
		{"the same proof", "DPoP", []string{once}, 401},
		{"as Bearer", "Bearer", nil, 401},
		{"as Bearer with proof", "Bearer", []string{proof(v)}, 401},
		{"without proof", "DPoP", nil, 401},
		{"another key", "DPoP", []string{proof(w.prover())}, 401},
		{"for the issuer", "DPoP", []string{v.at("GET", "/orders", token)}, 401},
	} {
		if got, body := api.call("/orders", c.scheme, token, c.proofs...); got != c.want {
			t.Errorf("%s: %d %s, want %d", c.name, got, body, c.want)
		}
	}
}
