package app_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// identity is a certificate with its key.
type identity struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newIdentity makes a certificate that issuer has signed, or itself where issuer is nil.
func newIdentity(t *testing.T, issuer *identity, change func(*x509.Certificate)) *identity {
	t.Helper()
	key := ecKey(t, elliptic.P256())
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "client", Organization: []string{"Example, Inc."}, Country: []string{"KR"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if change != nil {
		change(template)
	}
	signer := &identity{template, key}
	if issuer != nil {
		signer = issuer
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer.cert, key.Public(), signer.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &identity{cert, key}
}

// newAuthority makes a certificate authority.
func newAuthority(t *testing.T, issuer *identity) *identity {
	return newIdentity(t, issuer, func(c *x509.Certificate) {
		c.Subject, c.IsCA, c.BasicConstraintsValid, c.KeyUsage, c.ExtKeyUsage = pkix.Name{CommonName: "authority"}, true, true, x509.KeyUsageCertSign, nil
	})
}

// writePEM writes the certificate to a file.
func (i *identity) writePEM(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.cert.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// header is the certificate as a proxy forwards it (RFC 9440 §2.1).
func (i *identity) header() string { return ":" + base64.StdEncoding.EncodeToString(i.cert.Raw) + ":" }

func (i *identity) thumbprint() string {
	sum := sha256.Sum256(i.cert.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// jwks is a key set that has the certificate beside its key.
func (i *identity) jwks(t *testing.T) string {
	t.Helper()
	raw, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: "k1", Certificates: []*x509.Certificate{i.cert}}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// forwarded sends a form, or asks with a bearer token, as a proxy does for a client with a certificate.
func (w *world) forwarded(path string, form url.Values, bearer string, header http.Header) reply {
	w.t.Helper()
	r, err := http.NewRequest("POST", w.issuer+path, strings.NewReader(form.Encode()))
	w.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, values := range header {
		r.Header[name] = values
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	return w.send(r)
}

func certHeader(leaf string, chain ...string) http.Header {
	h := http.Header{"Client-Cert": {leaf}}
	if len(chain) > 0 {
		h.Set("Client-Cert-Chain", strings.Join(chain, ", "))
	}
	return h
}

const mtlsMachine = `{"client_name":"Certified","grant_types":["client_credentials"],"scope":"reports:read",`

// RFC 8705 §2.1: a certificate of a known authority with the registered subject, forwarded by a trusted proxy; and all the others.
func TestTLSClientAuthBehindProxy(t *testing.T) {
	t.Parallel()
	authority := newAuthority(t, nil)
	extra := "trusted_proxies: [127.0.0.0/8, \"::1/128\"]\nclient_certificates: { header: Client-Cert, ca_file: " + authority.writePEM(t) + " }"
	bothWith(t, extra, func(t *testing.T, w *world) {
		intermediate := newAuthority(t, authority)
		spiffe, err := url.Parse("spiffe://example.org/app")
		w.must(err)
		good := newIdentity(t, authority, func(c *x509.Certificate) {
			c.DNSNames, c.EmailAddresses, c.IPAddresses, c.URIs = []string{"app.example.org"}, []string{"app@example.org"}, []net.IP{net.IPv4(192, 0, 2, 7)}, []*url.URL{spiffe}
		})
		behind := newIdentity(t, intermediate, nil)
		stranger := newIdentity(t, newAuthority(t, nil), nil)
		alone := newIdentity(t, nil, nil)
		expired := newIdentity(t, authority, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
		server := newIdentity(t, authority, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
		other := newIdentity(t, authority, func(c *x509.Certificate) { c.Subject.CommonName = "another" })
		more := newIdentity(t, authority, func(c *x509.Certificate) { c.Subject.OrganizationalUnit = []string{"x"} })
		for name, member := range map[string]string{
			"subject": `"tls_client_auth_subject_dn":"CN=client,O=Example\\, Inc.,C=KR"`, "subject, spaced": `"tls_client_auth_subject_dn":"cn = client, o=Example\\2C Inc., 2.5.4.6=KR"`, "DNS": `"tls_client_auth_san_dns":"APP.example.org"`,
			"URI": `"tls_client_auth_san_uri":"spiffe://example.org/app"`, "IP": `"tls_client_auth_san_ip":"192.0.2.7"`, "mail": `"tls_client_auth_san_email":"app@example.org"`,
		} {
			id, _ := w.client(mtlsMachine + `"token_endpoint_auth_method":"tls_client_auth",` + member + `}`)
			for path, form := range authenticated() {
				form = merged(form, "client_id", id)
				if r := w.forwarded(path, form, "", certHeader(good.header())); r.status != 200 {
					t.Errorf("%s: %s: %d %s", path, name, r.status, r.raw)
				}
				refused := map[string]http.Header{
					"another name": certHeader(other.header()), "no certificate": {}, "an unknown authority": certHeader(stranger.header()), "self-signed": certHeader(alone.header()), "expired": certHeader(expired.header()), "a server's": certHeader(server.header()),
					"a chain without its middle": certHeader(behind.header()), "two headers": {"Client-Cert": {good.header(), good.header()}}, "two in one": certHeader(good.header() + ", " + good.header()), "PEM": certHeader(url.QueryEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: good.cert.Raw})))),
					"no colons": certHeader(strings.Trim(good.header(), ":")), "cut": certHeader(good.header()[:200] + ":"), "the authority itself": certHeader(authority.header()), "another header": {"X-Client-Cert": {good.header()}}, "a broken chain": certHeader(good.header(), "x"),
					"empty": certHeader(""), "a colon": certHeader(":"), "two colons": certHeader("::"), "a longer name": certHeader(more.header()),
				}
				for what, header := range refused {
					r := w.forwarded(path, form, "", header)
					if r.status != 401 || r.text("error") != "invalid_client" {
						t.Errorf("%s: %s: %s: %d %s", path, name, what, r.status, r.raw)
					}
				}
				if r := w.forwarded(path, form, "", certHeader(behind.header(), intermediate.header())); (r.status == 200) != strings.HasPrefix(name, "subject") {
					t.Errorf("%s: %s: with its chain: %d %s", path, name, r.status, r.raw)
				}
				w.forwarded(path, merged(form, "client_secret", "x"), "", certHeader(good.header())).expect(t, 401, "invalid_client") // CA-01
			}
		}
		// A certificate does for no other client.
		basic, keyed := w.machine("client_secret_basic"), w.asserter(jose.ES256, good.key)
		for _, id := range []string{basic.id, keyed.id, "nobody"} {
			w.forwarded("/oauth2/introspect", url.Values{"token": {"x"}, "client_id": {id}}, "", certHeader(good.header())).expect(t, 401, "invalid_client")
		}
		list, _ := w.get("/.well-known/openid-configuration", "").body["token_endpoint_auth_methods_supported"].([]any)
		if !slices.Contains(list, any("tls_client_auth")) || !slices.Contains(list, any("self_signed_tls_client_auth")) {
			t.Errorf("methods %v", list)
		}
	})
}

// RFC 8705 §2.2: the very certificate that stands in the client's keys.
func TestSelfSignedTLSClientAuth(t *testing.T) {
	t.Parallel()
	bothWith(t, "trusted_proxies: [127.0.0.0/8, \"::1/128\"]\nclient_certificates: { header: Client-Cert }", func(t *testing.T, w *world) {
		good := newIdentity(t, nil, nil)
		old := newIdentity(t, nil, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
		same := newIdentity(t, &identity{good.cert, good.key}, nil) // the same name, another key
		byHash := `{"keys":[{"kty":"EC","crv":"P-256","x":"` + point(good.key.X) + `","y":"` + point(good.key.Y) + `","x5t#S256":"` + good.thumbprint() + `"}]}`
		bare := `{"keys":[{"kty":"EC","crv":"P-256","x":"` + point(good.key.X) + `","y":"` + point(good.key.Y) + `"}]}`
		for name, test := range map[string]struct {
			jwks string
			who  *identity
			want int
		}{
			"x5c": {good.jwks(t), good, 200}, "x5t#S256": {byHash, good, 200}, "no certificate registered": {bare, good, 401}, "another certificate": {good.jwks(t), same, 401}, "expired": {old.jwks(t), old, 401},
		} {
			id, _ := w.client(mtlsMachine + `"token_endpoint_auth_method":"self_signed_tls_client_auth","jwks":` + test.jwks + `}`)
			for path, form := range authenticated() {
				form = merged(form, "client_id", id)
				if r := w.forwarded(path, form, "", certHeader(test.who.header())); r.status != test.want {
					t.Errorf("%s: %s: %d %s", path, name, r.status, r.raw)
				}
				w.forwarded(path, form, "", nil).expect(t, 401, "invalid_client")
			}
		}
		// Without authorities the other method is not offered, and no certificate passes for it.
		id, _ := w.client(mtlsMachine + `"token_endpoint_auth_method":"tls_client_auth","tls_client_auth_subject_dn":"CN=client,O=Example\\, Inc.,C=KR"}`)
		w.forwarded("/oauth2/introspect", url.Values{"token": {"x"}, "client_id": {id}}, "", certHeader(good.header())).expect(t, 401, "invalid_client")
		metadata := w.get("/.well-known/openid-configuration", "").body
		list, _ := metadata["token_endpoint_auth_methods_supported"].([]any)
		if slices.Contains(list, any("tls_client_auth")) || metadata["tls_client_certificate_bound_access_tokens"] != true {
			t.Errorf("metadata %v", metadata)
		}
	})
}

func point(n *big.Int) string {
	return base64.RawURLEncoding.EncodeToString(n.FillBytes(make([]byte, 32)))
}

// A header is worth nothing from whoever is no trusted proxy, and where none is configured.
func TestClientCertHeaderIsNotBelieved(t *testing.T) {
	t.Parallel()
	good := newIdentity(t, nil, nil)
	for name, extra := range map[string]string{
		"another proxy is trusted": "trusted_proxies: [203.0.113.9/32]\nclient_certificates: { header: Client-Cert }",
		"no header is configured":  "trusted_proxies: [127.0.0.0/8, \"::1/128\"]",
		"nothing is configured":    "",
	} {
		t.Run(name, func(t *testing.T) {
			w := embeddedWorld(t, extra)
			id, _ := w.client(mtlsMachine + `"token_endpoint_auth_method":"self_signed_tls_client_auth","jwks":` + good.jwks(t) + `}`)
			header := certHeader(good.header())
			header.Set("X-Forwarded-For", "203.0.113.9")
			for path, form := range authenticated() {
				w.forwarded(path, merged(form, "client_id", id), "", header).expect(t, 401, "invalid_client")
			}
			_, announced := w.get("/.well-known/openid-configuration", "").body["tls_client_certificate_bound_access_tokens"]
			if announced != strings.Contains(extra, "header") {
				t.Errorf("announced: %v", announced)
			}
		})
	}
}

// RFC 8705 §3: tokens that are bound to a certificate are issued with it, say so, and open userinfo with it only.
func TestCertificateBoundAccessTokens(t *testing.T) {
	t.Parallel()
	bothWith(t, "trusted_proxies: [127.0.0.0/8, \"::1/128\"]\nclient_certificates: { header: Client-Cert }", func(t *testing.T, w *world) {
		own, stolen := newIdentity(t, nil, nil), newIdentity(t, nil, nil)
		p := w.partner(`{"client_name":"Bound","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"client_secret_post","tls_client_certificate_bound_access_tokens":true}`)
		redeem := url.Values{"grant_type": {"authorization_code"}, "code": {p.code(newBrowser(t), "ada")}, "redirect_uri": {redirectURI}, "code_verifier": {testVerifier}, "client_id": {p.id}, "client_secret": {p.secret}}
		w.forwarded("/oauth2/token", redeem, "", nil).expect(t, 400, "invalid_request") // and the code is not spent
		r := w.forwarded("/oauth2/token", redeem, "", certHeader(own.header()))
		r.expect(t, 200, "")
		token := r.text("access_token")
		cnf, _ := readJWT(t, token).claims["cnf"].(map[string]any)
		if r.text("token_type") != "Bearer" || len(cnf) != 1 || cnf["x5t#S256"] != own.thumbprint() {
			t.Errorf("token_type %s, cnf %v", r.text("token_type"), cnf)
		}
		if a := w.forwarded("/oauth2/userinfo", nil, token, certHeader(own.header())); a.status != 200 {
			t.Errorf("userinfo: %d %s", a.status, a.raw)
		}
		for name, header := range map[string]http.Header{"without it": nil, "with another": certHeader(stolen.header()), "with a broken one": certHeader(own.header()[:300] + ":")} {
			a := w.forwarded("/oauth2/userinfo", nil, token, header)
			if a.status != 401 || a.text("error") != "invalid_token" || !strings.Contains(a.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
				t.Errorf("userinfo %s: %d %s %q", name, a.status, a.raw, a.header.Get("WWW-Authenticate"))
			}
		}
		a := w.forwarded("/oauth2/introspect", url.Values{"token": {token}, "client_id": {p.id}, "client_secret": {p.secret}}, "", nil)
		if seen, _ := a.body["cnf"].(map[string]any); a.body["active"] != true || seen["x5t#S256"] != own.thumbprint() || a.text("token_type") != "Bearer" {
			t.Errorf("introspection: %s", a.raw)
		}
		refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.text("refresh_token")}, "client_id": {p.id}, "client_secret": {p.secret}}
		w.forwarded("/oauth2/token", refresh, "", nil).expect(t, 400, "invalid_request")
		r = w.forwarded("/oauth2/token", refresh, "", certHeader(stolen.header())) // RFC 8705 §3: a confidential client may change its certificate
		r.expect(t, 200, "")
		if cnf, _ := readJWT(t, r.text("access_token")).claims["cnf"].(map[string]any); cnf["x5t#S256"] != stolen.thumbprint() {
			t.Errorf("refreshed: cnf %v", cnf)
		}
	})
}

// tlsWorld is a world whose node speaks TLS by itself; the client trusts it and shows the certificates of who.
func tlsWorld(t *testing.T, extra string) (w *world, as func(who ...*identity) *http.Client) {
	t.Helper()
	dir := t.TempDir()
	pool := selfSigned(t, dir)
	w = &world{t: t, log: &logBuffer{}, google: upstreamtest.NewGoogle(upstreamtest.Options{}), facebook: upstreamtest.NewFacebook(upstreamtest.Options{})}
	listener := w.listen()
	w.issuer = "https://localhost:" + port(listener)
	w.writeConfig(storagetest.SQLite(t), "tls: { cert_file: "+filepath.Join(dir, "tls.crt")+", key_file: "+filepath.Join(dir, "tls.key")+" }\n"+extra)
	w.run(listener)
	w.open()
	return w, func(who ...*identity) *http.Client {
		config := &tls.Config{RootCAs: pool}
		if len(who) > 0 {
			shown := tls.Certificate{PrivateKey: who[0].key}
			for _, i := range who {
				shown.Certificate = append(shown.Certificate, i.cert.Raw)
			}
			config.Certificates = []tls.Certificate{shown}
		}
		return &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}, Timeout: 10 * time.Second}
	}
}

// RFC 8705 §2, §3 on our own listener: the certificate comes from the handshake, and a header is not believed.
func TestMutualTLSOnOwnListener(t *testing.T) {
	t.Parallel()
	authority := newAuthority(t, nil)
	w, as := tlsWorld(t, "client_certificates: { ca_file: "+authority.writePEM(t)+" }")
	intermediate := newAuthority(t, authority)
	issued, alone := newIdentity(t, intermediate, nil), newIdentity(t, nil, nil)
	ca, _ := w.client(mtlsMachine + `"token_endpoint_auth_method":"tls_client_auth","tls_client_auth_subject_dn":"CN=client,O=Example\\, Inc.,C=KR","tls_client_certificate_bound_access_tokens":true}`)
	self, _ := w.client(mtlsMachine + `"token_endpoint_auth_method":"self_signed_tls_client_auth","jwks":` + alone.jwks(t) + `}`)
	ask := func(c *http.Client, id string, header http.Header) reply {
		t.Helper()
		r, err := http.NewRequest("POST", w.issuer+"/oauth2/token", strings.NewReader(url.Values{"grant_type": {"client_credentials"}, "client_id": {id}}.Encode()))
		w.must(err)
		r.Header = header.Clone()
		if r.Header == nil {
			r.Header = http.Header{}
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := c.Do(r)
		w.must(err)
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		w.must(err)
		out := reply{status: resp.StatusCode, header: resp.Header, raw: string(raw)}
		_ = json.Unmarshal(raw, &out.body)
		return out
	}
	r := ask(as(issued, intermediate), ca, nil)
	r.expect(t, 200, "")
	if cnf, _ := readJWT(t, r.text("access_token")).claims["cnf"].(map[string]any); cnf["x5t#S256"] != issued.thumbprint() {
		t.Errorf("cnf %v", cnf)
	}
	ask(as(alone), self, nil).expect(t, 200, "")
	ask(as(issued), ca, nil).expect(t, 401, "invalid_client") // without the middle of its chain
	ask(as(alone), ca, nil).expect(t, 401, "invalid_client")
	ask(as(issued, intermediate), self, nil).expect(t, 401, "invalid_client")
	ask(as(), ca, certHeader(issued.header(), intermediate.header())).expect(t, 401, "invalid_client")
	ask(as(), self, certHeader(alone.header())).expect(t, 401, "invalid_client")
	resp, err := as().Get(w.issuer + "/.well-known/openid-configuration") // nobody is forced to have one
	w.must(err)
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("discovery without a certificate: %d", resp.StatusCode)
	}
	// SS-01: a server that is not on a developer's machine registers no address of its own network.
	for _, uri := range []string{"https://127.0.0.1/jwks", "https://[::1]/jwks", "https://localhost/jwks", "https://169.254.169.254/jwks", "https://10.0.0.1/jwks", "http://app.example/jwks", "file:///etc/passwd", "gopher://app.example/", "https://0x7f.1/jwks", "https://2130706433/jwks", "https://user:pass@app.example/jwks", "https://app.example/jwks#x"} {
		if _, _, err := w.register(mtlsMachine + `"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"` + uri + `"}`); err == nil {
			t.Errorf("%s was registered", uri)
		}
	}
}

// client_certificates.request switches the question off: then nothing is announced and no certificate counts.
func TestMutualTLSOff(t *testing.T) {
	t.Parallel()
	w, as := tlsWorld(t, "client_certificates: { request: false }")
	resp, err := as(newIdentity(t, nil, nil)).Get(w.issuer + "/.well-known/openid-configuration")
	w.must(err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	w.must(err)
	if strings.Contains(string(raw), "tls_client") {
		t.Errorf("announced: %s", raw)
	}
}
