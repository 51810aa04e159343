package app_test

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
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// With tls, the server speaks https by itself: HTTP/2, TLS 1.2 or newer, and plain http is not answered as if it were.
func TestBinaryTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pool := selfSigned(t, dir)
	d := newDeployment(t, "https")
	d.writeConfig(storagetest.SQLite(t), "listen: "+d.address+"\ntls: { cert_file: "+filepath.Join(dir, "tls.crt")+", key_file: "+filepath.Join(dir, "tls.key")+" }")
	node := d.start()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}, Timeout: 10 * time.Second}
	d.must(node.AwaitReady(t.Context(), client, "https://"+d.address+"/readyz"))

	resp, err := client.Get(d.issuer + "/.well-known/openid-configuration")
	d.must(err)
	defer resp.Body.Close()
	var metadata struct {
		Issuer string `json:"issuer"`
	}
	d.must(json.NewDecoder(resp.Body).Decode(&metadata))
	if metadata.Issuer != d.issuer || resp.ProtoMajor != 2 || resp.TLS.Version < tls.VersionTLS12 {
		t.Errorf("issuer %q over %s, TLS %x", metadata.Issuer, resp.Proto, resp.TLS.Version)
	}
	checkTLSPosture(t, d.address, pool)
	if resp, err := plainClient.Get("http://" + d.address + "/readyz"); err == nil {
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("plain http: %d", resp.StatusCode)
		}
	}
	if err := node.Stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// checkTLSPosture: BR-16, RFC 9325 §3.1.1, §4.2: of all versions and TLS 1.2 suites that a client may offer, only good ones are taken.
func checkTLSPosture(t *testing.T, address string, pool *x509.CertPool) {
	t.Helper()
	dial := func(c *tls.Config) (state tls.ConnectionState, err error) {
		c.RootCAs, c.ServerName = pool, "localhost"
		conn, err := tls.Dial("tcp", address, c)
		if err != nil {
			return state, err
		}
		defer conn.Close()
		return conn.ConnectionState(), nil
	}
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
		if _, err := dial(&tls.Config{MinVersion: version, MaxVersion: version}); err == nil {
			t.Errorf("%s is spoken", tls.VersionName(version))
		}
	}
	good := map[uint16]bool{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: true, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: true}
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if !slices.Contains(suite.SupportedVersions, tls.VersionTLS12) {
			continue // TLS 1.3 leaves no choice
		}
		_, err := dial(&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite.ID}})
		if (err == nil) != good[suite.ID] {
			t.Errorf("%s: %v", suite.Name, err)
		}
	}
	if state, err := dial(&tls.Config{}); err != nil || state.Version != tls.VersionTLS13 {
		t.Errorf("the newest: %s, %v", tls.VersionName(state.Version), err)
	}
}

// selfSigned writes tls.crt and tls.key for localhost into dir, and returns who trusts them.
func selfSigned(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"tls.crt": {Type: "CERTIFICATE", Bytes: certificate}, "tls.key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}))
	return pool
}
