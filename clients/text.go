package clients

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many combining marks may follow a letter: more than any language writes.
const maxMarks = 5

// checkText returns what is wrong with a text that people will read, or "". Newlines, marks that turn the reading direction and invisible
// characters would let a name pretend to be something else on the consent page.
func checkText(s string, limit int) string {
	if n := utf8.RuneCountInString(s); n > limit {
		return fmt.Sprintf("has %d characters: at most %d are allowed", n, limit)
	}
	marks := 0
	for _, r := range s {
		if !visible(r) {
			return fmt.Sprintf("contains the character U+%04X, which cannot be shown: leave it out", r)
		}
		if marks++; !unicode.Is(unicode.M, r) {
			marks = 0
		}
		if marks > maxMarks {
			return "heaps marks on one letter, which would cover the lines around it"
		}
	}
	if s != strings.TrimSpace(s) {
		return "begins or ends with a space: leave it out"
	}
	return ""
}

func visible(r rune) bool {
	switch r {
	case utf8.RuneError: // also what encoding/json makes of lone surrogates
		return false
	case 0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800, 0x034F: // blank by design, though letters, symbols or marks by category
		return false
	}
	return r == ' ' || unicode.IsGraphic(r) && !unicode.IsSpace(r)
}

// mixesScripts says whether a word mixes Latin letters with those of a script that has look-alikes of them: "Gοogle" with a Greek omicron.
func mixesScripts(s string) bool {
	for _, word := range strings.Fields(s) {
		var latin, other bool
		for _, r := range word {
			latin = latin || unicode.Is(unicode.Latin, r)
			other = other || unicode.In(r, unicode.Greek, unicode.Cyrillic, unicode.Armenian, unicode.Cherokee)
		}
		if latin && other {
			return true
		}
	}
	return false
}

// checkLanguageTag accepts the shape of a BCP 47 tag; which languages exist is not ours to know.
func checkLanguageTag(tag string) bool {
	if len(tag) > 35 {
		return false
	}
	for i, part := range strings.Split(tag, "-") {
		if len(part) == 0 || len(part) > 8 || i == 0 && len(part) < 2 {
			return false
		}
		for _, c := range []byte(part) {
			if !isAlpha(c) && (i == 0 || !isDigit(c)) {
				return false
			}
		}
	}
	return true
}

// isScopeToken follows the scope-token of RFC 6749 §3.3.
func isScopeToken(s string) bool {
	return isVisibleASCII(s) && !strings.ContainsAny(s, `"\`)
}

// isVisibleASCII says whether s is one or more characters from "!" to "~".
func isVisibleASCII(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return s != ""
}

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// duplicate returns the first value that is there twice.
func duplicate(list []string) (string, bool) {
	for i, s := range list {
		if slices.Contains(list[:i], s) {
			return s, true
		}
	}
	return "", false
}

// quote shows a value of somebody else's in an error of one line: ASCII, and not at any length.
func quote(s string) string {
	if len(s) > 120 {
		return strconv.QuoteToASCII(s[:120]) + "…"
	}
	return strconv.QuoteToASCII(s)
}

// quoteMember leaves a member name as it is when it looks like one.
func quoteMember(name string) string {
	if len(name) <= 60 && isVisibleASCII(name) && !strings.ContainsAny(name, `"<>\`) {
		return name
	}
	return quote(name)
}
