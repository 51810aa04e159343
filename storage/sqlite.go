package storage

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/symbolon-id/symbolon/migrations"
)

// openSQLite opens the file with two pools: SQLite has one writer at a time, so writers queue here for a connection, in order, rather than
// there in a retry loop; readers are never behind them (WAL).
//
// Another process may have the file open too (a command beside the server): SQLite's own locks and the busy time-out see to that.
func openSQLite(path string, c Config) (*DB, error) {
	if err := prepareFile(path, c.MustExist); err != nil {
		return nil, fmt.Errorf("database sqlite:%s: %w", path, err)
	}
	// synchronous=FULL: a code or refresh token that was spent stays spent after a power failure.
	writer, err := sql.Open("sqlite", sqliteDSN(path, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"))
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	writer.SetMaxOpenConns(1)
	reader, err := sql.Open("sqlite", sqliteDSN(path, "query_only(1)"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), writer.Close())
	}
	reader.SetMaxOpenConns(4)
	reader.SetMaxIdleConns(4)
	db := &DB{
		pools: map[string]*sql.DB{"writer": writer, "reader": reader},
		dialect: dialect{
			files:  migrations.SQLite,
			tables: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
		},
	}
	if db.write, err = openGorm(sqliteDialect{newPool(writer, c.Observe, newPrepared(writer))}, c); err == nil {
		db.read, err = openGorm(sqliteDialect{newPool(reader, c.Observe, newPrepared(reader))}, c)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), db.Close())
	}
	return db, nil
}

// sqliteDSN puts the settings into the name: each new connection of the pool then has them. The time-out comes first, so that the
// others wait for a lock too. A transaction takes the write lock when it begins: one that reads first could not take it later.
func sqliteDSN(path string, pragmas ...string) string {
	q := url.Values{"_txlock": {"immediate"}, "_dqs": {"0"}, "_pragma": append([]string{"busy_timeout(10000)"}, pragmas...)}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

// prepareFile makes the file where it may, readable by its owner only; SQLite gives its companions (-wal, -shm) the same mode.
func prepareFile(path string, mustExist bool) error {
	if path == "" || strings.Contains(path, ":memory:") || strings.ContainsRune(path, 0) {
		return errors.New("want the path of a file")
	}
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no directory %s: make it, or name another file", dir)
	}
	if err := checkFileSystem(dir); err != nil {
		return err
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return errors.New("it is a directory: name a file in it")
	case errors.Is(err, fs.ErrNotExist) && mustExist:
		return errors.New("there is no such file: start the server or run migrate up first")
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}
