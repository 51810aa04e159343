package clients

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

func TestArgon2idIsParsedStrictly(t *testing.T) {
	good := argon2idPHC("a")
	if _, err := parseArgon2id(good); err != nil {
		t.Fatal(err)
	}
	if _, err := parseArgon2id("$argon2id$v=19$m=65536,t=4,p=4$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA"); err != nil {
		t.Error(err)
	}
	for _, hash := range []string{
		"", "$", "$argon2id$", "argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "argon2id", "argon2d", 1),
		strings.Replace(good, "v=19", "v=16", 1), strings.Replace(good, "v=19$", "", 1), good + "$", good + "AB", good + "=", good + "\n", strings.Replace(good, "m=64", "m=65537", 1),
		strings.Replace(good, "m=64", "m=7", 1), strings.Replace(good, "m=64", "m=064", 1), strings.Replace(good, "m=64", "m=+64", 1), strings.Replace(good, "m=64", "m=4294967360", 1),
		strings.Replace(good, "m=64", "m=99999999999999999999", 1), strings.Replace(good, "t=1", "t=0", 1), strings.Replace(good, "t=1", "t=11", 1), strings.Replace(good, "p=1", "p=5", 1),
		strings.Replace(good, "p=1", "p=0", 1), strings.Replace(good, "m=64,t=1", "t=1,m=64", 1), strings.Replace(good, "p=1", "p=1,keyid=x", 1), strings.Replace(good, "m=64,t=1,p=1", "m=65536,t=10,p=1", 1),
		"$argon2id$v=19$m=64,t=1,p=1$c2FsdA$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$AAAA", "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$" + strings.Repeat("A", 100),
		"$argon2id$v=19$m=64,t=1,p=1$c2Fs dHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAB",
	} {
		if _, err := parseArgon2id(hash); err == nil {
			t.Errorf("%q is accepted", hash)
		}
		if hash != "" && checkSecretHash(hash) == "" {
			t.Errorf("%q may be imported", hash)
		}
	}
}

// FuzzArgon2id: whatever is accepted stays within the bounds on memory and time.
func FuzzArgon2id(f *testing.F) {
	f.Add(argon2idPHC("a"))
	f.Add("$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, phc string) {
		h, err := parseArgon2id(phc)
		if err != nil {
			return
		}
		if h.memory < 8 || h.memory > maxArgonMemory || h.time < 1 || h.memory*h.time > maxArgonWork || h.threads < 1 || h.threads > 4 || len(h.sum) < 16 || len(h.salt) < 8 {
			t.Fatalf("%q: %+v", phc, h)
		}
		enc := base64.RawStdEncoding
		canonical := fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", h.memory, h.time, h.threads, enc.EncodeToString(h.salt), enc.EncodeToString(h.sum))
		if canonical != phc {
			t.Fatalf("%q is read as %q", phc, canonical)
		}
	})
}
