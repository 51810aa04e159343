package provider

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

// MutualTLS says where the certificates of clients come from (RFC 8705). The zero value: from nowhere.
type MutualTLS struct {
	// Connection: our own listener speaks TLS and asks for a certificate.
	Connection bool
	// Header is the header in which a trusted proxy names the certificate that it was shown, in the form of Client-Cert (RFC 9440 §2.2); the one with
	// "-Chain" behind its name has the chain. Empty: none is believed.
	Header  string
	Proxies *web.Proxies // whose headers are believed
	// CAs are who issues the certificates of tls_client_auth clients. nil: the method is not offered.
	CAs *x509.CertPool
}

// Bounds on what a header may carry.
const (
	maxClientCert = 16 << 10 // bytes of a header
	maxChain      = 8        // certificates
)

func (m MutualTLS) offered() bool { return m.Connection || m.Header != "" }

// Methods returns how clients may authenticate with a certificate (RFC 8705 §2).
func (m MutualTLS) Methods() (methods []string) {
	if m.offered() {
		methods = append(methods, clients.AuthMethodSelfSignedTLS)
		if m.CAs != nil {
			methods = append(methods, clients.AuthMethodTLS)
		}
	}
	return methods
}

// chain returns the certificate that the client has proven to hold the key of, and what it was sent with; nil without one. A trusted proxy speaks
// for its clients: the certificate of its own connection is its own.
func (m MutualTLS) chain(r *http.Request) []*x509.Certificate {
	if m.Proxies.Trusted(r) { // RFC 8705 §6.5: nobody else's header is read
		return m.forwarded(r)
	}
	if r.TLS == nil || !m.Connection {
		return nil
	}
	return r.TLS.PeerCertificates
}

// forwarded reads the headers of RFC 9440 §2.
func (m MutualTLS) forwarded(r *http.Request) []*x509.Certificate {
	if m.Header == "" || len(r.Header.Values(m.Header)) != 1 {
		return nil
	}
	leaf := parseByteSequence(r.Header.Get(m.Header))
	if leaf == nil {
		return nil
	}
	chain := []*x509.Certificate{leaf}
	rest := strings.Join(r.Header.Values(m.Header+"-Chain"), ",")
	if rest == "" {
		return chain
	}
	for _, item := range strings.Split(rest, ",") {
		c := parseByteSequence(item)
		if c == nil || len(chain) > maxChain {
			return nil
		}
		chain = append(chain, c)
	}
	return chain
}

// parseByteSequence reads a certificate as a byte sequence of structured fields: base64 between colons (RFC 9651 §3.3.5).
func parseByteSequence(s string) *x509.Certificate {
	s = strings.Trim(s, " \t")
	if len(s) < 2 || len(s) > maxClientCert || s[0] != ':' || s[len(s)-1] != ':' {
		return nil
	}
	der, err := base64.StdEncoding.DecodeString(s[1 : len(s)-1])
	if err != nil {
		return nil
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	return c
}

// certificate returns the thumbprint of the client's certificate (RFC 8705 §3.1); empty without one.
func (m MutualTLS) certificate(r *http.Request) string {
	chain := m.chain(r)
	if len(chain) == 0 {
		return ""
	}
	sum := sha256.Sum256(chain[0].Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// proveByCertificate says whether the certificate of r authenticates c, a client of one of the two methods of RFC 8705 §2. That the client holds
// its key was proven in the handshake.
func (p *Provider) proveByCertificate(ctx context.Context, r *http.Request, c *clients.Client) (bool, error) {
	chain := p.config.MutualTLS.chain(r)
	if len(chain) == 0 {
		return false, nil
	}
	if c.Metadata.TokenEndpointAuthMethod == clients.AuthMethodTLS {
		return p.issuedByCA(chain) && c.CertificateAllowed(chain[0]), nil
	}
	now := time.Now()
	if now.Before(chain[0].NotBefore) || now.After(chain[0].NotAfter) {
		return false, nil
	}
	// RFC 8705 §2.2: the certificate is one that stands in the client's keys.
	sum := sha256.Sum256(chain[0].Raw)
	return p.clientKeys.verify(ctx, c, func(keys []jose.JSONWebKey) bool {
		for _, k := range keys {
			if bytes.Equal(k.CertificateThumbprintSHA256, sum[:]) {
				return true
			}
		}
		return false
	})
}

// issuedByCA verifies the chain up to one of the configured authorities (RFC 8705 §2.1).
func (p *Provider) issuedByCA(chain []*x509.Certificate) bool {
	if p.config.MutualTLS.CAs == nil { // the system's authorities issue certificates to everybody
		return false
	}
	intermediates := x509.NewCertPool()
	for _, c := range chain[1:min(len(chain), maxChain)] {
		intermediates.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: p.config.MutualTLS.CAs, Intermediates: intermediates, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err == nil
}
