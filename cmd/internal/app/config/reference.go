package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// Reference returns a configuration file with every key: what it means, its default and its variable. Keys that have a default are written
// with it, the others as an example behind "#" without a space. The file loads as it is.
func Reference() string {
	var b strings.Builder
	b.WriteString(`# Every key of symbolon.yaml. Lines that begin with "#" and no space are examples: remove the "#" to use them.
#
# A variable of the environment goes before the file. List elements are numbered from 0: SYMBOLON_UPSTREAMS_0_CLIENT_ID.
# A list may also be one variable with commas, a list of sections one variable in YAML. Relative paths written here start
# at the folder of this file, those in the environment at the working directory.
`)
	writeSection(&b, reflect.TypeFor[Config](), prefix, "", "")
	return b.String()
}

// writeSection writes the keys of t. mark is "#" in front of keys that are examples altogether.
func writeSection(b *strings.Builder, t reflect.Type, variable, indent, mark string) {
	all, _ := fields(t)
	for i, f := range all {
		name := variable + strings.ToUpper(f.name)
		if i > 0 || indent == "" {
			b.WriteString("\n")
		}
		switch {
		case f.typ.Kind() == reflect.Slice && isSection(f.typ.Elem()):
			writeDoc(b, indent, f.doc)
			writeLine(b, indent, "#", f.name+":")
			writeLine(b, indent+"  ", "#", "-")
			writeSection(b, f.typ.Elem(), name+"_0_", indent+"    ", "#")
		case f.section():
			below := mark
			if !hasDefaults(f.typ) {
				below = "#"
			}
			writeDoc(b, indent, f.doc)
			writeLine(b, indent, below, f.name+":")
			writeSection(b, f.typ, name+"_", indent+"  ", below)
		default:
			writeKey(b, f, name, indent, mark)
		}
	}
}

func writeKey(b *strings.Builder, f field, variable, indent, mark string) {
	var facts []string
	if len(f.enum) > 0 {
		facts = append(facts, orList(f.enum)+".")
	}
	if f.max > 0 {
		facts = append(facts, fmt.Sprintf("From %s to %s.", short(f.min), short(f.max)))
	}
	if f.fallback != "" {
		facts = append(facts, "Default: "+f.fallback+".")
	}
	if f.required {
		facts = append(facts, "Required.")
	}
	writeDoc(b, indent, strings.Join(append([]string{f.doc}, facts...), " "))
	writeDoc(b, indent, variable)
	value := f.fallback
	if value == "" {
		value = f.example
		if !f.required {
			mark = "#"
		}
	}
	writeLine(b, indent, mark, f.name+": "+quoteYAML(value))
}

// writeLine puts mark after the indentation, so that removing it leaves the indentation right.
func writeLine(b *strings.Builder, indent, mark, line string) {
	b.WriteString(indent + mark + line + "\n")
}

// writeDoc writes text as a comment of at most 120 columns.
func writeDoc(b *strings.Builder, indent, text string) {
	line := indent + "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > 120 {
			b.WriteString(line + "\n")
			line = indent + "#"
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}

func hasDefaults(t reflect.Type) bool {
	all, _ := fields(t)
	for _, f := range all {
		if f.fallback != "" {
			return true
		}
	}
	return false
}

// quoteYAML writes a text so that YAML reads the same text. Lists and mappings are written as they are.
func quoteYAML(s string) string {
	if strings.HasPrefix(s, "[") || strings.HasPrefix(s, "{ ") || regexp.MustCompile(`^[A-Za-z0-9/][A-Za-z0-9/:._-]*$`).MatchString(s) {
		return s
	}
	return strconv.Quote(s)
}
