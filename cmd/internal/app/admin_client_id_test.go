package app_test

import (
	"net/http"
	"strings"
	"testing"
)

// A client id is an opaque string, an address too: each is read, changed, given a new secret and deleted where the Location of its registration says.
func TestAdminAPIKnowsEveryClientID(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	admin := w.partner(`{"client_name":"Console","grant_types":["client_credentials"],"scope":"symbolon:admin"}`)
	token := admin.post("/oauth2/token", "grant_type", "client_credentials", "scope", "symbolon:admin").text("access_token")
	for _, id := range []string{
		"https://app.example/client", "https://app.example/", "a//b", "a/../b", "../a", "/a", "a/", "a/./b", "%2F", "a?b#c", "a;b", "urn:x:y", "secrets", strings.Repeat("a/", 1024),
	} {
		a := w.ask("POST", w.issuer+"/admin/v1/clients", token, `{"client_id":`+quoted(id)+`,"client_name":"x","redirect_uris":["`+redirectURI+`"]}`)
		if a.status != http.StatusCreated || a.text("client_id") != id {
			t.Errorf("%.40q: registered with %d %.200s", id, a.status, a.raw)
			continue
		}
		at := a.header.Get("Location")
		if got := w.ask("GET", at, token, ""); got.status != 200 || got.text("client_id") != id {
			t.Errorf("%.40q: GET %.80s: %d %.200s", id, at, got.status, got.raw)
		}
		if got := w.ask("PATCH", at, token, `{"client_name":"y"}`); got.status != 200 || got.text("client_name") != "y" {
			t.Errorf("%.40q: PATCH: %d %.200s", id, got.status, got.raw)
		}
		if got := w.ask("POST", at+"/secrets", token, ""); got.status >= 300 || got.text("client_secret") == "" {
			t.Errorf("%.40q: a new secret: %d %.200s", id, got.status, got.raw)
		}
		if got := w.ask("DELETE", at, token, ""); got.status != http.StatusNoContent {
			t.Errorf("%.40q: DELETE: %d %.200s", id, got.status, got.raw)
		}
	}
}
