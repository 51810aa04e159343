package details

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// maxSchemaDepth bounds how far references and members are followed in a schema.
const maxSchemaDepth = 16

// schema is a compiled JSON Schema.
type schema struct{ root *jsonschema.Schema }

// noDocuments refuses to load what a schema refers to: a type means what stands in the configuration. The metaschemas are built in.
type noDocuments struct{}

// Load implements jsonschema.URLLoader.
func (noDocuments) Load(string) (any, error) { return nil, errors.New("is another document") }

// compile compiles the schema of a type. It returns what is wrong with it, or "".
func compile(name string, text []byte) (*schema, string) {
	document, err := decode(string(text), maxSchemaDepth*2)
	root, ok := document.(map[string]any)
	switch {
	case len(text) == 0:
		return nil, "is missing: write a JSON Schema of the objects"
	case err != nil:
		return nil, err.Error()
	case !ok:
		return nil, "must be an object: a JSON Schema"
	}
	describeType(root, name)
	c := jsonschema.NewCompiler()
	c.UseLoader(noDocuments{})
	c.AssertFormat()
	const location = "urn:symbolon:schema"
	if err := c.AddResource(location, root); err != nil {
		return nil, "cannot be compiled"
	}
	compiled, err := c.Compile(location)
	if err != nil {
		return nil, schemaMistake(err)
	}
	s := &schema{compiled}
	switch {
	case member(compiled, "type", maxSchemaDepth) == nil:
		return nil, "must have the member type among its properties"
	default:
		return s, open(compiled, "", maxSchemaDepth)
	}
}

// describeType adds the member type where the schema says nothing of it.
func describeType(root map[string]any, name string) {
	properties, ok := root["properties"].(map[string]any)
	if !ok {
		if root["properties"] != nil {
			return // it is no schema, and the compiler says so
		}
		properties = map[string]any{}
		root["properties"] = properties
	}
	if properties["type"] == nil {
		properties["type"] = map[string]any{"const": name}
	}
}

// schemaMistake says what the compiler did not understand, and where.
func schemaMistake(err error) string {
	var load *jsonschema.LoadURLError
	var expression *jsonschema.InvalidRegexError
	var invalid *jsonschema.SchemaValidationError
	var cause *jsonschema.ValidationError
	switch {
	case errors.As(err, &load):
		return "refers to another document: put it under $defs"
	case errors.As(err, &expression):
		return "has a pattern that is no regular expression of Go (RE2)"
	case errors.As(err, &invalid) && errors.As(invalid.Err, &cause):
		return "is no JSON Schema: " + placeOf(cause)
	}
	return "is no JSON Schema: a reference in it leads nowhere, or its $schema is unknown"
}

// placeOf says where an object does not fit, and by which keyword: "at /instructedAmount/amount (pattern)".
func placeOf(err *jsonschema.ValidationError) string {
	for len(err.Causes) > 0 {
		err = err.Causes[0]
	}
	at := "at /" + strings.Join(err.InstanceLocation, "/")
	if path := err.ErrorKind.KeywordPath(); len(path) > 0 {
		at += " (" + path[0] + ")"
	}
	return at
}

// open says which object of the schema may have members that the schema does not know, or "". RFC 9396 §5: unknown fields are refused, and a
// schema allows them unless it says otherwise.
func open(s *jsonschema.Schema, at string, depth int) string {
	if depth == 0 {
		return ""
	}
	if !closed(s, maxSchemaDepth) && (at == "" || s.Properties != nil) {
		return "must refuse unknown members at /" + strings.TrimPrefix(at, "/") + ": add additionalProperties: false (or unevaluatedProperties: false) there"
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if why := open(s.Properties[name], at+"/"+name, depth-1); why != "" {
			return why
		}
	}
	if items := itemsOf(s); items != nil {
		return open(items, at+"/items", depth-1)
	}
	return ""
}

func closed(s *jsonschema.Schema, depth int) bool {
	if depth == 0 {
		return false
	}
	if additional, ok := s.AdditionalProperties.(bool); ok && !additional {
		return true
	}
	if u := s.UnevaluatedProperties; u != nil && u.Bool != nil && !*u.Bool {
		return true
	}
	return s.Ref != nil && closed(s.Ref, depth-1)
}

// itemsOf returns the schema of an array's elements, where one is for all.
func itemsOf(s *jsonschema.Schema) *jsonschema.Schema {
	if items, ok := s.Items.(*jsonschema.Schema); ok {
		return items
	}
	return s.Items2020
}

// member returns the schema of a member, or nil.
func member(s *jsonschema.Schema, name string, depth int) *jsonschema.Schema {
	if s == nil || depth == 0 {
		return nil
	}
	if found := s.Properties[name]; found != nil {
		return found
	}
	for _, other := range append([]*jsonschema.Schema{s.Ref}, s.AllOf...) {
		if found := member(other, name, depth-1); found != nil {
			return found
		}
	}
	return nil
}

// showable says whether values of the schema are texts or numbers, or lists of them.
func showable(s *jsonschema.Schema, lists bool, depth int) bool {
	if s == nil || depth == 0 {
		return false
	}
	if s.Types != nil {
		types := s.Types.ToStrings()
		if slices.Equal(types, []string{"array"}) {
			return lists && showable(itemsOf(s), false, depth-1)
		}
		return !slices.ContainsFunc(types, func(t string) bool { return t != "string" && t != "number" && t != "integer" })
	}
	if s.Const != nil {
		_, ok := (*s.Const).(string)
		return ok
	}
	if s.Enum != nil {
		return !slices.ContainsFunc(s.Enum.Values, func(v any) bool { _, ok := v.(string); return !ok })
	}
	return showable(s.Ref, lists, depth-1)
}
