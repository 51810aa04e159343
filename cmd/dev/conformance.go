package main

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

const (
	conformancePath = "docs/conformance.md"
	divergencesPath = "docs/divergences.md"
)

// The statuses of a row.
const (
	statusPlanned    = "planned"     // not built yet; code and test may be empty
	statusDone       = "done"        // built; code and test are named and exist
	statusDeparts    = "departs"     // we do otherwise; docs/divergences.md names the requirement
	statusNotOffered = "not offered" // the feature it is about is not there
)

// requirementRow is one line of docs/conformance.md.
type requirementRow struct {
	line     int
	citation string // "RFC 6749 §4.1.2.1"
	level    string
	status   string
	code     []string // `provider/token.go:serveToken`, or a file or folder alone
	tests    []string // `provider/token_test.go:TestToken`, or with a folder
}

// readConformance returns the rows of docs/conformance.md and what is wrong with them. Without the file there are none.
func readConformance(repo fs.FS) ([]requirementRow, []finding, error) {
	text, err := fs.ReadFile(repo, conformancePath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	divergences, err := fs.ReadFile(repo, divergencesPath)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	g := newGrammar(documents())
	index := declarations{repo: repo, parsed: map[string][]string{}}
	var rows []requirementRow
	var found []finding
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		cells, ok := tableRow(line)
		if !ok || cells[0] == "requirement" {
			continue
		}
		row, wrong := parseRequirement(g, number, cells)
		wrong = append(wrong, row.check(&index, string(divergences))...)
		rows = append(rows, row)
		for _, w := range wrong {
			found = append(found, finding{conformancePath, number, w})
		}
	}
	return rows, found, nil
}

// tableRow splits a line of a Markdown table into its cells; a line of dashes and everything else is none.
func tableRow(line string) ([]string, bool) {
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "|") || !strings.HasSuffix(line, "|") || len(line) < 2 {
		return nil, false
	}
	cells := strings.Split(line[1:len(line)-1], "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells, strings.Trim(strings.Join(cells, ""), "-: ") != ""
}

// parseRequirement reads the cells of a row: requirement | level | status | code | test.
func parseRequirement(g grammar, line int, cells []string) (row requirementRow, wrong []string) {
	row.line = line
	if len(cells) != 5 {
		return row, []string{fmt.Sprintf("the row has %d cells, not the five of requirement, level, status, code, test", len(cells))}
	}
	cited, mistakes := g.parse(cells[0])
	for _, m := range mistakes {
		wrong = append(wrong, m.text)
	}
	if len(cited) > 0 && cited[0].at == 0 && cited[0].section != "" {
		row.citation = cited[0].document + " §" + cited[0].section
	} else {
		wrong = append(wrong, "the requirement does not begin with a citation such as \"RFC 6749 §4.1.2.1\"")
	}
	row.level, row.status = cells[1], cells[2]
	row.code, row.tests = references(cells[3]), references(cells[4])
	return row, wrong
}

var referenceShape = regexp.MustCompile("`([^`]+)`")

// references returns what stands in backticks in a cell.
func references(cell string) []string {
	var refs []string
	for _, m := range referenceShape.FindAllStringSubmatch(cell, -1) {
		refs = append(refs, m[1])
	}
	return refs
}

// check returns what is wrong with the row's level, status and references.
func (row requirementRow) check(index *declarations, divergences string) (wrong []string) {
	if !slices.Contains([]string{"MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"}, row.level) {
		wrong = append(wrong, fmt.Sprintf("level %q is none of MUST, MUST NOT, SHOULD, SHOULD NOT, MAY", row.level))
	}
	switch row.status {
	case statusPlanned, statusNotOffered:
	case statusDone:
		if len(row.code) == 0 || len(row.tests) == 0 {
			wrong = append(wrong, "a row that is done names its code and its test, in backticks")
		}
	case statusDeparts:
		if row.citation == "" || !strings.Contains(divergences, row.citation) {
			wrong = append(wrong, fmt.Sprintf("departs, but %s does not name %s", divergencesPath, row.citation))
		}
	default:
		wrong = append(wrong, fmt.Sprintf("status %q is none of planned, done, departs, not offered", row.status))
	}
	for _, ref := range row.code {
		if problem := index.resolve(ref, false); problem != "" {
			wrong = append(wrong, problem)
		}
	}
	for _, ref := range row.tests {
		if problem := index.resolve(ref, true); problem != "" {
			wrong = append(wrong, problem)
		}
	}
	return wrong
}
