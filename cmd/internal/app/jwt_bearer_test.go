package app_test

import (
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

const bearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer"

// trusting is a world that trusts an issuer of assertions: the simulated Google, by whose identities people have signed in before.
type trusting struct {
	*world
	p       *partner // may bring assertions
	issuer  *asserter
	subject string // of the person at the issuer
	person  string // account id
}

// newTrusting starts the world on the database. The issuer's keys are in a file, or at uri where that is not empty.
func newTrusting(t *testing.T, database, uri string, keys ...*asserter) *trusting {
	t.Helper()
	a := &asserter{alg: jose.ES256, key: ecKey(t, elliptic.P256()), kid: "k1"}
	if len(keys) > 0 {
		a = keys[0]
	}
	file := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(file, []byte(jwksOf(t, a.key.(crypto.Signer))), 0o600); err != nil {
		t.Fatal(err)
	}
	source := "jwks_file: " + file
	if uri != "" {
		source = "jwks_uri: " + uri
	}
	w := newWorld(t, database, "trusted_issuers:\n  - { issuer: \"@google@\", upstream: google, "+source+", clients: [ reports ], scopes: [ \"reports:read\", email ] }")
	p := &partner{w: w}
	m, err := clients.DecodeMetadata([]byte(`{"client_name":"Reports","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","` + bearerGrant + `","refresh_token"],"scope":"openid email reports:read reports:write"}`))
	w.must(err)
	c, secret, err := w.clients.Create(t.Context(), m, clients.CreateOptions{ID: "reports"})
	w.must(err)
	*p = *w.as(c.ID, secret)
	p.oauth.Scopes = []string{"openid", "email", "reports:read"}
	p.tokens(newBrowser(t), "ada") // signs in once, and allows it
	who := w.account("ada.lovelace@gmail.com")
	identities, err := w.stores.DB.Identities(t.Context(), who.ID)
	w.must(err)
	a.w, a.id = w, identities[0].Issuer
	return &trusting{world: w, p: p, issuer: a, subject: identities[0].Subject, person: who.ID}
}

// assertion is an honest one, with changes.
func (w *trusting) assertion(changes ...any) string {
	return w.issuer.sign(append([]any{"sub", w.subject}, changes...)...)
}

func (w *trusting) bring(assertion string, pairs ...string) reply {
	w.t.Helper()
	return w.p.post("/oauth2/token", append([]string{"grant_type", bearerGrant, "assertion", assertion}, pairs...)...)
}

// RFC 7523 §2.1: an assertion about a person whose account is linked to the issuer is a token, and ends with the person.
func TestJWTBearer(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, url string) {
		w := newTrusting(t, url, "")
		r := w.bring(w.assertion())
		r.expect(t, 200, "")
		got := readJWT(t, r.text("access_token"))
		if got.text("sub") != w.person || got.text("client_id") != "reports" || r.text("scope") != "reports:read email" || r.body["refresh_token"] != nil || r.body["id_token"] != nil {
			t.Errorf("answer: %s", r.raw)
		}
		if got.claims["sid"] != nil || got.claims["auth_time"] != nil || got.claims["status"] == nil {
			t.Errorf("claims of a browser, or no status: %v", got.claims)
		}
		if !w.p.active(r.text("access_token")) {
			t.Error("the token is not active")
		}
		w.bring(w.assertion("aud", w.world.issuer+"/oauth2/token"), "scope", "email").expect(t, 200, "")
		w.bring(w.assertion(), "scope", "reports:write").expect(t, 400, "invalid_scope")
		w.bring(w.assertion(), "scope", "openid").expect(t, 400, "invalid_scope")
		w.bring(w.assertion(), "resource", "https://other.example").expect(t, 400, "invalid_target")
		w.p.post("/oauth2/revoke", "token", r.text("access_token")).expect(t, 200, "")
		if w.p.active(r.text("access_token")) {
			t.Error("revoking does nothing")
		}
		other := w.bring(w.assertion())
		w.must(w.stores.DB.Block(t.Context(), w.person, time.Now()))
		if w.p.active(other.text("access_token")) {
			t.Error("blocking does not reach the token")
		}
		w.bring(w.assertion()).expect(t, 400, "invalid_grant")
		w.must(w.stores.DB.Unblock(t.Context(), w.person))
		w.bring(w.assertion()).expect(t, 200, "")
		w.must(w.stores.DB.DeleteConsent(t.Context(), w.person, "reports", time.Now()))
		w.bring(w.assertion()).expect(t, 400, "invalid_grant")
	})
}

// RFC 7523 §3: each assertion is good once, on both nodes at once.
func TestJWTBearerReplay(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, url string) {
		w := newTrusting(t, url, "")
		onB := w.p.at(w.second())
		assertion, won := w.assertion(), atomic.Int32{}
		parallel(20, func(i int) {
			at := w.p
			if i%2 == 1 {
				at = onB
			}
			switch r := at.post("/oauth2/token", "grant_type", bearerGrant, "assertion", assertion); {
			case r.status == 200:
				won.Add(1)
			case r.text("error") != "invalid_grant":
				t.Errorf("%d %s", r.status, r.raw)
			}
		})
		if won.Load() != 1 {
			t.Errorf("%d tokens of one assertion", won.Load())
		}
	})
}

// RFC 7523 §3, RFC 8725: assertions that are none.
func TestJWTBearerRefusals(t *testing.T) {
	t.Parallel()
	w := newTrusting(t, storagetest.SQLite(t), "")
	now := time.Now().Unix()
	stranger := *w.issuer
	stranger.key = ecKey(t, elliptic.P256())
	own := w.p.tokens(newBrowser(t), "ada")
	hmac := *w.issuer
	hmac.alg, hmac.key = jose.HS256, []byte(jwksOf(t, ecKey(t, elliptic.P256())))
	for name, assertion := range map[string]string{
		"rubbish":                "x",
		"unsigned":               strings.Join(strings.Split(w.assertion(), ".")[:2], ".") + ".",
		"another key":            stranger.sign("sub", w.subject),
		"a shared secret":        hmac.sign("sub", w.subject),
		"another issuer":         w.assertion("iss", "https://evil.example"),
		"this server":            w.assertion("iss", w.world.issuer),
		"no issuer":              w.assertion("iss", nil),
		"no subject":             w.issuer.sign("sub", nil),
		"an empty subject":       w.assertion("sub", ""),
		"an unknown subject":     w.assertion("sub", "0000"),
		"an account id":          w.assertion("sub", w.person),
		"no audience":            w.assertion("aud", nil),
		"another audience":       w.assertion("aud", "https://other.example"),
		"one audience of two":    w.assertion("aud", []string{w.world.issuer, "https://other.example"}),
		"another endpoint":       w.assertion("aud", w.world.issuer+"/oauth2/introspect"),
		"the client's id":        w.assertion("aud", "reports"),
		"expired":                w.assertion("exp", now-1),
		"no expiry":              w.assertion("exp", nil),
		"a long life":            w.assertion("exp", now+600),
		"milliseconds":           w.assertion("exp", (now+60)*1000),
		"not yet":                w.assertion("nbf", now+120),
		"from the future":        w.assertion("iat", now+120),
		"no jti":                 w.assertion("jti", nil),
		"a long jti":             w.assertion("jti", strings.Repeat("j", 300)),
		"a client assertion":     w.issuer.signWith(map[jose.HeaderKey]any{"typ": "client-authentication+jwt"}, w.issuer.claims("sub", w.subject)),
		"an access token":        w.issuer.signWith(map[jose.HeaderKey]any{"typ": "at+jwt"}, w.issuer.claims("sub", w.subject)),
		"a key in the header":    w.issuer.signWith(map[jose.HeaderKey]any{"typ": "JWT", "jku": "https://evil.example"}, w.issuer.claims("sub", w.subject)),
		"a critical header":      w.issuer.signWith(map[jose.HeaderKey]any{"typ": "JWT", "crit": []string{"x"}, "x": 1}, w.issuer.claims("sub", w.subject)),
		"TK-09: an access token": own.text("access_token"),
		"TK-09: an ID token":     own.text("id_token"),
		"TK-09: refresh token":   own.text("refresh_token"),
	} {
		if r := w.bring(assertion); r.status != 400 || r.text("error") != "invalid_grant" {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
	w.bring("").expect(t, 400, "invalid_request")
	w.newPartner().post("/oauth2/token", "grant_type", bearerGrant, "assertion", w.assertion()).expect(t, 400, "unauthorized_client")
	unnamed := w.partner(`{"client_name":"Other","grant_types":["` + bearerGrant + `"],"scope":"reports:read"}`)
	unnamed.post("/oauth2/token", "grant_type", bearerGrant, "assertion", w.assertion()).expect(t, 400, "invalid_grant")
	// A mistake of the client's does not cost it the assertion.
	assertion := w.assertion("jti", rand.Text())
	w.bring(assertion, "scope", "reports:write").expect(t, 400, "invalid_scope")
	w.bring(assertion).expect(t, 200, "")
	w.bring(assertion).expect(t, 400, "invalid_grant")
}

// Without trusted issuers the grant type is not there; with one, its keys come from its address, and an outage of that is no "yes".
func TestJWTBearerKeys(t *testing.T) {
	t.Parallel()
	bare := embeddedWorld(t, "")
	if r := bare.newPartner().post("/oauth2/token", "grant_type", bearerGrant, "assertion", "x"); r.text("error") != "unsupported_grant_type" {
		t.Errorf("not configured: %d %s", r.status, r.raw)
	}
	if raw := bare.get("/.well-known/openid-configuration", "").raw; strings.Contains(raw, bearerGrant) || !strings.Contains(raw, deviceCodeGrant) || !strings.Contains(raw, exchangeGrant) {
		t.Errorf("discovery announces %s", raw)
	}
	a := &asserter{alg: jose.ES256, key: ecKey(t, elliptic.P256()), kid: "k1"}
	var asked atomic.Int32
	var down atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		if down.Load() {
			rw.WriteHeader(http.StatusInternalServerError)
			return
		}
		fmt.Fprint(rw, jwksOf(t, a.key.(crypto.Signer)))
	}))
	defer server.Close()
	down.Store(true)
	w := newTrusting(t, storagetest.SQLite(t), server.URL+"/jwks", a)
	w.bring(w.assertion()).expect(t, 400, "invalid_grant")
	down.Store(false)
	time.Sleep(5100 * time.Millisecond) // the pause after a failure
	for range 5 {
		w.bring(w.assertion()).expect(t, 200, "")
	}
	if asked.Load() != 2 {
		t.Errorf("the keys were asked for %d times", asked.Load())
	}
	if !strings.Contains(w.get("/.well-known/openid-configuration", "").raw, bearerGrant) {
		t.Error("discovery does not announce it")
	}
}
