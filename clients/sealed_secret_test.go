package clients

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// reversed is a Sealer that anybody can undo: what is tested is who is asked to seal what.
type reversed struct{}

func (reversed) Reseal(sealed, _ []byte) ([]byte, bool) { return sealed, false }

func (reversed) Seal(plaintext, associated []byte) []byte {
	sealed := append(slices.Clone(associated), plaintext...)
	slices.Reverse(sealed)
	return sealed
}

func (reversed) Open(sealed, associated []byte) ([]byte, error) {
	opened := slices.Clone(sealed)
	slices.Reverse(opened)
	plaintext, ok := bytes.CutPrefix(opened, associated)
	if !ok {
		return nil, errors.New("does not open")
	}
	return plaintext, nil
}

const sharedClient = `{"client_name":"S","grant_types":["client_credentials"],"token_endpoint_auth_method":"client_secret_jwt"}`

func mustDecode(t *testing.T, document string) Metadata {
	t.Helper()
	m, err := DecodeMetadata([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// docs/decisions/0008: the secret of a client_secret_jwt client is sealed, long enough for HS512, rotates, and is dropped with the method.
func TestSharedSecretIsSealed(t *testing.T) {
	store := newMemoryStore()
	reg := NewRegistry(RegistryConfig{Store: store, Sealer: reversed{}, SecretKey: make([]byte, 32)})
	c, secret, err := reg.Create(t.Context(), mustDecode(t, sharedClient), CreateOptions{IdempotencyKey: "k"})
	if err != nil {
		t.Fatal(err)
	}
	if len(secret) < 64 || !strings.HasPrefix(c.Secrets[0].Hash, sealedPrefix) {
		t.Fatalf("secret of %d octets, kept as %.10s", len(secret), c.Secrets[0].Hash)
	}
	_, again, err := reg.Create(t.Context(), mustDecode(t, sharedClient), CreateOptions{IdempotencyKey: "k"})
	if err != nil || again != secret {
		t.Errorf("repeated: another secret, %v", err)
	}
	if ok, _ := NewSecretVerifier().Verify(t.Context(), c, secret); ok {
		t.Error("the secret is taken as a password")
	}
	keys := func() (all []string) {
		now, err := reg.Get(t.Context(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range now.SharedKeys(reversed{}) {
			all = append(all, string(k))
		}
		return all
	}
	second, _, err := reg.RotateSecret(t.Context(), c.ID, time.Hour)
	if err != nil || len(second) < 64 || !slices.Equal(keys(), []string{second, secret}) {
		t.Errorf("rotated: %v, %v", keys(), err)
	}
	moved := *c
	moved.ID = "another"
	if len(moved.SharedKeys(reversed{})) > 0 {
		t.Error("a sealed secret opens for another client")
	}
	// A hash is no key, and a sealed secret is no hash: a change of method needs a new secret.
	for _, method := range []string{AuthMethodBasic, AuthMethodSecretJWT} {
		changed, err := reg.Update(t.Context(), c.ID, []byte(`{"token_endpoint_auth_method":"`+method+`"}`), 0)
		if err != nil || len(changed.Secrets) > 0 || len(keys()) > 0 {
			t.Errorf("%s: %d secrets, %v", method, len(changed.Secrets), err)
		}
		if _, _, err := reg.RotateSecret(t.Context(), c.ID, 0); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
	if len(keys()) != 1 {
		t.Error("no key after the rotation")
	}
}

// Without a Sealer there is no client_secret_jwt; a hash that was imported cannot be one; keys are no secret that could be rotated.
func TestSharedSecretNeedsASealer(t *testing.T) {
	reg := NewRegistry(RegistryConfig{Store: newMemoryStore()})
	if _, _, err := reg.Create(t.Context(), mustDecode(t, sharedClient), CreateOptions{}); !errors.Is(err, errNoSealer) {
		t.Errorf("error %v", err)
	}
	_, _, err := reg.Create(t.Context(), mustDecode(t, sharedClient), CreateOptions{ImportedSecretHash: "sha256$" + strings.Repeat("0", 64)})
	if got := problemsOf(t, err); !slices.Equal(got, []string{"client_secret_hash"}) {
		t.Errorf("imported: %v", got)
	}
	keyed := `{"grant_types":["client_credentials"],"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"https://app.example/jwks"}`
	c, secret, err := reg.Create(t.Context(), mustDecode(t, keyed), CreateOptions{})
	if err != nil || secret != "" || len(c.Secrets) > 0 || c.Public() {
		t.Errorf("private_key_jwt: secret %q, %v", secret, err)
	}
	if _, _, err := reg.RotateSecret(t.Context(), c.ID, 0); !errors.Is(err, ErrNoSecret) {
		t.Errorf("rotate: %v", err)
	}
}
