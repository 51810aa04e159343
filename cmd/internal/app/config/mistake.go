package config

import "strings"

// Mistake is one thing wrong in the configuration.
type Mistake struct {
	At  string // where it stands: "symbolon.yaml:3:9", the name of a variable, the file, or "" when it stands nowhere
	Key string // "upstreams[0].client_id"; "" when it is of no key
	// Message says what to do. It never repeats a value.
	Message string

	line, column int // of the file; 0 elsewhere
}

func (m Mistake) String() string {
	parts := make([]string, 0, 3)
	for _, part := range []string{m.At, m.Key, m.Message} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ": ")
}

// Error is every mistake of a configuration, in the order of the file.
type Error struct{ Mistakes []Mistake }

// Error returns one mistake a line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Mistakes))
	for i, m := range e.Mistakes {
		lines[i] = m.String()
	}
	return strings.Join(lines, "\n")
}
