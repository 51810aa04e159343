package storage_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/storage"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// FT-04: a clear message, and nothing is created by accident.
func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		config storage.Config
		says   string
	}{
		"missing directory":  {storage.Config{URL: "sqlite:" + dir + "/missing/symbolon.db"}, "there is no directory"},
		"missing file":       {storage.Config{URL: "sqlite:" + dir + "/symbolon.db", MustExist: true}, "there is no such file"},
		"a directory":        {storage.Config{URL: "sqlite:" + dir}, "is a directory"},
		"no database":        {storage.Config{URL: "sqlite:" + text}, "no SQLite database"},
		"memory":             {storage.Config{URL: "sqlite::memory:"}, "want the path of a file"},
		"no path":            {storage.Config{URL: "sqlite:"}, "want the path of a file"},
		"no scheme":          {storage.Config{URL: "symbolon.db"}, "want sqlite:PATH or postgres://"},
		"another dialect":    {storage.Config{URL: "mysql://root:hunter2@localhost/x"}, "want sqlite:PATH or postgres://"},
		"unreadable URL":     {storage.Config{URL: "postgres://me:hunter2@localhost:port/x"}, "cannot be read"},
		"nobody listens":     {storage.Config{URL: "postgres://me:hunter2@/x?host=" + dir}, "does not answer"},
		"nobody, twice":      {storage.Config{URL: "postgres://me:hunter2@127.0.0.1:1,127.0.0.1:2/x"}, "does not answer"},
		"unknown TLS choice": {storage.Config{URL: "postgres://me:hunter2@localhost/x?sslmode=maybe"}, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			db, err := storage.Open(t.Context(), c.config)
			if err == nil {
				_ = db.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "\n") {
				t.Errorf("says %q, want one line with %q and no password", err, c.says)
			}
		})
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestSQLiteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b%20?#&ü.db")
	db := storagetest.Open(t, "sqlite:"+path)
	if err := db.InsertGrant(t.Context(), grant("g")); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("mode of %s is %v", info.Name(), info.Mode())
		}
	}
	header, err := os.ReadFile(path)
	if err != nil || header[18] != 2 || header[19] != 2 {
		t.Errorf("journal mode: %v, %v; want the versions of WAL", header[18:20], err)
	}
	for _, pragma := range []struct{ query, want string }{
		{"PRAGMA query_only", "1"}, {"PRAGMA busy_timeout", "10000"}, {"PRAGMA integrity_check", "ok"},
	} {
		if got := db.Query(t, pragma.query); got[0] != pragma.want {
			t.Errorf("%s of a reader: %v", pragma.query, got)
		}
	}
}

// A command opens the file beside a running server: both write, and see each other's rows.
func TestTwoOpenTheSameFile(t *testing.T) {
	url := storagetest.SQLite(t)
	server, command := storagetest.Open(t, url), storagetest.Open(t, url)
	var wg sync.WaitGroup
	for name, db := range map[string]*storage.DB{"server": server, "command": command} {
		for range 100 {
			id := name + newID()
			wg.Go(func() {
				if err := db.InsertGrant(t.Context(), grant(id)); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	c := &clients.Client{ID: "partner", CreatedAt: time.Now(), UpdatedAt: time.Now()}
	if err := command.CreateClient(t.Context(), c, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Client(t.Context(), "partner"); err != nil {
		t.Error(err)
	}
	if got := server.Query(t, "SELECT count(*) FROM grants"); got[0] != "200" {
		t.Errorf("%v grants, want 200", got)
	}
}

// A fault is no answer: never a sentinel, so that callers say 503 and not "no such grant".
func TestFaultsAreNotSentinels(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, url string) {
		db := storagetest.Open(t, url)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, _, err := db.Grant(ctx, "g")
		if err == nil || errors.Is(err, provider.ErrGrantNotFound) || !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if _, _, err := db.Grant(t.Context(), "g"); err == nil || errors.Is(err, provider.ErrGrantNotFound) {
			t.Errorf("closed: %v", err)
		}
		if err := db.InsertGrant(t.Context(), grant("g")); err == nil || errors.Is(err, provider.ErrGrantExists) {
			t.Errorf("closed: %v", err)
		}
	})
}

// Expiry tests of other packages run on SQLite in a synctest bubble: nothing here may keep a goroutine or read the clock early.
func TestSQLiteInABubble(t *testing.T) {
	url := storagetest.SQLite(t)
	synctest.Test(t, func(t *testing.T) {
		db := storagetest.Open(t, url)
		now := time.Now()
		c := &clients.Client{ID: "c", CreatedAt: now, UpdatedAt: now, Secrets: []clients.Secret{{ID: "s", Hash: "h", CreatedAt: now, ExpiresAt: now.Add(time.Hour)}}}
		if err := db.CreateClient(t.Context(), c, ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if c, err := db.Client(t.Context(), "c"); err != nil || len(c.Secrets) != 0 {
			t.Errorf("an hour later: %v, %v; want the secret expired", c, err)
		}
	})
}

func grant(id string) provider.Grant {
	return provider.Grant{ID: id, ClientID: "c", AccountID: "a", SessionID: "s", CreatedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)}
}
