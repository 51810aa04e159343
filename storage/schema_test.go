package storage_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/symbolon-id/symbolon/storage"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// The SQL files are the schema; the row structs must say the same, on both databases.
func TestRowsAreTheColumns(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, url string) {
		query := `SELECT table_name || '.' || column_name || ' ' || data_type FROM information_schema.columns
			WHERE table_schema = current_schema() AND table_name <> 'symbolon_migrations'`
		if strings.HasPrefix(url, "sqlite:") {
			query = `SELECT t.name || '.' || c.name || ' ' || c.type FROM sqlite_schema t, pragma_table_info(t.name) c
				WHERE t.type = 'table' AND t.name <> 'symbolon_migrations' AND t.name NOT LIKE 'sqlite%'`
		}
		var got []string
		for _, column := range storagetest.Open(t, url).Query(t, query) {
			name, kind, _ := strings.Cut(column, " ")
			switch strings.ToLower(kind) {
			case "bigint", "boolean":
				kind = "integer"
			case "blob", "bytea":
				kind = "bytes"
			}
			got = append(got, name+" "+strings.ToLower(kind))
		}
		want := storage.Columns(t)
		slices.Sort(want)
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("columns (-row structs +database):\n%s", d)
		}
	})
}
