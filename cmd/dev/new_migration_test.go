package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestNewMigrationMakesAPairWithTheNextNumber(t *testing.T) {
	r := repository{root: t.TempDir(), out: new(bytes.Buffer)}
	for _, name := range []string{"first", "add_consents"} {
		if err := runNewMigration(t.Context(), r, []string{name}); err != nil {
			t.Fatal(err)
		}
	}
	for _, dialect := range dialects() {
		for _, name := range []string{"0001_first.sql", "0002_add_consents.sql"} {
			if _, err := os.Stat(filepath.Join(r.root, "migrations", dialect, name)); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestNewMigrationRefuses(t *testing.T) {
	r := repository{root: t.TempDir(), out: new(bytes.Buffer)}
	for _, args := range [][]string{nil, {"a", "b"}, {"Add"}, {"../x"}, {""}} {
		if err := runNewMigration(t.Context(), r, args); !errors.Is(err, errUsage) {
			t.Errorf("%q: %v", args, err)
		}
	}
	if err := runNewMigration(t.Context(), r, []string{"first"}); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(r.root, "migrations/postgres/0001_first.sql")); err != nil {
		t.Fatal(err)
	}
	if err := runNewMigration(t.Context(), r, []string{"second"}); err == nil {
		t.Error("made a migration although the folders differ")
	}
}
