package app_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

// AZ-09, RFC 9700 §4.11.2: we are no open redirector for clients that nobody has looked at.
func TestSelfRegisteredClientIsNoOpenRedirector(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, openRegistration)
	p := w.registered(selfDocument)
	for name, overrides := range map[string][]string{
		"an invalid scope": {"scope", "openid nothing"}, "prompt=none": {"prompt", "none"}, "a wrong response_type": {"response_type", "x"},
	} {
		p.test(name, func(t *testing.T, p *partner) {
			pg := p.ask(newBrowser(t), overrides...)
			pg.expectLocalError(t)
			if !pg.has("leave") || !strings.Contains(pg.body, "partner.example") || !strings.Contains(pg.body, "state=s1") {
				t.Errorf("the page does not name where it would lead:\n%s", pg.body)
			}
		})
	}
	b := newBrowser(t)
	cancelled := p.ask(b).press("login-cancel")
	if cancelled.location != "" || !cancelled.has("leave") {
		t.Errorf("Cancel leads to %q:\n%s", cancelled.location, cancelled.body)
	}
	// Who has signed in has seen who asks, and is sent back.
	p.signIn(b, "ada")
	p.ask(b, "scope", "openid nothing").expectError(t, w.issuer, "invalid_scope")
	// An administrator's client is sent its errors at once.
	w.newPartner().ask(newBrowser(t), "prompt", "none").expectError(t, w.issuer, "login_required")
	// And so is one at a place that the operator has named.
	listed := embeddedWorld(t, "registration: { mode: open, redirect_hosts: [partner.example] }")
	listed.registered(selfDocument).ask(newBrowser(t), "prompt", "none").expectError(t, listed.issuer, "login_required")
	listed.selfRegister("", `{"redirect_uris":["https://evil.example/cb"]}`).expect(t, http.StatusBadRequest, "invalid_redirect_uri")
}

// AZ-15: no mark of an administrator's makes a client that registered itself the operator's own.
func TestSelfRegisteredClientNeverSkipsConsent(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, openRegistration)
	p := w.registered(selfDocument)
	_, err := w.clients.Update(context.Background(), p.id, []byte(`{"skip_consent":true}`), 0)
	w.must(err)
	b := newBrowser(t)
	p.ask(b).press("login-google").press("person-ada").expectConsent(t)
	native := w.registered(`{"redirect_uris":["http://127.0.0.1/cb"],"token_endpoint_auth_method":"none"}`)
	for range 2 {
		pg := native.ask(b, "redirect_uri", "http://127.0.0.1:54321/cb")
		pg.expectConsent(t)
		b.stopAt = "http://127.0.0.1:54321/"
		pg.press("consent-allow")
	}
}

// RFC 8707 §2: a client that registered itself names a resource that the operator offers to all such clients, a server of the Model Context
// Protocol for example, and no other. Unasked it gets tokens for none.
func TestSelfRegisteredClientNamesResource(t *testing.T) {
	t.Parallel()
	const offered = "https://mcp.example/mcp"
	w := embeddedWorld(t, "registration: { mode: open, audience: [\""+offered+"\"] }")
	p := w.registered(selfDocument)
	b := newBrowser(t)
	p.signIn(b, "ada")
	for resource, want := range map[string]any{offered: []any{offered, w.issuer}, "": w.issuer} {
		query := p.query()
		if resource != "" {
			query += "&resource=" + url.QueryEscape(resource)
		}
		tokens := p.redeem(p.raw(b, query).expectCode(t))
		if got := readJWT(t, tokens.text("access_token")).claims["aud"]; !reflect.DeepEqual(got, want) {
			t.Errorf("resource %q: audience %v, want %v", resource, got, want)
		}
	}
	p.ask(b, "resource", "https://api.example").expectError(t, w.issuer, "invalid_target")
	other := w.newPartner()
	other.ask(b, "resource", offered).expectError(t, w.issuer, "invalid_target")
}

// RFC 9700 §2.1.1: a client that registered itself sends a challenge or a nonce, unless the operator lets those with a secret leave both out. Without a
// secret there is no way around PKCE.
func TestSelfRegisteredClientsAndPKCE(t *testing.T) {
	t.Parallel()
	for extra, refused := range map[string]bool{"": true, ", require_pkce: false": false} {
		w := embeddedWorld(t, "registration: { mode: open, redirect_hosts: [partner.example]"+extra+" }")
		bare := []string{"nonce", "", "code_challenge", "", "code_challenge_method", ""}
		p := w.registered(selfDocument)
		b := newBrowser(t)
		p.code(b, "ada")
		if q := p.ask(b, bare...).came(); (q.Get("error") == "invalid_request") != refused {
			t.Errorf("with a secret, %q: %v", extra, q)
		}
		public := w.registered(`{"redirect_uris":["` + redirectURI + `"],"token_endpoint_auth_method":"none"}`)
		public.ask(b, bare...).expectError(t, w.issuer, "invalid_request")
	}
}

// RFC 7591 §2: what such a client may do anyway may stand in its document; the answer says what is kept of it.
func TestSelfRegisteredClientNamesWhatItMay(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "registration: { mode: open, redirect_hosts: [partner.example], audience: [\"https://mcp.example/mcp\"] }")
	p := w.registered(`{"redirect_uris":["` + redirectURI + `"],"audience":["https://mcp.example/mcp"],"access_token_format":"jwt"}`)
	if p.answer.body["audience"] != nil || p.answer.body["access_token_format"] != nil {
		t.Errorf("%s", p.answer.raw)
	}
	r := p.tokens(newBrowser(t), "ada", "resource", "https://mcp.example/mcp")
	if aud := fmt.Sprint(readJWT(t, r.text("access_token")).claims["aud"]); !strings.Contains(aud, "https://mcp.example/mcp") {
		t.Errorf("aud: %s", aud)
	}
}
