package loginui

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryTextInEveryLanguage(t *testing.T) {
	texts, err := loadCatalogue()
	check(t, err)
	names := regexp.MustCompile(`\{[a-z]+\}`)
	for lang := range texts {
		if got, want := slices.Sorted(maps.Keys(texts[lang])), slices.Sorted(maps.Keys(texts["en"])); !slices.Equal(got, want) {
			t.Errorf("%s: keys %v, want %v", lang, got, want)
		}
		for key, text := range texts[lang] {
			if text == "" {
				t.Errorf("%s: %s is empty", lang, key)
			}
			for _, name := range names.FindAllString(text, -1) {
				if !slices.Contains([]string{"{client}", "{upstream}", "{brand}", "{scope}", "{id}", "{host}", "{n}", "{address}", "{source}", "{browser}", "{system}", "{when}", "{apps}"}, name) {
					t.Errorf("%s: %s has the unknown name %s", lang, key, name)
				}
			}
			if lang == "en" {
				continue
			}
			for _, name := range names.FindAllString(text, -1) {
				if !strings.Contains(texts["en"][key], name) && name != "{brand}" {
					t.Errorf("%s: %s has the name %s, English has not", lang, key, name)
				}
			}
		}
	}
}

// Keys that are put together from a part and a name.
func composed(key string) bool {
	for _, prefix := range []string{"error.", "login.continue."} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	if scope, ok := strings.CutPrefix(key, "consent."); ok && slices.Contains([]string{"openid", "profile", "email", "phone", "address", "offline_access"}, scope) {
		return true
	}
	_, notice := noticeStatus(strings.TrimPrefix(key, "login."))
	return notice
}

func TestNoTextIsLeftOver(t *testing.T) {
	texts, err := loadCatalogue()
	check(t, err)
	var sources strings.Builder
	for _, pattern := range []string{"*.go", "templates/*.html"} {
		files, err := filepath.Glob(pattern)
		check(t, err)
		for _, file := range files {
			data, err := os.ReadFile(file)
			check(t, err)
			if !strings.HasSuffix(file, "_test.go") {
				sources.Write(data)
			}
		}
	}
	for key := range texts["en"] {
		key = strings.TrimSuffix(strings.TrimSuffix(key, ".one"), ".many") // counted adds them
		if !composed(key) && !strings.Contains(sources.String(), `"`+key+`"`) {
			t.Errorf("nobody uses %q", key)
		}
	}
}

// OIDC Core §3.1.2.1: ui_locales, then what the browser asks for.
func TestLanguageChoice(t *testing.T) {
	for _, c := range []struct{ locales, accept, want string }{
		{"", "", "en"},
		{"", "ko-KR,ko;q=0.9,en;q=0.8", "ko"},
		{"", "en-US,en;q=0.9,ko;q=0.8", "en"},
		{"", "fr-FR,ko;q=0.5", "ko"},
		{"", "ja", "en"},
		{"ko", "en-US", "ko"},
		{"en-GB", "ko", "en"},
		{"ja ko en", "en", "ko"},
		{"fr", "ko", "ko"},
		{"xx-not-a-tag-!! \x00", "ko", "ko"},
		{strings.Repeat("a-", 10_000), strings.Repeat("b-", 10_000), "en"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Language", c.accept)
		if got := languageOf(r, c.locales); got != c.want {
			t.Errorf("ui_locales %.20q, Accept-Language %.30q: %s, want %s", c.locales, c.accept, got, c.want)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/oauth2/authorize?ui_locales=ko", nil)
	if got := languageOf(r, ""); got != "ko" {
		t.Errorf("the query's ui_locales: %s", got)
	}
}
