package config

import (
	"encoding"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v4"
)

const (
	maxFile  = 1 << 20
	maxValue = 4096 // bytes of one value
	maxList  = 256  // elements of one list
)

// loader collects what one Load reads.
type loader struct {
	file     string
	present  bool              // the file exists
	origins  map[string]origin // key to where it was written; defaults are written nowhere
	mistakes []Mistake
}

// origin is where a key was written: a place in the file, or a variable.
type origin struct {
	variable     string
	line, column int
}

func (l *loader) written(key string) bool {
	_, ok := l.origins[key]
	return ok
}

// mistake records that key is wrong, unless something wrong with it is known already.
func (l *loader) mistake(key, format string, args ...any) {
	for _, m := range l.mistakes {
		if m.Key == key {
			return
		}
	}
	o, found := l.origins[key]
	for parent := key; !found && parent != ""; o, found = l.origins[parent] {
		parent = parent[:max(0, strings.LastIndexAny(parent, ".["))]
	}
	l.mistakeAt(o, key, format, args...)
}

func (l *loader) mistakeAt(o origin, key, format string, args ...any) {
	m := Mistake{Key: key, Message: fmt.Sprintf(format, args...), line: o.line, column: o.column}
	switch {
	case o.variable != "":
		m.At = o.variable
	case o.line > 0:
		m.At = fmt.Sprintf("%s:%d:%d", l.file, o.line, o.column)
	case l.present:
		m.At = l.file
	}
	l.mistakes = append(l.mistakes, m)
}

// parse returns the root node of the file, or nil when there is nothing to decode.
func (l *loader) parse(explicit bool) *yaml.Node {
	data, err := os.ReadFile(l.file)
	if errors.Is(err, fs.ErrNotExist) && !explicit {
		return nil
	}
	l.present = true
	if err != nil {
		l.mistakeAt(origin{}, "", "cannot be read: %v", cause(err))
		return nil
	}
	if len(data) > maxFile {
		l.mistakeAt(origin{}, "", "is larger than 1 MiB")
		return nil
	}
	var docs []yaml.Node
	if err := yaml.Load(data, &docs, yaml.WithAllDocuments()); err != nil {
		l.syntax(err)
		return nil
	}
	if len(docs) == 0 || len(docs[0].Content) == 0 {
		return nil
	}
	if len(docs) > 1 {
		l.mistakeAt(place(&docs[1]), "", "has more than one document: remove the line ---")
	}
	return docs[0].Content[0]
}

// syntax records what the YAML parser did not understand. Only its scanner and its parser have messages that never repeat the text.
func (l *loader) syntax(err error) {
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		l.mistakeAt(origin{}, "", "is not valid YAML")
		return
	}
	o := origin{line: load.Mark.Line, column: load.Mark.Column}
	switch load.Stage {
	case "scanner", "parser":
		l.mistakeAt(o, "", "is not valid YAML: %s", load.Message)
	case "composer":
		l.mistakeAt(o, "", "is not valid YAML: a value that starts with * needs quotes")
	default:
		l.mistakeAt(o, "", "is not valid YAML: a control character or a character that is not UTF-8")
	}
}

func place(n *yaml.Node) origin { return origin{line: n.Line, column: n.Column} }

// defaults sets every default below v.
func (l *loader) defaults(target any) {
	v := reflect.ValueOf(target).Elem()
	for i := range v.NumField() {
		f := fieldOf(v.Type().Field(i))
		switch {
		case f.section():
			l.defaults(v.Field(i).Addr().Interface())
		case f.fallback != "":
			if err := f.set(v.Field(i), f.fallback); err != nil {
				panic(fmt.Sprintf("config: default of %s: %v", f.name, err)) // a wrong tag; every test would meet it
			}
		}
	}
}

// decode reads the mapping n into target, a pointer to Config.
func (l *loader) decode(n *yaml.Node, target *Config) {
	l.value(n, reflect.ValueOf(target).Elem(), field{}, "")
}

// value reads n into v, whose key and tags are given.
func (l *loader) value(n *yaml.Node, v reflect.Value, f field, key string) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if key != "" {
		l.origins[key] = place(n)
	}
	if d, ok := v.Addr().Interface().(*Document); ok {
		l.document(n, d, key)
		return
	}
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null" && (v.Kind() == reflect.Slice || isSection(v.Type())):
		// "upstreams:" with every line below it commented out
	case isSection(v.Type()):
		l.mapping(n, v, key)
	case v.Kind() == reflect.Slice:
		l.list(n, v, f, key)
	case n.Kind != yaml.ScalarNode:
		l.mistakeAt(place(n), key, "must be a single value")
	case n.Tag == "!!null":
		l.mistakeAt(place(n), key, "has no value: give one, or remove the line")
	case v.Kind() == reflect.Bool && n.Tag != "!!bool":
		l.mistakeAt(place(n), key, "must be true or false")
	default:
		l.scalar(v, f, key, n.Value)
	}
}

func (l *loader) scalar(v reflect.Value, f field, key, text string) {
	if err := f.set(v, text); err != nil {
		l.mistake(key, "%v", err)
	}
}

func (l *loader) mapping(n *yaml.Node, v reflect.Value, key string) {
	if n.Kind != yaml.MappingNode {
		l.mistakeAt(place(n), key, "must be a mapping with the keys %s", strings.Join(keys(v.Type()), ", "))
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i]
		f, index, ok := fieldByName(v.Type(), name.Value)
		switch {
		case !ok:
			l.mistakeAt(place(name), key, "unknown key%s; allowed are %s", quoteName(name.Value), strings.Join(keys(v.Type()), ", "))
		case seen[f.name] > 0:
			l.mistakeAt(place(name), join(key, f.name), "is there twice, first in line %d: remove one", seen[f.name])
		default:
			seen[f.name] = name.Line
			l.value(n.Content[i+1], v.Field(index), f, join(key, f.name))
		}
	}
}

func (l *loader) list(n *yaml.Node, v reflect.Value, f field, key string) {
	if n.Kind != yaml.SequenceNode {
		l.mistakeAt(place(n), key, "must be a list")
		return
	}
	if len(n.Content) > maxList {
		l.mistakeAt(place(n), key, "has more than %d elements", maxList)
		return
	}
	v.SetZero()
	for i, item := range n.Content {
		l.value(item, l.grow(v), f, element(key, i))
	}
}

// grow appends an element with its defaults to the list v and returns it.
func (l *loader) grow(v reflect.Value) reflect.Value {
	item := reflect.New(v.Type().Elem())
	if isSection(item.Elem().Type()) {
		l.defaults(item.Interface())
	}
	v.Set(reflect.Append(v, item.Elem()))
	return v.Index(v.Len() - 1)
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

func element(key string, i int) string { return fmt.Sprintf("%s[%d]", key, i) }

// quoteName repeats an unknown key when it looks like the name of one. Longer or stranger ones may be a secret.
func quoteName(name string) string {
	if regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,29}$`).MatchString(name) {
		return fmt.Sprintf(" %q", name)
	}
	return ""
}

// cause returns what went wrong with a file, without its name: the name may be a secret in the wrong line.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// set parses text into v by the rules of the key's tags. Its errors do not repeat text.
func (f field) set(v reflect.Value, text string) error {
	switch {
	case len(text) > maxValue:
		return fmt.Errorf("is longer than %d bytes", maxValue)
	case strings.ContainsFunc(text, unicode.IsControl):
		return errors.New("must be one line without control characters")
	case len(f.enum) > 0 && !slices.Contains(f.enum, text):
		return fmt.Errorf("must be %s", orList(f.enum))
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return f.unmarshal(u, text)
	}
	switch v.Interface().(type) {
	case string:
		v.SetString(text)
	case bool:
		if text != "true" && text != "false" {
			return errors.New("must be true or false")
		}
		v.SetBool(text == "true")
	case time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return errors.New("must be a duration with its unit, such as 90s, 10m or 24h")
		}
		if d < f.min || d > f.max {
			return fmt.Errorf("must be from %s to %s", short(f.min), short(f.max))
		}
		v.SetInt(int64(d))
	}
	return nil
}
