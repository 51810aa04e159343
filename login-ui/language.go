package loginui

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/text/language"
)

//go:embed texts/*.json
var textFiles embed.FS

// catalogue holds the texts of all pages: language, key, text. Texts name their values in braces: "Sign in to {client}".
type catalogue map[string]map[string]string

// languages are the languages of the catalogue; the first is the default.
func languages() []language.Tag { return []language.Tag{language.English, language.Korean} }

func loadCatalogue() (catalogue, error) {
	c := catalogue{}
	for _, tag := range languages() {
		data, err := textFiles.ReadFile("texts/" + tag.String() + ".json")
		if err != nil {
			return nil, fmt.Errorf("loginui: texts of %s: %w", tag, err)
		}
		texts := map[string]string{}
		if err := json.Unmarshal(data, &texts); err != nil {
			return nil, fmt.Errorf("loginui: texts of %s: %w", tag, err)
		}
		c[tag.String()] = texts
	}
	return c, nil
}

// maxLanguages bounds, in bytes, how much of a list of languages is read.
const maxLanguages = 200

// languageOf chooses the language of a page: what the client asks for, then what the browser asks for, then English.
//
// OIDC Core §3.1.2.1: ui_locales is a list in order of preference, and an unknown one is no error.
func languageOf(r *http.Request, uiLocales string) string {
	if uiLocales == "" {
		uiLocales = r.URL.Query().Get("ui_locales")
	}
	var wanted []language.Tag
	for _, name := range strings.Fields(head(uiLocales, maxLanguages)) {
		if tag, err := language.Parse(name); err == nil {
			wanted = append(wanted, tag)
		}
	}
	accepted, _, err := language.ParseAcceptLanguage(head(r.Header.Get("Accept-Language"), maxLanguages))
	if err == nil {
		wanted = append(wanted, accepted...)
	}
	_, index, _ := language.NewMatcher(languages()).Match(wanted...)
	return languages()[index].String()
}

// head returns at most n bytes of s.
func head(s string, n int) string { return s[:min(len(s), n)] }

// text returns the text of key in a language, with values put in for its names. pairs is name, value, name, value …
func (c catalogue) text(lang, key string, pairs ...string) (string, error) {
	s, ok := c[lang][key]
	if !ok {
		return "", fmt.Errorf("loginui: no text %q in %q", key, lang)
	}
	if len(pairs)%2 != 0 {
		return "", fmt.Errorf("loginui: text %q: a name without a value", key)
	}
	values := make([]string, len(pairs))
	for i := 0; i < len(pairs); i += 2 {
		values[i], values[i+1] = "{"+pairs[i]+"}", isolate(pairs[i+1])
	}
	return strings.NewReplacer(values...).Replace(s), nil
}
