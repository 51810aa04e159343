package storage_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/symbolon-id/symbolon/storage"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

func TestMain(m *testing.M) {
	if url := os.Getenv("SYMBOLON_TEST_MIGRATE"); url != "" {
		migrateChild(url)
	}
	storagetest.Main(m)
}

// migrateChild is another process that starts on the database. It prints how many migrations it applied.
func migrateChild(url string) {
	ctx := context.Background()
	db, err := storage.Open(ctx, storage.Config{URL: url})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	done, err := db.MigrateFrom(ctx, steps(url, os.Getenv("SYMBOLON_TEST_SLOW") != ""))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(len(done))
	os.Exit(0)
}

func child(t *testing.T, url string, slow string) *exec.Cmd {
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), "SYMBOLON_TEST_MIGRATE="+url, "SYMBOLON_TEST_SLOW="+slow)
	c.Stderr = os.Stderr
	return c
}

// steps are three migrations; slow ones take a second or two in the middle of the second.
func steps(url string, slow bool) fstest.MapFS {
	second := "CREATE TABLE b (n BIGINT);\nINSERT INTO b VALUES (1);\n"
	switch {
	case slow && strings.HasPrefix(url, "sqlite:"):
		second += "INSERT INTO b WITH RECURSIVE s(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM s WHERE n < 2000000) SELECT n FROM s;\n"
	case slow:
		second += "SELECT pg_sleep(1.5);\n"
	}
	return fstest.MapFS{
		"0001_a.sql": {Data: []byte("CREATE TABLE a (n BIGINT);\nINSERT INTO a VALUES (42);\n")},
		"0002_b.sql": {Data: []byte(second + "CREATE INDEX b_n ON b (n);\n")},
		"0003_c.sql": {Data: []byte("CREATE TABLE c (n BIGINT);\n")},
	}
}

// each is storagetest.Each on databases without tables.
func each(t *testing.T, f func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { f(t, storagetest.SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, storagetest.EmptyPostgres(t)) })
}

func open(t testing.TB, url string) *storage.DB {
	t.Helper()
	db, err := storage.Open(t.Context(), storage.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func applied(list []storage.Migration) (n int) {
	for _, m := range list {
		if !m.AppliedAt.IsZero() {
			n++
		}
	}
	return n
}

func TestSixProcessesMigrateAtOnce(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		var children []*exec.Cmd
		var outputs []*strings.Builder
		for range 6 {
			c, out := child(t, url, ""), &strings.Builder{}
			c.Stdout = out
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			children, outputs = append(children, c), append(outputs, out)
		}
		total := 0
		for i, c := range children {
			if err := c.Wait(); err != nil {
				t.Errorf("process %d: %v", i, err)
			}
			var n int
			_, _ = fmt.Sscan(outputs[i].String(), &n)
			total += n
		}
		if total != 3 {
			t.Errorf("six processes applied %d migrations in all, want each of the 3 once", total)
		}
	})
}

// FT-14: kill -9 in the middle of a migration, with data; the next start goes on from the last whole step.
func TestMigrationKilledInTheMiddle(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, files := open(t, url), steps(url, true)
		c := child(t, url, "1")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		for n := 0; n == 0; time.Sleep(5 * time.Millisecond) {
			list, err := db.StatusFrom(t.Context(), files)
			if err != nil {
				t.Fatal(err)
			}
			n = applied(list)
		}
		time.Sleep(100 * time.Millisecond)
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := c.Wait(); err == nil {
			t.Fatal("the process ended before it was killed")
		}
		list, err := db.StatusFrom(t.Context(), files)
		if err != nil || applied(list) != 1 {
			t.Fatalf("after the kill: %v, %v; want the first applied", list, err)
		}
		done, err := db.MigrateFrom(t.Context(), steps(url, false)) // the same steps, without the wait
		if err != nil || len(done) != 2 || done[0].Name != "0002_b.sql" {
			t.Errorf("next start applied %v, %v; want the second and the third", done, err)
		}
		if got := db.Query(t, "SELECT count(*) FROM a WHERE n = 42"); got[0] != "1" {
			t.Errorf("rows of the first migration: %v", got)
		}
		if got := db.Query(t, "SELECT count(*) FROM b WHERE n = 1"); got[0] != "1" {
			t.Errorf("rows of the second migration: %v", got)
		}
	})
}

func TestMigrationThatFailsLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, files := open(t, url), steps(url, false)
		files["0002_b.sql"] = &fstest.MapFile{Data: []byte("CREATE TABLE b (n BIGINT);\nINSERT INTO nowhere VALUES (1);\n")}
		done, err := db.MigrateFrom(t.Context(), files)
		if err == nil || !strings.Contains(err.Error(), "0002_b.sql") || len(done) != 1 {
			t.Errorf("%v, %v; want an error that names the file, after one that was applied", done, err)
		}
		if done, err := db.MigrateFrom(t.Context(), steps(url, false)); err != nil || len(done) != 2 {
			t.Errorf("mended: %v, %v", done, err)
		}
		if done, err := db.MigrateFrom(t.Context(), steps(url, false)); err != nil || len(done) != 0 {
			t.Errorf("again: %v, %v; want nothing to do", done, err)
		}
	})
}

func TestSchemaThatIsNotOurs(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, files := open(t, url), steps(url, false)
		refuse := func(what string, files fs.FS, want error) {
			t.Helper()
			_, errStatus := db.StatusFrom(t.Context(), files)
			_, errMigrate := db.MigrateFrom(t.Context(), files)
			if !errors.Is(errStatus, want) || !errors.Is(errMigrate, want) {
				t.Errorf("%s: status %v, migrate %v; want %v", what, errStatus, errMigrate, want)
			}
		}
		// FT-04: a schema from another product.
		db.Exec(t, "CREATE TABLE wp_posts (id BIGINT)")
		refuse("another product's tables", files, storage.ErrSchemaForeign)
		if err := db.Check(t.Context()); !errors.Is(err, storage.ErrSchemaForeign) {
			t.Errorf("check: %v", err)
		}
		db.Exec(t, "DROP TABLE wp_posts")

		if _, err := db.MigrateFrom(t.Context(), files); err != nil {
			t.Fatal(err)
		}
		// FT-15: an old program on a new schema.
		older := steps(url, false)
		delete(older, "0003_c.sql")
		refuse("newer schema", older, storage.ErrSchemaNewer)
		altered := steps(url, false)
		altered["0001_a.sql"].Data = append(altered["0001_a.sql"].Data, ' ')
		refuse("altered file", altered, storage.ErrSchemaAltered)
	})
}

func TestSchemaBehind(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := open(t, url)
		if err := db.Check(t.Context()); !errors.Is(err, storage.ErrSchemaBehind) {
			t.Errorf("an empty database: %v", err)
		}
		list, err := db.Status(t.Context())
		if err != nil || len(list) == 0 || applied(list) != 0 {
			t.Errorf("status of an empty database: %v, %v", list, err)
		}
		if _, err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := db.Check(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestMigrationNames(t *testing.T) {
	db := open(t, storagetest.SQLite(t))
	for _, files := range []fstest.MapFS{{"0002_b.sql": {}}, {"1_a.sql": {}}, {"0001_a.sql": {}, "0003_c.sql": {}}, {"0001_a.sql": {}, "0001_b.sql": {}}} {
		if _, err := db.StatusFrom(t.Context(), files); err == nil {
			t.Errorf("accepted %v", files)
		}
	}
}
