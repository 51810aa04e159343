package app_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// JW-15: an upstream may claim as much as it likes. What is too much for an answer is a failed sign-in with a page that says so; what is too long
// for a name is cut at the way in. No token gets so large that a header cannot carry it.
func TestOversizedUpstreamClaims(t *testing.T) {
	t.Parallel()
	const rune4 = "\U0001F469"
	wide := strings.Repeat(rune4, 2_000)
	w := newWorld(t, storagetest.SQLite(t), "",
		upstreamtest.Person{Key: "huge", Subject: "1", Name: strings.Repeat("a", 1<<20), Email: "huge@names.example", EmailVerified: true},
		upstreamtest.Person{Key: "wide", Subject: "2", Name: wide, GivenName: wide, FamilyName: wide, Email: strings.Repeat("w", 60) + "@" + strings.Repeat("long.", 30) + "example", EmailVerified: true},
	)
	p := w.newPartner()
	b := newBrowser(t)
	b.stopAt = redirectURI
	pg := b.open(p.url()).press("login-google").press("person-huge")
	if pg.location != "" || pg.status < 400 || pg.status == 500 || pg.status > 504 || w.count("accounts") != 0 {
		t.Errorf("1 MiB: %d %s, %d accounts", pg.status, pg.location, w.count("accounts"))
	}

	r := p.tokens(newBrowser(t), "wide", "claims",
		`{"id_token":{"name":null,"given_name":null,"family_name":null,"email":null,"email_verified":null,"picture":null,"locale":null,"updated_at":null}}`)
	id := readJWT(t, r.text("id_token"))
	for _, claim := range []string{"name", "given_name", "family_name"} {
		if n := utf8.RuneCountInString(id.text(claim)); n != 256 {
			t.Errorf("%s has %d runes", claim, n)
		}
	}
	for _, token := range []string{"id_token", "access_token", "refresh_token"} {
		if n := len(r.text(token)); n == 0 || n > 8<<10 {
			t.Errorf("%s has %d bytes", token, n)
		}
	}
	if info := w.get("/oauth2/userinfo", r.text("access_token")); info.status != 200 || len(info.raw) > 8<<10 {
		t.Errorf("userinfo: %d, %d bytes", info.status, len(info.raw))
	}
}

// RFC 9110 §10.2.2: a fragment goes along with redirects. Facebook's "#_=_" ends at the callback: no partner's page finds it in its address.
func TestUpstreamFragmentEndsAtTheCallback(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	callback := w.issuer + "/login/facebook/callback"
	come := func(button string) *page {
		t.Helper()
		b.stopAt = callback
		pg := b.open(p.url("prompt", "login")).press("login-facebook").press(button)
		if !strings.HasPrefix(pg.location, callback) || button == "person-ada" && !strings.HasSuffix(pg.location, "#_=_") {
			t.Fatalf("%s comes back to %q", button, pg.location)
		}
		return b.once("GET", pg.location, nil, "cross-site")
	}
	for _, button := range []string{"person-ada", "cancel"} {
		if pg := come(button); !strings.HasPrefix(pg.location, "/") || !strings.HasSuffix(pg.location, "#") {
			t.Errorf("%s: %d to %q", button, pg.status, pg.location)
		}
	}
}
