package bearer

import (
	"math"
	"strconv"
	"strings"
)

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
