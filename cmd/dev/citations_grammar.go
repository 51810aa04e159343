package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// citation is one reference to a specification in a text.
type citation struct {
	document string
	section  string // "" where the document as a whole is meant
	at       int    // offset in the text
}

// mistake is a reference that the grammar does not allow.
type mistake struct {
	at   int
	text string
}

// The grammar of a citation: a document's name, one space, "§" and the section's number, as in "RFC 6749 §4.1.2.1". More sections of the same
// document follow as ", §4.2" or " and §4.2". A document may also stand alone. Everything else that looks like a citation is a mistake.
type grammar struct {
	byName    map[string]document
	known     *regexp.Regexp // a known document's name
	rfc       *regexp.Regexp // an RFC's name as it should be written, known or not
	suspects  []suspect
	nextTail  *regexp.Regexp // what leads from one section to the next of the same document
	section   *regexp.Regexp
	looseTail *regexp.Regexp // a section number in another dress after a document's name
}

// suspect is a pattern of a citation in another dress. Its first group, where it has one, is where the mistake begins.
type suspect struct {
	pattern *regexp.Regexp
	text    string
}

func newGrammar(docs []document) grammar {
	g := grammar{
		byName:    map[string]document{},
		nextTail:  regexp.MustCompile(`^(?:,| and| or|, and|, or| to) §`),
		section:   regexp.MustCompile(`^[0-9A-Za-z]+(?:\.[0-9A-Za-z]+)*`),
		looseTail: regexp.MustCompile(`^(?:,? (?i:sections?|sec\.?|appendix|chapter) ?| §§| ?§ ?)[0-9A-Z]+(?:\.[0-9]+)*|^,? [0-9A-Z]+(?:\.[0-9]+)+`),
		rfc:       regexp.MustCompile(`^RFC [0-9]{3,5}(?: §.*)?$`),
		suspects: []suspect{
			{
				regexp.MustCompile(`((?:OpenID Connect|OIDC) [A-Z][\w-]*(?: [A-Z][\w-]*)*(?: 1\.0)?,? (?i:section )?[0-9]+(?:\.[0-9]+)+)`),
				`write "OIDC Core §3.1.2.1"`,
			},
			{regexp.MustCompile(`(?:^|[^.\w])((?i:rfc)[-_ ]*[0-9]{3,5}(?: §[0-9A-Z.]*)?)\b`), `write "RFC 6749", with one space`},
			{regexp.MustCompile(`((?i:sections?|sec\.) [0-9A-Z]+(?:\.[0-9]+)+)`), `write the document before the section: "RFC 6749 §4.1"`},
			{regexp.MustCompile(`((?i:section|appendix) [0-9A-Z.]+ of (?:the )?(?:RFC|OIDC|OAuth|OpenID))`), `write "RFC 6749 §4.1"`},
		},
	}
	names := make([]string, 0, len(docs))
	for _, d := range docs {
		g.byName[d.name] = d
		names = append(names, regexp.QuoteMeta(d.name))
	}
	// The longest name first: "FAPI 2.0 Message Signing" before "FAPI 2.0".
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
	g.known = regexp.MustCompile(`\b(?:` + strings.Join(names, "|") + `)\b`)
	return g
}

// parse returns the citations in the text and the mistakes in it.
func (g grammar) parse(text string) ([]citation, []mistake) {
	var cited []citation
	var wrong []mistake
	taken := make([]bool, len(text)) // what a citation or a mistake covers
	cover := func(from, to int) {
		for i := from; i < to; i++ {
			taken[i] = true
		}
	}
	for _, m := range g.known.FindAllStringIndex(text, -1) {
		c, w, end := g.parseAt(text, m[0], m[1])
		cited, wrong = append(cited, c...), append(wrong, w...)
		cover(m[0], end)
	}
	for _, s := range g.suspects {
		for _, m := range s.pattern.FindAllStringSubmatchIndex(text, -1) {
			if taken[m[2]] {
				continue
			}
			explained := s.text
			if g.rfc.MatchString(text[m[2]:m[3]]) {
				explained = "is not a known document (cmd/dev/citations_documents.go)"
			}
			wrong = append(wrong, mistake{m[2], fmt.Sprintf("%q: %s", text[m[2]:m[3]], explained)})
			cover(m[2], m[3])
		}
	}
	for i := range text {
		if strings.HasPrefix(text[i:], "§") && !taken[i] && !taken[max(i-1, 0)] {
			wrong = append(wrong, mistake{i, fmt.Sprintf("%q: no known document before the section (cmd/dev/citations_documents.go)", around(text, i))})
		}
	}
	return cited, wrong
}

// parseAt reads the citation whose document stands at text[from:to], and says where it ends.
func (g grammar) parseAt(text string, from, to int) (cited []citation, wrong []mistake, end int) {
	name := text[from:to]
	doc := g.byName[name]
	if !strings.HasPrefix(text[to:], " §") || g.section.FindString(text[to+len(" §"):]) == "" {
		if loose := g.looseTail.FindString(text[to:]); loose != "" {
			return nil, []mistake{{from, fmt.Sprintf("%q: write %q", name+loose, name+" §4.1")}}, to + len(loose)
		}
		return []citation{{name, "", from}}, nil, to
	}
	at := to + len(" §")
	for {
		section := g.section.FindString(text[at:])
		end = at + len(section)
		if doc.hasSection(section) {
			cited = append(cited, citation{name, section, from})
		} else {
			wrong = append(wrong, mistake{from, fmt.Sprintf("%q: %s has no such section", name+" §"+section, name)})
		}
		next := g.nextTail.FindString(text[end:])
		if next == "" || g.section.FindString(text[end+len(next):]) == "" {
			return cited, wrong, end
		}
		at = end + len(next)
	}
}

// around returns the words at text[i:] and just before it.
func around(text string, i int) string {
	before := strings.Fields(text[:i])
	after := strings.Fields(text[i:])
	return strings.Join(slices.Concat(before[max(len(before)-2, 0):], after[:min(len(after), 1)]), " ")
}
