package loginui

import "github.com/symbolon-id/symbolon/provider/details"

// detailPart is a part of a line of authorization details: the operator's words, or a value that the client chose, which is set apart.
type detailPart struct {
	Text  string
	Value bool
}

// detailLines has one line per object of authorization details (RFC 9396 §3), in the order asked for. Values stand there as they are: package details
// has refused those that cannot be read, and one that is cleaned here would not be what the API gets.
func detailLines(list details.List, lang string) (lines [][]detailPart) {
	for _, o := range list {
		var line []detailPart
		for _, s := range o.Line(lang) {
			line = append(line, detailPart(s))
		}
		lines = append(lines, line)
	}
	return lines
}
