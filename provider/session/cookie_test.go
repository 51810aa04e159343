package session

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// FuzzCookie: a browser has the session of one cookie with our name, and of none when there are two. What other cookies stand around it, and
// how they are written, does not matter.
func FuzzCookie(f *testing.F) {
	const name = CookieName + "="
	value := strings.Repeat("A", base64.RawURLEncoding.EncodedLen(tokenBytes))
	for _, seed := range []string{
		"", name + value, "a=b; " + name + value + "; c", name + value + "; " + name + value, name + `"` + value + `"`, name + value[1:], name + value + "A", strings.ToLower(name) + value,
		" " + name + value, CookieName + " =" + value, StateCookieName + "=" + value, ";;=;" + name + value, name + value + "," + name + value, name + value[1:] + "\x00",
	} {
		f.Add(seed, "")
		f.Add("x=y", seed)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		r := &http.Request{Header: http.Header{"Cookie": {first, second}}}
		hash, ok := tokenOf(r)
		pairs := strings.Split(first+";"+second, ";")
		var found []string
		for _, pair := range pairs {
			if before, after, _ := strings.Cut(strings.Trim(pair, " \t\r\n"), "="); strings.Trim(before, " \t\r\n") == CookieName {
				if len(after) > 1 && after[0] == '"' && after[len(after)-1] == '"' {
					after = after[1 : len(after)-1]
				}
				found = append(found, after)
			}
		}
		if !ok {
			if hash != nil {
				t.Fatal("a hash of nothing")
			}
			if len(found) == 1 && first == name+value {
				t.Fatalf("%q, %q is not seen", first, second)
			}
			return
		}
		plain := slices.DeleteFunc(slices.Clone(found), func(s string) bool {
			return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != ""
		})
		if len(found) < 1 || len(plain) > 1 || len(hash) != sha256.Size {
			t.Fatalf("%q, %q: %x", first, second, hash)
		}
		sum := func(s string) []byte { h := sha256.Sum256([]byte(s)); return h[:] }
		if len(found) == 1 && !bytes.Equal(hash, sum(found[0])) {
			t.Fatalf("%q, %q: not the hash of %q", first, second, found[0])
		}
	})
}
