package adminapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/provider/web"
)

// concrete makes a path of a route's pattern.
func concrete(pattern string) (method, path string) {
	method, path, _ = strings.Cut(pattern, " ")
	return method, strings.ReplaceAll(path, "{id}", "c1")
}

func operations(routes []web.Route) []web.Route {
	return slices.DeleteFunc(slices.Clone(routes), func(r web.Route) bool { return !strings.Contains(r.Pattern, " ") })
}

// AD-01: every route refuses everybody but those it is for.
func TestAuthorizationMatrix(t *testing.T) {
	h := newHarness(t)
	cookie := []string{"Cookie", "__Host-symbolon=admin; access_token=admin"}
	for _, route := range operations(h.api.Routes()) {
		method, path := concrete(route.Pattern)
		if len(route.Guards) != 1 {
			t.Errorf("%s has %d guards", route.Pattern, len(route.Guards))
		}
		for _, credentials := range [][]string{
			nil, {"Authorization", "Basic YWRtaW46YWRtaW4="}, {"Authorization", "DPoP admin"}, {"Authorization", "admin"}, {"Authorization", "Bearer"}, {"Authorization", "Beareradmin"}, cookie,
		} {
			a := h.send(method, path, "", append([]string{"Authorization", ""}, credentials...)...)
			if len(credentials) == 2 && credentials[1] == "Bearer" {
				a.want(t, 401, "invalid-token")
				continue
			}
			a.want(t, 401, "no-token")
			// RFC 6750 §3.1: no error code when no token was sent.
			if got := a.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer ") || strings.Contains(got, "error") {
				t.Errorf("%s: %q", route.Pattern, got)
			}
		}
		for _, place := range []string{"?access_token=admin", "?bearer=admin"} { // RFC 6750 §2.3 is not offered
			h.send(method, path+place, "", "Authorization", "").want(t, 401, "no-token")
		}
		for _, token := range []string{"stolen", "Bearer admin", "admin admin", strings.Repeat("a", 10000)} {
			a := h.send(method, path, "", "Authorization", "Bearer "+token).want(t, 401, "invalid-token")
			if got := a.Header.Get("WWW-Authenticate"); got != `Bearer error="invalid_token"` {
				t.Errorf("%s: %q", route.Pattern, got)
			}
			if strings.Contains(string(a.body), token) {
				t.Errorf("the token is repeated: %s", a.body)
			}
		}
		h.send(method, path, "", "Authorization", "Bearer admin", "Authorization", "Bearer admin").want(t, 400, "invalid-request")
		scope := ScopeAdmin
		refused := []string{"partner", "none", "reader"}
		if method == "GET" {
			scope = ScopeRead
			refused = refused[:2]
			if a := h.send(method, path, "", "Authorization", "bearer  reader"); a.StatusCode != 200 && a.StatusCode != 404 {
				t.Errorf("%s with %s: %d", route.Pattern, ScopeRead, a.StatusCode)
			}
		}
		for _, token := range refused {
			a := h.send(method, path, "", "Authorization", "Bearer "+token).want(t, 403, "insufficient-scope")
			if got := a.Header.Get("WWW-Authenticate"); got != `Bearer error="insufficient_scope", scope="`+scope+`"` {
				t.Errorf("%s: %q", route.Pattern, got)
			}
		}
		// A fault behind the token is no verdict on it.
		if a := h.send(method, path, "", "Authorization", "Bearer fault").want(t, 503, "unavailable"); a.Header.Get("Retry-After") == "" || a.Header.Get("WWW-Authenticate") != "" {
			t.Errorf("%s: %v", route.Pattern, a.Header)
		}
	}
}

// RFC 9110 §15.5.6.
func TestMethodsAndUnknownPaths(t *testing.T) {
	h := newHarness(t)
	allowed := map[string][]string{}
	for _, route := range operations(h.api.Routes()) {
		method, path := concrete(route.Pattern)
		allowed[path] = append(allowed[path], method)
		if method == "GET" {
			allowed[path] = append(allowed[path], "HEAD")
		}
	}
	for path, methods := range allowed {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
			if slices.Contains(methods, method) {
				continue
			}
			a := h.send(method, path, "", "X-HTTP-Method-Override", methods[0]).want(t, 405, "method-not-allowed")
			got := strings.Split(a.Header.Get("Allow"), ", ")
			slices.Sort(got)
			slices.Sort(methods)
			if !slices.Equal(got, methods) {
				t.Errorf("%s %s: Allow %q, want %q", method, path, got, methods)
			}
		}
	}
	for _, path := range []string{"/admin/v1/", "/admin/v1/client", "/admin/v1/clients/", "/admin/v1/clients/c1/", "/admin/v1/clients/c1/secrets/1", "/admin/v1/clients/c1/other", "/admin/v1/users", "/admin/v1/openapi.yaml"} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			h.send(method, path, "").want(t, 404, "not-found")
		}
	}
}

// AD-11: routing and authentication look at the same path, so no spelling of it gets around the guard.
func TestPathTricks(t *testing.T) {
	h := newHarness(t)
	h.create(document)
	for _, path := range []string{
		"//admin/v1/clients", "/%61dmin/v1/clients", "/public/../admin/v1/clients", "/admin/v1/clients;x", "/ADMIN/v1/clients", "/admin/v1//clients", "/admin/./v1/clients",
		"/admin/v1/%63lients", "/admin%2fv1/clients", "/admin/v1/x/../clients", "/admin/v1/clients%00", "/admin/v1/clients%2f", "/admin/v1/clients/%2e", "/admin/v1/clients/..%2f", "/admin/v1/clients?", "/admin/v1/clients/.",
	} {
		a := h.send("GET", path, "", "Authorization", "")
		switch a.StatusCode {
		case 301, 307, 308, 401, 404: // a redirect leads to the clean path and its guard
		default:
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
	}
}

func TestNewWantsItsConfiguration(t *testing.T) {
	h := newHarness(t)
	for name, change := range map[string]func(*Config){
		"registry": func(c *Config) { c.Registry = nil }, "authenticate": func(c *Config) { c.Authenticate = nil },
		"issuer": func(c *Config) { c.Issuer = "" }, "short key": func(c *Config) { c.CursorKey = []byte("short") },
	} {
		cfg := h.api.cfg
		change(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

type openAPIDocument struct {
	Paths map[string]map[string]struct {
		OperationID string                `json:"operationId"`
		Security    []map[string][]string `json:"security"`
		Responses   map[string]any        `json:"responses"`
	}
	Components struct {
		Schemas map[string]struct {
			Properties map[string]any `json:"properties"`
		}
	}
}

// The description and the routes say the same.
func TestOpenAPIDescribesTheRoutes(t *testing.T) {
	h := newHarness(t)
	a := h.send("GET", "/admin/v1/openapi.json", "", "Authorization", "Bearer reader").want(t, 200, "")
	// The parameters of a path stand beside its methods; they are no operation.
	var raw map[string]any
	if err := json.Unmarshal(a.body, &raw); err != nil {
		t.Fatal(err)
	}
	for _, path := range raw["paths"].(map[string]any) {
		delete(path.(map[string]any), "parameters")
	}
	body, _ := json.Marshal(raw)
	var doc openAPIDocument
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	var described, routed []string
	for path, methods := range doc.Paths {
		for method, operation := range methods {
			scope := ScopeAdmin
			if method == "get" {
				scope = ScopeRead
			}
			if len(operation.Security) != 1 || !slices.Equal(operation.Security[0]["bearer"], []string{scope}) || operation.OperationID == "" {
				t.Errorf("%s %s: security %v", method, path, operation.Security)
			}
			for _, status := range []string{"400", "401", "403", "503"} {
				if operation.Responses[status] == nil {
					t.Errorf("%s %s: no %s", method, path, status)
				}
			}
			described = append(described, strings.ToUpper(method)+" "+path)
		}
	}
	for _, route := range operations(h.api.Routes()) {
		routed = append(routed, route.Pattern)
	}
	slices.Sort(described)
	slices.Sort(routed)
	if !slices.Equal(described, routed) {
		t.Errorf("described %q\nrouted %q", described, routed)
	}
	// An answer has no member that is not described, and every metadata member that is described is accepted.
	created := h.send("POST", pathClients, fullDocument).want(t, 201, "")
	known := map[string]bool{}
	for _, schema := range []string{"Metadata", "OAuthClient", "OAuthClientWithSecret"} {
		for name := range doc.Components.Schemas[schema].Properties {
			known[name] = true
		}
	}
	if len(doc.Components.Schemas["Metadata"].Properties) == 0 {
		t.Fatal("no metadata is described")
	}
	answered := maps.Clone(created.json)
	for _, document := range otherDocuments() {
		maps.Copy(answered, h.send("POST", pathClients, document).want(t, 201, "").json)
	}
	for name := range doc.Components.Schemas["Metadata"].Properties {
		if answered[name] == nil {
			t.Errorf("%s is described and was not answered", name)
		}
	}
	raw = raw["components"].(map[string]any)["schemas"].(map[string]any)
	for _, part := range []string{"OAuthClient", "OAuthClientWithSecret"} {
		for _, piece := range raw[part].(map[string]any)["allOf"].([]any) {
			properties, _ := piece.(map[string]any)["properties"].(map[string]any)
			for name := range properties {
				known[name] = true
			}
		}
	}
	for name := range created.json {
		if !known[name] && !strings.HasPrefix(name, "client_name#") {
			t.Errorf("%s is answered and not described", name)
		}
	}
}

// otherDocuments have the members that exclude one another.
func otherDocuments() []string {
	certified := `{"grant_types":["client_credentials"],"token_endpoint_auth_method":"tls_client_auth","tls_client_certificate_bound_access_tokens":true,`
	return []string{
		`{"grant_types":["urn:ietf:params:oauth:grant-type:token-exchange"],"audience":["https://stock.example"],"token_exchange_clients":["shop"]}`,
		certified + `"tls_client_auth_subject_dn":"CN=app,O=Example"}`, certified + `"tls_client_auth_san_dns":"app.example"}`, certified + `"tls_client_auth_san_uri":"spiffe://example/app"}`,
		certified + `"tls_client_auth_san_ip":"192.0.2.1"}`, certified + `"tls_client_auth_san_email":"app@app.example"}`,
		`{"grant_types":["client_credentials"],"token_endpoint_auth_method":"private_key_jwt","token_endpoint_auth_signing_alg":"EdDSA",
			"jwks":{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}}`,
	}
}

const fullDocument = `{
	"redirect_uris": ["https://app.example/cb"], "token_endpoint_auth_method": "client_secret_post",
	"grant_types": ["authorization_code", "refresh_token", "client_credentials"], "response_types": ["code"], "client_name": "Example", "client_name#ko": "예시",
	"client_uri": "https://app.example/", "logo_uri": "https://app.example/logo.png", "policy_uri": "https://app.example/legal", "tos_uri": "https://app.example/tos",
	"scope": "openid", "contacts": ["admin@app.example"], "application_type": "native", "subject_type": "public", "id_token_signed_response_alg": "ES256",
	"default_max_age": 60, "post_logout_redirect_uris": ["https://app.example/bye"], "initiate_login_uri": "https://app.example/start", "software_id": "a", "software_version": "1",
	"audience": ["https://api.example/"], "skip_consent": true, "require_pkce": true, "access_token_lifetime": 300, "introspect_any": true,
	"backchannel_logout_uri": "https://app.example/bc", "backchannel_logout_session_required": true,
	"frontchannel_logout_uri": "https://app.example/fc", "frontchannel_logout_session_required": true,
	"jwks_uri": "https://client.example/keys", "request_object_signing_alg": "PS256", "require_signed_request_object": true, "request_uris": ["https://client.example/request"], "require_pushed_authorization_requests": true,
	"authorization_details_types": ["payment_initiation"],
	"sector_identifier_uri": "https://app.example/sector", "userinfo_signed_response_alg": "ES256",
	"id_token_encrypted_response_alg": "RSA-OAEP-256", "id_token_encrypted_response_enc": "A256GCM",
	"userinfo_encrypted_response_alg": "ECDH-ES", "userinfo_encrypted_response_enc": "A128CBC-HS256",
	"authorization_encrypted_response_alg": "ECDH-ES", "authorization_encrypted_response_enc": "A256GCM",
	"introspection_encrypted_response_alg": "ECDH-ES+A256KW", "introspection_encrypted_response_enc": "A256GCM",
	"dpop_bound_access_tokens": true, "introspection_signed_response_alg": "ES256", "authorization_signed_response_alg": "PS256", "access_token_format": "opaque"
}`

// DS-10: the API answers faults of the database with 503, never with a wrong 404.
func TestStorageFault(t *testing.T) {
	h := newHarness(t)
	path, _ := h.create(document)
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, request := range [][]string{
		{"GET", pathClients, ""},
		{"GET", path, ""},
		{"POST", pathClients, document},
		{"PATCH", path, `{}`},
		{"DELETE", path, ""},
		{"POST", path + "/secrets", ""},
		{"GET", pathClients + "/unknown", ""},
	} {
		for _, headers := range [][]string{nil, {"Idempotency-Key", "k"}, {"If-Match", `"1"`}} {
			a := h.send(request[0], request[1], request[2], headers...).want(t, 503, "unavailable")
			if a.Header.Get("Retry-After") == "" {
				t.Errorf("%v: no Retry-After", request)
			}
			if strings.Contains(fmt.Sprint(a.json), "sql") {
				t.Errorf("%v: the cause is told to the caller: %s", request, a.body)
			}
		}
	}
}

func TestHead(t *testing.T) {
	h := newHarness(t)
	path, _ := h.create(document)
	if a := h.send(http.MethodHead, path, ""); a.StatusCode != 200 || a.Header.Get("ETag") != `"1"` || len(a.body) != 0 {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
}
