package clients_test

import (
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/clients"
)

// OIDC Registration §2, RFC 9101 §10.5, SS-01, SS-05: what a client may say of its request objects.
func TestRequestObjectMetadata(t *testing.T) {
	const base = `"redirect_uris":["https://app.example/cb"],"jwks_uri":"https://app.example/keys",`
	validate := func(members string, r clients.Rules) error {
		m, err := clients.DecodeMetadata([]byte("{" + members + "}"))
		if err != nil {
			t.Fatalf("%s: %v", members, err)
		}
		m.Normalize()
		return m.Validate(r)
	}
	for _, members := range []string{
		`"require_signed_request_object":true`, `"request_object_signing_alg":"EdDSA"`, `"require_pushed_authorization_requests":true`,
		`"request_uris":["https://app.example/r","https://app.example/r#hash","https://app.example:8443/r?x=1"]`,
	} {
		if err := validate(base+members, clients.Rules{}); err != nil {
			t.Errorf("%s: %v", members, err)
		}
	}
	for _, members := range []string{
		`"request_object_signing_alg":"none"`, `"request_object_signing_alg":"HS256"`, `"request_object_signing_alg":"ES384"`,
		`"request_uris":["http://app.example/r"]`, `"request_uris":["file:///etc/passwd"]`, `"request_uris":["https://127.0.0.1/r"]`, `"request_uris":["https://localhost/r"]`,
		`"request_uris":["https://169.254.169.254/latest"]`, `"request_uris":["https://[::1]/r"]`, `"request_uris":["https://10.0.0.1/r"]`, `"request_uris":["https://user:pass@app.example/r"]`,
		`"request_uris":["urn:ietf:params:oauth:request_uri:x"]`, `"request_uris":["https://app.example/r#"]`, `"request_uris":[""]`, `"request_uris":["https://app.example/r","https://app.example/r"]`,
		`"request_uris":["https://app.example/` + strings.Repeat("r", 500) + `"]`,
	} {
		if err := validate(base+members, clients.Rules{}); err == nil || !strings.Contains(err.Error(), strings.Split(members, `"`)[1]) {
			t.Errorf("%s: %v", members, err)
		}
	}
	if validate(`"redirect_uris":["https://app.example/cb"],"require_signed_request_object":true`, clients.Rules{Administrator: true}) == nil {
		t.Error("a client without keys must sign")
	}
	if err := validate(base+`"request_uris":["http://localhost:9000/r"]`, clients.Rules{LoopbackURLs: true}); err != nil {
		t.Errorf("on a developer's machine: %v", err)
	}
}
