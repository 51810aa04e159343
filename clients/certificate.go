package clients

import (
	"crypto/x509"
	"net/netip"
	"slices"
	"strings"
)

// CertificateAllowed says whether a certificate, whose chain the caller has verified, is for the subject that the client registered
// (RFC 8705 §2.1.2). Exactly one of the five members is set.
func (c *Client) CertificateAllowed(cert *x509.Certificate) bool {
	m := &c.Metadata
	switch {
	case m.TLSClientAuthSubjectDN != "":
		want, reason := parseDN(m.TLSClientAuthSubjectDN)
		have, ok := subjectOf(cert)
		return reason == "" && ok && sameDN(want, have)
	case m.TLSClientAuthSANDNS != "":
		return slices.ContainsFunc(cert.DNSNames, func(name string) bool { return strings.EqualFold(name, m.TLSClientAuthSANDNS) })
	case m.TLSClientAuthSANURI != "":
		for _, u := range cert.URIs {
			if u.String() == m.TLSClientAuthSANURI {
				return true
			}
		}
	case m.TLSClientAuthSANIP != "":
		want, err := netip.ParseAddr(m.TLSClientAuthSANIP)
		for _, ip := range cert.IPAddresses {
			if have, ok := netip.AddrFromSlice(ip); ok && err == nil && have.Unmap() == want.Unmap() {
				return true
			}
		}
	case m.TLSClientAuthSANEmail != "":
		return slices.Contains(cert.EmailAddresses, m.TLSClientAuthSANEmail)
	}
	return false
}

// validateCertificate looks at the members of RFC 8705.
func (m *Metadata) validateCertificate(found *problems) {
	subjects := []struct {
		name, value string
		check       func(string) string
	}{
		{"tls_client_auth_subject_dn", m.TLSClientAuthSubjectDN, func(s string) string { _, reason := parseDN(s); return reason }},
		{"tls_client_auth_san_dns", m.TLSClientAuthSANDNS, checkDNSName},
		{"tls_client_auth_san_uri", m.TLSClientAuthSANURI, checkCharacters},
		{"tls_client_auth_san_ip", m.TLSClientAuthSANIP, checkIP},
		{"tls_client_auth_san_email", m.TLSClientAuthSANEmail, checkMailbox},
	}
	set := 0
	for _, s := range subjects {
		if s.value == "" {
			continue
		}
		set++
		if reason := s.check(s.value); reason != "" {
			found.add(s.name, quote(s.value)+" "+reason)
		}
	}
	tls := m.TokenEndpointAuthMethod == AuthMethodTLS
	switch {
	case tls && set != 1:
		found.add("tls_client_auth_subject_dn", "or one of tls_client_auth_san_dns, _uri, _ip, _email must be there, and only one of them")
	case !tls && set > 0:
		found.add("token_endpoint_auth_method", "must be tls_client_auth where a tls_client_auth_… member is set")
	}
	if m.CertificateBoundAccessTokens && m.TokenEndpointAuthMethod == AuthMethodNone {
		found.add("tls_client_certificate_bound_access_tokens", "is true, but the refresh tokens of a client without a secret are bound by DPoP only: use dpop_bound_access_tokens")
	}
}

func checkDNSName(s string) string {
	if addr, reason := parseHost(s); reason != "" || addr.IsValid() || strings.HasPrefix(s, "[") {
		return "is no host name"
	}
	return ""
}

func checkIP(s string) string {
	if addr, err := netip.ParseAddr(s); err != nil || addr.Zone() != "" {
		return "is no IP address"
	}
	return ""
}

func checkMailbox(s string) string {
	local, host, ok := strings.Cut(s, "@")
	if !ok || !isVisibleASCII(local) || checkDNSName(host) != "" || len(s) > maxText {
		return "is no e-mail address"
	}
	return ""
}
