package clients

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// The values of the members that choose from a list.
const (
	AuthMethodBasic = "client_secret_basic"
	AuthMethodPost  = "client_secret_post"
	AuthMethodNone  = "none"

	AuthMethodSecretJWT     = "client_secret_jwt"
	AuthMethodPrivateKeyJWT = "private_key_jwt"
	AuthMethodTLS           = "tls_client_auth"
	AuthMethodSelfSignedTLS = "self_signed_tls_client_auth"

	GrantAuthorizationCode = "authorization_code"
	GrantImplicit          = "implicit" // only where legacy response types are on
	GrantRefreshToken      = "refresh_token"
	GrantClientCredentials = "client_credentials"
	GrantDeviceCode        = "urn:ietf:params:oauth:grant-type:device_code"
	GrantTokenExchange     = "urn:ietf:params:oauth:grant-type:token-exchange"
	GrantJWTBearer         = "urn:ietf:params:oauth:grant-type:jwt-bearer"

	ApplicationWeb    = "web"
	ApplicationNative = "native"

	SubjectPublic   = "public"
	SubjectPairwise = "pairwise"
)

// Normalize fills the defaults of RFC 7591 §2 and OIDC Registration §2, and writes names in Unicode NFC and scopes with single spaces. It
// replaces slices and maps, and writes into none. Normalizing twice changes nothing.
func (m *Metadata) Normalize() {
	setDefault(&m.TokenEndpointAuthMethod, AuthMethodBasic)
	setDefault(&m.ApplicationType, ApplicationWeb)
	setDefault(&m.SubjectType, SubjectPublic)
	for _, e := range m.encryptions() {
		if *e.alg != "" {
			setDefault(e.enc, defaultEnc)
		}
	}
	setDefault(&m.IDTokenSignedResponseAlg, "RS256")
	if len(m.GrantTypes) == 0 {
		m.GrantTypes = []string{GrantAuthorizationCode}
	}
	m.Scope = strings.Join(strings.Fields(m.Scope), " ")
	if slices.Contains(m.GrantTypes, GrantAuthorizationCode) {
		if len(m.ResponseTypes) == 0 {
			m.ResponseTypes = []string{"code"}
		}
	}
	if m.signsIn() && m.Scope == "" {
		m.Scope = "openid profile email"
		if slices.Contains(m.GrantTypes, GrantRefreshToken) {
			m.Scope += " offline_access"
		}
	}
	m.ClientName = norm.NFC.String(m.ClientName)
	m.normalizeNames()
}

func (m *Metadata) normalizeNames() {
	if len(m.ClientNameLocalized) == 0 {
		m.ClientNameLocalized = nil
		return
	}
	names := make(map[string]string, len(m.ClientNameLocalized))
	for tag, name := range m.ClientNameLocalized {
		names[tag] = norm.NFC.String(name)
	}
	m.ClientNameLocalized = names
}

func setDefault(p *string, value string) {
	if *p == "" {
		*p = value
	}
}
