package app_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/symbolon-id/symbolon/provider/account"
)

// sql opens the database beside the program, as a thief or an operator would.
func (w *world) sql() *sql.DB {
	w.t.Helper()
	driver, source := "pgx", w.config.Database.URL()
	if path := w.config.Database.SQLitePath(); path != "" {
		driver, source = "sqlite", "file:"+path+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, source)
	w.must(err)
	w.t.Cleanup(func() { db.Close() })
	return db
}

// exec runs a statement.
func (w *world) exec(statements ...string) {
	w.t.Helper()
	db := w.sql()
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			w.t.Fatalf("%s: %v", statement, err)
		}
	}
}

// count returns the number of rows that match.
func (w *world) count(from string) (n int) {
	w.t.Helper()
	db := w.sql()
	defer db.Close()
	w.must(db.QueryRow("SELECT COUNT(*) FROM " + from).Scan(&n))
	return n
}

// dump returns everything that lies in the database: each value of each table as text, and the files of an embedded database as they are.
func (w *world) dump() []byte {
	w.t.Helper()
	var out bytes.Buffer
	db := w.sql()
	list := "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
	path := w.config.Database.SQLitePath()
	if path != "" {
		list = "SELECT name FROM sqlite_schema WHERE type = 'table'"
	}
	tables := w.rows(db, list)
	if len(tables) < 8 {
		w.t.Fatalf("the dump sees only %v", tables)
	}
	for _, table := range tables {
		for _, value := range w.rows(db, "SELECT * FROM "+table) {
			out.WriteString(table + ": " + value + "\n")
		}
	}
	if path != "" {
		for _, suffix := range []string{"", "-wal"} {
			raw, err := os.ReadFile(path + suffix)
			w.must(err)
			out.Write(raw)
		}
	}
	return out.Bytes()
}

// rows returns all values of a query, binary ones as they are.
func (w *world) rows(db *sql.DB, query string) (values []string) {
	w.t.Helper()
	rows, err := db.Query(query)
	w.must(err)
	defer rows.Close()
	columns, err := rows.Columns()
	w.must(err)
	for rows.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		w.must(rows.Scan(into...))
		for _, value := range row {
			if raw, ok := value.([]byte); ok {
				value = string(raw)
			}
			values = append(values, fmt.Sprint(value))
		}
	}
	w.must(rows.Err())
	return values
}

// cutOff makes PostgreSQL end every connection to the world's database and take no new one; the returned function lets them in again.
func (w *world) cutOff() (restore func()) {
	w.t.Helper()
	u, err := url.Parse(w.config.Database.URL())
	w.must(err)
	name := strings.TrimPrefix(u.Path, "/")
	u.Path = "/postgres"
	admin, err := sql.Open("pgx", u.String())
	w.must(err)
	w.t.Cleanup(func() { admin.Close() })
	run := func(statement string) {
		w.t.Helper()
		_, err := admin.Exec(statement)
		w.must(err)
	}
	run("ALTER DATABASE " + name + " ALLOW_CONNECTIONS false")
	run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + name + "'")
	return func() { run("ALTER DATABASE " + name + " ALLOW_CONNECTIONS true") }
}

// counted returns a counter of /metrics by its name and labels as they are printed.
func (w *world) counted(series string) int {
	w.t.Helper()
	for line := range strings.Lines(w.get("/metrics", "").raw) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), series+" "); ok {
			n, err := strconv.ParseFloat(value, 64)
			w.must(err)
			return int(n)
		}
	}
	return 0
}

// commits returns how many durable writes the node has made.
func (w *world) commits() int {
	w.t.Helper()
	return w.counted(`symbolon_sql_statements_total{kind="commit"}`)
}

// statements returns how many SQL statements of each kind the node has sent.
func (w *world) statements() (all map[string]int) {
	w.t.Helper()
	all = map[string]int{}
	for _, kind := range []string{"select", "insert", "update", "delete", "begin", "commit", "other"} {
		all[kind] = w.counted(`symbolon_sql_statements_total{kind="` + kind + `"}`)
	}
	return all
}

// account returns the only account with an address.
func (w *world) account(email string) account.Account {
	w.t.Helper()
	found, err := w.stores.DB.Accounts(w.t.Context(), account.Filter{Email: email, Limit: 10})
	w.must(err)
	if len(found) != 1 {
		w.t.Fatalf("%d accounts have %s", len(found), email)
	}
	return found[0]
}
