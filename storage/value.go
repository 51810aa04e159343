package storage

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// maxKey is the longest key in bytes: registered ids have up to 2,048 characters, and an index of PostgreSQL holds little more.
const maxKey = 2048

// hashSize is the length of the SHA-256 values that are keys.
const hashSize = 32

var errKey = errors.New("a key is empty, too long or not text")

// isKey says whether a text can be the key of a row. What cannot is never sent to the database: PostgreSQL refuses NUL and invalid UTF-8
// where SQLite compares them, and an empty key must match nothing.
func isKey(s string) bool {
	return s != "" && len(s) <= maxKey && utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

// joinKey returns the key, or the empty string, which no row has, for what cannot be one.
func joinKey(s string) string {
	if !isKey(s) {
		return ""
	}
	return s
}

// clean makes a text that both databases store alike: U+FFFD stands for NUL and for invalid UTF-8.
func clean(s string) string {
	if utf8.ValidString(s) && !strings.ContainsRune(s, 0) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// text is a column of free text, cleaned on its way in.
type text string

// Value implements driver.Valuer.
func (t text) Value() (driver.Value, error) { return clean(string(t)), nil }

// orNull is a column of free text, cleaned, that is NULL when there is none.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	s = clean(s)
	return &s
}

// orEmpty is the text of such a column.
func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// list is a column with a JSON array of texts. NULL and nil are one, and differ from the empty list.
type list []string

// Value implements driver.Valuer.
func (l list) Value() (driver.Value, error) {
	cleaned := make([]string, len(l))
	for i, s := range l {
		cleaned[i] = clean(s)
	}
	b, err := json.Marshal(cleaned)
	return string(b), err
}

// Scan implements sql.Scanner.
func (l *list) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*l = nil
		return nil
	case string:
		return json.Unmarshal([]byte(v), (*[]string)(l))
	case []byte:
		return json.Unmarshal(v, (*[]string)(l))
	default:
		return fmt.Errorf("a list is stored as text, not as %T", v)
	}
}

// strings returns the list as records hold it: nil when it is empty.
func (l list) strings() []string {
	if len(l) == 0 {
		return nil
	}
	return l
}

// millis is a column with a time: milliseconds since 1970-01-01 UTC. 0 stands for the zero time and is stored as NULL.
type millis int64

func toMillis(t time.Time) millis {
	if t.IsZero() {
		return 0
	}
	return millis(t.UnixMilli())
}

func (m millis) time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m)).UTC()
}

// Value implements driver.Valuer.
func (m millis) Value() (driver.Value, error) {
	if m == 0 {
		return nil, nil
	}
	return int64(m), nil
}

// Scan implements sql.Scanner.
func (m *millis) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*m = 0
	case int64:
		*m = millis(v)
	default:
		return fmt.Errorf("a time is stored as an integer, not as %T", v)
	}
	return nil
}

// blob is never NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
