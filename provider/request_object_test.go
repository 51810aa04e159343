package provider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/symbolon-id/symbolon/clients"
)

// compact writes a JWS whose signature is none.
func compact(header, payload string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(header)) + "." + encode([]byte(payload)) + "." + encode(make([]byte, 64))
}

// PR-05: numbers and objects keep their type, and what can be no parameter is refused.
func TestRequestObjectParameters(t *testing.T) {
	for payload, want := range map[string]url.Values{
		`{"iss":"c","aud":"a","exp":1,"nbf":1,"iat":1,"jti":"j","sub":"s"}`:                  {},
		`{"max_age":3600,"state":"s\u00e9","x":""}`:                                          {"max_age": {"3600"}, "state": {"sé"}, "x": {""}},
		`{"max_age":0,"big":123456789012345678901234567890,"f":1.50,"e":1e3}`:                {"max_age": {"0"}, "big": {"123456789012345678901234567890"}, "f": {"1.50"}, "e": {"1e3"}},
		`{"claims": {"userinfo": {"a": null, "b": {"essential": true}}}, "yes": true}`:       {"claims": {`{"userinfo":{"a":null,"b":{"essential":true}}}`}, "yes": {"true"}},
		`{"resource":["https://a.example","https://b.example"],"authorization_details":[1]}`: {"resource": {"https://a.example", "https://b.example"}, "authorization_details": {"[1]"}},
		`{"resource":"https://a.example","scope":["openid"],"response_type":{"a":1}}`:        {"resource": {"https://a.example"}, "scope": {`["openid"]`}, "response_type": {`{"a":1}`}},
		`{"ISS":"c","Client_ID":"c"}`:                                                        {"ISS": {"c"}, "Client_ID": {"c"}},
	} {
		o, err := parseRequestObject(compact(`{"alg":"ES256"}`, payload))
		if err != nil {
			t.Errorf("%s: %v", payload, err)
			continue
		}
		if d := cmp.Diff(want, o.parameters); d != "" {
			t.Errorf("%s (-want +got):\n%s", payload, d)
		}
	}
	for _, payload := range []string{
		``, `null`, `[]`, `"x"`, `1`, `{`, `{}{}`, `{"a":1,"a":1}`, `{"client_id":"a","client_id":"b"}`, `{"state":null}`, `{"state":"\u0000"}`, `{"\u0000":"x"}`,
		"{\"state\":\"\xff\"}", "{\"\xff\":\"x\"}", `{"resource":[1]}`, `{"resource":[["a"]]}`, `{"resource":["\u0000"]}`, `{"exp":"1"}`, `{"exp":1e999}`, `{"exp":{}}`, `{"iss":1}`,
		`{"iss":["c"]}`, `{"aud":1}`, `{"aud":[1]}`, `{"aud":{}}`, `{"sub":1}`, `{"nbf":"now"}`, `{"claims":{"a":1}`,
		`{"m":1` + manyMembers(100) + `}`, strings.Repeat(`[`, 5000),
	} {
		if o, err := parseRequestObject(compact(`{"alg":"ES256"}`, payload)); err == nil {
			t.Errorf("%.80s is a request object: %v", payload, o.parameters)
		}
	}
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"m%d":1`, i)
	}
	return b.String()
}

// PR-04, PR-06, JW-01, JW-05: what cannot be a signed request object never gets to its signature.
func TestRequestObjectHeaders(t *testing.T) {
	for _, header := range []string{
		`{"alg":"ES256"}`, `{"alg":"EdDSA","kid":"k"}`, `{"alg":"RS256","typ":"JWT"}`, `{"alg":"PS256","typ":"oauth-authz-req+jwt"}`,
		`{"alg":"ES256","typ":"application/oauth-authz-req+jwt"}`, `{"alg":"ES256","typ":"OAUTH-AUTHZ-REQ+JWT"}`,
	} {
		if _, err := parseRequestObject(compact(header, `{}`)); err != nil {
			t.Errorf("%s: %v", header, err)
		}
	}
	for _, header := range []string{
		``, `{}`, `null`, `{"alg":"none"}`, `{"alg":"None"}`, `{"alg":""}`, `{"alg":"HS256"}`, `{"alg":"ES384"}`, `{"alg":"RS512"}`, `{"alg":"dir"}`, `{"alg":1}`,
		`{"alg":"ES256","alg":"ES256"}`, `{"alg":"ES256","crit":["x"],"x":1}`, `{"alg":"ES256","b64":false}`, `{"alg":"ES256","jwk":{}}`, `{"alg":"ES256","jku":"https://a.example"}`,
		`{"alg":"ES256","x5u":"https://a.example"}`, `{"alg":"ES256","typ":"at+jwt"}`, `{"alg":"ES256","typ":"dpop+jwt"}`, `{"alg":"ES256","typ":"client-authentication+jwt"}`,
		`{"alg":"ES256","typ":"logout+jwt"}`, `{"alg":"ES256","typ":"token-introspection+jwt"}`, `{"alg":"ES256","typ":"x/jwt"}`, `{"alg":"ES256","typ":1}`,
	} {
		if _, err := parseRequestObject(compact(header, `{}`)); err == nil {
			t.Errorf("%s is the header of a request object", header)
		}
	}
	good := compact(`{"alg":"ES256"}`, `{}`)
	for name, text := range map[string]string{
		"empty": "", "dots": "..", "two parts": "e30.e30", "unsigned": strings.Join(strings.Split(good, ".")[:2], ".") + ".", "JWE": good + ".x.x", "padded": good + "==", "line break": good + "\n",
		"JSON": `{"payload":"e30","signatures":[]}`, "standard alphabet": strings.Replace(good, "AAAA", "++++", 1), "65 KiB": compact(`{"alg":"ES256"}`, `{"x":"`+strings.Repeat("x", 65<<10)+`"}`),
	} {
		if _, err := parseRequestObject(text); err == nil {
			t.Errorf("%s is a request object", name)
		}
	}
}

// PR-02: an address is compared character by character; only a fragment may be added.
func TestRequestURIRegistered(t *testing.T) {
	c := &clients.Client{Metadata: clients.Metadata{RequestURIs: []string{"https://a.example/r", "https://a.example/h#hash"}}}
	for uri, want := range map[string]bool{
		"https://a.example/r": true, "https://a.example/r#x": true, "https://a.example/h#hash": true,
		"https://a.example/h": false, "https://a.example/h#other": false, "https://a.example/r/": false, "https://a.example/r?x": false, "https://A.example/r": false,
		"https://a.example:443/r": false, "http://a.example/r": false, "https://a.example/r2": false, "https://a.example@evil.example/r": false, "": false, "#": false,
	} {
		if got := requestURIRegistered(c, uri); got != want {
			t.Errorf("%q: %v", uri, got)
		}
	}
}

// FuzzRequestObject: whatever is sent, parsing ends, and what comes out is what a form could have: texts without NUL, and none of the claims about the
// object itself.
func FuzzRequestObject(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
	if err != nil {
		f.Fatal(err)
	}
	jws, err := signer.Sign([]byte(`{"iss":"c","aud":["a"],"exp":1,"client_id":"c","max_age":0,"claims":{}}`))
	if err != nil {
		f.Fatal(err)
	}
	whole, err := jws.CompactSerialize()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(compact(`{"alg":"none"}`, `{}`))
	f.Add(compact(`{"alg":"ES256","typ":"jwt"}`, `{"resource":["a"],"x":[{"y":null}],"exp":1.5}`))
	f.Add("a.b.c.d.e")
	f.Fuzz(func(t *testing.T, text string) {
		for _, text := range []string{text, compact(`{"alg":"ES256"}`, text)} {
			o, err := parseRequestObject(text)
			if err != nil {
				continue
			}
			if o.parameters.Has("iss") || o.parameters.Has("exp") || o.parameters.Has("aud") {
				t.Errorf("a claim is a parameter: %v", o.parameters)
			}
			form, err := url.ParseQuery(o.parameters.Encode())
			if err != nil {
				t.Fatal(err)
			}
			for name, values := range o.parameters {
				if len(values) > 0 && !cmp.Equal(form[name], values) || !isParameterText(append(values, name)) {
					t.Errorf("%q: %q is kept as %q", name, values, form[name])
				}
			}
		}
	})
}
