package clients

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

func keySet(t *testing.T, keys ...jose.JSONWebKey) string {
	t.Helper()
	document, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

// OIDC Registration §2, JARM §3, RFC 9701 §6: an algorithm needs a key, and an encoding an algorithm.
func TestEncryptionMetadata(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	strong, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set := func(key any, use, alg string) string {
		return `"jwks":` + keySet(t, jose.JSONWebKey{Key: key, KeyID: "1", Use: use, Algorithm: alg})
	}
	const uri = `"jwks_uri":"https://a.example/keys"`
	for _, of := range []string{"id_token", "userinfo", "authorization", "introspection"} {
		alg, enc := of+"_encrypted_response_alg", of+"_encrypted_response_enc"
		for name, test := range map[string]struct {
			members string
			wrong   string
		}{
			"alg alone":                {uri + `,"` + alg + `":"RSA-OAEP-256"`, ""},
			"both":                     {uri + `,"` + alg + `":"ECDH-ES","` + enc + `":"A256GCM"`, ""},
			"a key in the set":         {set(strong.Public(), "enc", "") + `,"` + alg + `":"RSA-OAEP-256"`, ""},
			"one without use":          {set(ec.Public(), "", "") + `,"` + alg + `":"ECDH-ES+A256KW"`, ""},
			"one for the algorithm":    {set(ec.Public(), "enc", "ECDH-ES") + `,"` + alg + `":"ECDH-ES"`, ""},
			"enc alone":                {uri + `,"` + enc + `":"A256GCM"`, enc},
			"no keys":                  {`"` + alg + `":"RSA-OAEP-256"`, alg},
			"a key to sign with":       {set(strong.Public(), "sig", "") + `,"` + alg + `":"RSA-OAEP-256"`, alg},
			"one for another":          {set(ec.Public(), "enc", "ECDH-ES") + `,"` + alg + `":"ECDH-ES+A256KW"`, alg},
			"one of another kind":      {set(strong.Public(), "enc", "") + `,"` + alg + `":"ECDH-ES"`, alg},
			"a key that only signs":    {set(ed, "", "") + `,"` + alg + `":"ECDH-ES"`, alg},
			"JW-08: a weak key":        {set(weak.Public(), "enc", "") + `,"` + alg + `":"RSA-OAEP-256"`, "jwks"},
			"a private key":            {set(strong, "enc", "") + `,"` + alg + `":"RSA-OAEP-256"`, "jwks"},
			"RSA1_5":                   {uri + `,"` + alg + `":"RSA1_5"`, alg},
			"RSA-OAEP":                 {uri + `,"` + alg + `":"RSA-OAEP"`, alg},
			"JW-12: dir":               {uri + `,"` + alg + `":"dir"`, alg},
			"JW-12: PBES2":             {uri + `,"` + alg + `":"PBES2-HS256+A128KW"`, alg},
			"none":                     {uri + `,"` + alg + `":"none"`, alg},
			"A128GCM":                  {uri + `,"` + alg + `":"ECDH-ES","` + enc + `":"A128GCM"`, enc},
			"names are case-sensitive": {uri + `,"` + alg + `":"ecdh-es"`, alg},
		} {
			err := validate(t, `{"redirect_uris":["https://a.example/"],`+test.members+`}`, selfRegistered)
			if test.wrong == "" {
				if err != nil {
					t.Errorf("%s of %s: %v", name, of, err)
				}
				continue
			}
			if got := problemsOf(t, err); !strings.Contains(strings.Join(got, " "), test.wrong) {
				t.Errorf("%s of %s: %v", name, of, got)
			}
		}
		m, err := DecodeMetadata([]byte(`{"` + alg + `":"ECDH-ES"}`))
		if err != nil {
			t.Fatal(err)
		}
		m.Normalize()
		if encoded, _ := json.Marshal(m); !strings.Contains(string(encoded), `"`+enc+`":"A128CBC-HS256"`) {
			t.Errorf("the default: %s", encoded)
		}
	}
}

// JW-12, OIDC Registration §2: userinfo is signed with a public key or not at all.
func TestUserInfoSignedResponseAlg(t *testing.T) {
	for _, alg := range []string{"none", "HS256", "HS512", "RS1", "rs256"} {
		if validate(t, `{"redirect_uris":["https://a.example/"],"userinfo_signed_response_alg":"`+alg+`"}`, administrator) == nil {
			t.Errorf("%s: accepted", alg)
		}
	}
}
