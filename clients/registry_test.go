package clients

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func newRegistry() (*Registry, *memoryStore, *Cache) {
	store := newMemoryStore()
	cache := NewCache(store)
	return NewRegistry(RegistryConfig{Store: store, Cache: cache, SecretKey: []byte(strings.Repeat("k", 32))}), store, cache
}

func webApp() Metadata {
	return Metadata{RedirectURIs: []string{"https://app.example/cb"}, ClientName: "App", ClientNameLocalized: map[string]string{"ko": "앱"}}
}

func TestCreate(t *testing.T) {
	reg, _, cache := newRegistry()
	cache.Client(t.Context(), "chosen") // remembered as absent
	c, secret, err := reg.Create(t.Context(), webApp(), CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{22}$`).MatchString(c.ID) || !strings.HasPrefix(secret, "sym_cs_") || c.Version != 1 || c.Metadata.Scope != "openid profile email" {
		t.Errorf("%+v, %q", c, secret)
	}
	stored, err := reg.Get(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(c, stored); d != "" {
		t.Error("what is answered differs from what is stored", d)
	}
	if !verify(t, stored, secret) {
		t.Error("the secret does not pass")
	}
	for _, id := range []string{"chosen", "https://rp.example/a?b=c", "a", strings.Repeat("x", 2048), "...", "a+%"} {
		if c, _, err := reg.Create(t.Context(), webApp(), CreateOptions{ID: id}); err != nil && !errors.Is(err, ErrExists) || err == nil && c.ID != id {
			t.Errorf("%.30q: %v", id, err)
		}
		if _, err := cache.Client(t.Context(), id); err != nil {
			t.Errorf("%.30q is not found at once: %v", id, err)
		}
	}
	for _, id := range []string{" ", "a b", "a\x00", "a\n", "é", "\xff", ".", "..", strings.Repeat("x", 2049)} {
		if _, _, err := reg.Create(t.Context(), webApp(), CreateOptions{ID: id}); !cmp.Equal(problemsOf(t, err), []string{"client_id"}) {
			t.Errorf("%.30q: %v", id, err)
		}
	}
	if _, _, err := reg.Create(t.Context(), webApp(), CreateOptions{ID: "chosen"}); !errors.Is(err, ErrExists) {
		t.Error(err)
	}
	public := webApp()
	public.TokenEndpointAuthMethod = AuthMethodNone
	if c, secret, err := reg.Create(t.Context(), public, CreateOptions{}); err != nil || secret != "" || len(c.Secrets) != 0 {
		t.Errorf("public client: %+v, %q, %v", c, secret, err)
	}
	if _, _, err := reg.Create(t.Context(), Metadata{Scope: `"`}, CreateOptions{ID: " "}); len(problemsOf(t, err)) != 3 {
		t.Errorf("not every mistake at once: %v", err)
	}
}

// DR-06: a deleted client's id is never given again.
func TestDeletedIDIsNotGivenAgain(t *testing.T) {
	reg, _, cache := newRegistry()
	reg.Create(t.Context(), webApp(), CreateOptions{ID: "a", IdempotencyKey: "k"})
	if _, err := cache.Client(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := reg.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := cache.Client(t.Context(), "a"); !errors.Is(err, ErrNotFound) {
		t.Error("the deleted client is still cached", err)
	}
	for _, key := range []string{"", "k", "other"} {
		if _, _, err := reg.Create(t.Context(), webApp(), CreateOptions{ID: "a", IdempotencyKey: key}); !errors.Is(err, ErrExists) {
			t.Errorf("key %q: %v", key, err)
		}
	}
	for _, id := range []string{"a", "", "a\x00", "unknown"} {
		if err := reg.Delete(t.Context(), id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
		if _, err := reg.Get(t.Context(), id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestImportedSecretHash(t *testing.T) {
	reg, _, _ := newRegistry()
	c, secret, err := reg.Create(t.Context(), webApp(), CreateOptions{ImportedSecretHash: argon2idPHC("old secret")})
	if err != nil || secret != "" || !verify(t, c, "old secret") {
		t.Errorf("%+v, %q, %v", c, secret, err)
	}
	for _, hash := range []string{"old secret", "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "sha256$", "sha256$" + strings.Repeat("A", 64), "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA"} {
		_, _, err := reg.Create(t.Context(), webApp(), CreateOptions{ImportedSecretHash: hash})
		if !cmp.Equal(problemsOf(t, err), []string{"client_secret_hash"}) || len(hash) > 10 && strings.Contains(err.Error(), hash) {
			t.Errorf("%s: %v", hash, err)
		}
	}
	public := webApp()
	public.TokenEndpointAuthMethod = AuthMethodNone
	if _, _, err := reg.Create(t.Context(), public, CreateOptions{ImportedSecretHash: argon2idPHC("a")}); err == nil {
		t.Error("a public client with a secret")
	}
}

// The very same answer, secret included, without the secret being kept.
func TestIdempotencyKey(t *testing.T) {
	for _, id := range []string{"", "chosen"} {
		for _, method := range []string{AuthMethodBasic, AuthMethodNone} {
			t.Run(fmt.Sprintf("id=%q %s", id, method), func(t *testing.T) {
				reg, store, _ := newRegistry()
				meta := webApp()
				meta.TokenEndpointAuthMethod = method
				opts := CreateOptions{ID: id, IdempotencyKey: "key 1"}
				first, secret, err := reg.Create(t.Context(), meta, opts)
				if err != nil {
					t.Fatal(err)
				}
				answer, _ := json.Marshal(Response(first, secret))
				same := func() {
					t.Helper()
					again, repeated, err := reg.Create(t.Context(), meta, opts)
					if err != nil {
						t.Fatal(err)
					}
					if got, _ := json.Marshal(Response(again, repeated)); string(got) != string(answer) {
						t.Errorf("%s\n%s", got, answer)
					}
				}
				same()
				time.Sleep(2 * time.Millisecond)
				same()
				other := meta
				other.ClientName = "Other"
				if _, _, err := reg.Create(t.Context(), other, opts); !errors.Is(err, ErrIdempotencyMismatch) {
					t.Error(err)
				}
				if _, _, err := reg.Create(t.Context(), meta, CreateOptions{ID: "another", IdempotencyKey: "key 1"}); !errors.Is(err, ErrIdempotencyMismatch) {
					t.Error(err)
				}
				if id == "" {
					second, otherSecret, err := reg.Create(t.Context(), meta, CreateOptions{IdempotencyKey: "key 2"})
					if err != nil || second.ID == first.ID || secret != "" && secret == otherSecret {
						t.Errorf("another key: %+v, %v", second, err)
					}
					reg.Update(t.Context(), first.ID, []byte(`{"client_name":"Changed"}`), 0)
					same()
				}
				for _, row := range store.rows {
					if dump := fmt.Sprintf("%+v %s", row, row.metadata); secret != "" && strings.Contains(dump, secret) || strings.Contains(dump, "key 1") {
						t.Error("the secret or the key is stored as it is")
					}
				}
			})
		}
	}
	reg, store, _ := newRegistry()
	store.fault.Store(true)
	if _, _, err := reg.Create(t.Context(), webApp(), CreateOptions{IdempotencyKey: "k"}); !errors.Is(err, errFault) {
		t.Error(err)
	}
	bare := NewRegistry(RegistryConfig{Store: newMemoryStore()})
	if _, _, err := bare.Create(t.Context(), webApp(), CreateOptions{IdempotencyKey: "k"}); err == nil {
		t.Error("a secret was computed without a key")
	}
}

func TestIdempotencyKeyInParallel(t *testing.T) {
	reg, store, _ := newRegistry()
	secrets := make([]string, 50)
	var wg sync.WaitGroup
	for i := range secrets {
		wg.Go(func() {
			var err error
			if _, secrets[i], err = reg.Create(t.Context(), webApp(), CreateOptions{IdempotencyKey: "k"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, s := range secrets {
		if s != secrets[0] {
			t.Fatal("two answers for one request")
		}
	}
	if len(store.rows) != 1 {
		t.Errorf("%d clients", len(store.rows))
	}
}

// A fault is never an answer.
func TestRegistryTellsFaults(t *testing.T) {
	reg, store, _ := newRegistry()
	c, _, _ := reg.Create(t.Context(), webApp(), CreateOptions{})
	store.fault.Store(true)
	for name, do := range map[string]func() error{
		"Create": func() error { _, _, err := reg.Create(t.Context(), webApp(), CreateOptions{}); return err },
		"Get":    func() error { _, err := reg.Get(t.Context(), c.ID); return err },
		"List":   func() error { _, err := reg.List(t.Context(), ClientFilter{}); return err },
		"Update": func() error { _, err := reg.Update(t.Context(), c.ID, []byte(`{}`), 0); return err },
		"Rotate": func() error { _, _, err := reg.RotateSecret(t.Context(), c.ID, 0); return err },
		"Delete": func() error { return reg.Delete(t.Context(), c.ID) },
	} {
		if err := do(); !errors.Is(err, errFault) || errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// DR-07, RFC 7591 §3.2.1.
func TestResponse(t *testing.T) {
	created := time.Unix(1700000000, 0)
	c := &Client{ID: "c", Version: 3, CreatedAt: created, DisabledAt: created.Add(9 * time.Second), Metadata: Metadata{Scope: "a", ClientNameLocalized: map[string]string{"ko": "앱"}}, Secrets: []Secret{
		{ID: "s2", Hash: "sha256$new", CreatedAt: created.Add(time.Second)}, {ID: "s1", Hash: "sha256$old", CreatedAt: created, ExpiresAt: created.Add(time.Minute)},
	}}
	secrets := `"client_secrets":[{"id":"s2","created_at":1700000001,"expires_at":0},{"id":"s1","created_at":1700000000,"expires_at":1700000060}]`
	for secret, want := range map[string]string{
		"":         `{"client_id":"c","client_id_issued_at":1700000000,` + secrets + `,"version":3,"disabled_at":1700000009,"scope":"a","client_name#ko":"앱"}`,
		"sym_cs_x": `{"client_id":"c","client_secret":"sym_cs_x","client_id_issued_at":1700000000,"client_secret_expires_at":0,` + secrets + `,"version":3,"disabled_at":1700000009,"scope":"a","client_name#ko":"앱"}`,
	} {
		got, err := json.Marshal(Response(c, secret))
		if err != nil || string(got) != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
}
