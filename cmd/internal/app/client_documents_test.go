package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const withDocuments = "client_id_metadata_documents: { enabled: true }"

// publisher serves the metadata document of a client: on a developer's machine over http.
type publisher struct {
	id     string // its address
	asked  atomic.Int64
	status atomic.Int64
	more   atomic.Value // further members, each with a comma in front
}

func publish(t *testing.T) *publisher {
	t.Helper()
	p := &publisher{}
	p.status.Store(http.StatusOK)
	p.more.Store("")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "max-age=3600")
		w.WriteHeader(int(p.status.Load()))
		fmt.Fprintf(w, `{"client_id":%q,"client_name":"Inspector","redirect_uris":[%q],"grant_types":["authorization_code","refresh_token"]%s}`,
			p.id, redirectURI, p.more.Load())
	}))
	t.Cleanup(server.Close)
	p.id = server.URL + "/oauth/client.json"
	return p
}

// draft-ietf-oauth-client-id-metadata-document: the whole flow of a client that was never registered, on two nodes and both databases.
func TestClientDocument(t *testing.T) {
	t.Parallel()
	bothWith(t, withDocuments, func(t *testing.T, w *world) {
		if w.get("/.well-known/oauth-authorization-server", "").body["client_id_metadata_document_supported"] != true {
			t.Error("discovery does not announce client_id_metadata_document_supported")
		}
		doc := publish(t)
		p := w.as(doc.id, "")
		b := newBrowser(t)
		b.stopAt = redirectURI
		consent := b.open(p.url()).press("login-google").press("person-ada")
		consent.expectConsent(t)
		if !consent.has("unverified") || !strings.Contains(consent.body, "127.0.0.1") || !strings.Contains(consent.body, "partner.example") {
			t.Errorf("the consent page does not say whose word it is:\n%s", consent.body)
		}
		if _, err := w.stores.DB.Client(t.Context(), doc.id); err == nil {
			t.Error("showing pages wrote the client to the database")
		}
		tokens := p.redeem(consent.press("consent-allow").expectCode(t))
		if tokens.status != http.StatusOK {
			t.Fatalf("redeem: %s\n%s", tokens.raw, w.log)
		}
		row, err := w.stores.DB.Client(t.Context(), doc.id)
		if err != nil || !row.SelfRegistered || row.Version != 1 {
			t.Errorf("the client that a person allowed: %+v, %v", row, err)
		}
		reader := w.partner(`{"redirect_uris":["` + redirectURI + `"],"introspect_any":true}`)
		answer := reader.introspect(tokens.text("access_token"))
		if answer.body["active"] != true || answer.text("client_id") != doc.id {
			t.Errorf("introspection: %s", answer.raw)
		}
		if r := w.get("/oauth2/userinfo", tokens.text("access_token")); r.status != http.StatusOK {
			t.Errorf("userinfo: %d %s", r.status, r.raw)
		}
		tokens = p.refresh(tokens.text("refresh_token"))
		if tokens.status != http.StatusOK {
			t.Fatalf("refresh: %s", tokens.raw)
		}
		if n := doc.asked.Load(); n != 1 {
			t.Errorf("the document was fetched %d times within its max-age", n)
		}
		w.documentOnAnotherNode(t, doc, p, tokens.text("refresh_token"), reader)
	})
}

// documentOnAnotherNode changes the document, which only a second node sees, and takes it away.
func (w *world) documentOnAnotherNode(t *testing.T, doc *publisher, p *partner, refreshToken string, reader *partner) {
	doc.more.Store(`,"client_uri":"https://rp.example/"`)
	second := w.second()
	there := p.at(second)
	tokens := there.refresh(refreshToken)
	if tokens.status != http.StatusOK {
		t.Fatalf("refresh on the second node: %s", tokens.raw)
	}
	row, err := w.stores.DB.Client(t.Context(), doc.id)
	if err != nil || row.Version != 2 || row.Metadata.ClientURI == "" {
		t.Errorf("the row does not follow the document: %+v, %v", row, err)
	}
	if tokens = p.refresh(tokens.text("refresh_token")); tokens.status != http.StatusOK {
		t.Errorf("refresh on the first node after the second has seen another document: %s", tokens.raw)
	}
	if !reader.active(tokens.text("access_token")) {
		t.Error("the token is not active on the first node")
	}
	// A third node finds the document gone.
	doc.status.Store(http.StatusNotFound)
	third, b := w.second(), newBrowser(t)
	b.use(third)
	p.at(third).refresh(tokens.text("refresh_token")).expect(t, http.StatusUnauthorized, "invalid_client")
	p.ask(b).expectLocalError(t)
	// An administrator switches the client off, everywhere, for good.
	doc.status.Store(http.StatusOK)
	_, err = w.clients.Update(t.Context(), doc.id, []byte(`{"disabled":true}`), 0)
	w.must(err)
	time.Sleep(2200 * time.Millisecond) // as long as a node may remember a client
	p.refresh(tokens.text("refresh_token")).expect(t, http.StatusUnauthorized, "invalid_client")
	w.must(w.clients.Delete(t.Context(), doc.id))
	time.Sleep(2200 * time.Millisecond)
	p.ask(newBrowser(t)).expectLocalError(t)
}

func TestClientDocumentRefused(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, withDocuments)
	for name, more := range map[string]string{
		"a shared secret": `,"token_endpoint_auth_method":"client_secret_basic"`, "a secret": `,"client_secret":"x"`,
		"another client_id": `,"client_id":"https://other.example/client"`, "javascript: as a page": `,"policy_uri":"javascript:alert(1)"`,
		"over 5 kilobytes": `,"x":"` + strings.Repeat("a", 6<<10) + `"`,
	} {
		w.test(name, func(t *testing.T, w *world) {
			doc := publish(t)
			doc.more.Store(more)
			for range 3 {
				w.as(doc.id, "").ask(newBrowser(t)).expectLocalError(t)
			}
			if n := doc.asked.Load(); n != 1 {
				t.Errorf("SS-06: asked %d times", n)
			}
		})
	}
	for _, id := range []string{"http://127.0.0.1:1/closed", "https://no-such-host.invalid/client", "http://example.com/client", "file:///etc/passwd"} {
		w.as(id, "").ask(newBrowser(t)).expectLocalError(t)
	}
	if !strings.Contains(w.log.String(), "client ID metadata document") {
		t.Error("the operator is not told why")
	}
}

// AZ-09: anonymous requests write nothing, and lead nobody away.
func TestClientDocumentIsNoOpenRedirector(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, withDocuments)
	doc := publish(t)
	p := w.as(doc.id, "")
	pg := p.ask(newBrowser(t), "prompt", "none")
	pg.expectLocalError(t)
	if !pg.has("leave") {
		t.Errorf("AZ-09: an error for a client with a document hops:\n%s", pg.body)
	}
	if c, err := w.stores.DB.Client(t.Context(), doc.id); err == nil {
		t.Errorf("an anonymous request wrote %+v", c)
	}
}
