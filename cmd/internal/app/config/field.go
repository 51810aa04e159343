package config

import (
	"encoding"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"time"
)

// field is one key, as its struct tags describe it.
type field struct {
	name     string
	fallback string // the default as written in the file
	example  string
	doc      string
	enum     []string
	min, max time.Duration
	required bool
	typ      reflect.Type
}

// fieldOf reads the tags of f. A field without a key of its own has no name.
func fieldOf(f reflect.StructField) field {
	tag := f.Tag
	out := field{
		name: tag.Get("yaml"), fallback: tag.Get("default"), example: tag.Get("example"), doc: tag.Get("doc"),
		required: tag.Get("required") == "true", typ: f.Type,
	}
	if out.name == "-" {
		out.name = ""
	}
	if enum := tag.Get("enum"); enum != "" {
		out.enum = strings.Split(enum, ",")
	}
	out.min, _ = time.ParseDuration(tag.Get("min"))
	out.max, _ = time.ParseDuration(tag.Get("max"))
	return out
}

// section reports whether the key holds keys of its own.
func (f field) section() bool { return isSection(f.typ) }

// isSection reports whether values of t are mappings: structs that are not written as one text.
func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// fields lists the keys of the section t, in order, with the index of each.
func fields(t reflect.Type) ([]field, []int) {
	var all []field
	var indexes []int
	for i := range t.NumField() {
		if f := fieldOf(t.Field(i)); f.name != "" {
			all, indexes = append(all, f), append(indexes, i)
		}
	}
	return all, indexes
}

func keys(t reflect.Type) []string {
	all, _ := fields(t)
	names := make([]string, len(all))
	for i, f := range all {
		names[i] = f.name
	}
	return names
}

func fieldByName(t reflect.Type, name string) (field, int, bool) {
	all, indexes := fields(t)
	for i, f := range all {
		if f.name == name {
			return f, indexes[i], true
		}
	}
	return field{}, 0, false
}

// unmarshal hands text to a value that parses itself.
func (f field) unmarshal(u encoding.TextUnmarshaler, text string) error {
	prefix, ok := u.(*netip.Prefix)
	if !ok {
		return u.UnmarshalText([]byte(text))
	}
	// A single address is a range of one.
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		*prefix = netip.PrefixFrom(addr, addr.BitLen())
		return nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return errors.New("must be an address range in CIDR notation, such as 10.0.0.0/8")
	}
	*prefix = p.Masked()
	return nil
}

// orList joins words as "a, b or c".
func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// short prints a duration as an operator writes it: 24h rather than 24h0m0s.
func short(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
