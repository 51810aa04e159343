package app_test

import (
	"crypto"
	"crypto/elliptic"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// requester is a partner that signs its authorization requests, with go-jose.
type requester struct {
	*partner
	signer *asserter
}

// requester registers a partner whose only key is key. Members are added to its metadata: `"name":value`.
func (w *world) requester(alg jose.SignatureAlgorithm, key crypto.Signer, members ...string) *requester {
	w.t.Helper()
	members = append(members, `"jwks":`+jwksOf(w.t, key))
	p := w.partner(`{"client_name":"Signer","redirect_uris":["` + redirectURI + `"],` + strings.Join(members, ",") + `}`)
	return &requester{p, &asserter{w: w, id: p.id, alg: alg, key: key, kid: "k1"}}
}

// claims are those of an honest request object, with changes: name, value, …; a nil value takes one out.
func (r *requester) claims(changes ...any) map[string]any {
	now := time.Now().Unix()
	claims := map[string]any{"iss": r.id, "aud": r.w.issuer, "iat": now, "nbf": now, "exp": now + 300}
	for name, values := range r.form() {
		claims[name] = values[0]
	}
	for i := 0; i+1 < len(changes); i += 2 {
		claims[changes[i].(string)] = changes[i+1]
		if changes[i+1] == nil {
			delete(claims, changes[i].(string))
		}
	}
	return claims
}

// object returns a request object with the claims changed.
func (r *requester) object(changes ...any) string {
	r.w.t.Helper()
	return r.signer.signWith(map[jose.HeaderKey]any{"typ": "oauth-authz-req+jwt"}, r.claims(changes...))
}

// bring opens the authorization endpoint with a request object and nothing else but what is named.
func (r *requester) bring(b *browser, object string, pairs ...string) *page {
	r.w.t.Helper()
	return r.raw(b, merged(url.Values{"client_id": {r.id}, "request": {object}}, pairs...).Encode())
}

// deliver pushes a request object.
func (r *requester) deliver(object string, pairs ...string) reply {
	r.w.t.Helper()
	return r.post("/oauth2/par", append([]string{"request", object}, pairs...)...)
}

// RFC 9101 §4, §6: the parameters are those in the object, whatever stands beside it, for every algorithm that is announced (PR-05).
func TestRequestObject(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		announced := w.get("/.well-known/openid-configuration", "")
		if fmt.Sprint(announced.body["request_object_signing_alg_values_supported"]) != "[RS256 PS256 ES256 EdDSA]" || announced.body["request_parameter_supported"] != true || announced.body["request_uri_parameter_supported"] != false {
			t.Error(announced.raw)
		}
		rsa := rsaKey(t, 2048)
		for alg, key := range map[jose.SignatureAlgorithm]crypto.Signer{"RS256": rsa, "PS256": rsa, "ES256": ecKey(t, elliptic.P256()), "EdDSA": edKey(t)} {
			r := w.requester(alg, key, `"request_object_signing_alg":"`+string(alg)+`"`, `"require_signed_request_object":true`)
			b := newBrowser(t)
			pg := r.bring(b, r.object("state", "signed", "nonce", "signed"), "state", "evil", "nonce", "evil", "scope", "openid", "redirect_uri", "https://evil.example/cb", "response_type", "code", "prompt", "none", "code_challenge", "evil")
			pg = r.finish(t, pg, "ada")
			tokens := r.redeem(pg.expectCode(t))
			if tokens.expect(t, 200, ""); readJWT(t, tokens.text("id_token")).text("nonce") != "signed" || pg.came().Get("state") != "signed" {
				t.Errorf("%s: %v %s", alg, pg.came(), tokens.raw)
			}
			// RFC 9126 §3: pushed.
			pushed := r.deliver(r.object("state", "pushed", "aud", []string{"https://other.example", w.issuer}))
			if pushed.expect(t, 201, ""); r.take(b, pushed.text("request_uri")).came().Get("state") != "pushed" {
				t.Errorf("%s: pushed", alg)
			}
			// RFC 9101 §10.5: and nothing unsigned.
			r.ask(b).expectError(t, w.issuer, "invalid_request")
			r.push().expect(t, 400, "invalid_request")
		}
	})
}

// PR-05: a max_age of 0 in the object is a number, and forces a sign-in; a claims object stays one.
func TestRequestObjectTypes(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	r := w.requester("ES256", ecKey(t, elliptic.P256()))
	b := newBrowser(t)
	r.finish(t, r.bring(b, r.object("max_age", 3600, "claims", map[string]any{"userinfo": map[string]any{"name": nil}})), "ada").expectCode(t)
	r.bring(b, r.object()).expectCode(t)
	time.Sleep(1100 * time.Millisecond)
	r.bring(b, r.object("max_age", 0)).expectLogin(t)
	r.bring(b, r.object("max_age", -1)).expectError(t, w.issuer, "invalid_request")
	r.bring(b, r.object("prompt", []string{"none"})).expectError(t, w.issuer, "invalid_request")
	r.bring(b, r.object("scope", map[string]any{"a": 1})).expectError(t, w.issuer, "invalid_scope")
	r.bring(b, r.object("redirect_uri", []string{redirectURI})).expectLocalError(t)
	r.bring(b, r.object("client_id", []string{r.id})).expectLocalError(t)
}

// hostileObjects are request objects that are refused, whoever brings them, by name.
func hostileObjects(t *testing.T, w *world, r *requester, thief *requester) map[string]string {
	now := time.Now().Unix()
	typed := func(typ string) string {
		return r.signer.signWith(map[jose.HeaderKey]any{"typ": typ}, r.claims())
	}
	payload, err := json.Marshal(r.claims())
	w.must(err)
	parts := strings.Split(r.object(), ".")
	other := thief.signer.signWith(nil, r.claims())
	objects := map[string]string{
		"PR-04 alg none":                     encodeJWT(`{"alg":"none"}`, string(payload), nil),
		"PR-04 alg none with a kid":          encodeJWT(`{"alg":"none","kid":"k1"}`, string(payload), nil),
		"PR-04 unsigned":                     parts[0] + "." + parts[1] + ".",
		"PR-04 HS256 with the secret":        (&asserter{w: w, id: r.id, alg: jose.HS256, key: []byte(r.secret)}).signWith(nil, r.claims()),
		"PR-05 another client's key":         other,
		"PR-05 payload changed":              parts[0] + "." + strings.Split(r.object("state", "x"), ".")[1] + "." + parts[2],
		"PR-05 encrypted to nobody":          "eyJhbGciOiJSU0EtT0FFUC0yNTYiLCJlbmMiOiJBMjU2R0NNIn0.AAAA.AAAA.AAAA.AAAA",
		"PR-05 client_id of another":         r.object("client_id", thief.id),
		"PR-05 no client_id":                 r.object("client_id", nil),
		"PR-05 client_id number":             r.object("client_id", 1),
		"PR-05 no iss":                       r.object("iss", nil),
		"PR-05 iss of another":               r.object("iss", thief.id),
		"PR-05 iss is the server":            r.object("iss", w.issuer),
		"PR-05 no aud":                       r.object("aud", nil),
		"PR-05 aud of another server":        r.object("aud", "https://other.example"),
		"PR-05 aud with a slash":             r.object("aud", w.issuer+"/"),
		"PR-05 aud empty":                    r.object("aud", []string{}),
		"PR-05 aud number":                   r.object("aud", 1),
		"PR-05 no exp":                       r.object("exp", nil),
		"PR-05 expired":                      r.object("exp", now-1),
		"PR-05 exp text":                     r.object("exp", fmt.Sprint(now+60)),
		"PR-05 exp in milliseconds":          r.object("exp", (now+60)*1000),
		"PR-05 exp in 70 minutes":            r.object("exp", now+4200, "nbf", nil),
		"PR-05 exp 61 minutes after nbf":     r.object("exp", now+60, "nbf", now-3601),
		"PR-05 nbf of 61 minutes ago":        r.object("nbf", now-3660, "exp", now+5),
		"PR-05 nbf in a minute":              r.object("nbf", now+60),
		"PR-05 iat in a minute":              r.object("iat", now+60),
		"PR-06 another server's object":      r.object("aud", "https://as.example", "iss", r.id),
		"PR-06 a client assertion":           r.signer.sign(),
		"PR-06 with the sub of an assertion": r.object("sub", r.id),
		"PR-06 typ of an access token":       typed("at+jwt"),
		"PR-06 typ of a proof":               typed("dpop+jwt"),
		"PR-06 typ of an assertion":          typed("client-authentication+jwt"),
		"PR-06 typ of a log-out token":       typed("logout+jwt"),
		"RFC 9101 §4 request inside":         r.object("request", r.object()),
		"RFC 9101 §4 request_uri inside":     r.object("request_uri", "https://partner.example/r"),
		"RFC 9101 §4 pushed request inside":  r.object("request_uri", pushedPrefix+"x"),
		"JW-05 crit":                         r.signer.signWith(map[jose.HeaderKey]any{"crit": []string{"x"}, "x": 1}, r.claims()),
		"JW-04 jwk":                          embedded(t, thief, r.claims()),
		"JW-04 jku":                          r.signer.signWith(map[jose.HeaderKey]any{"jku": "https://evil.example/keys"}, r.claims()),
		"a member twice":                     r.signer.signRaw(nil, strings.Replace(string(payload), "{", `{"state":"x",`, 1)),
		"null":                               r.object("state", json.RawMessage("null")),
		"NUL":                                r.object("state", "a\x00b"),
		"no JWS":                             "x",
	}
	return objects
}

// embedded signs with the thief's key and puts that key into the header.
func embedded(t *testing.T, thief *requester, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: thief.signer.alg, Key: thief.signer.key}, &jose.SignerOptions{EmbedJWK: true})
	thief.w.must(err)
	payload, err := json.Marshal(claims)
	thief.w.must(err)
	jws, err := signer.Sign(payload)
	thief.w.must(err)
	compact, err := jws.CompactSerialize()
	thief.w.must(err)
	return compact
}

// PR-04, PR-05, PR-06: refused at both endpoints. The error goes to the client only where the address is proven, and never to what an unsigned
// object says.
func TestHostileRequestObjects(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	r := w.requester("ES256", ecKey(t, elliptic.P256()))
	thief := w.requester("ES256", ecKey(t, elliptic.P256()))
	b := newBrowser(t)
	r.finish(t, r.bring(b, r.object()), "ada").expectCode(t) // signed in and allowed: only the object is in the way
	for name, object := range hostileObjects(t, w, r, thief) {
		w.test(name, func(t *testing.T, _ *world) {
			r.deliver(object).expect(t, 400, "invalid_request_object")
			r.bring(b, object, "redirect_uri", redirectURI, "state", "s1", "response_type", "code", "scope", "openid").expectError(t, w.issuer, "invalid_request_object")
			r.bring(b, object, "redirect_uri", "https://evil.example/cb").came()
			pg := r.bring(b, object)
			if strings.HasPrefix(pg.location, "https://evil.example") || pg.came().Has("code") {
				t.Errorf("sent to %q", pg.location)
			}
		})
	}
	evil := r.claims("redirect_uri", "https://evil.example/cb")
	r.bring(b, thief.signer.signWith(nil, evil)).expectLocalError(t)
	r.bring(b, r.signer.signWith(nil, evil)).expectLocalError(t)
	r.bring(b, encodeJWT(`{"alg":"none"}`, `{"client_id":"`+r.id+`","redirect_uri":"`+redirectURI+`"}`, nil)).expectLocalError(t)
	// Signed, and no more: the client hears of it at the address that it has signed.
	r.bring(b, r.object("exp", 1)).expectError(t, w.issuer, "invalid_request_object")
	r.bring(b, r.object(), "response_type", "token").expectError(t, w.issuer, "invalid_request")
	// Another's object beside one's own client_id, and the other way around.
	thief.bring(b, r.object()).expectLocalError(t)
	thief.deliver(r.object()).expect(t, 400, "invalid_request_object")
}

// The conformance suite's note 34: a client without keys is told that request objects are nothing for it.
func TestRequestObjectWithoutKeys(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	r := w.requester("ES256", ecKey(t, elliptic.P256()))
	bare := &requester{w.newPartner(), r.signer}
	for _, object := range []string{encodeJWT(`{"alg":"none"}`, `{}`, nil), bare.object(), ""} {
		bare.ask(newBrowser(t), "request", object+"x").expectError(t, w.issuer, "request_not_supported")
		bare.deliver(object+"x").expect(t, 400, "request_not_supported")
	}
	// Registered for another algorithm.
	pinned := w.requester("ES256", ecKey(t, elliptic.P256()), `"request_object_signing_alg":"PS256"`)
	pinned.deliver(pinned.object()).expect(t, 400, "invalid_request_object")
}

// FAPI 2.0 Message Signing §5.3.1: a client of the profile needs nbf. Its clock may be some seconds ahead.
func TestRequestObjectOfTheProfile(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	r := w.requester("PS256", rsaKey(t, 2048), `"dpop_bound_access_tokens":true`, `"require_pushed_authorization_requests":true`, `"require_signed_request_object":true`)
	r.deliver(r.object()).expect(t, 201, "")
	r.deliver(r.object("nbf", nil)).expect(t, 400, "invalid_request_object")
	r.deliver(r.object("exp", nil)).expect(t, 400, "invalid_request_object")
	r.deliver(r.object("nbf", time.Now().Add(8*time.Second).Unix())).expect(t, 201, "")
	r.bring(newBrowser(t), r.object()).expectError(t, w.issuer, "invalid_request")
}

// RFC 9101 §5.2, OIDC Core §6.2: off unless the operator says otherwise; then only what is registered is fetched, with care.
func TestRequestObjectByReference(t *testing.T) {
	t.Parallel()
	t.Run("off", func(t *testing.T) {
		w := embeddedWorld(t, "")
		r := w.requester("ES256", ecKey(t, elliptic.P256()), `"request_uris":["https://partner.example/r"]`)
		r.ask(newBrowser(t), "request_uri", "https://partner.example/r").expectError(t, w.issuer, "request_uri_not_supported")
	})
	t.Run("on", func(t *testing.T) {
		w := embeddedWorld(t, "request_uri_parameter: true")
		var asked atomic.Int64
		answers := map[string]http.HandlerFunc{}
		host := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, rq *http.Request) {
			asked.Add(1)
			if rq.Header.Get("Cookie") != "" || rq.Header.Get("Authorization") != "" || rq.Header.Get("Referer") != "" {
				t.Errorf("SS-04: %v", rq.Header)
			}
			answers[rq.URL.Path](rw, rq)
		}))
		defer host.Close()
		uris := []string{}
		for _, path := range []string{"good", "long-lived", "moved", "large", "missing", "unsigned", "slow"} {
			uris = append(uris, `"`+host.URL+"/"+path+`"`)
		}
		r := w.requester("ES256", ecKey(t, elliptic.P256()), `"request_uris":[`+strings.Join(uris, ",")+`]`)
		say := func(text func() string) http.HandlerFunc {
			return func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, text()) }
		}
		answers["/good"] = say(func() string { return r.object("state", "s1") + "\n" })
		answers["/long-lived"] = say(func() string { return r.object("exp", nil, "nbf", nil, "iat", 1) })
		answers["/moved"] = func(rw http.ResponseWriter, rq *http.Request) {
			http.Redirect(rw, rq, host.URL+"/good", http.StatusFound)
		}
		answers["/large"] = say(func() string { return r.object() + strings.Repeat(" ", 64<<10) })
		answers["/missing"] = func(rw http.ResponseWriter, _ *http.Request) { http.Error(rw, r.object(), http.StatusNotFound) }
		answers["/unsigned"] = say(func() string { return encodeJWT(`{"alg":"none"}`, `{}`, nil) })
		answers["/slow"] = func(rw http.ResponseWriter, rq *http.Request) { <-rq.Context().Done() }
		if d := w.get("/.well-known/openid-configuration", ""); d.body["request_uri_parameter_supported"] != true || d.body["require_request_uri_registration"] != true {
			t.Error(d.raw)
		}
		b := newBrowser(t)
		r.finish(t, r.take(b, host.URL+"/good"), "ada").expectCode(t)
		r.take(b, host.URL+"/good#"+strings.Repeat("h", 43)).expectCode(t)
		r.take(b, host.URL+"/long-lived").expectCode(t)
		for path, code := range map[string]string{"moved": "invalid_request_uri", "large": "invalid_request_uri", "missing": "invalid_request_uri", "unsigned": "invalid_request_object", "slow": "invalid_request_uri"} {
			began := time.Now()
			r.ask(b, "request_uri", host.URL+"/"+path).expectError(t, w.issuer, code)
			if took := time.Since(began); took > 8*time.Second {
				t.Errorf("SS-03 %s: %v", path, took)
			}
		}
		before := asked.Load()
		for _, uri := range []string{host.URL, host.URL + "/", host.URL + "/other", host.URL + "/good?x=1", host.URL + "/good/", "http://evil@" + strings.TrimPrefix(host.URL, "http://") + "/good", "file:///etc/passwd"} {
			r.ask(b, "request_uri", uri).expectError(t, w.issuer, "invalid_request_uri")
		}
		r.post("/oauth2/par", "request_uri", host.URL+"/good").expect(t, 400, "invalid_request")
		if n := asked.Load(); n != before {
			t.Errorf("PR-02: %d fetches of what is not registered", n-before)
		}
	})
}
