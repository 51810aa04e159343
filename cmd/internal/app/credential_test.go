package app_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/symbolon-id/symbolon/provider/session"
)

// drawnBits counts the bits of the decoded credentials that were not the same in all of them: what is drawn or computed with a key, not constant.
func drawnBits(t *testing.T, credentials []string) (n int) {
	t.Helper()
	var zeros, ones []byte
	seen := map[string]bool{}
	for _, text := range credentials {
		if seen[text] {
			t.Fatalf("twice: %s", text)
		}
		seen[text] = true
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if zeros == nil {
			zeros, ones = make([]byte, len(raw)), make([]byte, len(raw))
		}
		for i, b := range raw[:min(len(raw), len(zeros))] {
			ones[i] |= b
			zeros[i] |= ^b
		}
	}
	for i := range zeros {
		for both := zeros[i] & ones[i]; both != 0; both &= both - 1 {
			n++
		}
	}
	return n
}

// RFC 6749 §10.10: whoever guesses a code, a refresh token, an opaque access token, a session or a client secret has less than one chance in 2^128.
// Some bits of a sealed one are constant; of what differs from one to the next there is more than enough.
func TestCredentialsCannotBeGuessed(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.opaquePartner()
	drawn := map[string][]string{}
	add := func(kind, prefix, credential string) {
		text, ok := strings.CutPrefix(credential, prefix)
		if !ok {
			t.Errorf("%s %q lacks its prefix %q", kind, credential, prefix)
		}
		drawn[kind] = append(drawn[kind], text)
	}
	for range 12 {
		b := newBrowser(t)
		code := p.code(b, "ada")
		r := p.redeem(code)
		r.expect(t, 200, "")
		add("code", "sym_ac_", code)
		add("refresh token", "sym_rt_", r.text("refresh_token"))
		add("access token", "sym_at_", r.text("access_token"))
		add("session", "", b.cookies[w.host()][session.CookieName])
		_, secret := w.client(`{"client_name":"x","redirect_uris":["` + redirectURI + `"]}`)
		add("client secret", "sym_cs_", secret)
	}
	for kind, credentials := range drawn {
		if n := drawnBits(t, credentials); n < 240 { // of 256 a few stay the same in a dozen by chance
			t.Errorf("%s: only %d bits differ", kind, n)
		}
	}
}

// RFC 7636 §4.1: a verifier is 43 to 128 of the unreserved characters.
func TestCodeVerifierForm(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	p.code(b, "ada")
	for verifier, ok := range map[string]bool{
		strings.Repeat("v", 43):                                   true,
		strings.Repeat("v", 128):                                  true,
		"AZaz09-._~" + strings.Repeat("-._~", 10):                 true,
		strings.Repeat("v", 42):                                   false,
		strings.Repeat("v", 129):                                  false,
		"v":                                                       false,
		strings.Repeat("v", 42) + " ":                             false,
		strings.Repeat("v", 42) + "+":                             false,
		strings.Repeat("v", 42) + "=":                             false,
		strings.Repeat("v", 42) + "/":                             false,
		strings.Repeat("v", 42) + "\u00e9":                        false,
		strings.Repeat("v", 42) + "\n":                            false,
		"\u200b" + strings.Repeat("v", 43):                        false,
		strings.Repeat("v", 20) + "%41" + strings.Repeat("v", 20): false,
	} {
		code := p.ask(b, "code_challenge", oauth2.S256ChallengeFromVerifier(verifier)).expectCode(t)
		switch r := p.redeem(code, "code_verifier", verifier); {
		case ok:
			r.expect(t, 200, "")
		case r.status != 400 || r.text("error") != "invalid_grant" && r.text("error") != "invalid_request":
			t.Errorf("%d characters, %q: %d %s", len(verifier), verifier[max(0, len(verifier)-5):], r.status, r.raw)
		}
	}
}

// OIDC Core §2: sub is at most 255 ASCII characters, and nobody gets one that somebody had before: not even the same person who signs in again
// after their account was deleted.
func TestSubjectsAreNeverReused(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		public, pairwise := w.newPartner(), w.pairwisePartner("")
		seen := map[string]string{}
		for round := range 3 {
			for _, person := range []string{"ada", "grace"} {
				b := newBrowser(t)
				for kind, p := range map[string]*partner{"public": public, "pairwise": pairwise} {
					sub := readJWT(t, p.tokens(b, person).text("id_token")).text("sub")
					if len(sub) == 0 || len(sub) > 255 || strings.ContainsFunc(sub, func(c rune) bool { return c <= ' ' || c > '~' }) {
						t.Errorf("%s sub %q", kind, sub)
					}
					if before := seen[sub]; before != "" {
						t.Errorf("round %d: %s gets the %s sub of %s", round, person, kind, before)
					}
					seen[sub] = person
				}
			}
			for _, email := range []string{"ada.lovelace@gmail.com", "grace@navy.example"} {
				w.must(w.stores.DB.Delete(t.Context(), w.account(email).ID))
			}
		}
	})
}
