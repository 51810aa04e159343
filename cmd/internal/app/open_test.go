package app

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/symbolon-id/symbolon/cmd/internal/app/config"
)

func embedded(t *testing.T, path string, environ ...string) *config.Config {
	t.Helper()
	cfg, err := config.Load("symbolon.yaml", false, append(environ, "SYMBOLON_ISSUER=https://id.example.com", "SYMBOLON_DATABASE=sqlite:"+path))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// Processes that start at once on a fresh folder end up with one database and one secret.
func TestOpenOrCreateAtOnce(t *testing.T) {
	t.Parallel()
	cfg := embedded(t, filepath.Join(t.TempDir(), "symbolon.db"))
	var mu sync.Mutex
	seen := map[string]int{}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			s, err := OpenOrCreate(t.Context(), cfg)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			seen[string(s.Secrets[0])]++
			mu.Unlock()
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if len(seen) != 1 {
		t.Errorf("%d secrets were given out", len(seen))
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(cfg.Database.SQLitePath()), "*secret*"))
	if len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

// FT-10: the first start is cut off between the secret and the database; the next one goes on with the same secret.
func TestSecretOfAStartThatWasCutOff(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "symbolon.db")
	cfg := embedded(t, path)
	made, err := rootSecrets(cfg, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := OpenOrCreate(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if string(s.Secrets[0]) != string(made[0]) || len(made[0]) < 32 {
		t.Error("another secret, or a short one")
	}
}

// The operator rotates the secret of an embedded database by adding a line in front.
func TestRootSecretFileWithTwoLines(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "symbolon.db")
	if err := os.WriteFile(path+".secret", []byte(strings.Repeat("n", 40)+"\n"+strings.Repeat("o", 40)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	secrets, err := rootSecrets(embedded(t, path), true)
	if err != nil || len(secrets) != 2 || secrets[0][0] != 'n' {
		t.Errorf("secrets are %q, %v", secrets, err)
	}
}
