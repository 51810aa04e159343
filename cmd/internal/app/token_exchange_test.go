package app_test

import (
	"crypto/elliptic"
	"fmt"
	"net/url"
	"testing"
	"time"
)

const (
	exchangeGrant   = "urn:ietf:params:oauth:grant-type:token-exchange"
	typeAccessToken = "urn:ietf:params:oauth:token-type:access_token"
)

// backend registers an API that may exchange tokens for the API behind it. Members are added to its metadata.
func (w *world) backend(members string) *partner {
	w.t.Helper()
	return w.partner(`{"client_name":"Backend","grant_types":["` + exchangeGrant + `","client_credentials"],"scope":"orders:read orders:write email symbolon:admin",
		"audience":["https://stock.example","https://mail.example"]` + members + `}`)
}

// front registers the app whose tokens are for the backend.
func (w *world) front(backend *partner, members string) *partner {
	w.t.Helper()
	p := w.partner(`{"client_name":"Shop","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token"],
		"scope":"openid email offline_access orders:read reports:read","audience":[` + quoted(backend.id) + `]` + members + `}`)
	p.oauth.Scopes = []string{"openid", "email", "orders:read", "reports:read"}
	return p
}

// exchange exchanges a token. An empty value takes a parameter out.
func (p *partner) exchange(token string, pairs ...string) reply {
	p.w.t.Helper()
	return p.post("/oauth2/token", append([]string{
		"grant_type", exchangeGrant, "subject_token", token, "subject_token_type", typeAccessToken,
	}, pairs...)...)
}

// RFC 8693 §2: a backend gets a narrower token for the API behind it, which dies with the sign-in.
func TestTokenExchange(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		backend := w.backend("")
		front, b := w.front(backend, ""), newBrowser(t)
		tokens := front.tokens(b, "ada")
		subject := readJWT(t, tokens.text("access_token"))
		r := backend.exchange(tokens.text("access_token"))
		r.expect(t, 200, "")
		if r.text("issued_token_type") != typeAccessToken || r.text("token_type") != "Bearer" || r.body["refresh_token"] != nil || r.body["id_token"] != nil {
			t.Errorf("answer: %s", r.raw)
		}
		got := readJWT(t, r.text("access_token"))
		if got.text("sub") != subject.text("sub") || got.text("client_id") != backend.id || got.text("aud") != "https://stock.example" || got.text("scope") != "email orders:read" {
			t.Errorf("claims: %v", got.claims)
		}
		if fmt.Sprint(got.claims["status"]) != fmt.Sprint(subject.claims["status"]) || got.seconds(t, "exp") > subject.seconds(t, "exp") || got.claims["act"] != nil {
			t.Errorf("claims: %v, of %v", got.claims, subject.claims)
		}
		if r.text("scope") != "email orders:read" || !backend.active(r.text("access_token")) || w.get("/oauth2/userinfo", r.text("access_token")).status != 403 {
			t.Error("the exchanged token is not what it should be")
		}
		narrow := backend.exchange(tokens.text("access_token"), "scope", "orders:read", "audience", "https://mail.example", "requested_token_type", typeAccessToken)
		narrow.expect(t, 200, "")
		if got := readJWT(t, narrow.text("access_token")); got.text("aud") != "https://mail.example" || got.text("scope") != "orders:read" {
			t.Errorf("claims: %v", got.claims)
		}
		// RFC 7009 §2.2.1: who exchanged a token does not end the sign-in.
		backend.post("/oauth2/revoke", "token", r.text("access_token")).expect(t, 400, "unsupported_token_type")
		if !backend.active(r.text("access_token")) || w.get("/oauth2/userinfo", tokens.text("access_token")).status != 200 {
			t.Error("the refused revocation revoked something")
		}
		backend.refresh(r.text("access_token")).expect(t, 400, "unauthorized_client")
		front.post("/oauth2/revoke", "token", tokens.text("refresh_token")).expect(t, 200, "")
		if backend.active(r.text("access_token")) {
			t.Error("the exchanged token outlives its sign-in")
		}
		backend.exchange(tokens.text("access_token")).expect(t, 400, "invalid_request")
		backend.exchange(r.text("access_token")).expect(t, 400, "invalid_request")
	})
}

// What ends the subject's grant, or either client, ends the exchanged token, on every node.
func TestExchangedTokenDies(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, a *world) {
		reader := a.partner(`{"client_name":"Reader","grant_types":["client_credentials"],"scope":"x","introspect_any":true}`)
		onB := reader.at(a.second())
		for name, end := range map[string]func(front, backend *partner, b *browser){
			"log-out": func(_, _ *partner, b *browser) { b.open(a.issuer + "/logout").press("logout-confirm") },
			"disconnected": func(front, _ *partner, _ *browser) {
				a.must(a.stores.DB.DeleteConsent(t.Context(), a.account("ada.lovelace@gmail.com").ID, front.id, time.Now()))
			},
			"front deleted":     func(front, _ *partner, _ *browser) { a.must(a.clients.Delete(t.Context(), front.id)) },
			"exchanger deleted": func(_, backend *partner, _ *browser) { a.must(a.clients.Delete(t.Context(), backend.id)) },
			"blocked": func(_, _ *partner, _ *browser) {
				a.must(a.stores.DB.Block(t.Context(), a.account("ada.lovelace@gmail.com").ID, time.Now()))
			},
		} {
			backend := a.backend("")
			front, b := a.front(backend, ""), newBrowser(t)
			token := backend.exchange(front.tokens(b, "ada").text("access_token"))
			token.expect(t, 200, "")
			if !onB.active(token.text("access_token")) {
				t.Fatalf("%s: B does not know the token", name)
			}
			end(front, backend, b)
			for deadline := time.Now().Add(5 * time.Second); reader.active(token.text("access_token")) || onB.active(token.text("access_token")); time.Sleep(50 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Errorf("%s: the exchanged token lives", name)
					break
				}
			}
			if name == "blocked" {
				a.must(a.stores.DB.Unblock(t.Context(), a.account("ada.lovelace@gmail.com").ID))
			}
		}
	})
}

// RFC 8693 §4.1: the actor, and those before it, stand in the token.
func TestDelegation(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	second := w.backend("")
	first := w.backend("")
	front := w.front(first, "")
	user := front.tokens(newBrowser(t), "ada").text("access_token")
	own := func(p *partner) string {
		return p.post("/oauth2/token", "grant_type", "client_credentials", "scope", "orders:write").text("access_token")
	}
	r := first.exchange(user, "actor_token", own(first), "actor_token_type", typeAccessToken)
	r.expect(t, 200, "")
	if act := fmt.Sprint(readJWT(t, r.text("access_token")).claims["act"]); act != fmt.Sprintf("map[client_id:%s sub:%s]", first.id, first.id) {
		t.Errorf("act %s", act)
	}
	if act := fmt.Sprint(first.introspect(r.text("access_token")).body["act"]); act != fmt.Sprintf("map[client_id:%s sub:%s]", first.id, first.id) {
		t.Errorf("act at introspection %s", act)
	}
	// The next one in the chain: it may exchange what the first one got.
	chained := w.backend(`,"token_exchange_clients":[` + quoted(first.id) + `]`)
	again := chained.exchange(r.text("access_token"), "actor_token", own(chained), "actor_token_type", typeAccessToken)
	again.expect(t, 200, "")
	want := fmt.Sprintf("map[act:map[client_id:%s sub:%s] client_id:%s sub:%s]", first.id, first.id, chained.id, chained.id)
	if act := fmt.Sprint(readJWT(t, again.text("access_token")).claims["act"]); act != want {
		t.Errorf("act %s", act)
	}
	kept := chained.exchange(r.text("access_token")) // without an actor the chain is not lost
	if act := fmt.Sprint(readJWT(t, kept.text("access_token")).claims["act"]); act != fmt.Sprintf("map[client_id:%s sub:%s]", first.id, first.id) {
		t.Errorf("act %s", act)
	}
	for name, pairs := range map[string][]string{
		"the actor token of another":   {"actor_token", own(second), "actor_token_type", typeAccessToken},
		"the subject's":                {"actor_token", user, "actor_token_type", typeAccessToken},
		"an exchanged one":             {"actor_token", r.text("access_token"), "actor_token_type", typeAccessToken},
		"an actor token without type":  {"actor_token", own(first)},
		"a type without a token":       {"actor_token_type", typeAccessToken},
		"an actor token of other type": {"actor_token", own(first), "actor_token_type", "urn:ietf:params:oauth:token-type:jwt"},
		"rubbish":                      {"actor_token", "x", "actor_token_type", typeAccessToken},
	} {
		if r := first.exchange(user, pairs...); r.status != 400 || r.text("error") != "invalid_request" {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
	token := r.text("access_token")
	deep := w.partner(`{"client_name":"Deep","grant_types":["` + exchangeGrant + `","client_credentials"],"scope":"orders:read orders:write","audience":["https://a.example"],"token_exchange_clients":[` + quoted(first.id) + `]}`)
	for range 3 {
		r := deep.exchange(token, "actor_token", own(deep), "actor_token_type", typeAccessToken)
		r.expect(t, 200, "")
		token = r.text("access_token")
	}
	deep.exchange(token, "actor_token", own(deep), "actor_token_type", typeAccessToken).expect(t, 400, "invalid_request")
}

// RFC 8693 §2.2.2: everything that the policy does not name is refused.
func TestTokenExchangeRefusals(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	backend := w.backend("")
	front := w.front(backend, "")
	tokens := front.tokens(newBrowser(t), "ada")
	access := tokens.text("access_token")
	elsewhere := w.newPartner().tokens(newBrowser(t), "ada").text("access_token")
	machine := backend.post("/oauth2/token", "grant_type", "client_credentials", "scope", "orders:read").text("access_token")
	for name, c := range map[string]struct {
		token string
		pairs []string
		code  string
	}{
		"no subject token":          {"", nil, "invalid_request"},
		"rubbish":                   {"x", nil, "invalid_request"},
		"meant for others":          {elsewhere, nil, "invalid_request"},
		"an ID token":               {tokens.text("id_token"), nil, "invalid_request"},
		"an ID token, said to be":   {tokens.text("id_token"), []string{"subject_token_type", "urn:ietf:params:oauth:token-type:id_token"}, "invalid_request"},
		"a refresh token":           {tokens.text("refresh_token"), nil, "invalid_request"},
		"a machine's":               {machine, nil, "invalid_request"},
		"altered":                   {altered(t, access, func(c map[string]any) { c["scope"] = "orders:read orders:write" }), nil, "invalid_request"},
		"no type":                   {access, []string{"subject_token_type", ""}, "invalid_request"},
		"a JWT type":                {access, []string{"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"}, "invalid_request"},
		"a refresh token wanted":    {access, []string{"requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"},
		"an unknown audience":       {access, []string{"audience", "https://other.example"}, "invalid_target"},
		"an unknown resource":       {access, []string{"resource", "https://other.example"}, "invalid_target"},
		"one of two unknown":        {access, []string{"resource", "https://stock.example", "audience", "https://other.example"}, "invalid_target"},
		"this server":               {access, []string{"audience", w.issuer}, "invalid_target"},
		"the admin API":             {access, []string{"resource", w.issuer + "/admin"}, "invalid_target"},
		"a scope it had not":        {access, []string{"scope", "orders:write"}, "invalid_scope"},
		"the administrator's scope": {access, []string{"scope", "symbolon:admin"}, "invalid_scope"},
		"the sign-in's scope":       {access, []string{"scope", "openid"}, "invalid_scope"},
	} {
		r := backend.exchange(c.token, c.pairs...)
		if r.status != 400 || r.text("error") != c.code {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
	front.exchange(access).expect(t, 400, "unauthorized_client")
	r := backend.exchange(access, "scope", "reports:read") // the subject has it, the client is not registered for it
	if r.status == 200 && readJWT(t, r.text("access_token")).text("scope") != "" {
		t.Errorf("a scope beyond the registration: %s", r.raw)
	}
	form := url.Values{"grant_type": {exchangeGrant}, "subject_token": {access}, "subject_token_type": {typeAccessToken}, "audience": {"https://stock.example", "https://mail.example"}}
	two := w.post("/oauth2/token", form, backend.id, backend.secret)
	two.expect(t, 200, "")
	if aud := fmt.Sprint(readJWT(t, two.text("access_token")).claims["aud"]); aud != "[https://stock.example https://mail.example]" {
		t.Errorf("audience %s", aud)
	}
	repeated := url.Values{"grant_type": {"client_credentials"}, "audience": {"a", "b"}}
	w.post("/oauth2/token", repeated, backend.id, backend.secret).expect(t, 400, "invalid_request")
}

// A stolen token that is bound to a key does not lose its binding here; whom it is meant for may exchange it.
func TestTokenExchangeKeepsBindings(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	backend := w.backend("")
	front := w.front(backend, `,"dpop_bound_access_tokens":true`)
	helper := w.backend(`,"token_exchange_clients":[` + quoted(front.id) + `]`)
	key := ecKey(t, elliptic.P256())
	code := front.code(newBrowser(t), "ada")
	bound := front.postWithProof("/oauth2/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {testVerifier},
	}, w.proof(key, "POST", "/oauth2/token")).text("access_token")
	backend.exchange(bound).expect(t, 200, "")
	helper.exchange(bound).expect(t, 400, "invalid_request")
	form := url.Values{"grant_type": {exchangeGrant}, "subject_token": {bound}, "subject_token_type": {typeAccessToken}}
	helper.postWithProof("/oauth2/token", form, w.proof(ecKey(t, elliptic.P256()), "POST", "/oauth2/token")).expect(t, 400, "invalid_request")
	r := helper.postWithProof("/oauth2/token", form, w.proof(key, "POST", "/oauth2/token"))
	r.expect(t, 200, "")
	if r.text("token_type") != "DPoP" || fmt.Sprint(readJWT(t, r.text("access_token")).claims["cnf"]) != "map[jkt:"+thumbprint(t, key)+"]" {
		t.Errorf("not bound: %s", r.raw)
	}
}
