package migrations

import (
	"embed"
	"io/fs"
)

//go:embed sqlite/*.sql postgres/*.sql
var files embed.FS

// SQLite returns the files NNNN_name.sql for SQLite.
func SQLite() (fs.FS, error) { return fs.Sub(files, "sqlite") }

// Postgres returns the files NNNN_name.sql for PostgreSQL.
func Postgres() (fs.FS, error) { return fs.Sub(files, "postgres") }
