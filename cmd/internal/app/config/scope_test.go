package config

import (
	"strings"
	"testing"
)

func TestScopes(t *testing.T) {
	c, err := load(t, "issuer: https://id.example.com\nscopes: [{ name: \"shelf:read\", consent: { en: The books on your shelf, ko: 내 책장의 책 } }, { name: x, consent: { en: X } }]\n")
	if err != nil || len(c.Scopes) != 2 || c.Scopes[0] != (Scope{"shelf:read", ScopeConsent{"The books on your shelf", "내 책장의 책"}}) {
		t.Errorf("%v, %v", c, err)
	}
	for text, want := range map[string]string{
		`{ name: openid, consent: { en: X } }`:                                    "scopes[0].name: is a scope with words of its own",
		`{ name: "a b", consent: { en: X } }`:                                     "scopes[0].name: must be a scope",
		`{ name: 'a"b', consent: { en: X } }`:                                     "scopes[0].name: must be a scope",
		`{ consent: { en: X } }`:                                                  "scopes[0].name: must be a scope",
		`{ name: a, consent: { ko: X } }`:                                         "scopes[0].consent.en: is missing",
		`{ name: a, consent: { en: " X" } }`:                                      "scopes[0].consent.en: must have at most 140 characters, without spaces",
		`{ name: a, consent: { en: X, ko: "` + strings.Repeat("가", 141) + `" } }`: "scopes[0].consent.ko: must have at most 140 characters",
		`{ name: a, consent: { en: X, de: Y } }`:                                  "unknown key \"de\"",
		`{ name: a, consent: { en: X } }, { name: a, consent: { en: Y } }`:        "scopes[1].name: is there twice",
	} {
		if _, err := load(t, "issuer: https://id.example.com\nscopes: [ "+text+" ]\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
