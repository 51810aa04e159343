package app_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/oauth2"
)

// EN-02: nothing that a stranger may send tells whether an address or a subject belongs to somebody here.
func TestPeopleCannotBeEnumerated(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		id := readJWT(t, p.tokens(newBrowser(t), "ada").text("id_token")).text("sub")
		// What differs from one request to the next by itself.
		volatile := regexp.MustCompile(`[A-Za-z0-9_-]{40,}|Request [0-9a-f]{16}`)
		look := func(overrides ...string) string {
			pg := newBrowser(t).open(p.url(overrides...))
			text := volatile.ReplaceAllString(pg.body, "…")
			for _, said := range []string{"ada.lovelace@gmail.com", "nobody.lovelace@gmail.com", id, strings.Repeat("x", len(id))} {
				text = strings.ReplaceAll(text, said, "…")
			}
			return pg.location + " " + text
		}
		for _, prompt := range []string{"", "login", "select_account", "create", "none"} {
			known, unknown := look("prompt", prompt, "login_hint", "ada.lovelace@gmail.com"), look("prompt", prompt, "login_hint", "nobody.lovelace@gmail.com")
			if known != unknown {
				t.Errorf("login_hint, prompt %q:\n%s\n%s", prompt, known, unknown)
			}
			sub := func(value string) string { return `{"id_token":{"sub":{"value":"` + value + `"}}}` }
			if known, unknown := look("prompt", prompt, "claims", sub(id)), look("prompt", prompt, "claims", sub(strings.Repeat("x", len(id)))); known != unknown {
				t.Errorf("claims, prompt %q:\n%s\n%s", prompt, known, unknown)
			}
		}
	})
}

// TK-07: the same challenge and nonce in each request is let pass, for a person may go back, and stands in the log.
func TestRepeatedChallengeIsLogged(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p, b := w.newPartner(), newBrowser(t)
	p.code(b, "ada")
	for i := range 20 {
		p.redeem(p.ask(b).expectCode(t)).expect(t, 200, "")
		if i == 0 {
			p.ask(b, "code_challenge", oauth2.S256ChallengeFromVerifier(oauth2.GenerateVerifier()), "nonce", "another").expectCode(t)
		}
	}
	told := 0
	for line := range strings.Lines(w.log.String()) {
		var entry struct {
			Repeated string `json:"repeated"`
			Client   string `json:"client"`
		}
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Repeated == "code_challenge nonce" && entry.Client == p.id {
			told++
		}
	}
	if told != 19 {
		t.Errorf("told %d times of 20 flows that repeat and one between them that does not", told)
	}
}
