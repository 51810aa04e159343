package config

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

func TestReferenceLoads(t *testing.T) {
	c, err := load(t, Reference())
	if err != nil {
		t.Fatal(err)
	}
	want, err := load(t, "issuer: https://id.example.com\n")
	if err != nil {
		t.Fatal(err)
	}
	c.Database, want.Database = Database{}, Database{} // each in a folder of its own
	if diff := cmp.Diff(want.Lifetimes, c.Lifetimes); diff != "" {
		t.Error(diff)
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("the reference says\n%+v\nthe defaults are\n%+v", c, want)
	}
}

// With every example switched on, each key of the structs is there once, in its section, and no other.
func TestReferenceHasEveryKey(t *testing.T) {
	text := regexp.MustCompile(`(?m)^( *)#([^ ])`).ReplaceAllString(Reference(), "$1$2")
	var doc yaml.Node
	if err := yaml.Load([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	walk(t, doc.Content[0], reflect.TypeFor[Config](), "SYMBOLON_")
}

func walk(t *testing.T, n *yaml.Node, typ reflect.Type, variable string) {
	t.Helper()
	var names []string
	for i := 0; i < len(n.Content); i += 2 {
		name := n.Content[i].Value
		names = append(names, name)
		f, _, ok := fieldByName(typ, name)
		if !ok {
			t.Errorf("%s is no key of %s", name, typ)
			continue
		}
		if f.doc == "" {
			t.Errorf("%s.%s says nothing", typ, name)
		}
		env := variable + strings.ToUpper(name)
		switch {
		case f.section():
			walk(t, n.Content[i+1], f.typ, env+"_")
		case f.typ.Kind() == reflect.Slice && isSection(f.typ.Elem()):
			walk(t, n.Content[i+1].Content[0], f.typ.Elem(), env+"_0_")
		case !strings.Contains(Reference(), "# "+env+"\n"):
			t.Errorf("%s is not named", env)
		}
		if _, ok := resolve(reflect.TypeFor[Config](), strings.TrimPrefix(env, "SYMBOLON_")); !ok {
			t.Errorf("%s does not resolve", env)
		}
	}
	if diff := cmp.Diff(keys(typ), names); diff != "" {
		t.Errorf("%s: %s", typ, diff)
	}
}
