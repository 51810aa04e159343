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

// Every page may read a refusal: it says nothing about anybody, and an app of the browser must tell it from a broken network.
func TestRefusalsAreReadable(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.publicPartner()
	for name, c := range map[string]struct {
		path, body, kind string
		status           int
	}{
		"no grant_type":       {"/oauth2/token", "client_id=" + p.id, formType, 400},
		"unknown grant_type":  {"/oauth2/token", "grant_type=password&client_id=" + p.id, formType, 400},
		"unknown client":      {"/oauth2/token", "grant_type=refresh_token&refresh_token=x&client_id=x", formType, 401},
		"JSON":                {"/oauth2/token", "{}", "application/json", 400},
		"a code of long ago":  {"/oauth2/token", "grant_type=authorization_code&code=x&client_id=" + p.id, formType, 400},
		"unknown client, PAR": {"/oauth2/par", "client_id=x", formType, 401},
		"no token to revoke":  {"/oauth2/revoke", "client_id=" + p.id, formType, 400},
		"a device's client":   {"/oauth2/device_authorization", "client_id=" + p.id, formType, 400},
		"userinfo, no token":  {"/oauth2/userinfo", "", formType, 401},
	} {
		a, _ := w.body("POST", c.path, strings.NewReader(c.body), "Content-Type", c.kind, "Origin", "https://anybody.example")
		if a.status != c.status || a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %d, readable by %q: %s", name, a.status, a.header.Get("Access-Control-Allow-Origin"), a.raw)
		}
	}
	if a, _ := w.body("POST", "/oauth2/introspect", strings.NewReader("token=x"), "Content-Type", formType, "Origin", "https://anybody.example"); a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("introspection is not for browsers")
	}
}

// RFC 9700 §2.6: an app in a browser finds the server, with a header of its own, and registers itself, from any page.
func TestBrowserAppsRegisterThemselves(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, openRegistration)
	from := []string{"Origin", "https://inspector.example", "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "mcp-protocol-version"}
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/oauth2/jwks", "/oauth2/register", "/oauth2/register/x", "/oauth2/token"} {
		a, _ := w.body("OPTIONS", path, nil, from...)
		if a.status != 204 || a.header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(a.header.Get("Access-Control-Allow-Headers"), "MCP-Protocol-Version") || a.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %d %v", path, a.status, a.header)
		}
	}
	for status, document := range map[int]string{201: selfDocument, 400: `{}`} {
		a, _ := w.body("POST", "/oauth2/register", strings.NewReader(document), "Content-Type", "application/json", "Origin", "https://inspector.example")
		if a.status != status || a.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%d: %d %v", status, a.status, a.header)
		}
	}
	closed := embeddedWorld(t, "")
	if a, _ := closed.body("OPTIONS", "/oauth2/register", nil, from...); a.status != 404 {
		t.Errorf("where nobody may register: %d", a.status)
	}
}
