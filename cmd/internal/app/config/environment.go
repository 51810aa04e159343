package config

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

const prefix = "SYMBOLON_"

// variable is one SYMBOLON_… variable and the key it stands for.
type variable struct {
	name, value string
	path        []step
}

// step leads from a section to a key of it, or from a list to an element of it.
type step struct {
	field field
	index int // of the struct field or of the element
}

// environment applies the SYMBOLON_… variables of environ. A key is named by its path in capitals: SYMBOLON_UPSTREAMS_0_CLIENT_ID. A list
// of words may also be one variable with commas, and every list or section one variable in YAML or JSON.
func (l *loader) environment(environ []string, c *Config) {
	var vars []variable
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		if !strings.HasPrefix(name, prefix) || strings.HasPrefix(name, prefix+"TEST_") || fromKubernetes(name, value) {
			continue
		}
		path, ok := resolve(reflect.TypeFor[Config](), strings.TrimPrefix(name, prefix))
		if !ok {
			l.mistakeAt(origin{variable: name}, "", `is no variable of ours: "symbolon config reference" lists them all`)
			continue
		}
		vars = append(vars, variable{name, value, path})
	}
	// Whole lists before their elements, and elements in order: number 10 comes after number 9.
	slices.SortStableFunc(vars, func(a, b variable) int {
		return slices.CompareFunc(a.path, b.path, func(x, y step) int { return cmp.Compare(x.index, y.index) })
	})
	for _, v := range vars {
		l.apply(v, reflect.ValueOf(c).Elem())
	}
}

// fromKubernetes recognises the variables that Kubernetes sets in every pod beside a Service with the name "symbolon".
func fromKubernetes(name, value string) bool {
	rest := strings.TrimPrefix(name, prefix)
	switch {
	case rest == "SERVICE_HOST", strings.HasPrefix(rest, "SERVICE_PORT"):
		return true
	case rest == "PORT":
		return strings.Contains(value, "://")
	}
	parts := strings.Split(rest, "_") // PORT_8080_TCP, PORT_8080_TCP_ADDR
	if len(parts) < 3 || parts[0] != "PORT" {
		return false
	}
	_, err := strconv.ParseUint(parts[1], 10, 16)
	return err == nil
}

// resolve finds the key that rest names below t.
func resolve(t reflect.Type, rest string) ([]step, bool) {
	if t.Kind() == reflect.Slice && !isDocument(t) {
		digits, below, more := strings.Cut(rest, "_")
		i, err := strconv.Atoi(digits)
		if err != nil || i < 0 || i >= maxList || strconv.Itoa(i) != digits {
			return nil, false
		}
		if !more {
			return []step{{index: i}}, true
		}
		return prepend(step{index: i}, t.Elem(), below)
	}
	if !isSection(t) {
		return nil, false
	}
	all, indexes := fields(t)
	for i, f := range all {
		name := strings.ToUpper(f.name)
		at := step{field: f, index: indexes[i]}
		if rest == name {
			return []step{at}, true
		}
		if below, ok := strings.CutPrefix(rest, name+"_"); ok {
			if path, ok := prepend(at, f.typ, below); ok {
				return path, true
			}
		}
	}
	return nil, false
}

func prepend(first step, t reflect.Type, rest string) ([]step, bool) {
	path, ok := resolve(t, rest)
	return append([]step{first}, path...), ok
}

// apply writes the variable into v.
func (l *loader) apply(variable variable, v reflect.Value) {
	key, at := "", origin{variable: variable.name}
	var f field
	for _, s := range variable.path {
		if v.Kind() != reflect.Slice {
			f, key, v = s.field, join(key, s.field.name), v.Field(s.index)
			continue
		}
		if s.index > v.Len() {
			l.mistakeAt(at, "", "leaves a gap: there are %d elements, the next one has the number %d", v.Len(), v.Len())
			return
		}
		key = element(key, s.index)
		if s.index == v.Len() {
			l.grow(v)
		}
		v = v.Index(s.index)
		if !l.written(key) {
			l.origins[key] = at
		}
	}
	l.forget(key)
	l.origins[key] = at
	if v.Kind() == reflect.Slice || isSection(v.Type()) || isDocument(v.Type()) {
		l.whole(variable, v, f, key)
		return
	}
	l.scalar(v, f, key, variable.value)
}

// whole reads a list or section out of one variable.
func (l *loader) whole(variable variable, v reflect.Value, f field, key string) {
	text := strings.TrimSpace(variable.value)
	if v.Kind() == reflect.Slice && !isDocument(v.Type()) && !isSection(v.Type().Elem()) && !strings.HasPrefix(text, "[") {
		v.SetZero()
		for item := range strings.SplitSeq(text, ",") {
			if item = strings.TrimSpace(item); item == "" {
				continue
			}
			i := v.Len()
			l.origins[element(key, i)] = origin{variable: variable.name}
			l.scalar(l.grow(v), f, element(key, i), item)
		}
		return
	}
	var doc yaml.Node
	at := origin{variable: variable.name}
	if err := yaml.Load([]byte(text), &doc); err != nil || len(doc.Content) == 0 {
		l.mistakeAt(at, "", "must be YAML or JSON, such as [{id: google, type: google}]")
		return
	}
	inner := &loader{file: variable.name, present: true, origins: map[string]origin{}}
	inner.value(doc.Content[0], v, f, key)
	for _, m := range inner.mistakes {
		l.mistakes = append(l.mistakes, Mistake{At: m.At, Key: m.Key, Message: m.Message})
	}
	for k := range inner.origins {
		l.origins[k] = at
	}
}

// forget drops what the file said of key and all below it: the variable replaces it.
func (l *loader) forget(key string) {
	below := func(k string) bool {
		rest, ok := strings.CutPrefix(k, key)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	}
	for k := range l.origins {
		if below(k) {
			delete(l.origins, k)
		}
	}
	l.mistakes = slices.DeleteFunc(l.mistakes, func(m Mistake) bool { return m.line > 0 && m.Key != "" && below(m.Key) })
}
