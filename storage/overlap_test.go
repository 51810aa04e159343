package storage_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/migrations"
	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/storage"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// laterRelease returns this program's migrations and made-up ones that follow, with the names and the SQL.
func laterRelease(t *testing.T, url, sql string, names ...string) fstest.MapFS {
	t.Helper()
	open := migrations.Postgres
	if strings.HasPrefix(url, "sqlite:") {
		open = migrations.SQLite
	}
	known, err := open()
	if err != nil {
		t.Fatal(err)
	}
	list, err := fs.Glob(known, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, name := range list {
		data, err := fs.ReadFile(known, name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	for i, name := range names {
		files[fmt.Sprintf("%04d_%s.sql", len(list)+1+i, name)] = &fstest.MapFile{Data: fmt.Appendf(nil, "CREATE TABLE later%d (n INTEGER);\n%s", i, sql)}
	}
	return files
}

// expansion is what an expand-only migration may do: new columns in every table, without a value and with one, and an index.
func expansion(t *testing.T) string {
	var sql strings.Builder
	seen := map[string]bool{}
	for _, column := range storage.Columns(t) {
		table, _, _ := strings.Cut(column, ".")
		if !seen[table] {
			fmt.Fprintf(&sql, "ALTER TABLE %s ADD COLUMN later_text TEXT;\nALTER TABLE %s ADD COLUMN later_number INTEGER NOT NULL DEFAULT 7;\n", table, table)
		}
		seen[table] = true
	}
	return sql.String() + "CREATE INDEX grants_later ON grants (refreshed_at, later_text);\n"
}

func migrateFrom(t *testing.T, url string, files fs.FS) {
	t.Helper()
	if _, err := open(t, url).MigrateFrom(t.Context(), files); err != nil {
		t.Fatal(err)
	}
}

// The previous program, which is this one, does all that the suite asks on the schema of the next release.
func TestPreviousProgramOnTheNextSchema(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		migrateFrom(t, url, laterRelease(t, url, expansion(t), "expand_later"))
		db := open(t, url)
		if err := db.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		if done, err := db.Migrate(t.Context()); err != nil || len(done) != 0 {
			t.Errorf("migrate: %v, %v; want nothing to do", done, err)
		}
		list, err := db.Status(t.Context())
		if err != nil || applied(list) != len(list) || !strings.HasSuffix(list[len(list)-1].Name, "_expand_later.sql") {
			t.Errorf("status: %v, %v; want the step of the newer program last", list, err)
		}
		storagetest.Run(t, url)
	})
}

// A node that is running while the next release migrates meets no fault: its prepared statements return what they returned.
func TestMigrationBesideARunningNode(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, url string) {
		node, now := storagetest.Open(t, url), time.Now()
		a := account.Account{ID: "a", CreatedAt: now, UpdatedAt: now}
		i := account.Identity{Connector: "google", Issuer: "https://accounts.google.com", Subject: "1", LinkedAt: now}
		s := session.Session{ID: "s", AccountID: "a", LoginAt: now, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(time.Hour)}
		if err := errors.Join(node.CreateAccount(t.Context(), a, i), node.StartSession(t.Context(), s, make([]byte, 32), nil),
			node.CreateClient(t.Context(), &clients.Client{ID: "c", CreatedAt: now, UpdatedAt: now}, ""), node.InsertGrant(t.Context(), grant("g"))); err != nil {
			t.Fatal(err)
		}
		work := func(when string) {
			var wg sync.WaitGroup
			for range 50 { // more than there are connections
				wg.Go(func() {
					ctx := t.Context()
					_, _, errGrant := node.Grant(ctx, "g")
					_, errSession := node.SessionByToken(ctx, make([]byte, 32))
					_, errSessions := node.SessionsOf(ctx, "a")
					_, errClient := node.Client(ctx, "c")
					_, _, errIdentity := node.AccountByIdentity(ctx, i.Connector, i.Issuer, i.Subject)
					_, errAccount := node.Account(ctx, "a")
					_, errKeys := node.Keys(ctx)
					_, errConsent := node.Consent(ctx, "a", "c")
					_, errNotices := node.DeadLogoutNotices(ctx, 1)
					if err := errors.Join(errGrant, errSession, errSessions, errClient, errIdentity, errAccount, errKeys, errConsent, errNotices); err != nil {
						t.Errorf("%s the migration: %v", when, err)
					}
				})
			}
			wg.Wait()
		}
		work("before")
		migrateFrom(t, url, laterRelease(t, url, expansion(t), "expand_later"))
		work("after")
	})
}

// FT-15: an old program on a new schema, unless it is the next one and says by its name that it may.
func TestSchemaOfALaterRelease(t *testing.T) {
	for _, c := range []struct {
		names    []string
		accepted bool
	}{
		{[]string{"expand_devices"}, true},
		{[]string{"contract_devices"}, true},
		{[]string{"devices"}, false},
		{[]string{"expander"}, false},
		{[]string{"devices_expand_more"}, false},
		{[]string{"expand_devices", "expand_more"}, false},
		{[]string{"devices", "expand_more"}, false},
	} {
		t.Run(strings.Join(c.names, " and "), func(t *testing.T) {
			each(t, func(t *testing.T, url string) {
				migrateFrom(t, url, laterRelease(t, url, "", c.names...))
				db := open(t, url)
				errCheck := db.Check(t.Context())
				_, errMigrate := db.Migrate(t.Context())
				list, errStatus := db.Status(t.Context())
				for what, err := range map[string]error{"check": errCheck, "migrate": errMigrate, "status": errStatus} {
					if c.accepted && err != nil || !c.accepted && !errors.Is(err, storage.ErrSchemaNewer) {
						t.Errorf("%s: %v", what, err)
					}
				}
				if applied(list) != len(list) || !strings.Contains(list[len(list)-1].Name, c.names[len(c.names)-1]) {
					t.Errorf("status lists %v", list)
				}
			})
		})
	}
}
