package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/symbolon-id/symbolon/clients"
)

// memberFlag is a flag that stands for a member of the metadata document. kind is the member's zero value: "", false, int64(0), []string(nil) or
// json.RawMessage(nil).
type memberFlag struct {
	flag, member string
	kind         any
	usage        string
}

// memberFlags lists the flags; those of lists are in the singular and repeated.
func memberFlags() []memberFlag {
	return []memberFlag{
		{"client-name", "client_name", "", "the `NAME` people see"},
		{"redirect-uri", "redirect_uris", []string(nil), "a redirect `URI`; repeat for more"},
		{"grant-type", "grant_types", []string(nil), "authorization_code, refresh_token, client_credentials, or the URN of device_code, token-exchange or jwt-bearer; repeat for more"},
		{"response-type", "response_types", []string(nil), "code"},
		{"scope", "scope", "", "the `SCOPES` it may ask for, in one argument with spaces"},
		{"token-endpoint-auth-method", "token_endpoint_auth_method", "", "client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, tls_client_auth, self_signed_tls_client_auth, or none for a public client"},
		{"application-type", "application_type", "", "web or native"},
		{"subject-type", "subject_type", "", "public, or pairwise for subjects that differ from sector to sector"},
		{"sector-identifier-uri", "sector_identifier_uri", "", "the `URI` that lists the redirect URIs of a pairwise client's sector"},
		{"post-logout-redirect-uri", "post_logout_redirect_uris", []string(nil), "a `URI` to return to after log-out; repeat for more"},
		{"initiate-login-uri", "initiate_login_uri", "", "the `URI` that starts a sign-in"},
		{"client-uri", "client_uri", "", "the `URI` of its home page"},
		{"logo-uri", "logo_uri", "", "the `URI` of its logo"},
		{"policy-uri", "policy_uri", "", "the `URI` of its privacy policy"},
		{"tos-uri", "tos_uri", "", "the `URI` of its terms of service"},
		{"contact", "contacts", []string(nil), "an e-mail `ADDRESS` of who is responsible; repeat for more"},
		{"software-id", "software_id", "", "the `ID` of the software"},
		{"software-version", "software_version", "", "the `VERSION` of the software"},
		{"id-token-signed-response-alg", "id_token_signed_response_alg", "", "RS256, PS256, ES256 or EdDSA"},
		{"userinfo-signed-response-alg", "userinfo_signed_response_alg", "", "RS256, PS256, ES256 or EdDSA; JSON without it"},
		{"id-token-encrypted-response-alg", "id_token_encrypted_response_alg", "", "RSA-OAEP-256, ECDH-ES or ECDH-ES+A256KW, to a key of its jwks"},
		{"id-token-encrypted-response-enc", "id_token_encrypted_response_enc", "", "A128CBC-HS256 or A256GCM"},
		{"userinfo-encrypted-response-alg", "userinfo_encrypted_response_alg", "", "RSA-OAEP-256, ECDH-ES or ECDH-ES+A256KW"},
		{"userinfo-encrypted-response-enc", "userinfo_encrypted_response_enc", "", "A128CBC-HS256 or A256GCM"},
		{"default-max-age", "default_max_age", int64(0), "`SECONDS` after which a person must sign in anew"},
		{"audience", "audience", []string(nil), "a resource `SERVER` its tokens may be for; repeat for more, the first is the default"},
		{"skip-consent", "skip_consent", false, "one of the operator's own clients: no consent page"},
		{"require-pkce", "require_pkce", false, "PKCE always, or with =false only where the standards demand it"},
		{"access-token-lifetime", "access_token_lifetime", int64(0), "`SECONDS` its access tokens live, at most 3600"},
		{"backchannel-logout-uri", "backchannel_logout_uri", "", "the `URI` that is told of log-outs"},
		{"backchannel-logout-session-required", "backchannel_logout_session_required", false, "log-out tokens must name the session"},
		{"frontchannel-logout-uri", "frontchannel_logout_uri", "", "the `URI` that the log-out page loads"},
		{"frontchannel-logout-session-required", "frontchannel_logout_session_required", false, "the front-channel log-out must name the session"},
		{"dpop-bound-access-tokens", "dpop_bound_access_tokens", false, "every token request must prove a DPoP key"},
		{"authorization-signed-response-alg", "authorization_signed_response_alg", "", "RS256, PS256, ES256 or EdDSA"},
		{"authorization-encrypted-response-alg", "authorization_encrypted_response_alg", "", "RSA-OAEP-256, ECDH-ES or ECDH-ES+A256KW"},
		{"authorization-encrypted-response-enc", "authorization_encrypted_response_enc", "", "A128CBC-HS256 or A256GCM"},
		{"introspection-encrypted-response-alg", "introspection_encrypted_response_alg", "", "RSA-OAEP-256, ECDH-ES or ECDH-ES+A256KW"},
		{"introspection-encrypted-response-enc", "introspection_encrypted_response_enc", "", "A128CBC-HS256 or A256GCM"},
		{"introspection-signed-response-alg", "introspection_signed_response_alg", "", "RS256, PS256, ES256 or EdDSA"},
		{"token-endpoint-auth-signing-alg", "token_endpoint_auth_signing_alg", "", "the only algorithm of its assertions: RS256, PS256, ES256 or EdDSA; HS256, HS384 or HS512 for client_secret_jwt"},
		{"jwks-uri", "jwks_uri", "", "the `URI` of its public keys"},
		{"jwks", "jwks", json.RawMessage(nil), "or the keys themselves, a JWK Set as `JSON`"},
		{"request-object-signing-alg", "request_object_signing_alg", "", "the only algorithm of its request objects: RS256, PS256, ES256 or EdDSA"},
		{"require-signed-request-object", "require_signed_request_object", false, "authorization requests must be signed"},
		{"request-uri", "request_uris", []string(nil), "a `URI` where it keeps request objects; repeat for more"},
		{"require-pushed-authorization-requests", "require_pushed_authorization_requests", false, "authorization requests must be pushed"},
		{"tls-client-auth-subject-dn", "tls_client_auth_subject_dn", "", "the `SUBJECT` of its certificate, as \"CN=app,O=Example\""},
		{"tls-client-auth-san-dns", "tls_client_auth_san_dns", "", "or the `HOST` in it"},
		{"tls-client-auth-san-uri", "tls_client_auth_san_uri", "", "or the `URI` in it"},
		{"tls-client-auth-san-ip", "tls_client_auth_san_ip", "", "or the `ADDRESS` in it"},
		{"tls-client-auth-san-email", "tls_client_auth_san_email", "", "or the e-mail `ADDRESS` in it"},
		{"tls-client-certificate-bound-access-tokens", "tls_client_certificate_bound_access_tokens", false, "every token request must come with its certificate"},
		{"authorization-details-type", "authorization_details_types", []string(nil), "a `TYPE` of authorization details it may ask for; repeat for more"},
		{"access-token-format", "access_token_format", "", "jwt, or opaque for tokens that only the server can read"},
		{"introspect-any", "introspect_any", false, "may introspect the tokens of every client"},
		{"token-exchange-client", "token_exchange_clients", []string(nil), "the `ID` of a client whose access tokens it may exchange; repeat for more"},
	}
}

// addMemberFlags adds the flags, and -f for a whole document, to cmd.
func addMemberFlags(cmd *cobra.Command, extra ...memberFlag) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringP("file", "f", "", "a JSON `FILE` with the members of RFC 7591, - for standard input; flags go before it")
	for _, m := range append(memberFlags(), extra...) {
		switch m.kind.(type) {
		case string, json.RawMessage:
			flags.String(m.flag, "", m.usage)
		case bool:
			flags.Bool(m.flag, false, m.usage)
		case int64:
			flags.Int64(m.flag, 0, m.usage)
		case []string:
			flags.StringArray(m.flag, nil, m.usage)
		}
	}
}

// document returns the JSON document that -f and the flags make together, and whether there was anything at all. A text flag that is given
// empty is null: it takes the member away.
func (p *program) document(cmd *cobra.Command, extra ...memberFlag) (doc []byte, given bool, err error) {
	file, err := p.documentFile(cmd)
	if err != nil {
		return nil, false, err
	}
	changed := map[string]any{}
	for _, m := range append(memberFlags(), extra...) {
		if !cmd.Flags().Changed(m.flag) {
			continue
		}
		if changed[m.member], err = flagValue(cmd, m); err != nil {
			return nil, false, err
		}
	}
	if len(changed) == 0 {
		if file == nil {
			return []byte("{}"), false, nil
		}
		return file, true, nil // as it is, so that the registry sees every mistake in it
	}
	members := map[string]any{}
	if file != nil {
		var raw map[string]json.RawMessage
		if err := json.Unmarshal(file, &raw); err != nil || raw == nil {
			return nil, false, fmt.Errorf("the file of -f must be a JSON object")
		}
		for name, value := range raw {
			members[name] = value
		}
	}
	for name, value := range changed {
		members[name] = value
	}
	doc, err = json.Marshal(members)
	if err != nil {
		return nil, false, fmt.Errorf("encode client metadata: %w", err)
	}
	return doc, true, nil
}

func flagValue(cmd *cobra.Command, m memberFlag) (any, error) {
	flags := cmd.Flags()
	switch m.kind.(type) {
	case bool:
		return flags.GetBool(m.flag)
	case int64:
		return flags.GetInt64(m.flag)
	case []string:
		list, err := flags.GetStringArray(m.flag)
		if len(list) == 1 && list[0] == "" {
			return nil, err
		}
		return list, err
	}
	text, err := flags.GetString(m.flag)
	if text == "" {
		return nil, err
	}
	if _, raw := m.kind.(json.RawMessage); raw {
		if !json.Valid([]byte(text)) {
			return nil, usagef("--%s must be JSON", m.flag)
		}
		return json.RawMessage(text), err
	}
	return text, err
}

// documentFile reads the file of -f; nil without one.
func (p *program) documentFile(cmd *cobra.Command) ([]byte, error) {
	name, err := cmd.Flags().GetString("file")
	if err != nil || !cmd.Flags().Changed("file") {
		return nil, err
	}
	in := p.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read client metadata: %w", err)
		}
		defer f.Close()
		in = f
	}
	// One byte more than is allowed, so that the registry can say that it is too large.
	data, err := io.ReadAll(io.LimitReader(in, clients.MaxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("read client metadata: %w", err)
	}
	return data, nil
}
