package clients

import "strings"

// validatePrivileges looks at the members of our own.
func (m *Metadata) validatePrivileges(found *problems, r Rules) {
	public := m.TokenEndpointAuthMethod == AuthMethodNone
	if checkList(found, "audience", m.Audience) {
		for _, audience := range m.Audience {
			if len(audience) > maxURI || !isVisibleASCII(audience) || strings.Contains(audience, "#") {
				found.add("audience", quote(audience)+" must be an absolute URI without a fragment (RFC 8707 §2) or a plain id")
			}
		}
	}
	if m.AccessTokenLifetime < 0 || m.AccessTokenLifetime > maxLifetime {
		found.add("access_token_lifetime", "must be a number of seconds from 1 to 3600")
	}
	if public && m.RequirePKCE != nil && !*m.RequirePKCE {
		found.add("require_pkce", "is false, but a client without a secret always needs PKCE: leave it out")
	}
	if public && m.IntrospectAny {
		found.add("introspect_any", "is true, but a client without a secret cannot introspect: leave it out")
	}
	if r.Administrator {
		return
	}
	for _, privilege := range []struct {
		name string
		set  bool
	}{
		{"audience", len(m.Audience) > 0},
		{"skip_consent", m.SkipConsent},
		{"require_pkce", m.RequirePKCE != nil && !*m.RequirePKCE},
		{"access_token_lifetime", m.AccessTokenLifetime != 0},
		{"access_token_format", m.AccessTokenFormat != ""},
		{"introspect_any", m.IntrospectAny},
		{"token_exchange_clients", len(m.TokenExchangeClients) > 0},
	} {
		if privilege.set {
			found.add(privilege.name, "can only be set by an administrator")
		}
	}
}
