package storage

import (
	"context"
	"io/fs"
	"reflect"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm/schema"
)

// MigrateFrom is Migrate with other files.
func (db *DB) MigrateFrom(ctx context.Context, files fs.FS) ([]Migration, error) {
	return db.migrate(ctx, files)
}

// StatusFrom is Status with other files.
func (db *DB) StatusFrom(ctx context.Context, files fs.FS) ([]Migration, error) {
	return db.status(ctx, files)
}

// Exec runs a statement.
func (db *DB) Exec(t testing.TB, query string) {
	t.Helper()
	if err := db.write.WithContext(t.Context()).Exec(query).Error; err != nil {
		t.Fatal(err)
	}
}

// Query returns the first column of the rows.
func (db *DB) Query(t testing.TB, query string) []string {
	t.Helper()
	var list []string
	if err := db.read.WithContext(t.Context()).Raw(query).Scan(&list).Error; err != nil {
		t.Fatal(err)
	}
	return list
}

// Columns returns the columns of the row structs as "table.column kind", where kind is text, integer (also for booleans) or bytes.
func Columns(t testing.TB) []string {
	t.Helper()
	kinds := map[reflect.Type]string{
		reflect.TypeFor[string](): "text", reflect.TypeFor[*string](): "text", reflect.TypeFor[text](): "text", reflect.TypeFor[list](): "text",
		reflect.TypeFor[int64](): "integer", reflect.TypeFor[*int64](): "integer", reflect.TypeFor[millis](): "integer", reflect.TypeFor[bool](): "integer", reflect.TypeFor[[]byte](): "bytes",
	}
	var columns []string
	for _, row := range []any{
		&clientRow{}, &secretRow{}, &deletedRow{}, &accountRow{}, &identityRow{}, &sessionRow{}, &grantRow{}, &consentRow{}, &keyRow{}, &attemptRow{},
		&listRow{}, &revocationRow{}, &assertionRow{}, &leaseRow{}, &noticeRow{}, &registrationRow{}, &initialTokenRow{}, &deviceCodeRow{}, &pushedRow{}, &installationRow{},
	} {
		s, err := schema.Parse(row, &sync.Map{}, schema.NamingStrategy{})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range s.Fields {
			columns = append(columns, s.Table+"."+f.DBName+" "+kinds[f.FieldType])
		}
	}
	return columns
}

// OnStatement has f called with the time that each statement takes whose context has the key; with SQLite, waiting for the connection included.
// It must come before the first statement.
func (db *DB) OnStatement(key any, f func(took time.Duration)) {
	log := timingLog{key: key, f: f}
	db.write.Logger, db.read.Logger = log, log
}

type timingLog struct {
	slowLog
	key any
	f   func(took time.Duration)
}

func (l timingLog) Trace(ctx context.Context, begin time.Time, _ func() (string, int64), _ error) {
	if ctx.Value(l.key) != nil {
		l.f(time.Since(begin))
	}
}

// WithClock returns the database as if its clock said what the query does.
func (db *DB) WithClock(query string) *DB {
	other := *db
	other.dialect.clock = query
	return &other
}
