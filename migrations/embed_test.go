package migrations_test

import (
	"io/fs"
	"regexp"
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

// An upgrade needs no stop: each step promises by its name that the program before it runs on the result.
func TestEveryStepLeavesThePreviousReleaseWorking(t *testing.T) {
	files, err := migrations.SQLite()
	if err != nil {
		t.Fatal(err)
	}
	list, err := fs.Glob(files, "*.sql")
	if err != nil || len(list) < 2 {
		t.Fatalf("%v, %v", list, err)
	}
	form := regexp.MustCompile(`^[0-9]{4}_(expand|contract)_[a-z0-9_]+\.sql$`)
	for _, name := range list[1:] {
		if !form.MatchString(name) {
			t.Errorf("%s: want NNNN_expand_… or NNNN_contract_…, as docs/decisions/0007-schema-overlap.md says", name)
		}
	}
}
