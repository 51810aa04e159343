package app_test

import (
	"strings"
	"testing"
)

// A scope of the operator's own APIs stands in the operator's words, in the person's language, and nothing of them is markup.
func TestScopesInPlainWords(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, `scopes: [{ name: "shelf:read", consent: { en: "The books <b>on your shelf", ko: "내 책장의 책" } }, { name: plain, consent: { en: "Something plain" } }]`)
	p := w.partner(`{"client_name":"Sunny Books","redirect_uris":["` + redirectURI + `"],"scope":"openid shelf:read plain bare"}`)
	for locale, want := range map[string][]string{
		"en": {"<li>The books &lt;b&gt;on your shelf</li>", "<li>Something plain</li>", "“bare”"},
		"ko": {"<li>내 책장의 책</li>", "<li>Something plain</li>", "“bare”"},
	} {
		b := newBrowser(t)
		pg := b.open(p.url("scope", "openid shelf:read plain bare", "ui_locales", locale)).press("login-google").press("person-" + map[string]string{"en": "ada", "ko": "grace"}[locale])
		pg.expectConsent(t)
		for _, text := range want {
			if !strings.Contains(pg.body, text) {
				t.Errorf("%s: no %q in\n%s", locale, text, pg.body)
			}
		}
		b.stopAt = redirectURI
		pg.press("consent-allow")
		b.headers.Set("Accept-Language", locale)
		if pg := b.open(w.issuer + "/account"); !strings.Contains(pg.body, want[0]) {
			t.Errorf("%s: no %q on the account page\n%s", locale, want[0], pg.body)
		}
	}
}
