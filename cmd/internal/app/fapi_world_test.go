package app_test

import (
	"crypto"
	"crypto/elliptic"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// fapiPrefix begins the name of every module of the certification suite for FAPI 2.0.
const fapiPrefix = "fapi2-security-profile-final-"

// fapiProxy lets a test show a client's certificate in a header, as a proxy does.
const fapiProxy = "trusted_proxies: [127.0.0.0/8, \"::1/128\"]\nclient_certificates: { header: Client-Cert }"

// fapiWay is what one run of the suite varies.
type fapiWay struct {
	certAuth bool // the client authenticates by mutual TLS, otherwise by private_key_jwt
	certTie  bool // its tokens are bound to its certificate, otherwise to a DPoP key
	signed   bool // its requests are signed
	jarm     bool // its answers are
}

// fapi is a run: the server, and two clients that are held to the profile, with a person's browser.
type fapi struct {
	*world
	way           fapiWay
	first, second *fapiClient
	browser       *browser
}

// fapiClient is a client of the profile.
type fapiClient struct {
	*requester
	way    fapiWay
	prover *prover   // of its DPoP key
	cert   *identity // nil where the run needs none
}

// fapiModule is a module of the suite. It holds for the ways that only names, or for all.
type fapiModule struct {
	id   string
	only func(fapiWay) bool
	run  func(f *fapi)
}

func onlyDPoP(w fapiWay) bool      { return !w.certTie }
func onlyAssertion(w fapiWay) bool { return !w.certAuth }
func onlySigned(w fapiWay) bool    { return w.signed }

// onlySignedByRSA: a client that authenticates by its certificate signs with the certificate's EC key.
func onlySignedByRSA(w fapiWay) bool { return w.signed && !w.certAuth }

// newFAPI registers the clients of a run. The first has an RSA key, where it has a key of its own.
func newFAPI(t *testing.T, w *world, way fapiWay, rsa crypto.Signer) *fapi {
	own := *w
	own.t = t
	f := &fapi{world: &own, way: way, browser: newBrowser(t)}
	f.first = f.client(jose.PS256, rsa)
	f.second = f.client(jose.ES256, ecKey(t, elliptic.P256()))
	return f
}

func (f *fapi) client(alg jose.SignatureAlgorithm, key crypto.Signer) *fapiClient {
	c := &fapiClient{way: f.way, prover: f.prover()}
	method, jwks := "private_key_jwt", jwksOf(f.t, key)
	if f.way.certAuth || f.way.certTie {
		c.cert = newIdentity(f.t, nil, nil)
	}
	if f.way.certAuth {
		method, jwks, alg, key = "self_signed_tls_client_auth", c.cert.jwks(f.t), jose.ES256, c.cert.key
	}
	bound := "dpop_bound_access_tokens"
	if f.way.certTie {
		bound = "tls_client_certificate_bound_access_tokens"
	}
	metadata, err := json.Marshal(map[string]any{
		"client_name": "Bank", "redirect_uris": []string{redirectURI}, "grant_types": []string{"authorization_code", "refresh_token"},
		"token_endpoint_auth_method": method, "jwks": json.RawMessage(jwks), bound: true, "require_pushed_authorization_requests": true,
		"require_signed_request_object": f.way.signed, "id_token_signed_response_alg": "PS256", "authorization_signed_response_alg": "PS256",
		"introspection_signed_response_alg": "PS256",
	})
	f.must(err)
	p := f.partner(string(metadata))
	c.requester = &requester{p, &asserter{w: f.world, id: p.id, alg: alg, key: key, kid: "k1"}}
	return c
}

// all runs the modules, each with a copy of the run that reports to its own test.
func (f *fapi) all(modules ...fapiModule) {
	for _, m := range modules {
		if m.only != nil && !m.only(f.way) {
			continue
		}
		f.world.test(fapiPrefix+m.id, func(t *testing.T, w *world) {
			own, b := *f, *f.browser
			b.t = t
			own.world, own.browser, own.first, own.second = w, &b, f.first.in(w), f.second.in(w)
			m.run(&own)
		})
	}
}

// in is the client in another world.
func (c *fapiClient) in(w *world) *fapiClient {
	own, p, s, v := *c, *c.partner, *c.signer, *c.prover
	p.w, s.w, v.w = w, w, w
	own.requester, own.prover = &requester{&p, &s}, &v
	return &own
}

// request makes a request with the client's certificate, if it has one, and DPoP headers.
func (c *fapiClient) request(method, path string, form url.Values, proofs []string) *http.Request {
	c.w.t.Helper()
	r, err := http.NewRequest(method, c.w.issuer+path, strings.NewReader(form.Encode()))
	c.w.must(err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if c.cert != nil {
		r.Header.Set("Client-Cert", c.cert.header())
	}
	r.Header["Dpop"] = proofs
	return r
}

// authenticated returns form with what proves the client, where its certificate does not.
func (c *fapiClient) authenticated(form url.Values) url.Values {
	if c.way.certAuth {
		return merged(form, "client_id", c.id)
	}
	return asserted(form, c.signer.sign())
}

// send posts a form as the client.
func (c *fapiClient) send(path string, form url.Values, proofs ...string) reply {
	c.w.t.Helper()
	return c.w.send(c.request("POST", path, c.authenticated(form), proofs))
}

// asks returns the form of a pushed authorization request, changed as post changes one. Where the run signs requests, it is in a request object.
func (c *fapiClient) asks(overrides ...string) url.Values {
	if c.way.jarm {
		overrides = append([]string{"response_mode", "jwt"}, overrides...)
	}
	form := c.form(overrides...)
	if !c.way.signed {
		return form
	}
	changes := []any{}
	for name := range c.form() {
		if !form.Has(name) {
			changes = append(changes, name, nil)
		}
	}
	for name, values := range form {
		changes = append(changes, name, values[0])
	}
	return url.Values{"request": {c.object(changes...)}}
}

// pushes is send for an authorization request that must be taken.
func (c *fapiClient) pushes(overrides ...string) string {
	c.w.t.Helper()
	r := c.send("/oauth2/par", c.asks(overrides...))
	r.expect(c.w.t, http.StatusCreated, "")
	return r.text("request_uri")
}

// answer takes the person from a request_uri to the client and returns what came back, out of its JWT where the run signs answers.
func (f *fapi) answer(c *fapiClient, uri string, more ...string) url.Values {
	f.t.Helper()
	return c.opened(c.finish(f.t, c.take(f.browser, uri, more...), "ada"))
}

// opened returns the parameters of an authorization response. JARM §2.1: those in a JWT, which says who made it for whom.
func (c *fapiClient) opened(pg *page) url.Values {
	c.w.t.Helper()
	came := pg.came()
	if !came.Has("response") {
		return came
	}
	var claims map[string]any
	c.w.must(json.Unmarshal(c.w.verified(came.Get("response")), &claims))
	j := readJWT(c.w.t, came.Get("response"))
	if claims["aud"] != c.id || j.header["alg"] != "PS256" || len(came) != 1 {
		c.w.t.Errorf("the signed answer: %v %v, beside it %v", j.header, claims, came)
	}
	c.w.soon(j, 600)
	values := url.Values{}
	for name, value := range claims {
		if text, ok := value.(string); ok && name != "aud" {
			values.Set(name, text)
		}
	}
	return values
}

// soon fails unless the token ends within so many seconds.
func (w *world) soon(j jwt, seconds int64) {
	w.t.Helper()
	if left := j.seconds(w.t, "exp") - time.Now().Unix(); left <= 0 || left > seconds {
		w.t.Errorf("exp is in %d s", left)
	}
}

// code signs the person in and returns the code.
func (f *fapi) code(c *fapiClient, overrides ...string) string {
	f.t.Helper()
	q := f.answer(c, c.pushes(overrides...))
	if q.Get("code") == "" {
		f.t.Fatalf("no code: %v", q)
	}
	return q.Get("code")
}

// proofs are the DPoP headers of a request to the token endpoint, where the run binds tokens to keys.
func (c *fapiClient) proofs() []string {
	if c.way.certTie {
		return nil
	}
	return []string{c.prover.proof(nil, nil)}
}

// redeems exchanges a code.
func (c *fapiClient) redeems(code string, pairs ...string) reply {
	c.w.t.Helper()
	return c.send("/oauth2/token", merged(codeForm(code), pairs...), c.proofs()...)
}

// refreshes uses a refresh token.
func (c *fapiClient) refreshes(token string) reply {
	c.w.t.Helper()
	return c.send("/oauth2/token", refreshForm(token), c.proofs()...)
}

// tokens signs the person in and redeems the code.
func (f *fapi) tokens(c *fapiClient, overrides ...string) reply {
	f.t.Helper()
	r := c.redeems(f.code(c, overrides...))
	r.expect(f.t, http.StatusOK, "")
	return r
}

// scheme is how the client presents its access tokens.
func (c *fapiClient) scheme() string {
	if c.way.certTie {
		return "Bearer"
	}
	return "DPoP"
}

// resource asks userinfo with an access token, and with the proofs, or a right one where none are given.
func (c *fapiClient) resource(scheme, token string, proofs ...string) reply {
	c.w.t.Helper()
	if len(proofs) == 0 && !c.way.certTie {
		proofs = []string{c.prover.at("GET", "/oauth2/userinfo", token)}
	}
	r := c.request("GET", "/oauth2/userinfo", nil, proofs)
	r.Header.Set("Authorization", scheme+" "+token)
	return c.w.send(r)
}
