package app_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// RFC 9126 §5, RFC 9101 §10.5: a request that is broken by repetition does not get around what a client has promised. It leads nowhere but to a
// registered address, it brings no code, and what was pushed is not spent by it.
func TestRepeatedParametersOfHardenedClients(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, openRegistration)
	f := newFAPI(t, w, fapiWay{signed: true}, rsaKey(t, 2048))
	c := f.first
	uri := c.pushes()
	b := newBrowser(t)
	pushed := "client_id=" + c.id + "&request_uri=" + url.QueryEscape(uri)
	for name, query := range map[string]string{
		"and an address elsewhere":       pushed + "&x=1&x=2&redirect_uri=https%3A%2F%2Fevil.example%2Fcb",
		"and the address in two letters": pushed + "&x=1&x=2&redirect_uri=https%3A%2F%2Fpartner.example%2FCB",
		"another client":                 "client_id=" + c.id + "&client_id=" + f.second.id + "&request_uri=" + url.QueryEscape(uri),
	} {
		pg := c.raw(b, query)
		if pg.expectLocalError(t); strings.Contains(pg.body, `href="https://evil`) {
			t.Errorf("%s: the page leads there\n%s", name, pg.body)
		}
	}
	at := "&redirect_uri=" + url.QueryEscape(redirectURI)
	for _, query := range []string{pushed + "&request_uri=" + url.QueryEscape(uri), pushed + "&x=1&x=2"} { // the only registered address
		if q := c.raw(b, query).came(); q.Get("error") != "invalid_request" || q.Has("code") {
			t.Errorf("%s: %v", query, q)
		}
	}
	c.raw(b, pushed+at+"&x=1&x=2&state=s1").expectError(t, w.issuer, "invalid_request")
	c.raw(b, "client_id="+c.id+at+"&request=a&request=b&state=s1&response_type=code").expectError(t, w.issuer, "invalid_request")
	posted := c.raw(b, pushed+at+"&x=1&x=2&response_mode=form_post&state=%22%3E%3Cscript%3E")
	if posted.location != "" || strings.Contains(posted.body, "<script>") || strings.Contains(posted.body, `name="code"`) || !strings.Contains(posted.body, `action="`+redirectURI+`"`) {
		t.Errorf("form_post:\n%s", posted.body)
	}
	f.browser = b
	if q := f.answer(c, uri); q.Get("code") == "" {
		t.Errorf("what was pushed is lost: %v", q)
	}

	p := w.registered(selfDocument)
	pg := p.raw(newBrowser(t), p.query()+"&x=1&x=2")
	if pg.expectLocalError(t); !pg.has("leave") {
		t.Errorf("nobody knows this client, and the person is not told:\n%s", pg.body)
	}
}

// RT-08, RFC 9449 §5: a refresh token that was bound to its client by the client's authentication is worth nothing to others when the client gives
// that up. It was never tied to a key, and it has not been rotated.
func TestRefreshTokenOfAClientThatGivesUpItsKey(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		f := newFAPI(t, w, fapiWay{}, rsaKey(t, 2048))
		token := f.tokens(f.first).text("refresh_token")
		f.first.refreshes(token).expect(t, 200, "")
		_, err := w.clients.Update(t.Context(), f.first.id, []byte(`{"token_endpoint_auth_method":"none","jwks":null}`), 0)
		w.must(err)
		thief := w.prover()
		stolen := merged(refreshForm(token), "client_id", f.first.id)
		w.send(f.first.request("POST", "/oauth2/token", stolen, []string{thief.proof(nil, nil)})).expect(t, 400, "invalid_grant")
	})
}

// RFC 9396 §5, RFC 6749 §5.2: what a refusal repeats of a request is plain, wherever it is read: in the answer, at the client and on a page.
func TestRefusedDetailsAreQuotedPlainly(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, `authorization_details_types:
  - type: labels
    schema: { type: object, additionalProperties: { type: string, maxLength: 9 }, unevaluatedProperties: false }
    consent: { en: Label things }
`)
	p := w.partner(`{"client_name":"Labels","redirect_uris":["` + redirectURI + `"],"authorization_details_types":["labels"]}`)
	for _, name := range []string{"\"><script>alert(1)</script>", "a\r\nLocation: https://evil.example", "\u202egnp", strings.Repeat("x", 3000), "%0d%0a", "\x7f"} {
		text, err := json.Marshal([]any{map[string]any{"type": "labels", name: "longer than nine"}})
		w.must(err)
		said := p.ask(newBrowser(t), "authorization_details", string(text)).came().Get("error_description")
		pushed := p.post("/oauth2/par", "client_id", p.id, "response_type", "code", "redirect_uri", redirectURI, "scope", "openid", "authorization_details", string(text))
		for _, s := range []string{said, pushed.text("error_description")} {
			if s == "" || len(s) > 600 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
				t.Errorf("%q: %q", name, s)
			}
		}
	}
}

// RFC 9396 §3: what the person reads is what the API gets, character by character: nothing is left out of a value, made simpler or cut off.
func TestDetailsAreReadAsTheyAre(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, withDetails)
	p, b := w.payer(), newBrowser(t)
	p.signIn(b, "ada")
	for _, name := range []string{"10² ½", "Acme® ™", strings.Repeat("ﷺ", 70), "ＡＢＣ商店", "Merchant\u00a0A"} {
		object := strings.Replace(payment, "Merchant A", name, 1)
		pg := p.ask(b, "authorization_details", "["+object+"]")
		if pg.expectConsent(t); !strings.Contains(pg.body, "<bdi>"+name+"</bdi>") {
			t.Errorf("%q is not what stands on\n%s", name, pg.body)
		}
		r := p.redeem(pg.press("consent-allow").expectCode(t))
		p.expectDetails(t, r, "["+object+"]")
	}
}

// CA-01: a client that has just come to a secret, and to a right with it, is not taken for itself without the secret: neither by what was known of it a
// moment ago nor by what is.
func TestClientThatHasJustComeToASecret(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.publicPartner()
	ask := func() reply {
		return w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {p.id}}, "", "")
	}
	ask().expect(t, 400, "unauthorized_client") // the node knows it now
	_, err := w.clients.Update(t.Context(), p.id, []byte(`{"token_endpoint_auth_method":"client_secret_basic","grant_types":["client_credentials"],"redirect_uris":[],"response_types":[],"scope":"read"}`), 0)
	w.must(err)
	ask().expect(t, 401, "invalid_client")
}
