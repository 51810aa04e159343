package storagetest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/symbolon-id/symbolon/storage"
)

// shared is the one PostgreSQL of the test binary, kept while a test or Main uses it.
var shared struct {
	sync.Mutex
	server *server
	err    error // of the only attempt to start it
	users  int
}

// Main runs the tests and keeps the PostgreSQL that they start, if any, until the last is done. Then it calls after, and exits.
func Main(m *testing.M, after ...func()) {
	acquire()
	code := m.Run()
	release()
	for _, f := range after {
		f()
	}
	os.Exit(code)
}

// SQLite returns the URL of a new, empty database in the test's temporary directory.
func SQLite(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "symbolon.db")
}

// Postgres returns the URL of a new database with the current schema. It is dropped when the test ends.
func Postgres(t testing.TB) string { return newDatabase(t, templateName) }

// EmptyPostgres returns the URL of a new database without tables.
func EmptyPostgres(t testing.TB) string { return newDatabase(t, "template0") }

// Each runs f on a new database of each kind, with the current schema, as the subtests "sqlite" and "postgres".
func Each(t *testing.T, f func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) {
		url := SQLite(t)
		Open(t, url)
		f(t, url)
	})
	t.Run("postgres", func(t *testing.T) { f(t, Postgres(t)) })
}

// Open opens the database, brings its schema up to date, and closes it when the test ends.
func Open(t testing.TB, url string) *storage.DB {
	t.Helper()
	db, err := storage.Open(t.Context(), storage.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func newDatabase(t testing.TB, template string) string {
	t.Helper()
	acquire()
	t.Cleanup(release)
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = startServer(t.Context())
	}
	if shared.err != nil {
		if slices.Contains(strings.Split(os.Getenv("SYMBOLON_TEST_REQUIRE"), ","), "postgres") {
			t.Fatalf("PostgreSQL is required: %v", shared.err)
		}
		t.Skipf("no PostgreSQL: %v", shared.err)
	}
	name, err := shared.server.createDatabase(t.Context(), template)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shared.server.dropDatabase(name) })
	return shared.server.URL(name)
}

func acquire() {
	shared.Lock()
	defer shared.Unlock()
	shared.users++
}

func release() {
	shared.Lock()
	defer shared.Unlock()
	if shared.users--; shared.users == 0 && shared.server != nil {
		shared.server.stop()
		shared.server = nil
	}
}
