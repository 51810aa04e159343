package main

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	_ "modernc.org/sqlite"             // driver "sqlite"
)

// bareStore is one table without indexes, reached by prepared statements; the connections and the durability are those of package storage.
// It is here, and in SQL, because it measures what package storage must cost at the least.
type bareStore struct {
	insertRow, rotateRow, revokeRow, selectRow *sql.Stmt
	everybody                                  string // key of the row that stands for any session and account
}

const bareSchema = `CREATE TABLE grants (id TEXT NOT NULL PRIMARY KEY, generation BIGINT NOT NULL, revoked_at BIGINT, record TEXT NOT NULL)`

func openBareStore(ctx context.Context, database string) (*bareStore, error) {
	writer, reader, err := openBareDatabase(database)
	if err != nil {
		return nil, err
	}
	if _, err := writer.ExecContext(ctx, bareSchema); err != nil {
		return nil, err
	}
	s := &bareStore{everybody: "everybody"}
	for query, prepared := range map[string]struct {
		db   *sql.DB
		stmt **sql.Stmt
	}{
		"INSERT INTO grants (id, generation, record) VALUES ($1, 0, $2)":                  {writer, &s.insertRow},
		"UPDATE grants SET generation = generation + 1 WHERE id = $1":                     {writer, &s.rotateRow},
		"UPDATE grants SET revoked_at = 1700000000000 WHERE id = $1":                      {writer, &s.revokeRow},
		"SELECT generation, revoked_at IS NULL AS live, record FROM grants WHERE id = $1": {reader, &s.selectRow},
	} {
		if *prepared.stmt, err = prepared.db.PrepareContext(ctx, query); err != nil {
			return nil, err
		}
	}
	return s, s.insert(ctx, s.everybody, `{"account":"`+strings.Repeat("a", 22)+`","session":"`+strings.Repeat("s", 22)+`","client":"`+
		strings.Repeat("c", 22)+`","scopes":["openid","profile","email"],"amr":["fed"],"audience":["http://localhost:8080"]}`)
}

func openBareDatabase(database string) (writer, reader *sql.DB, err error) {
	path, isSQLite := strings.CutPrefix(database, "sqlite:")
	if !isSQLite {
		if writer, err = sql.Open("pgx", database); err != nil {
			return nil, nil, err
		}
		writer.SetMaxOpenConns(16)
		writer.SetMaxIdleConns(16)
		return writer, writer, nil
	}
	open := func(conns int, pragmas ...string) (*sql.DB, error) {
		q := url.Values{"_pragma": append([]string{"busy_timeout(10000)"}, pragmas...)}
		db, err := sql.Open("sqlite", "file:"+path+"?"+q.Encode())
		if err == nil {
			db.SetMaxOpenConns(conns)
			db.SetMaxIdleConns(conns)
		}
		return db, err
	}
	if writer, err = open(1, "journal_mode(WAL)", "synchronous(FULL)"); err != nil {
		return nil, nil, err
	}
	reader, err = open(4)
	return writer, reader, err
}

func (s *bareStore) insert(ctx context.Context, id, record string) error {
	return one(s.insertRow.ExecContext(ctx, id, record))
}

func (s *bareStore) rotate(ctx context.Context, id string) error {
	return one(s.rotateRow.ExecContext(ctx, id))
}

func (s *bareStore) revoke(ctx context.Context, id string) error {
	return one(s.revokeRow.ExecContext(ctx, id))
}

var errRow = errors.New("not one row")

func one(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, errRow)
	}
	return nil
}

// grant reads a row that must be alive.
func (s *bareStore) grant(ctx context.Context, id string) error {
	_, err := s.read(ctx, id)
	return err
}

// person reads the row that stands for any session.
func (s *bareStore) person(ctx context.Context) (record string, err error) {
	return s.read(ctx, s.everybody)
}

func (s *bareStore) read(ctx context.Context, id string) (record string, err error) {
	var generation int64
	var live bool
	if err := s.selectRow.QueryRowContext(ctx, id).Scan(&generation, &live, &record); err != nil {
		return "", err
	}
	if !live {
		return "", errRow
	}
	return record, nil
}
