package app_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// knownMetadata are the members of the registry that OIDC Discovery, RFC 8414 and the specifications after them fill, as far as we use them. The suite
// warns of others, unless they are named to it.
const knownMetadata = `
	issuer authorization_endpoint token_endpoint userinfo_endpoint jwks_uri registration_endpoint scopes_supported response_types_supported
	response_modes_supported grant_types_supported acr_values_supported subject_types_supported id_token_signing_alg_values_supported
	id_token_encryption_alg_values_supported id_token_encryption_enc_values_supported userinfo_signing_alg_values_supported
	userinfo_encryption_alg_values_supported userinfo_encryption_enc_values_supported request_object_signing_alg_values_supported
	token_endpoint_auth_methods_supported token_endpoint_auth_signing_alg_values_supported claims_supported ui_locales_supported
	claims_parameter_supported request_parameter_supported request_uri_parameter_supported require_request_uri_registration
	revocation_endpoint revocation_endpoint_auth_methods_supported revocation_endpoint_auth_signing_alg_values_supported
	introspection_endpoint introspection_endpoint_auth_methods_supported introspection_endpoint_auth_signing_alg_values_supported
	code_challenge_methods_supported device_authorization_endpoint tls_client_certificate_bound_access_tokens
	authorization_response_iss_parameter_supported pushed_authorization_request_endpoint require_pushed_authorization_requests
	authorization_signing_alg_values_supported authorization_encryption_alg_values_supported authorization_encryption_enc_values_supported
	introspection_signing_alg_values_supported introspection_encryption_alg_values_supported introspection_encryption_enc_values_supported
	dpop_signing_alg_values_supported prompt_values_supported check_session_iframe end_session_endpoint
	frontchannel_logout_supported frontchannel_logout_session_supported backchannel_logout_supported backchannel_logout_session_supported
	status_list_aggregation_endpoint client_id_metadata_document_supported`

// expectMetadata looks at what every plan relies on. In place of https there is a loopback host.
func expectMetadata(s *suite, d map[string]any) {
	s.t.Helper()
	for member, value := range d {
		if !slices.Contains(strings.Fields(knownMetadata), member) {
			s.t.Errorf("%s is in no registry", member)
		}
		if list, ok := value.([]any); ok && (len(list) == 0 || slices.Contains(list, any(""))) {
			s.t.Errorf("%s is empty", member)
		}
		if strings.HasSuffix(member, "_endpoint") || strings.HasSuffix(member, "_uri") || strings.HasSuffix(member, "_iframe") {
			u, err := url.Parse(value.(string))
			if err != nil || u.Scheme+"://"+u.Host != s.issuer || u.Fragment != "" {
				s.t.Errorf("%s: %v", member, value)
			}
		}
	}
	if d["issuer"] != s.issuer {
		s.t.Errorf("issuer: %v", d["issuer"])
	}
}

// discoveryVerification: OIDC Discovery §3, with what the plan Dynamic needs.
func discoveryVerification(s *suite) {
	a := s.get("/.well-known/openid-configuration", "")
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/json" {
		s.t.Errorf("%d %v", a.status, a.header)
	}
	expectMetadata(s, a.body)
	for member, values := range map[string][]string{
		"response_types_supported":                         {"code", "id_token", "id_token token"},
		"grant_types_supported":                            {"authorization_code", "implicit", "refresh_token"},
		"subject_types_supported":                          {"public", "pairwise"},
		"id_token_signing_alg_values_supported":            {"RS256"},
		"userinfo_signing_alg_values_supported":            {"RS256"},
		"request_object_signing_alg_values_supported":      {"RS256"},
		"scopes_supported":                                 {"openid"},
		"claims_supported":                                 {"sub"},
		"code_challenge_methods_supported":                 {"S256"},
		"token_endpoint_auth_methods_supported":            {"client_secret_basic", "client_secret_post", "private_key_jwt"},
		"token_endpoint_auth_signing_alg_values_supported": {"RS256"},
		"ui_locales_supported":                             {"en"},
	} {
		for _, value := range values {
			if !s.announces(member, value) {
				s.t.Errorf("%s: %v has no %s", member, a.body[member], value)
			}
		}
	}
	for _, member := range []string{"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "registration_endpoint"} {
		if a.text(member) == "" {
			s.t.Errorf("no %s", member)
		}
	}
	for _, member := range []string{"claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported"} {
		if a.body[member] != true {
			s.t.Errorf("%s: %v", member, a.body[member])
		}
	}
	s.published()
}
