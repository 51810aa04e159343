package upstream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxDepth   = 16
	maxMembers = 256 // of the top level
	// maxTime is the year 5138: a time in milliseconds is beyond it.
	maxTime = 100_000_000_000
)

// claims is a JSON object of an upstream: ID token, userinfo. Its members are found by their exact names only (encoding/json would take "SUB" for
// "sub"), and each accessor says whether the member has the type it must have.
type claims map[string]json.RawMessage

// parseClaims refuses what two parsers could read in two ways.
func parseClaims(data []byte) (claims, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("claims are not UTF-8")
	}
	if err := uniqueMembers(data); err != nil {
		return nil, err
	}
	var c claims
	if err := json.Unmarshal(data, &c); err != nil || c == nil {
		return nil, errors.New("claims are not a JSON object")
	}
	return c, nil
}

// uniqueMembers says whether data is one JSON object without duplicate members: at the top level not even by another case, deeper by name.
// RFC 7519 §4: claim names must be unique.
func uniqueMembers(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("not a JSON object")
	}
	if err := walkObject(d, 1); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text after the JSON object")
	}
	return nil
}

func walkObject(d *json.Decoder, depth int) error {
	var names []string
	seen := make(map[string]bool)
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return errors.New("malformed JSON")
		}
		name, _ := t.(string)
		if seen[name] || depth == 1 && hasFold(names, name) {
			return errors.New("duplicate JSON member")
		}
		seen[name] = true
		names = append(names, name)
		if depth == 1 && len(names) > maxMembers {
			return fmt.Errorf("more than %d JSON members", maxMembers)
		}
		if err := walkValue(d, depth); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return errors.New("malformed JSON")
	}
	return nil
}

func walkValue(d *json.Decoder, depth int) error {
	t, err := d.Token()
	switch {
	case err != nil:
		return errors.New("malformed JSON")
	case depth > maxDepth:
		return errors.New("JSON nested too deep")
	case t == json.Delim('{'):
		return walkObject(d, depth+1)
	case t == json.Delim('['):
		for d.More() {
			if err := walkValue(d, depth+1); err != nil {
				return err
			}
		}
		if _, err := d.Token(); err != nil {
			return errors.New("malformed JSON")
		}
	}
	return nil
}

// hasFold compares as encoding/json does when it looks for a field: "ſub" is "sub" to it.
func hasFold(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

func (c claims) has(name string) bool {
	_, there := c[name]
	return there
}

// text returns a string member. A missing one, null or another type is "", false.
func (c claims) text(name string) (string, bool) {
	var s *string
	if json.Unmarshal(c[name], &s) != nil || s == nil {
		return "", false
	}
	return *s, true
}

// isTrue says whether the member is the JSON value true. Strings and numbers are not: "true" is what a careless upstream or an attacker sends.
func (c claims) isTrue(name string) bool {
	return string(c[name]) == "true"
}

// texts returns an array of strings.
func (c claims) texts(name string) ([]string, bool) {
	var list []*string
	if json.Unmarshal(c[name], &list) != nil || list == nil {
		return nil, false
	}
	out := make([]string, 0, len(list))
	for _, s := range list {
		if s == nil {
			return nil, false
		}
		out = append(out, *s)
	}
	return out, true
}

// time returns a NumericDate in whole seconds (RFC 7519 §2).
func (c claims) time(name string) (time.Time, bool) {
	var n *int64
	if json.Unmarshal(c[name], &n) != nil || n == nil || *n <= 0 || *n >= maxTime {
		return time.Time{}, false
	}
	return time.Unix(*n, 0), true
}

// audience returns "aud": one string or an array of them. RFC 7519 §4.1.3.
func (c claims) audience() ([]string, bool) {
	if s, ok := c.text("aud"); ok {
		return []string{s}, s != ""
	}
	list, ok := c.texts("aud")
	return list, ok && len(list) > 0
}
