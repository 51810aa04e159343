package clients

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Rules says who registers the client. The zero value is the strictest: a client that registers itself.
type Rules struct {
	// Administrator allows the members that give a client more than others have, and loopback and private-scheme redirect URIs whatever the
	// application_type.
	Administrator bool
	// LoopbackURLs allows http on loopback where a page of the client is meant (client_uri, logo_uri, initiate_login_uri …). For a provider that
	// itself runs on loopback.
	LoopbackURLs bool
	// LegacyResponseTypes allows the response types of the implicit and hybrid flows, and the grant type implicit.
	LegacyResponseTypes bool
	// AuthorizationDetailsTypes are those that there are (RFC 9396 §10).
	AuthorizationDetailsTypes []string
}

// Limits on what one client may register.
const (
	maxValues    = 100  // of a list
	maxText      = 200  // characters of a name
	maxScope     = 4096 // bytes
	maxLifetime  = 3600 // seconds, of an access token
	maxAgeLimit  = 1 << 31
	maxLanguages = 50
	maxID        = 2048
)

// Validate reports every mistake in m at once, as a *MetadataError. Normalize comes first: an empty member here is a mistake where it has a
// default there.
func (m *Metadata) Validate(r Rules) error {
	var found problems
	m.validateMethod(&found)
	m.validateFlows(&found, r)
	m.validateGrants(&found, r)
	m.validateKeys(&found, r)
	m.validateRequestObjects(&found, r)
	m.validateCertificate(&found)
	m.validateSector(&found, r)
	m.validateEncryption(&found)
	m.validateURIs(&found, r)
	m.validateTexts(&found, r)
	m.validateScope(&found, r)
	m.validateDetailsTypes(&found, r)
	m.validateChoices(&found)
	m.validatePrivileges(&found, r)
	return found.err()
}

func (m *Metadata) validateMethod(found *problems) {
	oneOf(found, "token_endpoint_auth_method", m.TokenEndpointAuthMethod, AuthMethodBasic, AuthMethodPost, AuthMethodNone,
		AuthMethodSecretJWT, AuthMethodPrivateKeyJWT, AuthMethodTLS, AuthMethodSelfSignedTLS)
}

// validateFlows holds grant types and response types against each other (RFC 7591 §2.1).
func (m *Metadata) validateFlows(found *problems, r Rules) {
	grants := []string{GrantAuthorizationCode, GrantRefreshToken, GrantClientCredentials, GrantDeviceCode, GrantTokenExchange, GrantJWTBearer}
	responses := []string{"code"}
	if r.LegacyResponseTypes {
		grants = append(grants, GrantImplicit)
		responses = append(responses, "id_token", "id_token token", "code id_token", "code token", "code id_token token")
	}
	eachOf(found, "grant_types", m.GrantTypes, grants...)
	eachOf(found, "response_types", m.ResponseTypes, responses...)
	code := slices.Contains(m.GrantTypes, GrantAuthorizationCode)
	switch {
	case len(m.GrantTypes) == 0:
		found.add("grant_types", "is empty: name at least authorization_code or client_credentials")
	case !m.signsIn() && slices.Contains(m.GrantTypes, GrantRefreshToken):
		found.add("grant_types", "has refresh_token alone: add authorization_code")
	}
	if slices.Contains(m.GrantTypes, GrantClientCredentials) && m.TokenEndpointAuthMethod == AuthMethodNone {
		found.add("grant_types", "has client_credentials, which a client without a secret cannot use: choose another token_endpoint_auth_method")
	}
	implicit := slices.Contains(m.GrantTypes, GrantImplicit)
	if code && len(m.ResponseTypes) == 0 {
		found.add("response_types", "is empty: authorization_code needs code")
	}
	for _, response := range m.ResponseTypes {
		words := strings.Fields(response)
		if slices.Contains(words, "code") && !code {
			found.add("response_types", "has code, which needs authorization_code in grant_types")
		}
		if (slices.Contains(words, "token") || slices.Contains(words, "id_token")) && !implicit {
			found.add("response_types", "has "+response+", which needs implicit in grant_types")
		}
	}
}

func (m *Metadata) validateURIs(found *problems, r Rules) {
	if len(m.RedirectURIs) == 0 && slices.Contains(m.GrantTypes, GrantAuthorizationCode) {
		found.addURI("redirect_uris", "is missing: authorization_code needs at least one")
	}
	m.validateRedirects(found, "redirect_uris", m.RedirectURIs, r)
	m.validateRedirects(found, "post_logout_redirect_uris", m.PostLogoutRedirectURIs, r)
	for _, page := range []struct{ name, uri string }{
		{"client_uri", m.ClientURI},
		{"logo_uri", m.LogoURI},
		{"policy_uri", m.PolicyURI},
		{"tos_uri", m.TosURI},
		{"initiate_login_uri", m.InitiateLoginURI}, // OIDC Core §4
		{"backchannel_logout_uri", m.BackchannelLogoutURI},
		{"frontchannel_logout_uri", m.FrontchannelLogoutURI},
	} {
		if page.uri == "" {
			continue
		}
		if reason := checkPageURI(page.uri, r); reason != "" {
			found.add(page.name, quote(page.uri)+" "+reason)
		}
	}
}

func (m *Metadata) validateRedirects(found *problems, member string, list []string, r Rules) {
	if !checkList(found, member, list) {
		return
	}
	for _, uri := range list {
		if reason := checkRedirectURI(uri, m.ApplicationType, r); reason != "" {
			found.addURI(member, quote(uri)+" "+reason)
		}
	}
}

// checkPageURI returns what is wrong with the address of a page or picture that a person's browser will be sent to, or "".
func checkPageURI(s string, r Rules) string {
	base, fragment, _ := strings.Cut(s, "#")
	u, reason := splitURI(base)
	if reason == "" && fragment != "" {
		reason = checkCharacters(fragment)
	}
	if reason != "" {
		return reason
	}
	host, _, ok := splitHostPort(u.authority)
	if !ok {
		return "has a malformed host or port"
	}
	addr, reason := parseHost(host)
	if reason != "" {
		return reason
	}
	name := strings.ToLower(host)
	local := name == "localhost" || strings.HasSuffix(name, ".localhost") || addr.IsLoopback()
	switch {
	case local && r.LoopbackURLs && (u.scheme == "https" || u.scheme == "http"):
		return ""
	case u.scheme != "https":
		return "must begin with https://"
	case local || addr.IsValid() && (!addr.IsGlobalUnicast() || addr.IsPrivate()):
		return "is at an address that only some machines can reach: use a public one"
	}
	return ""
}

func (m *Metadata) validateTexts(found *problems, r Rules) {
	m.validateName(found, "client_name", m.ClientName, r)
	if len(m.ClientNameLocalized) > maxLanguages {
		found.add("client_name", fmt.Sprintf("is there in %d languages: at most %d are allowed", len(m.ClientNameLocalized), maxLanguages))
		return
	}
	tags := map[string]bool{}
	for _, tag := range slices.Sorted(maps.Keys(m.ClientNameLocalized)) {
		name := m.ClientNameLocalized[tag]
		member := quoteMember(namePrefix + tag)
		lower := strings.ToLower(tag)
		switch {
		case !checkLanguageTag(tag):
			found.add(member, "has a malformed language tag: write one like ko or pt-BR")
		case tags[lower]:
			found.add(member, "is there twice")
		case name == "":
			found.add(member, "is empty: leave it out")
		}
		tags[lower] = true
		m.validateName(found, member, name, r)
	}
	for _, text := range []struct{ name, value string }{{"software_id", m.SoftwareID}, {"software_version", m.SoftwareVersion}} {
		if reason := checkText(text.value, maxText); reason != "" {
			found.add(text.name, reason)
		}
	}
	if checkList(found, "contacts", m.Contacts) {
		for _, contact := range m.Contacts {
			if reason := checkText(contact, maxText); reason != "" || contact == "" {
				found.add("contacts", quote(contact)+" "+orEmpty(reason))
			}
		}
	}
}

func (m *Metadata) validateName(found *problems, member, name string, r Rules) {
	switch reason := checkText(name, maxText); {
	case reason != "":
		found.add(member, reason)
	case mixesScripts(name):
		found.add(member, "mixes Latin letters with look-alikes of another script in one word: "+quote(name))
	case !r.Administrator && norm.NFKC.String(name) != name:
		found.add(member, "has letters in a special shape: use the plain ones")
	}
}

func (m *Metadata) validateScope(found *problems, r Rules) {
	scopes := strings.Fields(m.Scope)
	if len(m.Scope) > maxScope || !checkList(found, "scope", scopes) {
		if len(m.Scope) > maxScope {
			found.add("scope", "is longer than 4,096 characters")
		}
		return
	}
	for _, scope := range scopes {
		switch {
		case !isScopeToken(scope):
			found.add("scope", quote(scope)+" has characters that a scope must not have")
		case !r.Administrator && strings.HasPrefix(scope, "symbolon:"):
			found.add("scope", quote(scope)+" can only be given by an administrator")
		}
	}
}

// validateDetailsTypes: RFC 9396 §10.
func (m *Metadata) validateDetailsTypes(found *problems, r Rules) {
	if !checkList(found, "authorization_details_types", m.AuthorizationDetailsTypes) {
		return
	}
	for _, name := range m.AuthorizationDetailsTypes {
		if !slices.Contains(r.AuthorizationDetailsTypes, name) {
			found.add("authorization_details_types", quote(name)+" is no type that is offered here")
		}
	}
}

func (m *Metadata) validateChoices(found *problems) {
	oneOf(found, "application_type", m.ApplicationType, ApplicationWeb, ApplicationNative)
	oneOf(found, "subject_type", m.SubjectType, SubjectPublic, SubjectPairwise)
	oneOf(found, "id_token_signed_response_alg", m.IDTokenSignedResponseAlg, "RS256", "PS256", "ES256", "EdDSA")
	if m.AuthorizationSignedResponseAlg != "" {
		oneOf(found, "authorization_signed_response_alg", m.AuthorizationSignedResponseAlg, "RS256", "PS256", "ES256", "EdDSA")
	}
	if m.UserInfoSignedResponseAlg != "" {
		oneOf(found, "userinfo_signed_response_alg", m.UserInfoSignedResponseAlg, "RS256", "PS256", "ES256", "EdDSA")
	}
	if m.IntrospectionSignedResponseAlg != "" {
		oneOf(found, "introspection_signed_response_alg", m.IntrospectionSignedResponseAlg, "RS256", "PS256", "ES256", "EdDSA")
	}
	if m.AccessTokenFormat != "" {
		oneOf(found, "access_token_format", m.AccessTokenFormat, "jwt", "opaque")
	}
	if age := m.DefaultMaxAge; age != nil && (*age < 0 || *age > maxAgeLimit) {
		found.add("default_max_age", "must be a number of seconds from 0")
	}
}

// checkList refuses a list that is too long or has a value twice, and says whether its values are worth looking at.
func checkList(found *problems, member string, list []string) bool {
	if len(list) > maxValues {
		found.add(member, fmt.Sprintf("has %d values: at most %d are allowed", len(list), maxValues))
		return false
	}
	if s, ok := duplicate(list); ok {
		found.add(member, "has "+quote(s)+" twice")
	}
	return true
}

func oneOf(found *problems, member, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		found.add(member, quote(value)+" is not supported: use "+strings.Join(allowed, ", "))
	}
}

func eachOf(found *problems, member string, list []string, allowed ...string) {
	if !checkList(found, member, list) {
		return
	}
	for _, value := range list {
		oneOf(found, member, value, allowed...)
	}
}

func orEmpty(reason string) string {
	if reason == "" {
		return "is empty"
	}
	return reason
}
