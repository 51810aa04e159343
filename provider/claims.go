package provider

import (
	"bytes"
	"encoding/json"

	"github.com/symbolon-id/symbolon/provider/keys"
)

// decodeClaims reads the claims of a token of ours. encoding/json takes the last of two members of a name, and names that differ in case only for
// the same; here each name is there once and is spelt as we spell ours (RFC 8725 §2.4 warns of the rest). Its only error is keys.ErrToken.
func decodeClaims(payload []byte, claims any) error {
	dec := json.NewDecoder(bytes.NewReader(payload))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return keys.ErrToken
	}
	seen := map[string]bool{}
	for dec.More() {
		name, err := dec.Token()
		text, ok := name.(string)
		if err != nil || !ok || seen[text] || !plainName(text) {
			return keys.ErrToken
		}
		seen[text] = true
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return keys.ErrToken
		}
	}
	if err := json.Unmarshal(payload, claims); err != nil {
		return keys.ErrToken
	}
	return nil
}

// plainName: the letters that our claims are made of.
func plainName(name string) bool {
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '#' && c != ':' && c != '/' && c != '.' && c != '-' {
			return false
		}
	}
	return name != ""
}
