package app_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// RT-05, RFC 8707 §2.2: a resource that is taken from a client is gone from its next tokens, and comes back with the client's right to it. A sign-in that
// was for nothing else gives none.
func TestResourceTakenFromClient(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.partner(`{"client_name":"Books","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token"],"audience":["https://a.example","https://b.example"],"scope":"openid read offline_access"}`)
	change := func(audience string) {
		_, err := w.clients.Update(t.Context(), p.id, []byte(`{"audience":`+audience+`}`), 0)
		w.must(err)
		time.Sleep(2100 * time.Millisecond) // the cache of another process
	}
	expect := func(r reply, want any) {
		t.Helper()
		r.expect(t, 200, "")
		if d := cmp.Diff(want, readJWT(t, r.text("access_token")).claims["aud"]); d != "" {
			t.Error(d)
		}
	}
	b := newBrowser(t)
	withOpenID := p.tokens(b, "ada", "scope", "openid read", "resource", "https://b.example")
	alone := p.tokens(b, "ada", "scope", "read offline_access", "resource", "https://b.example")
	expect(withOpenID, []any{"https://b.example", w.issuer})
	expect(alone, "https://b.example")
	code := p.code(b, "ada", "scope", "read", "resource", "https://b.example")
	change(`["https://a.example"]`)
	withOpenID = p.refresh(withOpenID.text("refresh_token"))
	expect(withOpenID, w.issuer)
	p.refresh(withOpenID.text("refresh_token"), "resource", "https://b.example").expect(t, 400, "invalid_target")
	p.refresh(alone.text("refresh_token")).expect(t, 400, "invalid_target")
	p.redeem(code).expect(t, 400, "invalid_target")
	change(`["https://a.example","https://b.example"]`)
	expect(p.refresh(alone.text("refresh_token")), "https://b.example")
}
