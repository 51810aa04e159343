package app_test

import (
	"testing"
)

// JS-07, OIDC Core §3.1.2.1: a client that opens a window for the sign-in, and says so by display=popup, keeps it in hand: no answer on the way parts the
// two windows. On all other pages nobody who has opened them does.
func TestPopupStaysWithItsOpener(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	const header = "Cross-Origin-Opener-Policy"
	for display, want := range map[string]string{"popup": "", "page": "same-origin"} {
		p, b := w.newPartner(), newBrowser(t)
		b.stopAt = w.issuer + "/login/google/callback"
		login := b.open(p.url("display", display))
		back := login.press("login-google").press("person-ada")
		if came := b.once("GET", back.location, nil, "cross-site"); came.status != 303 || came.header.Get(header) != "" {
			t.Errorf("%s: the callback: %d %q", display, came.status, came.header.Get(header))
		} else {
			b.stopAt = redirectURI
			consent := b.do("GET", w.issuer+came.location, nil, "cross-site")
			consent.expectConsent(t)
			for name, pg := range map[string]*page{"login": login, "consent": consent} {
				if got := pg.header.Get(header); got != want {
					t.Errorf("%s: %s: %q", display, name, got)
				}
			}
			consent.press("consent-allow").expectCode(t)
		}
		post := p.ask(b, "display", display, "response_mode", "form_post", "prompt", "none")
		if post.header.Get(header) != "" || post.header.Get("Referrer-Policy") != "strict-origin" {
			t.Errorf("%s: the page that posts: %q, %q", display, post.header.Get(header), post.header.Get("Referrer-Policy"))
		}
		for _, path := range []string{"/", "/account", "/logout", "/device"} {
			if got := b.open(w.issuer + path).header.Get(header); got != "same-origin" {
				t.Errorf("%s: %q", path, got)
			}
		}
	}
}
