package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"go.yaml.in/yaml/v4"
)

// maxDocumentDepth bounds the nesting of a document, and how far aliases lead.
const maxDocumentDepth = 32

// Document is a value of any shape, written as YAML or JSON and kept as JSON.
type Document json.RawMessage

func isDocument(t reflect.Type) bool { return t == reflect.TypeFor[Document]() }

// document reads n as it is.
func (l *loader) document(n *yaml.Node, d *Document, key string) {
	text, err := documentOf(n)
	var wrong *documentError
	switch {
	case errors.As(err, &wrong):
		l.mistakeAt(place(wrong.node), key, "%s", wrong.why)
	case err != nil:
		l.mistakeAt(place(n), key, "is not valid JSON")
	default:
		*d = text
	}
}

// documentError is what is wrong with a document, and where.
type documentError struct {
	node *yaml.Node
	why  string
}

// Error implements error.
func (e *documentError) Error() string { return e.why }

func documentOf(n *yaml.Node) (Document, error) {
	value, err := jsonOf(n, maxDocumentDepth)
	if err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

// jsonOf returns a node as encoding/json knows values. What JSON has no word for is refused, not changed.
func jsonOf(n *yaml.Node, depth int) (any, error) {
	switch {
	case depth == 0:
		return nil, &documentError{n, "is nested too deep"}
	case n.Kind == yaml.AliasNode:
		return jsonOf(n.Alias, depth-1)
	case n.Kind == yaml.MappingNode:
		return jsonObject(n, depth)
	case n.Kind == yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			var err error
			if list[i], err = jsonOf(item, depth-1); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	switch n.Tag {
	case "!!str":
		return n.Value, nil
	case "!!null":
		return nil, nil
	case "!!bool":
		return n.Value == "true", nil
	case "!!int", "!!float":
		if json.Valid([]byte(n.Value)) {
			return json.Number(n.Value), nil
		}
	}
	return nil, &documentError{n, "has a value that JSON does not know: put it in quotes"}
}

func jsonObject(n *yaml.Node, depth int) (any, error) {
	object := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i]
		if name.Kind != yaml.ScalarNode || name.Tag != "!!str" {
			return nil, &documentError{name, "has a name that is no text: put it in quotes"}
		}
		if _, there := object[name.Value]; there {
			return nil, &documentError{name, fmt.Sprintf("has the name%s twice", quoteName(name.Value))}
		}
		var err error
		if object[name.Value], err = jsonOf(n.Content[i+1], depth-1); err != nil {
			return nil, err
		}
	}
	return object, nil
}
