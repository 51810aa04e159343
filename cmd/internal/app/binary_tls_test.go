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
	old := &tls.Config{RootCAs: pool, ServerName: "localhost", MaxVersion: tls.VersionTLS11}
	if conn, err := tls.Dial("tcp", d.address, old); err == nil {
		conn.Close()
		t.Error("TLS 1.1 is spoken")
	}
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
