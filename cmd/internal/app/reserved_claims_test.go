package app_test

import (
	"net/http"
	"strings"
	"testing"
)

// JW-14: nothing that a client registers or asks for changes what a token says of its issuer, its subject, its audience or its end.
func TestReservedClaimsAreOurs(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		admin := w.partner(`{"client_name":"Tool","grant_types":["client_credentials"],"scope":"symbolon:admin"}`)
		bearer := admin.post("/oauth2/token", "grant_type", "client_credentials", "scope", "symbolon:admin").text("access_token")
		reserved := []string{`"iss":"https://evil.example"`, `"sub":"root"`, `"aud":"x"`, `"exp":9999999999`, `"email_verified":true`, `"acr":"9"`, `"amr":["mfa"]`}
		for _, member := range reserved {
			r, err := http.NewRequest("POST", w.issuer+"/admin/v1/clients", strings.NewReader(`{"client_name":"X","redirect_uris":["`+redirectURI+`"],`+member+`}`))
			w.must(err)
			r.Header.Set("Authorization", "Bearer "+bearer)
			r.Header.Set("Content-Type", "application/json")
			got := w.send(r)
			ignored := got.status == http.StatusCreated && !strings.Contains(got.raw, strings.Split(member, `:`)[0])
			if !ignored && got.status != http.StatusBadRequest {
				t.Errorf("%s: %d %s", member, got.status, got.raw)
			}
		}
		p := w.newPartner()
		wanted := `{"id_token":{"iss":{"value":"https://evil.example"},"aud":{"value":"x"},"exp":{"value":9999999999},"amr":{"value":["mfa"]},"email_verified":{"value":true}}}`
		r := p.tokens(newBrowser(t), "ada", "claims", wanted)
		id := readJWT(t, r.text("id_token"))
		if id.text("iss") != w.issuer || id.text("aud") != p.id || id.claims["exp"].(float64) > 9e9 {
			t.Errorf("the request changed the ID token: %v", id.claims)
		}
		access := readJWT(t, r.text("access_token"))
		if access.text("iss") != w.issuer || access.text("client_id") != p.id || access.text("sub") != id.text("sub") {
			t.Errorf("the request changed the access token: %v", access.claims)
		}
	})
}
