package config

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Scope says in plain words what a scope of the operator's own APIs gives.
type Scope struct {
	Name    string       `yaml:"name" example:"shelf:read" doc:"The scope, as clients ask for it."`
	Consent ScopeConsent `yaml:"consent" doc:"What a person reads below \"APP will get:\", by language, up to 140 characters."`
}

// ScopeConsent is a text in the languages of the pages.
type ScopeConsent struct {
	En string `yaml:"en" example:"The books on your shelf" doc:"English. It also stands for languages that are left out."`
	Ko string `yaml:"ko" example:"내 책장의 책" doc:"Korean."`
}

// maxConsent bounds a line that a person reads, in characters.
const maxConsent = 140

// ownScopes have their words in the pages.
func ownScopes() []string {
	return []string{"openid", "profile", "email", "phone", "address", "offline_access"}
}

func (l *loader) scopeWords(all []Scope) {
	var names []string
	for i, s := range all {
		key := element("scopes", i)
		switch {
		case !regexp.MustCompile(`^[!#-\[\]-~]{1,256}$`).MatchString(s.Name): // RFC 6749 §3.3
			l.mistake(key+".name", "must be a scope: visible characters without quotes and backslashes")
		case slices.Contains(ownScopes(), s.Name):
			l.mistake(key+".name", "is a scope with words of its own: leave it out")
		case slices.Contains(names, s.Name):
			l.mistake(key+".name", "is there twice: one entry for each scope")
		}
		names = append(names, s.Name)
		if s.Consent.En == "" {
			l.mistake(key+".consent.en", "is missing: say in a few words what the app gets")
		}
		for language, text := range map[string]string{"en": s.Consent.En, "ko": s.Consent.Ko} {
			if utf8.RuneCountInString(text) > maxConsent || strings.TrimSpace(text) != text {
				l.mistake(key+".consent."+language, "must have at most %d characters, without spaces around them", maxConsent)
			}
		}
	}
}
