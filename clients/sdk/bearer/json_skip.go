package bearer

import "strings"

// skip reads any value and returns its text. What is skipped is checked as strictly as what is used.
func (r *reader) skip() string {
	c := r.peek()
	start := r.at
	switch {
	case c == '{':
		r.skipObject()
	case c == '[':
		r.array()
		for n := 0; r.item(n); n++ {
			r.skip()
		}
	case c == '"':
		r.string()
	case c == 't':
		r.word("true")
	case c == 'f':
		r.word("false")
	case c == 'n':
		r.word("null")
	default:
		r.number()
	}
	if r.err != nil {
		return ""
	}
	return r.text[start:r.at]
}

func (r *reader) skipObject() {
	var m members
	r.object()
	for {
		if _, ok := r.next(&m); !ok {
			return
		}
		r.skip()
	}
}

func (r *reader) word(w string) {
	if !strings.HasPrefix(r.text[r.at:], w) {
		r.fail("expected " + w)
		return
	}
	r.at += len(w)
}

// end says that nothing but white space may follow, and returns the first error of the whole reading.
func (r *reader) end() error {
	if r.err == nil && (r.peek() != 0 || r.at != len(r.text)) {
		r.fail("text after the value")
	}
	return r.err
}
