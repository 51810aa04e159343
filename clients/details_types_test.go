package clients

import (
	"strings"
	"testing"
)

// RFC 9396 §10: a client has types that there are. What registers itself gets those that the policy lists, and keeps working without the others.
func TestRFC9396Section10(t *testing.T) {
	const document = `{"redirect_uris":["https://app.example/cb"],"authorization_details_types":["payment","account"]}`
	administrator := func(types ...string) error {
		m, err := DecodeMetadata([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		m.Normalize()
		return m.Validate(Rules{Administrator: true, AuthorizationDetailsTypes: types})
	}
	if err := administrator("account", "payment", "more"); err != nil {
		t.Error(err)
	}
	for _, types := range [][]string{nil, {"account"}, {"account", "Payment"}} {
		if err := administrator(types...); err == nil || !strings.Contains(err.Error(), "authorization_details_types") || !strings.Contains(err.Error(), "payment") {
			t.Errorf("%v: %v", types, err)
		}
	}
	for want, types := range map[string][]string{"": nil, "account": {"account", "more"}, "payment account": {"account", "payment"}} {
		p := testPolicy()
		p.AuthorizationDetailsTypes = types
		if m, err := prepare(t, p, document); err != nil || strings.Join(m.AuthorizationDetailsTypes, " ") != want {
			t.Errorf("%v: %v, %v", types, m.AuthorizationDetailsTypes, err)
		}
	}
}
