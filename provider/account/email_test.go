package account_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/provider/account"
)

func TestNormalizeEmailFD19(t *testing.T) {
	for in, want := range map[string]string{
		"ada@example.com":                      "ada@example.com",
		"Ada.Lovelace+Books@EXAMPLE.com":       "ada.lovelace+books@example.com",
		"o'brien@example.com":                  "o'brien@example.com",
		"ada@bücher.example":                   "ada@xn--bcher-kva.example",
		"ada@xn--bcher-kva.example":            "ada@xn--bcher-kva.example",
		"a@" + strings.Repeat("b", 63) + ".co": "a@" + strings.Repeat("b", 63) + ".co",
	} {
		got, err := account.NormalizeEmail(in)
		if err != nil || got != want {
			t.Errorf("NormalizeEmail(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for name, in := range map[string]string{
		"empty":                    "",
		"no at":                    "ada.example.com",
		"two at":                   "a@evil.com@corp.com",
		"no local part":            "@example.com",
		"no domain":                "ada@",
		"one label":                "ada@localhost",
		"trailing dot":             "ada@example.com.",
		"empty label":              "ada@example..com",
		"address literal":          "ada@[127.0.0.1]",
		"bare address":             "ada@127.0.0.1",
		"comma list":               "ada@example.com,eve@example.com",
		"comma list in local part": "ada,eve@example.com",
		"display name":             "Ada <ada@example.com>",
		"quoted local part":        `"ada"@example.com`,
		"comment":                  "ada(x)@example.com",
		"CRLF":                     "ada@example.com\r\nBcc: eve@example.com",
		"CRLF in local part":       "ada\r\n@example.com",
		"NUL":                      "ada\x00@example.com",
		"spaces around":            " ada@example.com ",
		"leading dot":              ".ada@example.com",
		"double dot":               "a..da@example.com",
		"Kelvin sign":              "\u212Aelvin@example.com",
		"Kelvin sign in domain":    "kelvin@\u212Aelvin.com",
		"dotless i":                "ad\u0131@example.com",
		"full-width":               "\uFF41da@example.com",
		"full-width domain":        "ada@\uFF47mail.com",
		"full-width at":            "ada\uFF20example.com",
		"invalid UTF-8":            "ada\xff@example.com",
		"fake punycode":            "ada@xn--a.com",
		"underscore domain":        "ada@exa_mple.com",
		"400 characters":           strings.Repeat("a", 388) + "@example.com",
		"local part of 65":         strings.Repeat("a", 65) + "@example.com",
		"long domain":              "a@" + strings.Repeat("abcdefghi.", 25) + "com",
	} {
		if got, err := account.NormalizeEmail(in); !errors.Is(err, account.ErrEmail) {
			t.Errorf("%s: got %q, %v; want ErrEmail", name, got, err)
		}
	}
}

func TestNormalizeEmailErrorHoldsNoAddress(t *testing.T) {
	_, err := account.NormalizeEmail("secret person@example.com")
	if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "example") {
		t.Errorf("error %v repeats the address", err)
	}
}

func FuzzNormalizeEmail(f *testing.F) {
	for _, s := range []string{"ada@example.com", "A+b@BÜCHER.example", `"x"@y.z`, "a@b@c", "a@xn--bcher-kva.example", "\u212A@\u212A.com"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := account.NormalizeEmail(s)
		if err != nil {
			return
		}
		if again, err := account.NormalizeEmail(got); err != nil || again != got {
			t.Fatalf("%q becomes %q becomes %q, %v", s, got, again, err)
		}
		if len(got) > 254 || strings.Count(got, "@") != 1 || strings.ContainsAny(got, "\r\n ,\"<>") {
			t.Fatalf("%q becomes %q", s, got)
		}
		for _, r := range got {
			if r > 0x7e || r < 0x21 || 'A' <= r && r <= 'Z' {
				t.Fatalf("%q becomes %q", s, got)
			}
		}
	})
}
