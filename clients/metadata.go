package clients

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
)

// MaxDocument is the largest metadata document that is read from an administrator, in bytes.
const MaxDocument = 64 << 10

// namePrefix begins the language-tagged names of RFC 7591 §2.2: "client_name#ko".
const namePrefix = "client_name#"

// member is a metadata member: its name and a pointer to its value.
type member struct {
	name string
	at   any // *string, *[]string, *bool, **bool, *int64, **int64 or *json.RawMessage
}

// members lists every member but the language-tagged ones. Its names are those of the struct tags.
func (m *Metadata) members() []member {
	return []member{
		{"redirect_uris", &m.RedirectURIs},
		{"token_endpoint_auth_method", &m.TokenEndpointAuthMethod},
		{"grant_types", &m.GrantTypes},
		{"response_types", &m.ResponseTypes},
		{"client_name", &m.ClientName},
		{"client_uri", &m.ClientURI},
		{"logo_uri", &m.LogoURI},
		{"policy_uri", &m.PolicyURI},
		{"tos_uri", &m.TosURI},
		{"scope", &m.Scope},
		{"contacts", &m.Contacts},
		{"application_type", &m.ApplicationType},
		{"subject_type", &m.SubjectType},
		{"id_token_signed_response_alg", &m.IDTokenSignedResponseAlg},
		{"default_max_age", &m.DefaultMaxAge},
		{"post_logout_redirect_uris", &m.PostLogoutRedirectURIs},
		{"initiate_login_uri", &m.InitiateLoginURI},
		{"backchannel_logout_uri", &m.BackchannelLogoutURI},
		{"backchannel_logout_session_required", &m.BackchannelLogoutSessionRequired},
		{"frontchannel_logout_uri", &m.FrontchannelLogoutURI},
		{"frontchannel_logout_session_required", &m.FrontchannelLogoutSessionRequired},
		{"dpop_bound_access_tokens", &m.DPoPBoundAccessTokens},
		{"authorization_signed_response_alg", &m.AuthorizationSignedResponseAlg},
		{"sector_identifier_uri", &m.SectorIdentifierURI},
		{"userinfo_signed_response_alg", &m.UserInfoSignedResponseAlg},
		{"id_token_encrypted_response_alg", &m.IDTokenEncryptedResponseAlg},
		{"id_token_encrypted_response_enc", &m.IDTokenEncryptedResponseEnc},
		{"userinfo_encrypted_response_alg", &m.UserInfoEncryptedResponseAlg},
		{"userinfo_encrypted_response_enc", &m.UserInfoEncryptedResponseEnc},
		{"authorization_encrypted_response_alg", &m.AuthorizationEncryptedResponseAlg},
		{"authorization_encrypted_response_enc", &m.AuthorizationEncryptedResponseEnc},
		{"introspection_encrypted_response_alg", &m.IntrospectionEncryptedResponseAlg},
		{"introspection_encrypted_response_enc", &m.IntrospectionEncryptedResponseEnc},
		{"introspection_signed_response_alg", &m.IntrospectionSignedResponseAlg},
		{"token_endpoint_auth_signing_alg", &m.TokenEndpointAuthSigningAlg},
		{"jwks", &m.JWKS},
		{"jwks_uri", &m.JWKSURI},
		{"request_object_signing_alg", &m.RequestObjectSigningAlg},
		{"require_signed_request_object", &m.RequireSignedRequestObject},
		{"request_uris", &m.RequestURIs},
		{"require_pushed_authorization_requests", &m.RequirePushedAuthorizationRequests},
		{"tls_client_auth_subject_dn", &m.TLSClientAuthSubjectDN},
		{"tls_client_auth_san_dns", &m.TLSClientAuthSANDNS},
		{"tls_client_auth_san_uri", &m.TLSClientAuthSANURI},
		{"tls_client_auth_san_ip", &m.TLSClientAuthSANIP},
		{"tls_client_auth_san_email", &m.TLSClientAuthSANEmail},
		{"tls_client_certificate_bound_access_tokens", &m.CertificateBoundAccessTokens},
		{"authorization_details_types", &m.AuthorizationDetailsTypes},
		{"software_id", &m.SoftwareID},
		{"software_version", &m.SoftwareVersion},
		{"audience", &m.Audience},
		{"skip_consent", &m.SkipConsent},
		{"require_pkce", &m.RequirePKCE},
		{"access_token_lifetime", &m.AccessTokenLifetime},
		{"access_token_format", &m.AccessTokenFormat},
		{"introspect_any", &m.IntrospectAny},
		{"token_exchange_clients", &m.TokenExchangeClients},
	}
}

// serverMembers are the members of a registration response that no document may set.
var serverMembers = [...]string{
	"client_id", "client_secret", "client_id_issued_at", "client_secret_expires_at", "client_secrets", "version", "disabled", "disabled_at",
	"self_registered", "registration_access_token", "registration_client_uri",
}

// DecodeMetadata reads a metadata document that an administrator wrote (RFC 7591 §2, JSON). Unlike a registration endpoint it refuses unknown
// members, so that a misspelt one is noticed. A null member counts as left out. The error is a *MetadataError with every mistake.
func DecodeMetadata(data []byte) (Metadata, error) {
	var m Metadata
	err := m.merge(data, true)
	return m, err
}

// DecodeRegistration reads a document that registers a client. It may choose the client's id, as the member "client_id". Members that are not known
// are left out, as RFC 7591 §2 asks, and stand in CreateOptions.Ignored. What is wrong with the others is told by Registry.Create, together with
// everything else; the error is for what is no document at all.
func DecodeRegistration(data []byte) (m Metadata, opts CreateOptions, err error) {
	var invalid *MetadataError
	if err := m.merge(data, true, member{"client_id", &opts.ID}); !errors.As(err, &invalid) {
		return m, opts, err
	}
	for _, p := range invalid.Problems {
		switch {
		case p.Member == "":
			return m, opts, invalid
		case p.Reason == reasonUnknown:
			opts.Ignored = append(opts.Ignored, p.Member)
		default:
			opts.found = append(opts.found, p)
		}
	}
	return m, opts, nil
}

const reasonUnknown = "is not a known member: check its spelling"

// UnmarshalJSON reads metadata at rest or from a client that registers itself: unknown members are ignored, as RFC 7591 §2 asks.
func (m *Metadata) UnmarshalJSON(data []byte) error {
	return m.merge(data, false)
}

// MarshalJSON writes the members that are set, language-tagged names last.
func (m Metadata) MarshalJSON() ([]byte, error) {
	type plain Metadata
	object, err := json.Marshal(plain(m))
	if err != nil || len(m.ClientNameLocalized) == 0 {
		return object, err
	}
	names := make(map[string]string, len(m.ClientNameLocalized))
	for tag, name := range m.ClientNameLocalized {
		names[namePrefix+tag] = name
	}
	tagged, err := json.Marshal(names)
	return joinObjects(object, tagged), err
}

// joinObjects makes one JSON object of the members of two.
func joinObjects(a, b []byte) []byte {
	if len(a) <= len("{}") {
		return b
	}
	if len(b) <= len("{}") {
		return a
	}
	return slices.Concat(a[:len(a)-1], []byte{','}, b[1:])
}

// merge applies a document to m as RFC 7396 does to a flat object: members replace, null removes, what is not named stays. With strict, unknown
// members are mistakes. The members of extra are taken beside those of Metadata.
func (m *Metadata) merge(data []byte, strict bool, extra ...member) error {
	var found problems
	// At rest there is no limit: metadata grows by its defaults and by what encoding/json escapes.
	if strict && len(data) > MaxDocument {
		found.add("", "the document is larger than 65,536 bytes")
		return found.err()
	}
	raw, reason := parseObject(data)
	if reason != "" {
		found.add("", reason)
		return found.err()
	}
	m.ClientNameLocalized = maps.Clone(m.ClientNameLocalized) // a loaded client is shared: its map is never written
	known := append(m.members(), extra...)
	seen := make(map[string]bool, len(raw))
	for _, r := range raw {
		if seen[r.name] {
			found.add(quoteMember(r.name), "is there twice")
			continue
		}
		seen[r.name] = true
		if tag, ok := strings.CutPrefix(r.name, namePrefix); ok {
			if reason := m.setName(tag, r.value); reason != "" {
				found.add(quoteMember(r.name), reason)
			}
			continue
		}
		i := slices.IndexFunc(known, func(k member) bool { return k.name == r.name })
		switch {
		case i >= 0:
			if reason := setValue(known[i].at, r.value); reason != "" {
				found.add(r.name, reason)
			}
		case !strict:
		case slices.Contains(serverMembers[:], r.name):
			found.add(r.name, "is set by the server: leave it out")
		default:
			found.add(quoteMember(r.name), reasonUnknown)
		}
	}
	return found.err()
}

// setName sets or, for null, removes the name in the language of tag.
func (m *Metadata) setName(tag string, value json.RawMessage) string {
	if string(value) == "null" {
		delete(m.ClientNameLocalized, tag)
		return ""
	}
	var name string
	reason := setValue(&name, value)
	if m.ClientNameLocalized == nil {
		m.ClientNameLocalized = map[string]string{}
	}
	m.ClientNameLocalized[tag] = name
	return reason
}
