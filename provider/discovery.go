package provider

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

// serverMetadata says what this server offers (OIDC Discovery §3, RFC 8414 §2). It announces what is switched on, and nothing else.
type serverMetadata struct {
	Issuer                   string   `json:"issuer"`
	AuthorizationEndpoint    string   `json:"authorization_endpoint"`
	TokenEndpoint            string   `json:"token_endpoint"`
	UserInfoEndpoint         string   `json:"userinfo_endpoint"`
	RegistrationEndpoint     string   `json:"registration_endpoint,omitempty"`
	JWKSURI                  string   `json:"jwks_uri"`
	IntrospectionEndpoint    string   `json:"introspection_endpoint"`
	RevocationEndpoint       string   `json:"revocation_endpoint"`
	EndSessionEndpoint       string   `json:"end_session_endpoint"`
	ScopesSupported          []string `json:"scopes_supported"`
	ResponseTypes            []string `json:"response_types_supported"`
	ResponseModes            []string `json:"response_modes_supported"`
	GrantTypes               []string `json:"grant_types_supported"`
	SubjectTypes             []string `json:"subject_types_supported"`
	IDTokenAlgs              []string `json:"id_token_signing_alg_values_supported"`
	TokenAuthMethods         []string `json:"token_endpoint_auth_methods_supported"`
	IntrospectionAuthMethods []string `json:"introspection_endpoint_auth_methods_supported"`
	RevocationAuthMethods    []string `json:"revocation_endpoint_auth_methods_supported"`
	TokenAuthAlgs            []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAuthAlgs    []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	RevocationAuthAlgs       []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	CertificateBoundTokens   bool     `json:"tls_client_certificate_bound_access_tokens,omitempty"`
	ClaimsSupported          []string `json:"claims_supported"`
	CodeChallengeMethods     []string `json:"code_challenge_methods_supported"`
	Prompts                  []string `json:"prompt_values_supported"`
	UILocales                []string `json:"ui_locales_supported"`
	DPoPAlgs                 []string `json:"dpop_signing_alg_values_supported"`
	AuthorizationAlgs        []string `json:"authorization_signing_alg_values_supported"`
	IntrospectionAlgs        []string `json:"introspection_signing_alg_values_supported"`
	ClientDocuments          bool     `json:"client_id_metadata_document_supported,omitempty"`
	ResponseIss              bool     `json:"authorization_response_iss_parameter_supported"`
	ClaimsParameter          bool     `json:"claims_parameter_supported"`
	RequestParameter         bool     `json:"request_parameter_supported"`
	RequestURIParameter      bool     `json:"request_uri_parameter_supported"` // true when left out
}

// metadata renders the document. The same one serves both well-known paths.
func (p *Provider) metadata() []byte {
	issuer := p.config.Issuer
	confidential, algs := p.authMethods(), assertionAlgs()
	all := append(confidential[:len(confidential):len(confidential)], clients.AuthMethodNone)
	registration := ""
	if p.config.Registration {
		registration = issuer + "/oauth2/register"
	}
	document, err := json.Marshal(serverMetadata{
		Issuer:                issuer,
		AuthorizationEndpoint: issuer + "/oauth2/authorize",
		TokenEndpoint:         issuer + "/oauth2/token",
		UserInfoEndpoint:      issuer + "/oauth2/userinfo",
		JWKSURI:               issuer + "/oauth2/jwks",
		RegistrationEndpoint:  registration,
		ClientDocuments:       p.config.ClientDocuments,
		IntrospectionEndpoint: issuer + "/oauth2/introspect",
		RevocationEndpoint:    issuer + "/oauth2/revoke",
		EndSessionEndpoint:    issuer + "/oauth2/logout",
		ScopesSupported:       []string{"openid", "profile", "email", "offline_access"},
		ResponseTypes:         []string{"code"},
		ResponseModes:         []string{"query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt"},
		GrantTypes:            []string{"authorization_code", "refresh_token", "client_credentials"},
		SubjectTypes:          []string{"public"},
		IDTokenAlgs:           p.config.Keys.Algorithms(),
		TokenAuthMethods:      all, IntrospectionAuthMethods: confidential, RevocationAuthMethods: all,
		TokenAuthAlgs: algs, IntrospectionAuthAlgs: algs, RevocationAuthAlgs: algs,
		CertificateBoundTokens: p.config.MutualTLS.offered(),
		ClaimsSupported: []string{
			"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash",
			"name", "given_name", "family_name", "picture", "locale", "updated_at", "email", "email_verified",
		},
		CodeChallengeMethods: []string{"S256"},
		Prompts:              []string{"none", "login", "consent", "select_account"},
		UILocales:            []string{"en", "ko"},
		DPoPAlgs:             []string{"ES256", "EdDSA", "RS256", "PS256"},
		AuthorizationAlgs:    p.config.Keys.Algorithms(),
		IntrospectionAlgs:    p.config.Keys.Algorithms(),
		ResponseIss:          true,
	})
	if err != nil {
		panic(err) // our own type always encodes
	}
	return document
}

// authMethods lists how a confidential client may authenticate.
func (p *Provider) authMethods() []string {
	methods := []string{clients.AuthMethodBasic, clients.AuthMethodPost, clients.AuthMethodSecretJWT, clients.AuthMethodPrivateKeyJWT}
	if p.config.MutualTLS.offered() {
		methods = append(methods, clients.AuthMethodSelfSignedTLS)
		if p.config.MutualTLS.CAs != nil {
			methods = append(methods, clients.AuthMethodTLS)
		}
	}
	return methods
}

// assertionAlgs lists the algorithms of client assertions.
func assertionAlgs() (names []string) {
	for _, alg := range slices.Concat(assertionAlgorithms, sharedAlgorithms) {
		names = append(names, string(alg))
	}
	return names
}

// serveDiscovery answers with the metadata.
func (p *Provider) serveDiscovery(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	w.Write(p.discovery)
	return nil
}

// serveJWKS answers with the published keys (RFC 7517 §5).
func (p *Provider) serveJWKS(w http.ResponseWriter, r *http.Request) error {
	document, etag := p.config.Keys.JWKS()
	w.Header().Set("ETag", etag)
	if web.NoneMatch(r, etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Write(document)
	return nil
}
