package seal

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func secret(b byte) []byte { return bytes.Repeat([]byte{b}, MinSecret) }

func ring(t *testing.T, secrets ...[]byte) *Keyring {
	t.Helper()
	k, err := New(secrets)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestNewRefusesWeakSecrets(t *testing.T) {
	if _, err := New(nil); !errors.Is(err, ErrNoSecret) {
		t.Errorf("no secret: got %v", err)
	}
	if _, err := New([][]byte{secret(1), []byte("short")}); err == nil || !strings.Contains(err.Error(), "secret 2 has 5 bytes") {
		t.Errorf("short secret: got %v", err)
	}
}

func TestReseal(t *testing.T) {
	old, both, young := ring(t, secret(1)).Box("x"), ring(t, secret(2), secret(1)).Box("x"), ring(t, secret(2)).Box("x")
	sealed := old.Seal([]byte("hello"), []byte("row 1"))
	again, changed := both.Reseal(sealed, []byte("row 1"))
	if got, err := young.Open(again, []byte("row 1")); !changed || err != nil || string(got) != "hello" {
		t.Errorf("%v, %q, %v", changed, got, err)
	}
	for name, c := range map[string]struct {
		box             *Box
		sealed, another []byte
	}{
		"current already": {both, again, []byte("row 1")}, "another row's": {both, sealed, []byte("row 2")}, "an unknown secret's": {young, sealed, []byte("row 1")},
	} {
		if same, changed := c.box.Reseal(c.sealed, c.another); changed || !bytes.Equal(same, c.sealed) {
			t.Errorf("%s: changed", name)
		}
	}
}

func TestBoxOpensOnlyItsOwn(t *testing.T) {
	k := ring(t, secret(1))
	box := k.Box("code")
	sealed := box.Seal([]byte("hello"), []byte("row 1"))

	if got, err := box.Open(sealed, []byte("row 1")); err != nil || string(got) != "hello" {
		t.Fatalf("open: %q, %v", got, err)
	}
	for name, open := range map[string]func() ([]byte, error){
		"other associated data": func() ([]byte, error) { return box.Open(sealed, []byte("row 2")) },
		"other purpose":         func() ([]byte, error) { return k.Box("interaction").Open(sealed, []byte("row 1")) },
		"other secret":          func() ([]byte, error) { return ring(t, secret(2)).Box("code").Open(sealed, []byte("row 1")) },
		"truncated":             func() ([]byte, error) { return box.Open(sealed[:len(sealed)-1], []byte("row 1")) },
		"extended":              func() ([]byte, error) { return box.Open(append(bytes.Clone(sealed), 0), []byte("row 1")) },
		"empty":                 func() ([]byte, error) { return box.Open(nil, []byte("row 1")) },
	} {
		if got, err := open(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := box.Open(bad, []byte("row 1")); !errors.Is(err, ErrInvalid) {
			t.Fatalf("bit flipped in byte %d: %v", i, err)
		}
	}
}

func TestRotatedSecretStillOpens(t *testing.T) {
	old := ring(t, secret(1))
	sealed, tag := old.Box("code").Seal([]byte("x"), nil), old.MAC("rt").Sum([]byte("x"))
	rotated := ring(t, secret(2), secret(1))

	if _, err := rotated.Box("code").Open(sealed, nil); err != nil {
		t.Errorf("box: %v", err)
	}
	if !rotated.MAC("rt").Valid([]byte("x"), tag) {
		t.Error("MAC: the old secret's tag is refused")
	}
	if bytes.Equal(rotated.MAC("rt").Sum([]byte("x")), tag) {
		t.Error("MAC: the old secret still signs")
	}
	if ring(t, secret(2)).MAC("rt").Valid([]byte("x"), tag) {
		t.Error("MAC: the tag of a secret that was taken away is accepted")
	}
}

func TestTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := ring(t, secret(1)).Box("code")
		token := box.SealToken([]byte("x"), nil, time.Now().Add(time.Minute))
		if _, err := box.OpenToken(token, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(59 * time.Second)
		if _, err := box.OpenToken(token, nil); err != nil {
			t.Errorf("one second before: %v", err)
		}
		time.Sleep(time.Second)
		if _, err := box.OpenToken(token, nil); !errors.Is(err, ErrExpired) {
			t.Errorf("at the second: %v", err)
		}
	})
}

// TK-11: a token has one spelling only.
func TestTokenIsStrict(t *testing.T) {
	box := ring(t, secret(1)).Box("code")
	for n := range 4 {
		token := box.SealToken(make([]byte, n), nil, time.Now().Add(time.Minute))
		for _, suffix := range []string{"=", "\x00", " ", "A", "%00", "\n"} {
			if _, err := box.OpenToken(token+suffix, nil); !errors.Is(err, ErrInvalid) {
				t.Errorf("%d bytes, suffix %q: %v", n, suffix, err)
			}
		}
		last := token[len(token)-1]
		for c := byte(0); c < 128; c++ {
			if c == last {
				continue
			}
			if _, err := box.OpenToken(token[:len(token)-1]+string(c), nil); !errors.Is(err, ErrInvalid) {
				t.Errorf("%d bytes, last character %q for %q: %v", n, c, last, err)
			}
		}
	}
}

func FuzzOpenToken(f *testing.F) {
	k, _ := New([][]byte{secret(1)})
	box := k.Box("code")
	f.Add("")
	f.Add(strings.Repeat("A", 80))
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := box.OpenToken(s, nil); err == nil {
			t.Fatalf("%q opened", s)
		}
	})
}

func BenchmarkSealToken(b *testing.B) {
	k, _ := New([][]byte{secret(1)})
	box, plain := k.Box("code"), make([]byte, 250)
	b.ReportAllocs()
	for b.Loop() {
		box.SealToken(plain, nil, time.Now().Add(time.Minute))
	}
}
