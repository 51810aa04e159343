package app_test

import (
	"net/http"
	"testing"
	"time"
)

// IR-02: a client that is deleted or switched off is out within a second, on the other node as well: its people's tokens and its own.
func TestClientEndsEverywhere(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		other := w.second()
		reader := w.partner(`{"client_name":"Gateway","grant_types":["client_credentials"],"scope":"x","introspect_any":true}`)
		for name, end := range map[string]func(p *partner){
			"deleted": func(p *partner) { w.must(w.clients.Delete(t.Context(), p.id)) },
			"disabled": func(p *partner) {
				_, err := w.clients.Update(t.Context(), p.id, []byte(`{"disabled":true}`), 0)
				w.must(err)
			},
		} {
			w.test(name, func(t *testing.T, w *world) {
				p := w.shop()
				person := p.tokens(newBrowser(t), "ada").text("access_token")
				own := p.post("/oauth2/token", "grant_type", "client_credentials", "scope", "orders:read").text("access_token")
				if !reader.at(other).active(person) || !reader.at(other).active(own) {
					t.Fatal("not alive before")
				}
				end(p)
				time.Sleep(900 * time.Millisecond)
				for _, node := range []*world{w, other} {
					if reader.at(node).active(person) || node.get("/oauth2/userinfo", person).status != http.StatusUnauthorized {
						t.Error("a person's token is alive")
					}
					if reader.at(node).active(own) {
						t.Error("the client's own token is alive")
					}
				}
				w.eventuallyRevoked(person) // the client's own tokens have no row to find their bits by: partners see their end when they expire
			})
		}
	})
}
