package bearer

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// holder is a client with a key of its own and a token that is bound to it.

type holder struct {
	world *world
	key   *testKey
	token string
}

func (w *world) holder(alg string, changes map[string]any) *holder {
	w.t.Helper()
	h := &holder{world: w, key: w.newKey("", alg)}
	jwk := jose.JSONWebKey{Key: h.key.private.Public()}
	thumbprint, err := jwk.Thumbprint(5) // SHA-256
	if err != nil {
		w.t.Fatal(err)
	}
	claims := map[string]any{"cnf": map[string]any{"jkt": base64.RawURLEncoding.EncodeToString(thumbprint)}}
	maps.Copy(claims, changes)
	h.token = w.token(claims)
	return h
}

// proof makes a proof for GET /orders; headers and claims are changed, and nil takes one away.

func (h *holder) proof(headers, claims map[string]any) string {
	hash := sha256.Sum256([]byte(h.token))
	head := map[string]any{"typ": "dpop+jwt", "jwk": jose.JSONWebKey{Key: h.key.private.Public()}}
	body := map[string]any{
		"jti": rand.Text(), "htm": "GET", "htu": testAudience + "/orders", "iat": time.Now().Unix(),
		"ath": base64.RawURLEncoding.EncodeToString(hash[:]),
	}
	for to, from := range map[*map[string]any]map[string]any{&head: headers, &body: claims} {
		maps.Copy(*to, from)
		maps.DeleteFunc(*to, func(_ string, v any) bool { return v == nil })
	}
	return h.key.sign(h.world.t, head, body)
}

func (h *holder) request(proofs ...string) *http.Request {
	r := request("DPoP " + h.token)
	for _, p := range proofs {
		r.Header.Add("DPoP", p)
	}
	return r
}

func dpop(c *Config) { c.DPoP.PublicURL = testAudience }

func TestRFC9449GoodProofs(t *testing.T) {
	w := newWorld(t)
	v := w.verifier(dpop)
	h := v.Middleware(http.HandlerFunc(whoami))
	for _, alg := range []string{"ES256", "EdDSA", "RS256", "PS256"} {
		holder := w.holder(alg, nil)
		for range 3 {
			if response := serve(h, holder.request(holder.proof(nil, nil))); response.StatusCode != 200 {
				t.Errorf("%s: %d %v", alg, response.StatusCode, response.Header)
			}
		}
	}
	holder := w.holder("ES256", nil)
	for _, htu := range []string{
		"HTTPS://API.example.com/orders", testAudience + ":443/orders", testAudience + "/%6frders", testAudience + "/orders?a=b", testAudience + "/orders?", testAudience + "/orders#a",
	} {
		if response := serve(h, holder.request(holder.proof(nil, map[string]any{"htu": htu}))); response.StatusCode != 200 {
			t.Errorf("%s: %d", htu, response.StatusCode)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "http://internal:8080/orders?page=2#x", nil)
	r.Header.Set("Authorization", "dpop "+holder.token)
	r.Header.Set("DPoP", holder.proof(nil, nil))
	if response := serve(http.StripPrefix("/orders", h), r); response.StatusCode != 200 {
		t.Errorf("behind a proxy, with a query and a stripped prefix: %d", response.StatusCode)
	}
}

func TestPR07BadProofs(t *testing.T) {
	w := newWorld(t)
	v := w.verifier(dpop)
	h := v.Middleware(http.HandlerFunc(whoami))
	holder, other := w.holder("ES256", nil), w.holder("ES256", nil)
	now := time.Now().Unix()
	replayed := holder.proof(nil, nil)
	serve(h, holder.request(replayed))
	signed := holder.proof(nil, nil)
	for name, proofs := range map[string][]string{
		"none":                {},
		"two":                 {holder.proof(nil, nil), holder.proof(nil, nil)},
		"two in one":          {holder.proof(nil, nil) + ", " + holder.proof(nil, nil)},
		"empty":               {""},
		"replayed":            {replayed},
		"other method":        {holder.proof(nil, map[string]any{"htm": "POST"})},
		"method in lower":     {holder.proof(nil, map[string]any{"htm": "get"})},
		"other path":          {holder.proof(nil, map[string]any{"htu": testAudience + "/order"})},
		"other host":          {holder.proof(nil, map[string]any{"htu": "https://evil.example.com/orders"})},
		"other scheme":        {holder.proof(nil, map[string]any{"htu": "http://api.example.com/orders"})},
		"other port":          {holder.proof(nil, map[string]any{"htu": testAudience + ":8443/orders"})},
		"user in htu":         {holder.proof(nil, map[string]any{"htu": "https://a@api.example.com/orders"})},
		"htu is no URL":       {holder.proof(nil, map[string]any{"htu": "orders"})},
		"10 minutes old":      {holder.proof(nil, map[string]any{"iat": now - 600})},
		"10 minutes ahead":    {holder.proof(nil, map[string]any{"iat": now + 600})},
		"71 seconds old":      {holder.proof(nil, map[string]any{"iat": now - 72})},
		"iat as string":       {holder.proof(nil, map[string]any{"iat": fmt.Sprint(now)})},
		"no ath":              {holder.proof(nil, map[string]any{"ath": nil})},
		"ath of another":      {holder.proof(nil, map[string]any{"ath": base64.RawURLEncoding.EncodeToString(make([]byte, 32))})},
		"no jti":              {holder.proof(nil, map[string]any{"jti": nil})},
		"empty jti":           {holder.proof(nil, map[string]any{"jti": ""})},
		"long jti":            {holder.proof(nil, map[string]any{"jti": strings.Repeat("x", 257)})},
		"no htm":              {holder.proof(nil, map[string]any{"htm": nil})},
		"no htu":              {holder.proof(nil, map[string]any{"htu": nil})},
		"no iat":              {holder.proof(nil, map[string]any{"iat": nil})},
		"key of another":      {other.proof(nil, nil)},
		"typ JWT":             {holder.proof(map[string]any{"typ": "JWT"}, nil)},
		"no typ":              {holder.proof(map[string]any{"typ": nil}, nil)},
		"no jwk":              {holder.proof(map[string]any{"jwk": nil}, nil)},
		"private key in jwk":  {holder.proof(map[string]any{"jwk": jose.JSONWebKey{Key: holder.key.private}}, nil)},
		"jwk of another":      {holder.proof(map[string]any{"jwk": jose.JSONWebKey{Key: other.key.private.Public()}}, nil)},
		"jwk as string":       {holder.proof(map[string]any{"jwk": "x"}, nil)},
		"alg none":            {segment(`{"alg":"none","typ":"dpop+jwt"}`) + "." + strings.Split(signed, ".")[1] + ".AA"},
		"alg HS256":           {segment(`{"alg":"HS256","typ":"dpop+jwt","jwk":{"kty":"oct","k":"AAAA"}}`) + "." + strings.Split(signed, ".")[1] + ".AA"},
		"alg of another type": {segment(strings.Replace(mustDecode(t, signed), "ES256", "EdDSA", 1)) + signed[strings.IndexByte(signed, '.'):]},
		"broken signature":    {signed[:len(signed)-6] + "AAAAAA"},
		"crit":                {holder.proof(map[string]any{"crit": []string{"x"}, "x": 1}, nil)},
		"the access token":    {holder.token},
		"giant":               {strings.Repeat("A", 100<<10)},
	} {
		t.Run(name, func(t *testing.T) {
			response := serve(h, holder.request(proofs...))
			challenges := strings.Join(response.Header.Values("WWW-Authenticate"), "\n")
			if response.StatusCode != 401 || !strings.Contains(challenges, `DPoP error="invalid_dpop_proof"`) || !strings.Contains(challenges, `algs="ES256 EdDSA RS256 PS256"`) {
				t.Errorf("%d %s", response.StatusCode, challenges)
			}
		})
	}
}

func mustDecode(t *testing.T, token string) string {
	t.Helper()
	text, err := decode(token[:strings.IndexByte(token, '.')])
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestPR08Downgrade(t *testing.T) {
	w := newWorld(t)
	holder := w.holder("ES256", nil)
	for name, v := range map[string]*Verifier{"with DPoP": w.verifier(dpop), "without DPoP": w.verifier(nil)} {
		h := v.Middleware(http.HandlerFunc(whoami))
		r := request("Bearer " + holder.token)
		r.Header.Set("DPoP", holder.proof(nil, nil))
		response := serve(h, r)
		if response.StatusCode != 401 || !strings.Contains(response.Header.Get("WWW-Authenticate"), "invalid_token") {
			t.Errorf("%s: a bound token as Bearer: %d %v", name, response.StatusCode, response.Header)
		}
		_, err := v.Verify(t.Context(), holder.token)
		refused(t, err, 401, "invalid_token")
	}
	h := w.verifier(nil).Middleware(http.HandlerFunc(whoami))
	if response := serve(h, holder.request(holder.proof(nil, nil))); response.StatusCode != 401 || strings.Contains(response.Header.Get("WWW-Authenticate"), "DPoP") {
		t.Errorf("DPoP where it is not offered: %d %v", response.StatusCode, response.Header)
	}
	plain := w.token(nil)
	if response := serve(w.verifier(dpop).Middleware(http.HandlerFunc(whoami)), request("DPoP "+plain)); response.StatusCode != 401 {
		t.Errorf("a token that is not bound, as DPoP: %d", response.StatusCode)
	}
	required := w.verifier(func(c *Config) { dpop(c); c.DPoP.Require = true })
	response := serve(required.Middleware(http.HandlerFunc(whoami)), request("Bearer "+plain))
	if response.StatusCode != 401 || len(response.Header.Values("WWW-Authenticate")) != 1 || !strings.HasPrefix(response.Header.Get("WWW-Authenticate"), "DPoP error=") {
		t.Errorf("a token that is not bound, where it must be: %d %v", response.StatusCode, response.Header)
	}
	if _, err := required.Verify(t.Context(), plain); err == nil {
		t.Error("Verify accepts a token that is not bound, where it must be")
	}
}

func TestDPoPChallenges(t *testing.T) {
	w := newWorld(t)
	h := w.verifier(dpop).Require("admin")(http.HandlerFunc(whoami))
	none := serve(h, request()).Header.Values("WWW-Authenticate")
	if len(none) != 2 || none[0] != "Bearer" || none[1] != `DPoP algs="ES256 EdDSA RS256 PS256"` {
		t.Errorf("without a token: %q", none)
	}
	holder := w.holder("ES256", nil)
	scope := serve(h, holder.request(holder.proof(nil, nil))).Header.Values("WWW-Authenticate")
	if len(scope) != 2 || scope[0] != "Bearer" || !strings.Contains(scope[1], `DPoP error="insufficient_scope"`) || !strings.Contains(scope[1], `scope="admin"`) {
		t.Errorf("without the scope: %q", scope)
	}
}

// storeFunc is a ReplayStore.

func TestDangerouslyTrustHostHeader(t *testing.T) {
	w := newWorld(t)
	h := w.verifier(func(c *Config) { c.DPoP.DangerouslyTrustHostHeader = true }).Middleware(http.HandlerFunc(whoami))
	holder := w.holder("ES256", nil)
	r := holder.request(holder.proof(nil, nil))
	r.TLS = &tls.ConnectionState{}
	if response := serve(h, r); response.StatusCode != 200 {
		t.Errorf("status %d", response.StatusCode)
	}
	r = holder.request(holder.proof(nil, nil))
	r.TLS, r.Host = &tls.ConnectionState{}, "other.example.com"
	r.Header.Set("X-Forwarded-Host", "api.example.com")
	if response := serve(h, r); response.StatusCode != 401 {
		t.Errorf("X-Forwarded-Host is believed: %d", response.StatusCode)
	}
}
