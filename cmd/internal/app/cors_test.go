package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// BR-11: an answer is readable by the origins of the calling client's redirect URIs, by no other, and never with cookies.
func TestBrowserAppsReadTheirOwnAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/x.db", "")
	p := w.partner(`{"client_name":"App","token_endpoint_auth_method":"none","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token"]}`)
	tokens := p.tokens(newBrowser(t), "ada")
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.text("refresh_token")}, "client_id": {p.id}}
	send := func(method, path, origin string) reply {
		var body string
		if method == "POST" {
			body = form.Encode()
		}
		r, err := http.NewRequest(method, w.issuer+path, strings.NewReader(body))
		w.must(err)
		r.Header.Set("Origin", origin)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if path == "/oauth2/userinfo" {
			r.Header.Set("Authorization", "Bearer "+tokens.text("access_token"))
		}
		return w.send(r)
	}
	for _, call := range [][2]string{{"POST", "/oauth2/token"}, {"GET", "/oauth2/userinfo"}} {
		own := send(call[0], call[1], "https://partner.example")
		if own.status != http.StatusOK || own.header.Get("Access-Control-Allow-Origin") != "https://partner.example" || !strings.Contains(own.header.Get("Vary"), "Origin") {
			t.Errorf("%s: the client's own origin: %d %v", call[1], own.status, own.header)
		}
		for _, origin := range []string{"https://evil.example", "null", "https://partner.example.evil", "https://evilpartner.example", "http://partner.example", "https://partner.example:8443"} {
			got := send(call[0], call[1], origin)
			if got.header.Get("Access-Control-Allow-Origin") != "" || got.header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s: %s may read: %v", call[1], origin, got.header)
			}
		}
	}
	pre := send("OPTIONS", "/oauth2/token", "https://evil.example")
	if pre.status != http.StatusNoContent || pre.header.Get("Access-Control-Allow-Credentials") != "" || !strings.Contains(pre.header.Get("Access-Control-Allow-Headers"), "DPoP") {
		t.Errorf("preflight: %d %v", pre.status, pre.header)
	}
	for _, path := range []string{"/oauth2/authorize", "/login", "/admin/v1/clients", "/oauth2/introspect"} {
		if got := send("OPTIONS", path, "https://partner.example"); got.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", path, got.header)
		}
	}
}
