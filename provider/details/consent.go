package details

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	fallback       = "en" // the language of those that are left out
	maxConsentText = 300  // characters of an operator's text
	maxShown       = 140  // characters of a value
	nothing        = "–"  // stands for a member that is not there
)

// Segment is a part of a consent line: words of the operator, or a value that the client chose. A page shows the two apart, or a value could pass
// for words.
type Segment struct {
	Text  string
	Value bool
}

// consentText is a parsed text: operator's words and members in turn.
type consentText []consentPart

type consentPart struct {
	words  string
	member []string // path of a member; nil: words
}

// parseConsent reads a text and checks that the schema has what it names. It returns what is wrong, or "". Without a schema nothing is checked
// against it.
func parseConsent(text string, s *schema) (parsed consentText, why string) {
	if utf8.RuneCountInString(text) > maxConsentText {
		return nil, "is longer than 300 characters"
	}
	for rest := text; rest != ""; {
		words, after, found := strings.Cut(rest, "{")
		if strings.Contains(words, "}") {
			return nil, "has a } without a {"
		}
		if words != "" {
			parsed = append(parsed, consentPart{words: words})
		}
		if !found {
			break
		}
		name, next, ended := strings.Cut(after, "}")
		if !ended || name == "" || strings.Contains(name, "{") {
			return nil, "has a { without a member's name and a }"
		}
		path := strings.Split(name, ".")
		if why := s.checkPath(path); why != "" {
			return nil, fmt.Sprintf("names a member, number %d, that %s", members(parsed)+1, why)
		}
		parsed, rest = append(parsed, consentPart{member: path}), next
	}
	return parsed, ""
}

// members counts the members that the text names.
func members(t consentText) (n int) {
	for _, p := range t {
		if p.member != nil {
			n++
		}
	}
	return n
}

func (s *schema) checkPath(path []string) string {
	if s == nil {
		return ""
	}
	at := s.root
	for _, name := range path {
		if at = member(at, name, maxSchemaDepth); at == nil {
			return "the schema does not have"
		}
	}
	if !showable(at, true, maxSchemaDepth) {
		return "is not of type string, number or integer in the schema, or an array of one of them"
	}
	return ""
}

// Line returns what a person reads of the object in a language, or in English.
func (o Object) Line(language string) []Segment {
	text, ok := o.typ.consent[language]
	if !ok {
		text = o.typ.consent[fallback]
	}
	line := make([]Segment, 0, len(text))
	for _, part := range text {
		if part.member == nil {
			line = append(line, Segment{Text: part.words})
			continue
		}
		shown, there := o.shown(part.member)
		if !there {
			shown = nothing
		}
		line = append(line, Segment{Text: shown, Value: true})
	}
	return line
}

// shown returns a value as a person reads it. One of another shape than the text means is there all the same, and reads as "": a schema that does not
// say type: object admits it, and nobody must take it for one that is left out.
func (o Object) shown(path []string) (text string, there bool) {
	var at any = o.members
	for _, name := range path {
		object, ok := at.(map[string]any)
		if !ok {
			return "", true
		}
		if at, there = object[name]; !there {
			return "", false
		}
	}
	list, ok := at.([]any)
	if !ok {
		list = []any{at}
	}
	texts := make([]string, len(list))
	for i, v := range list {
		switch v := v.(type) {
		case string:
			texts[i] = v
		case json.Number:
			texts[i] = v.String()
		default:
			return "", true
		}
	}
	return strings.Join(texts, ", "), true
}

// unreadable says why a person would not read what the client means, or "": a value that is cut, empty, or reorders or hides what stands around
// it. It is refused and not cleaned: what the person read is what the API gets.
func (o Object) unreadable() string {
	for _, text := range o.typ.consent {
		for _, part := range text {
			if part.member == nil {
				continue
			}
			shown, there := o.shown(part.member)
			if !there {
				continue
			}
			if why := unreadable(shown); why != "" {
				return "/" + strings.Join(part.member, "/") + " " + why
			}
		}
	}
	return ""
}

func unreadable(s string) string {
	switch {
	case utf8.RuneCountInString(s) > maxShown:
		return "has more than 140 characters"
	case !strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.L, unicode.N) && !invisible(r) }):
		return "has no letter or digit"
	case strings.ContainsFunc(s, invisible):
		return "has a control, invisible or direction-changing character"
	}
	return misread(s)
}

// maxMarks is how many combining marks there may be on one letter: enough for every script, too few to cover other lines.
const maxMarks = 3

// misread says why a text does not look like what it is, or "": a page shows blanks in a row as one, marks may cover what stands around them, and a joiner or
// a variation selector leaves no trace after a character that has no form for it. Those before the Hebrew block (Latin, Greek, Cyrillic, Armenian
// letters, and digits) have none.
func misread(s string) string {
	before, marks := rune(0), 0
	for _, r := range s {
		if marks++; !unicode.Is(unicode.M, r) {
			marks = 0
		}
		switch {
		case marks > maxMarks:
			return "has more than 3 marks on a letter"
		case unicode.IsSpace(r) && unicode.IsSpace(before):
			return "has blanks in a row"
		case before < '\u0590' && (r == '\u200c' || r == '\u200d' || unicode.Is(unicode.Variation_Selector, r)):
			return "has an invisible character"
		case r >= '\u2190' && unicode.Is(unicode.So, r): // a check mark or a lock would be a statement of ours; ® and ™ come before
			return "has a symbol that is no letter, mark, digit or sign"
		}
		before = r
	}
	return ""
}

// invisible: U+200C and U+200D join the letters of some scripts, and are no disguise there. U+2800 is Braille without a dot.
func invisible(r rune) bool {
	if r == '\u200c' || r == '\u200d' {
		return false
	}
	return r == '\u2800' || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point)
}
