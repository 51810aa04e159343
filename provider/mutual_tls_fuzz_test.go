package provider

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider/web"
)

// FuzzClientCert is RFC 9440 §2: a trusted proxy's headers are certificates as they stand there, few of them, or none at all; those of anybody else are
// not read.
func FuzzClientCert(f *testing.F) {
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "client"}, NotAfter: time.Unix(1<<33, 0), DNSNames: []string{"client.example"}}
	der, err := x509.CreateCertificate(nil, template, template, private.Public(), private)
	if err != nil {
		f.Fatal(err)
	}
	one := ":" + base64.StdEncoding.EncodeToString(der) + ":"
	for _, seed := range []string{one, " " + one + "\t", one + ";a=1", one[1:], "::", ":", "", ":AAAA:", strings.ReplaceAll(one, "=", ""), one + "," + one, "-----BEGIN CERTIFICATE-----", one[:60] + "\n" + one[60:]} {
		f.Add(seed, "", "10.0.0.1:5")
		f.Add(one, seed, "10.0.0.1:5")
		f.Add(seed, one, "9.9.9.9:5")
	}
	f.Add(one, strings.Repeat(one+",", 9)+one, "[::ffff:10.0.0.1]:5")
	m := MutualTLS{Header: "Client-Cert", Proxies: web.NewProxies([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})}
	f.Fuzz(func(t *testing.T, leaf, rest, peer string) {
		r := &http.Request{RemoteAddr: peer, Header: http.Header{"Client-Cert": {leaf}}}
		if rest != "" {
			r.Header.Set("Client-Cert-Chain", rest)
		}
		chain := m.chain(r)
		if len(chain) == 0 {
			if m.certificate(r) != "" {
				t.Fatal("a thumbprint of nothing")
			}
			return
		}
		if !m.Proxies.Trusted(r) || len(chain) > maxChain+1 || len(m.certificate(r)) != 43 {
			t.Fatalf("%d certificates from %q", len(chain), peer)
		}
		if want := 1 + strings.Count(rest, ",") + 1; rest != "" && len(chain) != want || rest == "" && len(chain) != 1 {
			t.Fatalf("%d certificates of %q, %q", len(chain), leaf, rest)
		}
		for i, item := range append([]string{leaf}, strings.Split(rest, ",")...)[:len(chain)] {
			raw, err := base64.StdEncoding.DecodeString(strings.Trim(item, ": \t"))
			if err != nil || !bytes.Equal(raw, chain[i].Raw) {
				t.Fatalf("%q is another certificate", item)
			}
		}
	})
}
