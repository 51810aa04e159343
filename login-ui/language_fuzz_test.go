package loginui

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// FuzzLanguage is OIDC Core §3.1.2.1: whatever languages a client and a browser ask for, in whatever spelling, the page is in one that we have.
// A list without any that we have is as good as none, and what the client asks for first counts.
func FuzzLanguage(f *testing.F) {
	f.Add("ko", "de, en;q=0.5")
	f.Add("fr-CA fr en", "ko-KR,ko;q=0.9,*;q=0.1")
	f.Add("", "")
	f.Add("x-klingon und zh-Hant-TW-u-co-stroke", "en;q=2, ;;")
	f.Add("en_US.UTF-8 \xff", "i-klingon;q=0.000, ko;q=")
	f.Add(strings.Repeat("a-", 400), strings.Repeat("ko,", 400))
	f.Add("en-a-aaa-a-aaa", "art-lojban")
	f.Fuzz(func(t *testing.T, uiLocales, accept string) {
		ask := func(uiLocales string) string {
			return languageOf(&http.Request{URL: &url.URL{}, Header: http.Header{"Accept-Language": {accept}}}, uiLocales)
		}
		got := ask(uiLocales)
		if got != "en" && got != "ko" {
			t.Fatalf("%q, %q: %q", uiLocales, accept, got)
		}
		byURL := languageOf(&http.Request{URL: &url.URL{RawQuery: url.Values{"ui_locales": {uiLocales}}.Encode()}, Header: http.Header{"Accept-Language": {accept}}}, "")
		if byURL != got {
			t.Fatalf("%q, %q: %q, and by the address %q", uiLocales, accept, got, byURL)
		}
		for _, tag := range []string{"en", "ko"} {
			if first := ask(tag + " " + uiLocales); first != tag {
				t.Fatalf("%q before %q: %q", tag, uiLocales, first)
			}
		}
	})
}
