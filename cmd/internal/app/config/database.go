package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
)

var errDatabase = errors.New("must be sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")

// Database is the address of the database. It shows itself without the password.
type Database struct {
	url  string
	path string // of the embedded database; "" for PostgreSQL
}

// URL returns the address as storage opens it, with the password: "sqlite:/var/lib/symbolon/symbolon.db" or "postgres://…".
func (d Database) URL() string { return d.url }

// SQLitePath returns the file of the embedded database, or "" for PostgreSQL.
func (d Database) SQLitePath() string { return d.path }

// String returns the address with the password and all parameters masked.
func (d Database) String() string {
	if d.path != "" || d.url == "" {
		return d.url
	}
	u, err := url.Parse(d.url)
	if err != nil {
		return redacted
	}
	// libpq also takes a password among the parameters.
	u.RawQuery = ""
	return u.Redacted()
}

// Format writes String for every verb: %d and %#v would print the fields otherwise.
func (d Database) Format(f fmt.State, _ rune) { io.WriteString(f, d.String()) }

// LogValue returns String.
func (d Database) LogValue() slog.Value { return slog.StringValue(d.String()) }

// MarshalText returns String.
func (d Database) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText takes an address. Its errors do not repeat it.
func (d *Database) UnmarshalText(text []byte) error {
	s := string(text)
	if path, ok := strings.CutPrefix(s, "sqlite:"); ok {
		switch {
		case path == "" || strings.HasPrefix(path, "//"):
			return errors.New("must be sqlite:PATH, such as sqlite:/var/lib/symbolon/symbolon.db")
		case path == ":memory:" || strings.HasPrefix(path, "file:"):
			return errors.New("must name a plain file after the word sqlite and the colon")
		case strings.ContainsAny(path, "?#%"):
			return errors.New("must be sqlite:PATH without parameters, and the path without ?, # and %")
		}
		*d = Database{url: s, path: path}
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return errDatabase // the parser's error repeats the address, and so the password
	}
	// libpq finds the server and the name in the parameters, too: postgres:///name?host=/run/postgresql.
	if u.Opaque != "" || u.Host == "" && !u.Query().Has("host") {
		return errors.New("names no host: postgres://USER:PASSWORD@HOST/NAME, or postgres:///NAME?host=/run/postgresql for a socket")
	}
	*d = Database{url: s}
	return nil
}
