package provider

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

// serverMetadata says what this server offers (OIDC Discovery §3, RFC 8414 §2). It announces what is switched on, and nothing else.
type serverMetadata struct {
	Issuer                   string   `json:"issuer"`
	AuthorizationEndpoint    string   `json:"authorization_endpoint"`
	TokenEndpoint            string   `json:"token_endpoint"`
	DeviceEndpoint           string   `json:"device_authorization_endpoint"`
	UserInfoEndpoint         string   `json:"userinfo_endpoint"`
	RegistrationEndpoint     string   `json:"registration_endpoint,omitempty"`
	JWKSURI                  string   `json:"jwks_uri"`
	IntrospectionEndpoint    string   `json:"introspection_endpoint"`
	RevocationEndpoint       string   `json:"revocation_endpoint"`
	EndSessionEndpoint       string   `json:"end_session_endpoint"`
	CheckSessionIframe       string   `json:"check_session_iframe,omitempty"`
	StatusLists              string   `json:"status_list_aggregation_endpoint"` // Token Status List §9.1
	BackchannelLogout        bool     `json:"backchannel_logout_supported"`
	BackchannelLogoutSID     bool     `json:"backchannel_logout_session_supported"`
	FrontchannelLogout       bool     `json:"frontchannel_logout_supported"`
	FrontchannelLogoutSID    bool     `json:"frontchannel_logout_session_supported"`
	ScopesSupported          []string `json:"scopes_supported"`
	ResponseTypes            []string `json:"response_types_supported"`
	ResponseModes            []string `json:"response_modes_supported"`
	GrantTypes               []string `json:"grant_types_supported"`
	SubjectTypes             []string `json:"subject_types_supported"`
	IDTokenAlgs              []string `json:"id_token_signing_alg_values_supported"`
	IDTokenEncryptionAlgs    []string `json:"id_token_encryption_alg_values_supported"`
	IDTokenEncryptionEncs    []string `json:"id_token_encryption_enc_values_supported"`
	UserInfoAlgs             []string `json:"userinfo_signing_alg_values_supported"`
	UserInfoEncryptionAlgs   []string `json:"userinfo_encryption_alg_values_supported"`
	UserInfoEncryptionEncs   []string `json:"userinfo_encryption_enc_values_supported"`
	TokenAuthMethods         []string `json:"token_endpoint_auth_methods_supported"`
	IntrospectionAuthMethods []string `json:"introspection_endpoint_auth_methods_supported"`
	RevocationAuthMethods    []string `json:"revocation_endpoint_auth_methods_supported"`
	TokenAuthAlgs            []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAuthAlgs    []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	RevocationAuthAlgs       []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	CertificateBoundTokens   bool     `json:"tls_client_certificate_bound_access_tokens,omitempty"` // RFC 8705 §3.3
	ClaimsSupported          []string `json:"claims_supported"`
	CodeChallengeMethods     []string `json:"code_challenge_methods_supported"`
	Prompts                  []string `json:"prompt_values_supported"`
	UILocales                []string `json:"ui_locales_supported"`
	DPoPAlgs                 []string `json:"dpop_signing_alg_values_supported"`
	AuthorizationAlgs        []string `json:"authorization_signing_alg_values_supported"`
	AuthorizationEncAlgs     []string `json:"authorization_encryption_alg_values_supported"`
	AuthorizationEncs        []string `json:"authorization_encryption_enc_values_supported"`
	IntrospectionAlgs        []string `json:"introspection_signing_alg_values_supported"`
	IntrospectionEncAlgs     []string `json:"introspection_encryption_alg_values_supported"`
	IntrospectionEncs        []string `json:"introspection_encryption_enc_values_supported"`
	ClientDocuments          bool     `json:"client_id_metadata_document_supported,omitempty"` // Client ID Metadata Document §6
	ResponseIss              bool     `json:"authorization_response_iss_parameter_supported"`
	ClaimsParameter          bool     `json:"claims_parameter_supported"`
	PushedRequestEndpoint    string   `json:"pushed_authorization_request_endpoint"`
	RequirePushedRequests    bool     `json:"require_pushed_authorization_requests"`
	RequestParameter         bool     `json:"request_parameter_supported"`
	RequestObjectAlgs        []string `json:"request_object_signing_alg_values_supported"`
	RequestURIParameter      bool     `json:"request_uri_parameter_supported"` // true when left out
	RequestURIRegistration   bool     `json:"require_request_uri_registration,omitempty"`
	DetailsTypes             []string `json:"authorization_details_types_supported,omitempty"` // RFC 9396 §10
}

// metadata renders the document: JSON, in which what has no value has no member (RFC 8414 §3.2). The same one serves both well-known paths.
func (p *Provider) metadata() []byte {
	issuer := p.config.Issuer
	confidential, algs := p.authMethods(), namesOf(slices.Concat(assertionAlgorithms, sharedAlgorithms))
	all := append(confidential[:len(confidential):len(confidential)], clients.AuthMethodNone)
	encryptions, encodings := clients.EncryptionAlgorithms(), clients.EncryptionEncodings()
	registration := ""
	if p.config.Registration {
		registration = issuer + "/oauth2/register"
	}
	checkSession := ""
	if p.config.Sessions.SharesState() {
		checkSession = issuer + checkSessionPath
	}
	document, err := json.Marshal(serverMetadata{
		Issuer:                issuer,
		AuthorizationEndpoint: issuer + "/oauth2/authorize",
		TokenEndpoint:         issuer + "/oauth2/token",
		DeviceEndpoint:        issuer + "/oauth2/device_authorization",
		UserInfoEndpoint:      issuer + "/oauth2/userinfo",
		JWKSURI:               issuer + "/oauth2/jwks",
		RegistrationEndpoint:  registration,
		ClientDocuments:       p.config.ClientDocuments,
		IntrospectionEndpoint: issuer + "/oauth2/introspect",
		RevocationEndpoint:    issuer + "/oauth2/revoke",
		EndSessionEndpoint:    issuer + "/oauth2/logout",
		CheckSessionIframe:    checkSession,
		StatusLists:           issuer + "/oauth2/status",
		// OIDC Back-Channel Logout §2.1, OIDC Front-Channel Logout §3.
		BackchannelLogout: true, BackchannelLogoutSID: true, FrontchannelLogout: true, FrontchannelLogoutSID: true,
		ScopesSupported:       []string{"openid", "profile", "email", "offline_access"},
		ResponseTypes:         p.responseTypes(),
		ResponseModes:         []string{"query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt"},
		GrantTypes:            p.grantTypes(),
		SubjectTypes:          []string{clients.SubjectPublic, clients.SubjectPairwise},
		IDTokenAlgs:           p.config.Keys.Algorithms(),
		UserInfoAlgs:          p.config.Keys.Algorithms(),
		IDTokenEncryptionAlgs: encryptions, UserInfoEncryptionAlgs: encryptions, AuthorizationEncAlgs: encryptions, IntrospectionEncAlgs: encryptions,
		IDTokenEncryptionEncs: encodings, UserInfoEncryptionEncs: encodings, AuthorizationEncs: encodings, IntrospectionEncs: encodings,
		ClaimsParameter:  true,
		TokenAuthMethods: all, IntrospectionAuthMethods: confidential, RevocationAuthMethods: all,
		TokenAuthAlgs: algs, IntrospectionAuthAlgs: algs, RevocationAuthAlgs: algs,
		CertificateBoundTokens: p.config.MutualTLS.offered(),
		ClaimsSupported:        p.claims(),
		CodeChallengeMethods:   []string{"S256"},
		Prompts:                []string{"none", "login", "consent", "select_account", "create"},
		UILocales:              []string{"en", "ko"},
		DPoPAlgs:               []string{"ES256", "EdDSA", "RS256", "PS256"},
		AuthorizationAlgs:      p.config.Keys.Algorithms(),
		IntrospectionAlgs:      p.config.Keys.Algorithms(),
		ResponseIss:            true,
		RequestParameter:       true, RequestObjectAlgs: namesOf(assertionAlgorithms),
		PushedRequestEndpoint: issuer + "/oauth2/par", RequirePushedRequests: p.config.RequirePushedRequests,
		RequestURIParameter: p.config.RequestURIs, RequestURIRegistration: p.config.RequestURIs,
		DetailsTypes: p.config.DetailsTypes.Names(),
	})
	if err != nil {
		panic(err) // our own type always encodes
	}
	return document
}

// claims lists what ID tokens and userinfo may say.
func (p *Provider) claims() []string {
	names := []string{
		"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash",
		"name", "given_name", "family_name", "picture", "locale", "updated_at", "email", "email_verified",
	}
	if p.config.LegacyResponseTypes {
		names = append(names, "c_hash")
	}
	return names
}

// authMethods lists how a confidential client may authenticate.
func (p *Provider) authMethods() []string {
	methods := []string{clients.AuthMethodBasic, clients.AuthMethodPost, clients.AuthMethodSecretJWT, clients.AuthMethodPrivateKeyJWT}
	return append(methods, p.config.MutualTLS.Methods()...)
}

// namesOf returns the names of algorithms.
func namesOf(algorithms []jose.SignatureAlgorithm) (names []string) {
	for _, alg := range algorithms {
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
