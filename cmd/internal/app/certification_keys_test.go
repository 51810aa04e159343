package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/go-jose/go-jose/v4"
)

// keyModules are those of the plan Dynamic that are about keys and what they sign.
func keyModules() map[string]func(*suite) {
	return map[string]func(*suite){
		"oidcc-registration-jwks-uri": func(s *suite) {
			keys := s.keys()
			rp := s.register("jwks", nil, "jwks_uri", keys.address)
			rp.kid = keys.turn()
			rp.flow()
		},
		"oidcc-refresh-token-rp-key-rotation": clientKeyRotation,
		"oidcc-server-rotate-keys":            serverKeyRotation,
		"oidcc-request-uri-unsigned":          unsignedObject,
		"oidcc-request-uri-signed-rs256":      requestURI,
		"oidcc-ensure-client-assertion-with-iss-aud-succeeds": func(s *suite) {
			rp := s.register()
			q := rp.request()
			end, _ := rp.pages(rp.visit(q))
			form := url.Values{"grant_type": {"authorization_code"}, "code": {rp.expectAnswer(end, q).Get("code")}, "redirect_uri": {redirectURI}}
			rp.expectTokens(s.post("/oauth2/token", asserted(form, rp.assertion(s.issuer)), "", ""), q)
		},
	}
}

// publishedKeys is a jwks_uri of the suite.
type publishedKeys struct {
	s       *suite
	address string
	set     atomic.Value // what is there
	turns   int
}

func (s *suite) keys() *publishedKeys {
	k := &publishedKeys{s: s}
	k.address = s.listener(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, k.set.Load())
	}) + "/jwks"
	return k
}

// turn puts a new key in the place of the one before, and returns its name.
func (k *publishedKeys) turn() (kid string) {
	if k.turns++; k.turns > 1 {
		k.s.key = rsaKey(k.s.t, 2048)
	}
	kid = fmt.Sprintf("kid-%d", k.turns)
	k.set.Store(string(mustJSON(k.s, k.s.jwks(kid))))
	return kid
}

// clientKeyRotation: the suite waits 60 seconds after it has changed its keys, which is longer than the pause between two fetches of one address.
// Here the server starts anew instead, and has forgotten what it had fetched.
func clientKeyRotation(s *suite) {
	keys := s.keys()
	rp := s.register("jwks", nil, "jwks_uri", keys.address, "grant_types", append(s.document()["grant_types"].([]any), "refresh_token"))
	rp.kid = keys.turn()
	before := rp.flow("scope", "openid offline_access", "prompt", "consent")
	rp.kid = keys.turn()
	s.run.restart()
	rp.refreshed(before, rp.token("grant_type", "refresh_token", "refresh_token", before.tokens.text("refresh_token"), "scope", "openid offline_access"))
}

// serverKeyRotation: a person rotates the keys while the module runs. The new one is published before it signs, and the old one stays.
func serverKeyRotation(s *suite) {
	before := s.published()
	s.command("key", "rotate", "RS256")
	var after jose.JSONWebKeySet
	s.eventually(func() bool {
		after = s.published()
		return len(after.Keys) > len(before.Keys)
	})
	for _, key := range before.Keys {
		if len(after.Key(key.KeyID)) != 1 {
			s.t.Errorf("%s is gone", key.KeyID)
		}
	}
	s.register().flow()
}

// published returns our keys, of which none may be private or without a name of its own.
func (s *suite) published() (set jose.JSONWebKeySet) {
	s.t.Helper()
	r := s.get("/oauth2/jwks", "")
	s.must(json.Unmarshal([]byte(r.raw), &set))
	for _, key := range set.Keys {
		if key.KeyID == "" || len(set.Key(key.KeyID)) != 1 || !key.IsPublic() || !key.Valid() || key.Use != "sig" {
			s.t.Errorf("%+v", key)
		}
	}
	if r.status != http.StatusOK || len(set.Keys) == 0 {
		s.t.Errorf("%d %s", r.status, r.raw)
	}
	return set
}

// requestURI: the object is at an address of the client's; what OpenID Connect wants beside it is there too.
func requestURI(s *suite) {
	if s.discovery()["request_uri_parameter_supported"] != true || !s.announces("request_object_signing_alg_values_supported", "RS256") {
		s.t.Error("not announced")
	}
	var object atomic.Value
	address := s.listener(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jose")
		fmt.Fprint(w, object.Load())
	}) + randomPath()
	rp := s.register("request_uris", []any{address}, "request_object_signing_alg", "RS256")
	q := rp.request()
	claims := map[string]any{"iss": rp.id, "aud": s.issuer}
	for name := range q {
		claims[name] = q.Get(name)
	}
	object.Store(rp.sign(claims))
	rp.complete(rp.visit(url.Values{"client_id": {rp.id}, "response_type": {"code"}, "scope": {"openid"}, "request_uri": {address}}), q)
}
