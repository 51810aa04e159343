package details

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// maxNumber bounds a number, in characters.
const maxNumber = 32

var errJSON = errors.New("is not valid JSON")

// decode reads one JSON value into maps, slices, strings, json.Numbers, truth values and nil. It refuses what encoding/json is lenient about, and
// what would be costly or ambiguous later: a member that is there twice, deep nesting, invalid UTF-8, numbers with an exponent.
func decode(text string, depth int) (any, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("is not valid UTF-8")
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	value, err := decodeValue(dec, depth)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errJSON
	}
	return value, nil
}

func decodeValue(dec *json.Decoder, depth int) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, errJSON
	}
	switch token := token.(type) {
	case json.Number:
		if len(token) > maxNumber || strings.ContainsAny(token.String(), "eE") {
			return nil, errors.New("has a number with an exponent, or of more than 32 characters")
		}
	case json.Delim:
		if depth == 0 {
			return nil, errors.New("is nested too deep")
		}
		if token == '{' {
			return decodeObject(dec, depth-1)
		}
		return decodeArray(dec, depth-1)
	}
	return token, nil
}

func decodeObject(dec *json.Decoder, depth int) (any, error) {
	object := map[string]any{}
	for dec.More() {
		token, err := dec.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, errJSON
		}
		if _, there := object[name]; there {
			return nil, errors.New("has a member twice")
		}
		if object[name], err = decodeValue(dec, depth); err != nil {
			return nil, err
		}
	}
	return object, closing(dec)
}

func decodeArray(dec *json.Decoder, depth int) (any, error) {
	array := []any{}
	for dec.More() {
		value, err := decodeValue(dec, depth)
		if err != nil {
			return nil, err
		}
		array = append(array, value)
	}
	return array, closing(dec)
}

func closing(dec *json.Decoder) error {
	if _, err := dec.Token(); err != nil {
		return errJSON
	}
	return nil
}
