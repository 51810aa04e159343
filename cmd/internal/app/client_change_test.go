package app_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/clients"
)

// What an administrator has registered by the command line, or on another node, counts for the very next request, also for a client that this node
// has just served: nothing is refused by what was so a moment ago.
func TestClientChangesCountAtOnce(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.partner(`{"client_name":"Sunny Books","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code"],"scope":"openid profile email"}`)
		b := newBrowser(t)
		b.stopAt = "https://partner.example/"
		p.code(b, "ada")
		change := func(document string) {
			t.Helper()
			if _, err := w.clients.Update(t.Context(), p.id, []byte(document), 0); err != nil {
				t.Fatal(err)
			}
		}
		asks := func(pairs ...string) reply {
			return p.post("/oauth2/token", append([]string{"grant_type", "client_credentials"}, pairs...)...)
		}

		asks().expect(t, 400, "unauthorized_client")
		change(`{"grant_types":["authorization_code","client_credentials"]}`)
		asks().expect(t, 200, "")
		asks("scope", "read").expect(t, 400, "invalid_scope")
		asks("resource", "https://api.example/").expect(t, 400, "invalid_target")
		change(`{"scope":"openid profile email read","audience":["https://api.example/"]}`)
		asks("scope", "read", "resource", "https://api.example/").expect(t, 200, "")

		const moved = "https://partner.example/moved"
		if pg := p.ask(b, "redirect_uri", moved); pg.location != "" {
			t.Errorf("sent to %s", pg.location)
		}
		change(`{"redirect_uris":["` + redirectURI + `","` + moved + `"],"post_logout_redirect_uris":["` + afterLogout + `"]}`)
		if pg := p.ask(b, "redirect_uri", moved); !strings.HasPrefix(pg.location, moved+"?") {
			t.Errorf("%d at %s", pg.status, pg.url)
		}
		hint := p.redeem(p.code(b, "ada")).text("id_token")
		if pg := b.open(w.issuer + "/oauth2/logout?" + url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {afterLogout}}.Encode()); pg.location != afterLogout {
			t.Errorf("%d at %s, %s", pg.status, pg.url, pg.location)
		}

		secret, _, err := w.clients.RotateSecret(t.Context(), p.id, 0)
		w.must(err)
		p.secret = secret
		asks().expect(t, 200, "")
		change(`{"disabled":true}`)
		w.until("the node has seen it", func() bool { return asks().text("error") == "invalid_client" })
		change(`{"disabled":false}`)
		asks().expect(t, 200, "")

		q := url.Values{"grant_type": {"client_credentials"}}
		w.post("/oauth2/token", q, "later", "x").expect(t, 401, "invalid_client")
		m, err := clients.DecodeMetadata([]byte(`{"client_name":"Later","grant_types":["client_credentials"]}`))
		w.must(err)
		_, secret, err = w.clients.Create(t.Context(), m, clients.CreateOptions{ID: "later"})
		w.must(err)
		w.post("/oauth2/token", q, "later", secret).expect(t, 200, "")
	})
}
