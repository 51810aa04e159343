package interop_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/symbolon-id/symbolon/cmd/internal/load"
)

// openid-client with a certificate over TLS: self_signed_tls_client_auth, and tokens that are of no use without the certificate (RFC 8705).
func TestOpenIDClientMutualTLS(t *testing.T) {
	node, dir := installedNode(t)
	server, partner := newCertificate(t), newCertificate(t)
	client := load.NewClient(8)
	roots := x509.NewCertPool()
	roots.AddCert(server.certificate)
	client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots}
	d := deployAt(t, "https", client, nil, "tls: { cert_file: "+server.file+", key_file: "+server.keyFile+" }")
	p := d.startPartner([]string{"CA=" + server.file, "CERT=" + partner.file, "CERT_KEY=" + partner.keyFile}, []string{
		"--token-endpoint-auth-method", "self_signed_tls_client_auth", "--jwks", `{"keys":[` + partner.jwk(t) + `]}`,
		"--tls-client-certificate-bound-access-tokens",
	}, node, filepath.Join(dir, "mutual-tls.mjs"))
	r := p.signIn("/login")
	if !r.Introspection.Active || r.Refreshed.IDToken.Subject != r.IDToken.Subject || r.Revoked.Active || r.Refused.Status != http.StatusUnauthorized {
		t.Errorf("%+v", r)
	}
	p.signOut("/logout", "?state=bye", "/login")
}

// certificate is a self-signed certificate for localhost, with its files.
type certificate struct {
	certificate   *x509.Certificate
	file, keyFile string
}

func newCertificate(t *testing.T) certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	dir := t.TempDir()
	c := certificate{file: filepath.Join(dir, "tls.crt"), keyFile: filepath.Join(dir, "tls.key")}
	must(t, os.WriteFile(c.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t, os.WriteFile(c.keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	c.certificate, err = x509.ParseCertificate(der)
	must(t, err)
	return c
}

// jwk returns the certificate's public key as a JWK that holds the certificate (RFC 8705 §2.2.2).
func (c certificate) jwk(t *testing.T) string {
	t.Helper()
	raw, err := json.Marshal(jose.JSONWebKey{Key: c.certificate.PublicKey, Certificates: []*x509.Certificate{c.certificate}})
	must(t, err)
	return string(raw)
}
