package provider

import (
	"crypto/rand"
	"encoding/base64"
)

// strictBase64URL has one spelling for each value: what is looked up, compared or signed must not have two.
var strictBase64URL = base64.RawURLEncoding.Strict()

// idBytes is the length of a random id: 128 bits.
const idBytes = 16

// randomID returns a random id as base64url.
func randomID() string { return randomText(idBytes) }

// randomText returns n random bytes as base64url.
func randomText(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails, crypto/rand says
	return base64.RawURLEncoding.EncodeToString(b)
}
