package provider

import (
	"strings"
	"testing"
)

// RFC 8628 §6.1: codes are typed with or without dash, in any case.
func TestParseUserCode(t *testing.T) {
	for typed, want := range map[string]string{
		"BCDF-GHJK": "BCDFGHJK", "bcdfghjk": "BCDFGHJK", " b c d f g h j k ": "BCDFGHJK", "bcdf–ghjk": "BCDFGHJK", "BCDF.GHJK": "BCDFGHJK",
		"": "", "BCDF-GHJ": "", "BCDF-GHJKL": "", "ACDF-GHJK": "", "BCDF-GHJ1": "", "BCDF-GHJ\x00K": "", "ＢCDFGHJK": "", "ſBCDFGHJK": "",
		strings.Repeat(" ", 100) + "BCDFGHJK": "",
	} {
		if got := parseUserCode(typed); got != want {
			t.Errorf("%q: %q", typed, got)
		}
	}
}

// JW-13: each letter in each place, about as often as any other, and no code twice.
func TestNewUserCode(t *testing.T) {
	const n = 20_000
	seen, counts := map[string]bool{}, map[[2]int]int{}
	for range n {
		code := newUserCode()
		if parseUserCode(showUserCode(code)) != code || seen[code] {
			t.Fatalf("%q is no code, or there twice", code)
		}
		seen[code] = true
		for place, letter := range code {
			counts[[2]int{place, int(letter)}]++
		}
	}
	if len(counts) != userCodeLength*len(userCodeLetters) {
		t.Errorf("%d pairs of place and letter", len(counts))
	}
	for pair, count := range counts {
		if mean := n / len(userCodeLetters); count < mean*8/10 || count > mean*12/10 {
			t.Errorf("%c in place %d: %d times", pair[1], pair[0], count)
		}
	}
}

// TK-11: a device code has one spelling.
func TestDeviceHash(t *testing.T) {
	code := newDeviceCode()
	if len(deviceHash(code)) != 32 || len(code) != len(deviceCodePrefix)+43 {
		t.Errorf("%q is no code", code)
	}
	last := code[len(code)-1:]
	for _, other := range []string{"", deviceCodePrefix, code[1:], code + "=", code + "\n", code[:20] + "\n" + code[20:], " " + code, code[:len(code)-1], code + "A", strings.ToUpper(code), code[:len(code)-1] + string(rune(last[0])+1)} {
		if other != code && deviceHash(other) != nil && string(deviceHash(other)) == string(deviceHash(code)) {
			t.Errorf("%q is the same code", other)
		}
	}
	for _, none := range []string{"", deviceCodePrefix, code + "=", code + "\n", code[:20] + "\n" + code[20:], "sym_ac_" + code[7:]} {
		if deviceHash(none) != nil {
			t.Errorf("%q is a code", none)
		}
	}
}

func FuzzParseUserCode(f *testing.F) {
	for _, s := range []string{"BCDF-GHJK", "bcdfghjk", "", "ﬃ", "İ", "\xff", "BCDF GHJK\u3000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code := parseUserCode(typed)
		if code == "" {
			return
		}
		if len(code) != userCodeLength || strings.Trim(code, userCodeLetters) != "" || parseUserCode(showUserCode(code)) != code || parseUserCode(strings.ToLower(code)) != code {
			t.Errorf("%q: %q", typed, code)
		}
	})
}
