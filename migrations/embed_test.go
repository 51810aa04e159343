package migrations_test

import (
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/symbolon-id/symbolon/migrations"
)

func TestBothDatabasesHaveTheSameSteps(t *testing.T) {
	names := func(open func() (fs.FS, error)) []string {
		files, err := open()
		if err != nil {
			t.Fatal(err)
		}
		list, err := fs.Glob(files, "*.sql")
		if err != nil || len(list) == 0 {
			t.Fatalf("%v, %v", list, err)
		}
		return list
	}
	if d := cmp.Diff(names(migrations.SQLite), names(migrations.Postgres)); d != "" {
		t.Errorf("-sqlite +postgres:\n%s", d)
	}
}
