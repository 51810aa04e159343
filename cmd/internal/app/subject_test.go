package app_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/cmd/internal/app/config"
)

// pairwisePartner registers a pairwise client with that redirect URI beside the usual one, and more members.
func (w *world) pairwisePartner(more string) *partner {
	w.t.Helper()
	return w.partner(`{"client_name":"Discreet","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token"],` +
		`"post_logout_redirect_uris":["` + afterLogout + `"],"subject_type":"pairwise"` + more + `}`)
}

// sectorDocument serves a JSON array of redirect URIs.
func sectorDocument(t *testing.T, uris ...string) string {
	t.Helper()
	document, err := json.Marshal(uris)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write(document)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/sector.json"
}

// seen is what a client sees of a person.
type seen struct{ sub, sid string }

// JW-16, OIDC Core §8.1: everything a pairwise client sees names the person in one way, the same within its sector and another elsewhere.
func TestPairwiseSubjects(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		public, first, second := w.newPartner(), w.pairwisePartner(""), w.pairwisePartner("")
		elsewhere := w.pairwisePartner(`,"sector_identifier_uri":"` + sectorDocument(t, redirectURI) + `"`)
		b := newBrowser(t)
		b.stopAt = redirectURI
		look := func(p *partner, b *browser, person string) seen {
			t.Helper()
			r := p.tokens(b, person)
			id := readJWT(t, r.text("id_token"))
			s := seen{id.text("sub"), id.text("sid")}
			info := w.get("/oauth2/userinfo", r.text("access_token"))
			next := p.refresh(r.text("refresh_token"))
			refreshed := readJWT(t, next.text("id_token"))
			for what, got := range map[string]string{
				"access token": readJWT(t, r.text("access_token")).text("sub"), "userinfo": info.text("sub"), "introspection": p.introspect(r.text("access_token")).text("sub"),
				"introspection of the refresh token": p.introspect(next.text("refresh_token")).text("sub"), "refreshed ID token": refreshed.text("sub"),
			} {
				if got != s.sub {
					t.Errorf("sub of the %s: %q, of the ID token: %q", what, got, s.sub)
				}
			}
			for what, got := range map[string]string{
				"access token": readJWT(t, r.text("access_token")).text("sid"), "introspection": p.introspect(r.text("access_token")).text("sid"),
				"introspection of the refresh token": p.introspect(next.text("refresh_token")).text("sid"), "refreshed ID token": refreshed.text("sid"),
			} {
				if got != s.sid {
					t.Errorf("sid of the %s: %q, of the ID token: %q", what, got, s.sid)
				}
			}
			return s
		}
		known, a, same, other := look(public, b, "ada"), look(first, b, "ada"), look(second, b, "ada"), look(elsewhere, b, "ada")
		if account := w.account("ada.lovelace@gmail.com").ID; known.sub != account || len(a.sub) != 43 {
			t.Errorf("public %+v of account %s, pairwise %+v", known, account, a)
		}
		if a != same {
			t.Errorf("one sector sees %+v and %+v", a, same)
		}
		for _, pair := range [][2]seen{{known, a}, {known, other}, {a, other}} {
			if pair[0].sub == pair[1].sub || pair[0].sid == pair[1].sid {
				t.Errorf("two sectors can compare %+v and %+v", pair[0], pair[1])
			}
		}
		if again := look(first, newBrowser(t), "ada"); again.sub != a.sub || again.sid == a.sid {
			t.Errorf("the next session: %+v after %+v", again, a)
		}
		if grace := look(first, newBrowser(t), "grace"); grace.sub == a.sub {
			t.Error("two persons are one")
		}
	})
}

// OIDC Core §8, §5.5.1, §3.1.2.1, OIDC RP-Logout §2: hints with a pairwise sub are understood, and only from the client they were made for.
func TestPairwiseHints(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p, other := w.pairwisePartner(""), w.pairwisePartner(`,"sector_identifier_uri":"`+sectorDocument(t, redirectURI)+`"`)
	b := newBrowser(t)
	token := p.tokens(b, "ada").text("id_token")
	foreign := other.tokens(b, "ada").text("id_token")
	grace := p.tokens(newBrowser(t), "grace").text("id_token")
	account := w.account("ada.lovelace@gmail.com").ID
	sub := func(value string) string { return `{"id_token":{"sub":{"value":"` + value + `"}}}` }

	p.ask(b, "prompt", "none", "id_token_hint", token).expectCode(t)
	p.ask(b, "prompt", "none", "claims", sub(readJWT(t, token).text("sub"))).expectCode(t)
	p.ask(b, "prompt", "none", "id_token_hint", grace).expectError(t, w.issuer, "login_required")
	p.ask(b, "prompt", "none", "id_token_hint", foreign).expectError(t, w.issuer, "invalid_request")
	p.ask(b, "prompt", "none", "claims", sub(readJWT(t, foreign).text("sub"))).expectError(t, w.issuer, "login_required")
	p.ask(b, "prompt", "none", "claims", sub(account)).expectError(t, w.issuer, "login_required") // nobody can try which account it is

	b.stopAt = afterLogout
	pg := b.open(w.issuer + "/oauth2/logout?" + url.Values{"id_token_hint": {grace}, "post_logout_redirect_uri": {afterLogout}}.Encode())
	if pg.location != "" || !pg.has("logout-confirm") {
		t.Errorf("another person's token: %d to %q", pg.status, pg.location)
	}
	pg = b.open(w.issuer + "/oauth2/logout?" + url.Values{"id_token_hint": {token}, "post_logout_redirect_uri": {afterLogout}}.Encode())
	if pg.location != afterLogout {
		t.Errorf("its own token: %d to %q\n%.400s", pg.status, pg.location, pg.body)
	}
	p.ask(b, "prompt", "none").expectError(t, w.issuer, "login_required")
}

// OIDC Back-Channel Logout §2.4, OIDC Front-Channel Logout §2: log-outs name person and session as the ID token did.
func TestPairwiseLogout(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	told := newEar(t)
	p := w.pairwisePartner(`,"backchannel_logout_uri":"` + told.URL + `/bc","frontchannel_logout_uri":"` + told.URL + `/fc"`)
	b := newBrowser(t)
	id := readJWT(t, p.tokens(b, "ada").text("id_token"))
	pg := b.open(w.issuer + "/logout").press("logout-confirm")
	var c struct{ Sub, Sid string }
	w.must(json.Unmarshal(w.verified(told.heard(t, 1)), &c))
	if c.Sub != id.text("sub") || c.Sid != id.text("sid") || c.Sub == "" {
		t.Errorf("logout token: %+v, ID token: %v", c, id.claims)
	}
	if !strings.Contains(pg.body, "sid="+id.text("sid")) {
		t.Errorf("front channel: no %q in\n%s", id.text("sid"), pg.body)
	}
}

// JW-16: the subject outlives root secrets, nodes, and changes of the redirect URIs within the sector.
func TestPairwiseSubjectIsStable(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		const moved = "https://new.example/cb"
		p := w.pairwisePartner("")
		sub := func(p *partner) string {
			t.Helper()
			return readJWT(t, p.tokens(newBrowser(t), "ada").text("id_token")).text("sub")
		}
		before := sub(p)
		update := func(patch string) error {
			_, err := w.clients.Update(t.Context(), p.id, []byte(patch), 0)
			return err
		}
		if err := update(`{"redirect_uris":["https://partner.example/cb","https://partner.example:8443/other"]}`); err != nil {
			t.Error(err)
		}
		if err := update(`{"redirect_uris":["` + moved + `"]}`); err == nil {
			t.Error("moved to another sector")
		}
		if err := update(`{"redirect_uris":["` + redirectURI + `","` + moved + `"]}`); err == nil {
			t.Error("spread over two sectors")
		}
		if err := update(`{"sector_identifier_uri":"` + sectorDocument(t, redirectURI) + `"}`); err == nil {
			t.Error("took another sector")
		}
		if err := update(`{"subject_type":"public"}`); err == nil {
			t.Error("became public")
		}
		if after := sub(p); after != before {
			t.Errorf("the redirect URIs changed: %s, then %s", before, after)
		}

		document := sectorDocument(t, redirectURI, moved)
		spread := w.pairwisePartner(`,"sector_identifier_uri":"` + document + `"`)
		before = sub(spread)
		if _, err := w.clients.Update(t.Context(), spread.id, []byte(`{"redirect_uris":["`+redirectURI+`","`+moved+`"]}`), 0); err != nil {
			t.Error(err)
		}
		if _, err := w.clients.Update(t.Context(), spread.id, []byte(`{"redirect_uris":["`+redirectURI+`","https://evil.example/cb"]}`), 0); err == nil {
			t.Error("a redirect URI that the sector does not list")
		}
		// Another node, with another root secret.
		rotated := *w.config
		rotated.Secrets = []config.Secret{config.NewSecret("another-root-secret-another-root-secret"), w.config.Secrets[0]}
		next := *w
		next.config = &rotated
		if after := sub(spread.at(next.second())); after != before {
			t.Errorf("the root secrets were rotated: %s, then %s", before, after)
		}
	})
}

// OIDC Registration §5; conformance: oidcc-registration-sector-uri, oidcc-registration-sector-bad.
func TestSectorRegistration(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, openRegistration)
	good := sectorDocument(t, redirectURI, "https://other.example/cb")
	document := func(sector string) string {
		return `{"redirect_uris":["` + redirectURI + `","https://other.example/cb"],"subject_type":"pairwise","sector_identifier_uri":"` + sector + `"}`
	}
	r := w.selfRegister("", document(good))
	if r.status != 201 || r.text("sector_identifier_uri") != good || r.text("subject_type") != "pairwise" {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	p := w.as(r.text("client_id"), r.text("client_secret"))
	if sub := readJWT(t, p.tokens(newBrowser(t), "ada").text("id_token")).text("sub"); len(sub) != 43 {
		t.Errorf("sub %q", sub)
	}
	for name, bad := range map[string]string{
		"lacks the redirect_uri": sectorDocument(t, redirectURI), "is empty": sectorDocument(t), "does not answer": "http://127.0.0.1:1/", "is not there": w.issuer + "/sector.json",
		"SE-01: is in the network of the server": "https://169.254.169.254/latest/meta-data", "is no address": "x", "has no scheme for it": "file:///etc/passwd",
	} {
		a := w.selfRegister("", document(bad))
		if a.status != 400 || a.text("error") != "invalid_client_metadata" {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	a := w.selfRegister("", `{"redirect_uris":["`+redirectURI+`","https://other.example/cb"],"subject_type":"pairwise"}`)
	a.expect(t, 400, "invalid_client_metadata")
	// RFC 7592 §2.2: the same holds for changes.
	change := func(body string) reply {
		return w.ask("PUT", r.text("registration_client_uri"), r.text("registration_access_token"), body)
	}
	id := `{"client_id":"` + r.text("client_id") + `",`
	change(id+`"redirect_uris":["`+redirectURI+`"]}`).expect(t, 400, "invalid_client_metadata") // left out is public, RFC 7592 §2.2
	change(id+document(sectorDocument(t, redirectURI))[1:]).expect(t, 400, "invalid_client_metadata")
	change(id+`"redirect_uris":["`+redirectURI+`"],"subject_type":"pairwise"}`).expect(t, 400, "invalid_client_metadata")
	if a := change(id + document(good)[1:]); a.status != 200 {
		t.Errorf("%d %s", a.status, a.raw)
	}
}
