package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTrustedIssuers(t *testing.T) {
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys.json")
	if err := os.WriteFile(keys, []byte(`{"keys":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	load := func(entry string) error {
		file := filepath.Join(dir, "symbolon.yaml")
		text := "issuer: https://id.example.com\nupstreams:\n  - { id: corp, type: oidc, issuer: \"https://sso.example\", client_id: a, client_secret: b }\ntrusted_issuers:\n  - { " + entry + " }\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(file, true, nil)
		if err == nil && strings.Contains(entry, "jwks_file") && string(c.TrustedIssuers[0].JWKS) != `{"keys":[]}` {
			t.Errorf("keys %s", c.TrustedIssuers[0].JWKS)
		}
		return err
	}
	const good = "issuer: \"https://sso.example\", upstream: corp, clients: [ a ], scopes: [ x ]"
	for entry, wrong := range map[string]string{
		good + ", jwks_uri: \"https://sso.example/jwks\"": "",
		good + ", jwks_file: keys.json":                   "",
		good:                                              "jwks_uri",
		good + ", jwks_file: keys.json, jwks_uri: \"https://sso.example/jwks\"":                "not both",
		good + ", jwks_uri: \"http://sso.example/jwks\"":                                       "must be an https address",
		good + ", jwks_file: symbolon.yaml":                                                    "must hold a JWK Set",
		strings.Replace(good, "corp", "other", 1) + ", jwks_file: keys.json":                   "must be the id of one of the upstreams",
		strings.Replace(good, "[ a ]", "[]", 1) + ", jwks_file: keys.json":                     "name the clients",
		strings.Replace(good, "[ x ]", "[]", 1) + ", jwks_file: keys.json":                     "name the scopes",
		strings.Replace(good, "[ x ]", "[ openid ]", 1) + ", jwks_file: keys.json":             "need the person",
		strings.Replace(good, "[ x ]", "[ \"symbolon:admin\" ]", 1) + ", jwks_file: keys.json": "administration",
		strings.Replace(good, "sso.example", "id.example.com", 1) + ", jwks_file: keys.json":   "this server itself",
	} {
		if err := load(entry); wrong == "" && err != nil || wrong != "" && (err == nil || !strings.Contains(err.Error(), wrong)) {
			t.Errorf("%s: %v", entry, err)
		}
	}
}
