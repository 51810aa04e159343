package loginui

import "github.com/symbolon-id/symbolon/provider/details"

// maxDetail is how many characters of a value are shown: as many as package details lets through.
const maxDetail = 140

// detailPart is a part of a line of authorization details: the operator's words, or a value that the client chose, which is set apart.
type detailPart struct {
	Text  string
	Value bool
}

// detailLines has one line per object of authorization details (RFC 9396 §3), in the order asked for.
func detailLines(list details.List, lang string) (lines [][]detailPart) {
	for _, o := range list {
		var line []detailPart
		for _, s := range o.Line(lang) {
			part := detailPart(s)
			if s.Value {
				part.Text = visible(s.Text, maxDetail)
			}
			line = append(line, part)
		}
		lines = append(lines, line)
	}
	return lines
}
