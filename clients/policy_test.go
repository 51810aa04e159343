package clients

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func prepare(t *testing.T, p Policy, document string) (Metadata, error) {
	t.Helper()
	var m Metadata
	if err := m.UnmarshalJSON([]byte(document)); err != nil {
		t.Fatal(err)
	}
	return m, p.Prepare(&m)
}

func TestPolicyFits(t *testing.T) {
	const uri = `"redirect_uris":["https://app.example/cb"]`
	for name, test := range map[string]struct {
		document string
		want     string // scope, grant types, response types, application type
	}{
		"RFC 7591 §2: defaults":                           {`{` + uri + `}`, "openid profile email|authorization_code|code|web"},
		"RFC 7591 §2: no scope is all of them":            {`{` + uri + `,"grant_types":["authorization_code","refresh_token"]}`, "openid profile email offline_access|authorization_code refresh_token|code|web"},
		"more grant types than we offer":                  {`{` + uri + `,"grant_types":["authorization_code","urn:ietf:params:oauth:grant-type:device_code"]}`, "openid profile email|authorization_code|code|web"},
		"more response types than we offer":               {`{` + uri + `,"grant_types":["authorization_code","implicit"],"response_types":["code","id_token token"]}`, "openid profile email|authorization_code|code|web"},
		"more scopes than we offer":                       {`{` + uri + `,"scope":"openid mcp:tools"}`, "openid|authorization_code|code|web"},
		"OIDC Core §11: offline_access without refresh":   {`{` + uri + `,"scope":"openid offline_access"}`, "openid|authorization_code|code|web"},
		"RFC 8252 §7: on the device, by its redirect":     {`{"redirect_uris":["http://127.0.0.1:7777/cb"],"token_endpoint_auth_method":"none"}`, "openid profile email|authorization_code|code|native"},
		"RFC 8252 §7: on the device, by a private scheme": {`{"redirect_uris":["com.example.app:/cb"],"token_endpoint_auth_method":"none"}`, "openid profile email|authorization_code|code|native"},
	} {
		m, err := prepare(t, testPolicy(), test.document)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := strings.Join([]string{m.Scope, strings.Join(m.GrantTypes, " "), strings.Join(m.ResponseTypes, " "), m.ApplicationType}, "|")
		if got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}

func TestPolicyRefuses(t *testing.T) {
	const uri = `"redirect_uris":["https://app.example/cb"]`
	listed := testPolicy()
	listed.RedirectHosts = []string{"app.example", "*.partner.example", "localhost", "com.example.app"}
	for name, test := range map[string]struct {
		policy   Policy
		document string
		code     string // "" when it is fine
	}{
		"DR-02: skip_consent":                        {testPolicy(), `{` + uri + `,"skip_consent":true}`, CodeInvalidClientMetadata},
		"DR-02: audience":                            {testPolicy(), `{` + uri + `,"audience":["https://api"]}`, CodeInvalidClientMetadata},
		"DR-02: introspect_any":                      {testPolicy(), `{` + uri + `,"introspect_any":true}`, CodeInvalidClientMetadata},
		"DR-02: access_token_lifetime":               {testPolicy(), `{` + uri + `,"access_token_lifetime":3600}`, CodeInvalidClientMetadata},
		"DR-02: alg none":                            {testPolicy(), `{` + uri + `,"id_token_signed_response_alg":"none"}`, CodeInvalidClientMetadata},
		"DR-02: no PKCE":                             {testPolicy(), `{` + uri + `,"require_pkce":false}`, CodeInvalidClientMetadata},
		"DR-02: only scopes of administrators":       {testPolicy(), `{` + uri + `,"scope":"symbolon:admin"}`, CodeInvalidClientMetadata},
		"a grant type that is not offered":           {testPolicy(), `{` + uri + `,"grant_types":["client_credentials"]}`, CodeInvalidClientMetadata},
		"only implicit":                              {testPolicy(), `{` + uri + `,"grant_types":["implicit"]}`, CodeInvalidClientMetadata},
		"a web client on loopback":                   {testPolicy(), `{"redirect_uris":["http://localhost/cb"],"application_type":"web"}`, CodeInvalidRedirectURI},
		"hosts: another":                             {listed, `{"redirect_uris":["https://evil.example/cb"]}`, CodeInvalidRedirectURI},
		"hosts: one of two":                          {listed, `{"redirect_uris":["https://app.example/cb","https://evil.example/cb"]}`, CodeInvalidRedirectURI},
		"hosts: the domain itself":                   {listed, `{"redirect_uris":["https://partner.example/cb"]}`, CodeInvalidRedirectURI},
		"hosts: the end of another name":             {listed, `{"redirect_uris":["https://evilpartner.example/cb"]}`, CodeInvalidRedirectURI},
		"hosts: after log-out":                       {listed, `{` + uri + `,"post_logout_redirect_uris":["https://evil.example/"]}`, CodeInvalidRedirectURI},
		"hosts: another private scheme":              {listed, `{"redirect_uris":["com.evil.app:/cb"]}`, CodeInvalidRedirectURI},
		"hosts: listed":                              {listed, `{"redirect_uris":["https://app.example/cb","https://a.b.partner.example:8443/cb"]}`, ""},
		"hosts: loopback and private scheme by name": {listed, `{"redirect_uris":["http://localhost:9/cb","com.example.app:/cb"]}`, ""},
	} {
		_, err := prepare(t, test.policy, test.document)
		var invalid *MetadataError
		switch {
		case test.code == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case test.code != "" && (!errors.As(err, &invalid) || invalid.Code() != test.code):
			t.Errorf("%s: got %v, want %s", name, err, test.code)
		}
	}
	for uri, want := range map[string]bool{"https://app.example/x": true, "https://evil.example/x": false, "": false} {
		if listed.RedirectAllowed(uri) != want || testPolicy().RedirectAllowed(uri) {
			t.Errorf("trust in %q", uri)
		}
	}
}

// RFC 7592 §2.2: what the client leaves out goes back to its default, and what an administrator gave it stays.
func TestReplace(t *testing.T) {
	no := false
	old := Metadata{RedirectURIs: []string{"https://app.example/cb"}, ClientName: "Old", ClientURI: "https://app.example/", Audience: []string{"https://api"}, RequirePKCE: &no}
	plain := Metadata{RedirectURIs: []string{"https://app.example/new"}}
	repeats := plain
	repeats.Audience, repeats.RequirePKCE = []string{"https://api"}, &no
	more := repeats
	more.SkipConsent = true
	for name, test := range map[string]struct {
		next Metadata
		ok   bool
	}{"leaves them out": {plain, true}, "repeats them": {repeats, true}, "asks for more": {more, false}} {
		got, err := Replace(old, test.next, testPolicy().Prepare)
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		if got.ClientName != "" || got.ClientURI != "" || got.RedirectURIs[0] != "https://app.example/new" {
			t.Errorf("%s: what was left out is still there: %+v", name, got)
		}
		if d := cmp.Diff(old.privileges(), got.privileges()); d != "" {
			t.Errorf("%s (-administrator's +now):\n%s", name, d)
		}
	}
}

// Every member that Validate keeps for administrators is one that a document cannot bring and that an update cannot take away.
func TestPrivilegesAreComplete(t *testing.T) {
	values := map[string]string{
		"audience": `["https://api"]`, "skip_consent": "true", "require_pkce": "false", "access_token_lifetime": "60", "access_token_format": `"opaque"`,
		"introspect_any": "true", "token_exchange_clients": `["other"]`,
	}
	for _, known := range new(Metadata).members() {
		value, ok := values[known.name]
		if !ok {
			switch known.at.(type) {
			case *string:
				value = `"x"`
			case *bool, **bool:
				value = "true"
			case *int64, **int64:
				value = "1"
			case *[]string:
				value = `["x"]`
			default:
				value = "{}"
			}
		}
		if known.name == "redirect_uris" {
			continue
		}
		m, err := prepare(t, testPolicy(), `{"redirect_uris":["https://app.example/cb"],"`+known.name+`":`+value+`}`)
		privileged := err != nil && strings.Contains(err.Error(), known.name+" can only be set by an administrator")
		if privileged != ok {
			t.Errorf("%s: privileged %v (%v), and the test says %v", known.name, privileged, err, ok)
		}
		if !ok {
			continue
		}
		old := m.privileges()
		if m.dropPrivileges(); !cmp.Equal(m.privileges(), Metadata{}) {
			t.Errorf("%s is not dropped", known.name)
		}
		next, err := Replace(old, Metadata{RedirectURIs: []string{"https://app.example/cb"}}, testPolicy().Prepare)
		if err != nil || cmp.Equal(old, Metadata{}) || !cmp.Equal(next.privileges(), old) {
			t.Errorf("%s is lost by an update: %+v, %v", known.name, next.privileges(), err)
		}
	}
}
