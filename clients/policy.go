package clients

import (
	"slices"
	"strings"
)

// Policy narrows what a client that registers itself may have. Where RFC 7591 §2 leaves the choice between a refusal and a smaller registration,
// grant types, response types and scopes are left out, so that a client that names more than we offer still works with what we do; the answer
// says what it got.
type Policy struct {
	// RedirectHosts are the hosts that redirect URIs may lead to: "example.com", "*.example.com" for every name below, "localhost", or the scheme
	// of a private-use URI. Empty: any.
	RedirectHosts []string
	Scopes        []string // what may be asked for; a client that names no scope gets all of them
	GrantTypes    []string
	// LoopbackURLs is Rules.LoopbackURLs.
	LoopbackURLs bool
	// LegacyResponseTypes is Rules.LegacyResponseTypes.
	LegacyResponseTypes bool
	// CertificateMethods are the ways to authenticate with a certificate that are offered. Empty: certificates are not looked at.
	CertificateMethods []string
	// Audience are resources that such clients may name anyway, without being registered for them.
	Audience []string
	// AuthorizationDetailsTypes are those that such clients may have; others are left out. Empty: none.
	AuthorizationDetailsTypes []string
}

// Prepare fits m into the policy, fills its defaults and validates it by the rules for clients that register themselves. The error is a
// *MetadataError.
func (p Policy) Prepare(m *Metadata) error {
	var found problems
	p.fitGrantTypes(m, &found)
	p.fitScope(m, &found)
	if m.ApplicationType == "" && m.onDevice() {
		m.ApplicationType = ApplicationNative
	}
	p.fitCertificates(m, &found)
	m.Audience = slices.DeleteFunc(slices.Clone(m.Audience), func(s string) bool { return slices.Contains(p.Audience, s) })
	if m.AccessTokenFormat == "jwt" { // which it gets
		m.AccessTokenFormat = ""
	}
	m.AuthorizationDetailsTypes = intersect(m.AuthorizationDetailsTypes, p.AuthorizationDetailsTypes)
	m.Normalize()
	p.checkHosts(&found, "redirect_uris", m.RedirectURIs)
	p.checkHosts(&found, "post_logout_redirect_uris", m.PostLogoutRedirectURIs)
	if invalid, ok := m.Validate(p.rules()).(*MetadataError); ok { //nolint:errorlint // nothing wraps it
		found = append(found, invalid.Problems...)
	}
	return found.err()
}

// rules are those for clients that register themselves.
func (p Policy) rules() Rules {
	return Rules{LoopbackURLs: p.LoopbackURLs, LegacyResponseTypes: p.LegacyResponseTypes, AuthorizationDetailsTypes: p.AuthorizationDetailsTypes}
}

// fitCertificates refuses what the client could never use.
func (p Policy) fitCertificates(m *Metadata, found *problems) {
	method := m.TokenEndpointAuthMethod
	if (method == AuthMethodTLS || method == AuthMethodSelfSignedTLS) && !slices.Contains(p.CertificateMethods, method) {
		found.add("token_endpoint_auth_method", "is not offered here: see token_endpoint_auth_methods_supported")
	}
	if m.CertificateBoundAccessTokens && len(p.CertificateMethods) == 0 {
		found.add("tls_client_certificate_bound_access_tokens", "is not offered here")
	}
}

// fitGrantTypes leaves out what the policy has not. RFC 7591 §2.1: response types go along with their grant types.
func (p Policy) fitGrantTypes(m *Metadata, found *problems) {
	if len(m.GrantTypes) == 0 {
		return
	}
	kept := intersect(m.GrantTypes, p.GrantTypes)
	if len(kept) == 0 {
		found.add("grant_types", "has none of those offered here: "+strings.Join(p.GrantTypes, ", "))
		return
	}
	m.GrantTypes = kept
	if slices.Contains(kept, "implicit") {
		return
	}
	kept = slices.DeleteFunc(slices.Clone(m.ResponseTypes), func(s string) bool { return strings.Contains(s, "token") })
	if len(kept) > 0 { // otherwise Validate says what is wrong with them
		m.ResponseTypes = kept
	}
}

func (p Policy) fitScope(m *Metadata, found *problems) {
	asked := strings.Fields(m.Scope)
	if len(asked) == 0 {
		asked = p.Scopes
	}
	kept := intersect(asked, p.Scopes)
	if !slices.Contains(m.GrantTypes, GrantRefreshToken) { // OIDC Core §11: it would be of no use
		kept = slices.DeleteFunc(kept, func(s string) bool { return s == "offline_access" })
	}
	if len(kept) == 0 {
		found.add("scope", "has none of those offered here: "+strings.Join(p.Scopes, " "))
		return
	}
	m.Scope = strings.Join(kept, " ")
}

// onDevice says whether a redirect URI is one that only native clients may have. Clients that know RFC 7591 and not OpenID Connect never send
// application_type.
func (m *Metadata) onDevice() bool {
	return slices.ContainsFunc(m.RedirectURIs, func(s string) bool {
		u, reason := splitURI(s)
		host, _, _ := splitHostPort(u.authority)
		return reason == "" && (u.scheme != "https" && u.scheme != "http" || isLoopback(host))
	})
}

// RedirectAllowed says whether the policy names the place that a redirect URI leads to. A policy that allows any names none.
func (p Policy) RedirectAllowed(redirectURI string) bool {
	u, reason := splitURI(redirectURI)
	if reason != "" {
		return false
	}
	host := strings.ToLower(u.scheme)
	if host == "https" || host == "http" {
		host, _, _ = splitHostPort(strings.ToLower(u.authority))
	}
	return hostListed(p.RedirectHosts, host)
}

func (p Policy) checkHosts(found *problems, member string, uris []string) {
	if len(p.RedirectHosts) == 0 {
		return
	}
	for _, s := range uris {
		if !p.RedirectAllowed(s) {
			found.addURI(member, quote(s)+" leads to a place that clients cannot register here by themselves: ask the administrator")
		}
	}
}

// hostListed says whether the list has the host, or "*." and a domain that it is below of.
func hostListed(list []string, host string) bool {
	return slices.ContainsFunc(list, func(entry string) bool {
		if domain, ok := strings.CutPrefix(entry, "*"); ok {
			return strings.HasSuffix(host, domain) && len(host) > len(domain)
		}
		return entry == host
	})
}

// intersect returns what both lists have, in the order of the first, each once.
func intersect(list, allowed []string) []string {
	var kept []string
	for _, s := range list {
		if slices.Contains(allowed, s) && !slices.Contains(kept, s) {
			kept = append(kept, s)
		}
	}
	return kept
}
