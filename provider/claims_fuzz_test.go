package provider

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/symbolon-id/symbolon/provider/keys"
)

// FuzzTokenClaims: claims that are read as those of an access token or an ID token say the same to every reader, whatever else stands around them, and
// read the same when they are written again.
func FuzzTokenClaims(f *testing.F) {
	for _, seed := range []string{
		`{"iss":"https://id.example.com","sub":"a","aud":["b","c"],"exp":2,"iat":1,"jti":"g.t","client_id":"c","scope":"openid","cnf":{"jkt":"x"},"status":{"status_list":{"idx":1,"uri":"u"}}}`,
		`{"iss":"i","sub":"s","aud":"a","exp":1,"iat":1,"auth_time":1,"sid":"x","nonce":"n","email_verified":true}`, `{"sub":"a","sub":"b"}`, `{"SUB":"a"}`, `{"ſub":"a"}`, `{"sub":"a"}{}`, `{"sub":"a"`,
		`[{"sub":"a"}]`, `null`, ``, `{"aud":[]}`, `{"aud":null}`, `{"exp":1e3}`, `{"act":{"sub":"a","act":{"sub":"b"}},"authorization_details":[{"type":"x"}]}`, `{"s\u0075b":"a"}`, "{\"sub\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		if err := decodeClaims(payload, &idClaims{}); err != nil && !errors.Is(err, keys.ErrToken) {
			t.Fatal(err)
		}
		var access accessClaims
		if err := decodeClaims(payload, &access); err != nil {
			if !errors.Is(err, keys.ErrToken) {
				t.Fatal(err)
			}
			return
		}
		var members map[string]any
		if err := json.Unmarshal(payload, &members); err != nil {
			t.Fatalf("%q: %v", payload, err)
		}
		for name, read := range map[string]string{"iss": access.Issuer, "sub": access.Subject, "jti": access.ID, "client_id": access.ClientID, "scope": access.Scope, "sid": access.SessionID} {
			if said, _ := members[name].(string); said != read {
				t.Fatalf("%q: the %s is read as %q", payload, name, read)
			}
		}
		if len(access.Audience) == 0 {
			return // it is for nobody, and goes no further
		}
		encoded, err := json.Marshal(access)
		if err != nil {
			t.Fatal(err)
		}
		access.AuthorizationDetails = nil // its white space is not kept
		var again accessClaims
		if err := decodeClaims(encoded, &again); err != nil {
			t.Fatalf("%q became %q: %v", payload, encoded, err)
		}
		if again.AuthorizationDetails = nil; !cmp.Equal(access, again, cmpopts.EquateEmpty()) {
			t.Fatalf("%q became %q", payload, encoded)
		}
	})
}
