package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// one prints a single object: JSON, or with -o table a line per member.
func (p *program) one(v any) error {
	if p.output != "table" {
		return p.json(v)
	}
	names, values, err := members(v)
	if err != nil {
		return err
	}
	rows := make([][]string, len(names))
	for i := range names {
		rows[i] = []string{names[i], values[i]}
	}
	return p.table(rows)
}

// list prints a list: a table under a header, or with -o json an array.
func (p *program) list(items any, header []string, rows [][]string) error {
	if p.output == "json" {
		return p.json(items)
	}
	return p.table(append([][]string{header}, rows...))
}

func (p *program) json(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("encode output: %w", err)
	}
	_, err := p.stdout.Write(b.Bytes())
	return err
}

func (p *program) table(rows [][]string) error {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = printable(cell)
		}
		fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	return w.Flush()
}

// printable keeps names that other people chose from moving the cursor or colouring the operator's terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, s)
}

// members splits what v marshals to, an object, into names and values in order; strings lose their quotes, lists their brackets.
func members(v any) (names, values []string, err error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, nil, fmt.Errorf("encode output: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil {
		return nil, nil, err
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, nil, err
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, nil, err
		}
		names, values = append(names, fmt.Sprint(name)), append(values, plain(raw))
	}
	return names, values, nil
}

func plain(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return strings.Join(list, " ")
	}
	return string(raw)
}

// day is a time as a table shows it.
func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// timestamp is a time in JSON: RFC 3339 in UTC, or "" for none.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
