package clients

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"unicode/utf8"
)

// setObject keeps an object without its white space. It returns what is wrong, or "".
func setObject(p *json.RawMessage, value json.RawMessage) string {
	var compact bytes.Buffer
	if json.Compact(&compact, value) != nil || compact.Bytes()[0] != '{' {
		return "must be an object"
	}
	*p = compact.Bytes()
	return ""
}

// setValue decodes value into the pointer at, or sets its zero for null. It returns what is wrong, or "".
func setValue(at any, value json.RawMessage) string {
	null := string(value) == "null"
	switch p := at.(type) {
	case *string:
		*p = ""
		return decodeAs(value, p, "must be a string")
	case *bool:
		*p = false
		return decodeAs(value, p, "must be true or false")
	case **bool:
		*p = nil
		return decodeAs(value, p, "must be true or false")
	case *int64:
		*p = 0
		return decodeAs(value, p, "must be a whole number")
	case **int64:
		*p = nil
		return decodeAs(value, p, "must be a whole number")
	case *json.RawMessage:
		*p = nil
		if null {
			return ""
		}
		return setObject(p, value)
	case *[]string:
		*p = nil
		if null {
			return ""
		}
		var list []*string
		if json.Unmarshal(value, &list) != nil || slices.Contains(list, nil) {
			return "must be an array of strings"
		}
		for _, s := range list {
			*p = append(*p, *s)
		}
		return ""
	default:
		panic("clients: member of a type that setValue does not know")
	}
}

func decodeAs(value json.RawMessage, p any, reason string) string {
	if json.Unmarshal(value, p) != nil {
		return reason
	}
	return ""
}

type rawMember struct {
	name  string
	value json.RawMessage
}

// parseObject splits one JSON object into its members, in order and with duplicates, which encoding/json would fold silently and match without
// regard to case. It returns what is wrong, or "".
func parseObject(data []byte) ([]rawMember, string) {
	if !utf8.Valid(data) {
		return nil, "the document is not valid UTF-8"
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, "the document must be a JSON object"
	}
	var members []rawMember
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, "the document is not valid JSON"
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, "the document is not valid JSON"
		}
		members = append(members, rawMember{name.(string), value})
	}
	if _, err := dec.Token(); err != nil {
		return nil, "the document is not valid JSON"
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, "the document has something after its end"
	}
	return members, ""
}
