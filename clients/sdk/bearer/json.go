package bearer

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxDepth   = 16  // nested objects and arrays in one JSON text
	maxMembers = 256 // members of one object; bounds the search for duplicates
)

// reader walks a JSON text (RFC 8259) from left to right. It is stricter than encoding/json, because what it reads decides who somebody is:
// names are compared byte for byte, a name that stands twice in any object is an error (RFC 7519 §4), as are invalid UTF-8, lone surrogates
// and NUL. The strings it returns are parts of the text wherever nothing was escaped, so reading claims allocates next to nothing.
//
// The first error sticks; after it every method returns a zero value. A caller therefore asks for err once, at the end.
type reader struct {
	text  string
	at    int
	depth int
	err   error
}

// members is an object that is being read: the names that have been seen. The first ones are in an array, so that a usual object needs no heap.
type members struct {
	count int
	first [24]string
	more  []string
}

// add adds a name, or returns false if it is there.
func (m *members) add(name string) bool {
	for i := range min(m.count, len(m.first)) {
		if m.first[i] == name {
			return false
		}
	}
	for _, other := range m.more {
		if other == name {
			return false
		}
	}
	if m.count < len(m.first) {
		m.first[m.count] = name
	} else {
		m.more = append(m.more, name)
	}
	m.count++
	return true
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("JSON at byte %d: %s", r.at, what)
	}
}

// peek returns the next byte that is no white space, or 0 at the end and after an error.
func (r *reader) peek() byte {
	for r.err == nil && r.at < len(r.text) {
		switch c := r.text[r.at]; c {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return c
		}
	}
	return 0
}

// take consumes c, which must be the next byte that is no white space.
func (r *reader) take(c byte) bool {
	if r.peek() != c {
		r.fail("expected " + strconv.QuoteRune(rune(c)))
		return false
	}
	r.at++
	return true
}

func (r *reader) enter(c byte) {
	if r.depth++; r.depth > maxDepth {
		r.fail("nested too deeply")
	}
	r.take(c)
}

// object begins to read an object. Its members follow from next, each to be consumed by the caller.
func (r *reader) object() { r.enter('{') }

// next returns the name of the object's next member. The caller must read the value before it asks again.
func (r *reader) next(m *members) (name string, ok bool) {
	if r.peek() == '}' {
		r.at++
		r.depth--
		return "", false
	}
	if m.count > 0 {
		r.take(',')
	}
	name = r.string()
	r.take(':')
	if r.err == nil && !m.add(name) {
		r.fail("a member stands twice")
	}
	if m.count > maxMembers {
		r.fail("too many members")
	}
	return name, r.err == nil
}

// array begins to read an array. Its items are there to be read as long as item says so.
func (r *reader) array() { r.enter('[') }

// item says whether the array has an item after the n that were read.
func (r *reader) item(n int) bool {
	if r.peek() == ']' {
		r.at++
		r.depth--
		return false
	}
	if n > 0 {
		r.take(',')
	}
	return r.err == nil
}

// strings reads an array of strings.
func (r *reader) strings() []string {
	list := make([]string, 0, 4)
	r.array()
	for r.item(len(list)) {
		list = append(list, r.string())
	}
	return list
}

// stringOrStrings reads a string, or an array of at least one string: the two shapes of "aud" (RFC 7519 §4.1.3).
func (r *reader) stringOrStrings() []string {
	if r.peek() == '"' {
		return []string{r.string()}
	}
	list := r.strings()
	if len(list) == 0 {
		r.fail("empty array")
	}
	return list
}

// string reads a string.
func (r *reader) string() string {
	if !r.take('"') {
		return ""
	}
	start, ascii := r.at, true
	for i := start; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '"':
			r.at = i + 1
			if !ascii && !utf8.ValidString(r.text[start:i]) {
				r.fail("invalid UTF-8")
			}
			return r.text[start:i]
		case c == '\\':
			return r.escaped(start)
		case c < 0x20:
			r.fail("control character in a string")
			return ""
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	r.fail("string without an end")
	return ""
}

// escaped reads on a string that begins at start and has an escape in it.
func (r *reader) escaped(start int) string {
	var b strings.Builder
	for r.at = start; r.at < len(r.text) && r.err == nil; {
		c := r.text[r.at]
		r.at++
		switch {
		case c == '"':
			if !utf8.ValidString(b.String()) {
				r.fail("invalid UTF-8")
			}
			return b.String()
		case c == '\\':
			b.WriteRune(r.escape())
		case c < 0x20:
			r.fail("control character in a string")
		default:
			b.WriteByte(c)
		}
	}
	r.fail("string without an end")
	return ""
}

// escape reads what follows a backslash.
func (r *reader) escape() rune {
	if r.at == len(r.text) {
		return utf8.RuneError
	}
	c := r.text[r.at]
	r.at++
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i])
	}
	if c != 'u' {
		r.fail("unknown escape")
		return utf8.RuneError
	}
	u := r.hex4()
	switch {
	case u == 0:
		r.fail("NUL in a string")
	case 0xDC00 <= u && u < 0xE000:
		r.fail("lone surrogate")
	case 0xD800 <= u && u < 0xDC00:
		if !strings.HasPrefix(r.text[r.at:], `\u`) {
			r.fail("lone surrogate")
			return utf8.RuneError
		}
		r.at += 2
		low := r.hex4()
		if low < 0xDC00 || low >= 0xE000 {
			r.fail("lone surrogate")
		}
		u = 0x10000 + (u-0xD800)<<10 + (low - 0xDC00)
	}
	return u
}

func (r *reader) hex4() rune {
	if len(r.text)-r.at < 4 {
		r.fail("short escape")
		return 0
	}
	digits := r.text[r.at : r.at+4]
	r.at += 4
	u, err := strconv.ParseUint(digits, 16, 16)
	if err != nil {
		r.fail("escape is not hexadecimal")
	}
	return rune(u)
}
