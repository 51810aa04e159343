package app_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/clients/registration"
)

// RFC 7592 §2.
func TestClientConfiguration(t *testing.T) {
	t.Parallel()
	bothWith(t, openRegistration, func(t *testing.T, w *world) {
		p, other := w.registered(selfDocument), w.registered(selfDocument)
		read := w.ask("GET", p.uri, p.token, "")
		if read.status != http.StatusOK || read.text("registration_access_token") != p.token || read.text("registration_client_uri") != p.uri ||
			read.header.Get("Cache-Control") != "no-store" || read.text("client_name") != "Sunny Reader" {
			t.Errorf("read: %d %s", read.status, read.raw)
		}
		if strings.Contains(read.raw, p.secret) || strings.Contains(read.raw, "sha256") || read.body["client_secrets"] != nil {
			t.Errorf("DR-07: %s", read.raw)
		}
		adminID, _ := w.client(selfDocument)
		for name, attempt := range map[string]struct{ uri, token string }{
			"no token":                  {p.uri, ""},
			"a wrong token":             {p.uri, "sym_rat_" + strings.Repeat("A", 43)},
			"another client's token":    {p.uri, other.token},
			"the client's secret":       {p.uri, p.secret},
			"a client that is not":      {w.issuer + registration.Path + "/nobody", p.token},
			"an administrator's client": {w.issuer + registration.Path + "/" + adminID, p.token},
		} {
			for _, method := range []string{"GET", "PUT", "DELETE"} {
				if r := w.ask(method, attempt.uri, attempt.token, ""); r.status != http.StatusUnauthorized || r.text("error") != "invalid_token" ||
					r.header.Get("Cache-Control") != "no-store" || r.header.Get("WWW-Authenticate") == "" {
					t.Errorf("%s with %s: %d %s", method, name, r.status, r.raw)
				}
			}
		}
		w.updateRegistration(t, p)
	})
}

// updateRegistration goes on with RFC 7592 §2.2 and §2.3.
func (w *world) updateRegistration(t *testing.T, p registered) {
	document := func(more string) string {
		return `{"client_id":"` + p.id + `","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token"]` + more + `}`
	}
	tokens := p.tokens(newBrowser(t), "ada")
	for name, bad := range map[string]string{
		"no client_id": selfDocument, "another client_id": strings.Replace(document(""), p.id, "other", 1),
		"a secret of its choice": document(`,"client_secret":"chosen"`), "privileges": document(`,"skip_consent":true`),
	} {
		if r := w.ask("PUT", p.uri, p.token, bad); r.status != http.StatusBadRequest || r.text("error") != "invalid_client_metadata" {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
	// An administrator gives it something, which it repeats as it must and cannot lose.
	_, err := w.clients.Update(context.Background(), p.id, []byte(`{"audience":["https://api.example"]}`), 0)
	w.must(err)
	up := w.ask("PUT", p.uri, p.token, document(`,"client_name":"Renamed","client_secret":`+quoted(p.secret)+`,"registration_access_token":"x","audience":["https://api.example"]`))
	if up.status != http.StatusOK || up.text("client_name") != "Renamed" || up.body["audience"] == nil || up.text("client_secret") != "" {
		t.Fatalf("update: %d %s", up.status, up.raw)
	}
	next := up.text("registration_access_token")
	if next == p.token || w.ask("GET", p.uri, p.token, "").status != http.StatusUnauthorized || w.ask("GET", p.uri, next, "").status != http.StatusOK {
		t.Error("the registration access token does not rotate")
	}
	if p.refresh(tokens.text("refresh_token")).status != http.StatusOK {
		t.Error("an update ends the client's grants")
	}
	// A public client loses its secret, and gets a new one when it goes back.
	public := w.ask("PUT", p.uri, next, document(`,"token_endpoint_auth_method":"none"`))
	confidential := w.ask("PUT", p.uri, public.text("registration_access_token"), document(""))
	if public.text("client_secret") != "" || len(confidential.text("client_secret")) < 40 || confidential.text("client_secret") == p.secret {
		t.Errorf("secrets: %s %s", public.raw, confidential.raw)
	}
	p.expectGone(t, confidential.text("registration_access_token"), confidential.text("client_secret"), tokens.text("access_token"))
}

// expectGone deletes the client and looks for what is left of it.
func (p registered) expectGone(t *testing.T, token, secret, accessToken string) {
	w := p.w
	if r := w.ask("DELETE", p.uri, token, ""); r.status != http.StatusNoContent || r.raw != "" {
		t.Errorf("RFC 7592 §2.3: %d %s", r.status, r.raw)
	}
	if r := w.ask("GET", p.uri, token, ""); r.status != http.StatusUnauthorized {
		t.Errorf("after the deletion: %d", r.status)
	}
	w.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}, p.id, secret).expect(t, http.StatusUnauthorized, "invalid_client")
	p.ask(newBrowser(t)).expectLocalError(t)
	reader := w.partner(`{"redirect_uris":["` + redirectURI + `"],"introspect_any":true}`)
	if reader.active(accessToken) {
		t.Error("a token of the deleted client is alive")
	}
	if _, err := w.stores.DB.Client(t.Context(), p.id); err == nil {
		t.Error("the client is still there")
	}
	err := w.stores.DB.CreateClient(t.Context(), &clients.Client{ID: p.id, CreatedAt: time.Now(), UpdatedAt: time.Now()}, "")
	if err == nil {
		t.Error("DR-06: the id is given again")
	}
}

func TestRegistrationTokenRotation(t *testing.T) {
	t.Parallel()
	for mode, same := range map[string]bool{"always": false, "never": true} {
		w := embeddedWorld(t, "registration: { mode: open, rotate_token: "+mode+" }")
		p := w.registered(selfDocument)
		read := w.ask("GET", p.uri, p.token, "")
		if got := read.text("registration_access_token"); (got == p.token) != same || got == "" {
			t.Errorf("%s: the token after a GET: %s", mode, read.raw)
		}
		if still := w.ask("GET", p.uri, p.token, "").status == http.StatusOK; still != same {
			t.Errorf("%s: the first token works: %v", mode, still)
		}
	}
}
