package loginui

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	maxClientName = 64 // characters of a client's name that are shown
	maxPersonText = 48 // characters of a person's name or address that are shown
	maxMarks      = 3  // combining marks on one letter: enough for every script, too few to cover other lines
)

// visible returns s as one line of at most limit visible characters. Controls, bidirectional overrides, zero-width and other invisible
// characters, private-use characters and symbols (check marks, locks) are dropped: a name must not look like a statement of ours.
// Compatibility forms become the letters they stand for.
func visible(s string, limit int) string {
	if len(s) > 16*limit {
		s = s[:16*limit]
	}
	s = norm.NFKC.String(strings.ToValidUTF8(s, ""))
	var out []rune
	marks, space := 0, false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			space = len(out) > 0
			continue
		case !shown(r):
			continue
		case unicode.Is(unicode.M, r):
			if marks++; marks > maxMarks || len(out) == 0 {
				continue
			}
		default:
			marks = 0
		}
		if space {
			out = append(out, ' ')
		}
		if len(out) >= limit {
			return strings.TrimRight(string(out[:limit-1]), " ") + "…"
		}
		out, space = append(out, r), false
	}
	return string(out)
}

// shown reports whether a character leaves ink and is a letter, mark, number or punctuation.
func shown(r rune) bool {
	switch {
	case r == utf8.RuneError, r == '\u2800': // an empty Braille cell
		return false
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.So, unicode.Sk):
		return false
	case unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return false
	}
	return unicode.IsGraphic(r)
}

// isolate keeps right-to-left text from reordering the sentence around it.
func isolate(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool {
		return unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko)
	}) {
		return "\u2068" + s + "\u2069"
	}
	return s
}

// initial returns the first letter or digit of s in upper case, for a tile or an avatar.
func initial(s string) string {
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	return "?"
}

// maskEmail shows enough of an address for its owner to know it: the first and last character of the mailbox, and the domain.
func maskEmail(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return ""
	}
	mailbox := []rune(visible(address[:at], maxPersonText))
	domain := visible(address[at+1:], maxPersonText)
	switch {
	case len(mailbox) == 0 || domain == "":
		return ""
	case len(mailbox) < 3:
		return string(mailbox[0]) + "…@" + domain
	default:
		return string(mailbox[0]) + "…" + string(mailbox[len(mailbox)-1]) + "@" + domain
	}
}
