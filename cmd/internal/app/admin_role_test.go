package app_test

import (
	"testing"
)

// Whoever signs in is no administrator, whatever the app may ask for: the account needs the role, now.
func TestAdminNeedsTheRole(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.partner(`{"client_name":"Console","redirect_uris":["` + redirectURI + `"],"scope":"openid symbolon:admin"}`)
		r := p.tokens(newBrowser(t), "ada", "scope", "openid symbolon:admin", "resource", w.issuer+"/admin")
		token, account := r.text("access_token"), subjectOf(t, r)
		for _, step := range []struct {
			roles []string
			want  int
		}{{nil, 403}, {[]string{"editor"}, 403}, {[]string{"admin"}, 200}, {nil, 403}} {
			w.must(w.stores.DB.SetRoles(t.Context(), account, step.roles))
			if got := w.get("/admin/v1/clients", token).status; got != step.want {
				t.Errorf("with the roles %v: %d, want %d", step.roles, got, step.want)
			}
		}
	})
}
