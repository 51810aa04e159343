package clients

import (
	"strings"
	"testing"
)

func TestGrantTypesWithAURN(t *testing.T) {
	admin := Rules{Administrator: true}
	for name, c := range map[string]struct {
		document string
		rules    Rules
		wrong    string // part of the mistake; empty: none
	}{
		"RFC 8628: a device alone":              {`{"grant_types":["` + GrantDeviceCode + `"],"token_endpoint_auth_method":"none"}`, Rules{}, ""},
		"a device that refreshes":               {`{"grant_types":["` + GrantDeviceCode + `","refresh_token"],"token_endpoint_auth_method":"none"}`, Rules{}, ""},
		"token exchange":                        {`{"grant_types":["` + GrantTokenExchange + `"],"audience":["https://a.example"],"token_exchange_clients":["shop"]}`, admin, ""},
		"JWT bearer":                            {`{"grant_types":["` + GrantJWTBearer + `"]}`, admin, ""},
		"refresh token alone":                   {`{"grant_types":["refresh_token"]}`, admin, "refresh_token alone"},
		"token exchange without audience":       {`{"grant_types":["` + GrantTokenExchange + `"]}`, admin, "audience"},
		"token exchange of a public client":     {`{"grant_types":["` + GrantTokenExchange + `"],"audience":["a"],"token_endpoint_auth_method":"none"}`, admin, "without a secret"},
		"JWT bearer of a public client":         {`{"grant_types":["` + GrantJWTBearer + `"],"token_endpoint_auth_method":"none"}`, admin, "without a secret"},
		"token exchange for oneself":            {`{"grant_types":["` + GrantTokenExchange + `"]}`, Rules{}, "only be given by an administrator"},
		"JWT bearer for oneself":                {`{"grant_types":["` + GrantJWTBearer + `"]}`, Rules{}, "only be given by an administrator"},
		"clients without the grant":             {`{"grant_types":["client_credentials"],"token_exchange_clients":["shop"]}`, admin, "token-exchange is not in grant_types"},
		"clients for oneself":                   {`{"grant_types":["client_credentials"],"token_exchange_clients":["shop"]}`, Rules{}, "only be set by an administrator"},
		"an empty client":                       {`{"grant_types":["` + GrantTokenExchange + `"],"audience":["a"],"token_exchange_clients":[""]}`, admin, "must hold ids"},
		"OAuth 2.0 has no such thing any more":  {`{"grant_types":["password"]}`, admin, "password"},
		"device_code without its urn is a typo": {`{"grant_types":["device_code"]}`, admin, "device_code"},
	} {
		m, err := DecodeMetadata([]byte(c.document))
		if err != nil {
			t.Fatal(err)
		}
		m.Normalize()
		err = m.Validate(c.rules)
		if c.wrong == "" && err != nil || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%s: %v", name, err)
		}
		if strings.HasPrefix(name, "a device that refreshes") && m.Scope != "openid profile email offline_access" {
			t.Errorf("%s: scope %q", name, m.Scope)
		}
	}
}
