package provider

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/clients"
)

func claimsClient(scope string) *clients.Client {
	return &clients.Client{ID: "c", Metadata: clients.Metadata{Scope: scope}}
}

// OIDC Core §5.5: what the parameter asks for.
func TestClaimsRequest(t *testing.T) {
	for name, test := range map[string]struct {
		parameter, scope string
		want             claimsRequest
	}{
		"absent":                         {"", "openid", claimsRequest{}},
		"empty":                          {"{}", "openid", claimsRequest{}},
		"null members":                   {`{"userinfo":null,"id_token":null}`, "openid", claimsRequest{}},
		"as in OIDC Core §5.5":           {`{"userinfo":{"given_name":{"essential":true},"nickname":null,"email":{"essential":true},"email_verified":{"essential":true},"picture":null,"http://example.info/claims/groups":null},"id_token":{"auth_time":{"essential":true},"acr":{"values":["urn:mace:incommon:iap:silver"]}}}`, "openid", claimsRequest{userInfo: []string{"email", "email_verified", "given_name", "picture"}}},
		"essential acr":                  {`{"id_token":{"acr":{"essential":true,"values":["a","b"]}}}`, "openid", claimsRequest{acrs: []string{"a", "b"}}},
		"essential acr without values":   {`{"id_token":{"acr":{"essential":true}}}`, "openid", claimsRequest{}},
		"acr at userinfo":                {`{"userinfo":{"acr":{"essential":true,"value":"a"}}}`, "openid", claimsRequest{}},
		"sub in both":                    {`{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"values":["b"]}}}`, "openid", claimsRequest{subjects: [][]string{{"a"}, {"b"}}}},
		"not an OpenID request":          {`{"id_token":{"name":null,"sub":{"value":"a"}}}`, "email", claimsRequest{}},
		"AZ-17: beyond the registration": {`{"id_token":{"name":null,"email":null}}`, "openid", claimsRequest{idToken: []string{"email"}}},
		"names are exact":                {`{"id_token":{"Email":null,"EMAIL":null,"ſub":{"value":1}}}`, "openid", claimsRequest{}},
		"reserved names":                 {`{"id_token":{"iss":{"value":"x"},"aud":null,"exp":{"value":1},"roles":null,"client_id":null,"scope":null,"amr":null}}`, "openid", claimsRequest{}},
		"members that we do not know":    {`{"purpose":1,"id_token":{"email":{"essential":false,"purpose":"x","value":"a@b.example"}}}`, "openid", claimsRequest{idToken: []string{"email"}}},
		"the value of what is not ours":  {`{"userinfo":{"address":{"value":{"country":"DE"}},"verified_claims":{"verification":{},"claims":{"name":null}}}}`, "openid", claimsRequest{}},
		"truth values and numbers":       {`{"userinfo":{"email_verified":{"value":true},"updated_at":{"values":[1,2]}}}`, "openid", claimsRequest{userInfo: []string{"email_verified"}}},
	} {
		scope := "openid email"
		if test.want.userInfo != nil && slices.Contains(test.want.userInfo, "given_name") {
			scope = "openid email profile"
		}
		got, err := claimsOfRequest(claimsClient(scope), test.parameter, test.scope)
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
}

// AZ-17: what is no claims parameter.
func TestClaimsRequestRefusals(t *testing.T) {
	many := strings.Builder{}
	for n := range 10_000 {
		fmt.Fprintf(&many, `"c%d":null,`, n)
	}
	fifty := strings.Builder{}
	for n := range 51 {
		fmt.Fprintf(&fifty, `"c%d":null,`, n)
	}
	for _, parameter := range []string{
		"x", "null", "[]", `"x"`, "1", "true", "{", "{}x", "{}{}", `{"a":}`, `{"id_token":1}`, `{"id_token":[]}`, `{"id_token":"x"}`, `{"userinfo":[{"name":null}]}`,
		`{"id_token":{"name":1}}`, `{"id_token":{"name":"x"}}`, `{"id_token":{"name":[]}}`, `{"id_token":{"name":true}}`,
		`{"id_token":{"name":{"essential":"true"}}}`, `{"id_token":{"name":{"essential":1}}}`, `{"id_token":{"name":{"essential":null}}}`,
		`{"id_token":{"name":{"value":{}}}}`, `{"id_token":{"name":{"value":[]}}}`, `{"id_token":{"name":{"value":null}}}`,
		`{"id_token":{"name":{"values":"x"}}}`, `{"id_token":{"name":{"values":{}}}}`, `{"id_token":{"name":{"values":[]}}}`, `{"id_token":{"name":{"values":null}}}`,
		`{"id_token":{"name":{"value":"a","values":["a"]}}}`,
		`{"id_token":{"sub":{"value":1}}}`, `{"id_token":{"sub":{"values":["a",1]}}}`, `{"id_token":{"sub":{"values":[null]}}}`, `{"userinfo":{"sub":{"value":true}}}`, `{"id_token":{"acr":{"values":[{}]}}}`,
		`{"id_token":{},"id_token":{}}`, `{"id_token":{"name":null,"name":null}}`, `{"id_token":{"sub":{"value":"a","value":"b"}}}`, `{"x":{"y":1,"\u0079":2}}`,
		"{\"\xff\":1}", `{"a":` + strings.Repeat("[", 9) + strings.Repeat("]", 9) + "}", strings.Repeat("[", 8000), strings.Repeat(`{"a":`, 1000), `{"a":"` + strings.Repeat("x", 8<<10) + `"}`,
		`{"id_token":{` + strings.TrimSuffix(many.String(), ",") + `}}`, `{"id_token":{` + strings.TrimSuffix(fifty.String(), ",") + `}}`,
	} {
		if got, err := claimsOfRequest(claimsClient("openid profile email"), parameter, "openid"); err == nil {
			t.Errorf("%.80s: %+v", parameter, got)
		}
	}
}

// Whatever the parameter, nothing is asked for that the client is not registered for, and every claim has its scope.
func FuzzClaimsRequest(f *testing.F) {
	for _, seed := range []string{
		"", "{}", `{"userinfo":{"name":{"essential":true}}}`, `{"id_token":{"sub":{"value":"a"},"acr":{"essential":true,"values":["1"]},"email":null}}`, `{"id_token":{"name":null,"name":null}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, parameter string) {
		got, err := claimsOfRequest(claimsClient("openid email"), parameter, "openid")
		if err != nil {
			return
		}
		if len(parameter) > maxClaimsRequest {
			t.Fatal("too long")
		}
		for _, name := range slices.Concat(got.idToken, got.userInfo) {
			if claimScopes[name] != "email" {
				t.Fatalf("%q", name)
			}
		}
		if scopes := withClaimScopes([]string{"openid"}, got.idToken, got.userInfo); len(scopes) > 2 {
			t.Fatalf("%v", scopes)
		}
	})
}
