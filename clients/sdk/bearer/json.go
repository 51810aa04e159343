package bearer

import (
	"fmt"
	"math"
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

// members is an object that is being read.
type members struct {
	names []string
	room  [24]string
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
func (r *reader) object(m *members) {
	m.names = m.room[:0]
	r.enter('{')
}

// next returns the name of the object's next member. The caller must read the value before it asks again.
func (r *reader) next(m *members) (name string, ok bool) {
	if r.peek() == '}' {
		r.at++
		r.depth--
		return "", false
	}
	if len(m.names) > 0 {
		r.take(',')
	}
	name = r.string()
	r.take(':')
	for _, other := range m.names {
		if other == name {
			r.fail("a member stands twice")
		}
	}
	if len(m.names) == maxMembers {
		r.fail("too many members")
	}
	m.names = append(m.names, name)
	return name, r.err == nil
}

// array calls item for each item of an array; item must consume it.
func (r *reader) array(item func()) {
	r.enter('[')
	if r.peek() == ']' {
		r.at++
		r.depth--
		return
	}
	for r.err == nil {
		item()
		if r.peek() == ']' {
			r.at++
			r.depth--
			return
		}
		r.take(',')
	}
}

// strings reads an array of strings.
func (r *reader) strings() []string {
	var list []string
	r.array(func() { list = append(list, r.string()) })
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

// integer reads a whole number of 0 to 15 digits without sign, fraction or exponent, so that it is exact in every language.
func (r *reader) integer() int64 {
	token := r.number()
	if len(token) > 15 {
		r.fail("number out of range")
		return 0
	}
	var n int64
	for i := range len(token) {
		if token[i] < '0' || token[i] > '9' {
			r.fail("not a whole number")
			return 0
		}
		n = n*10 + int64(token[i]-'0')
	}
	return n
}

// float reads a finite number.
func (r *reader) float() float64 {
	f, err := strconv.ParseFloat(r.number(), 64)
	if err != nil || math.IsInf(f, 0) {
		r.fail("number out of range")
		return 0
	}
	return f
}

// number reads a number and returns its text.
func (r *reader) number() string {
	r.peek()
	start := r.at
	r.accept("-")
	if !r.accept("0") {
		r.digits()
	}
	if r.accept(".") {
		r.digits()
	}
	if r.accept("eE") {
		r.accept("+-")
		r.digits()
	}
	if r.err != nil {
		return ""
	}
	return r.text[start:r.at]
}

func (r *reader) digits() {
	start := r.at
	for r.at < len(r.text) && '0' <= r.text[r.at] && r.text[r.at] <= '9' {
		r.at++
	}
	if r.at == start {
		r.fail("expected a digit")
	}
}

// accept consumes the next byte if it is one of set.
func (r *reader) accept(set string) bool {
	if r.at < len(r.text) && strings.IndexByte(set, r.text[r.at]) >= 0 {
		r.at++
		return true
	}
	return false
}
