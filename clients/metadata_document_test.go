package clients

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// documentMemory is memoryStore with what Documents needs beside.
type documentMemory struct{ *memoryStore }

func (s documentMemory) KeepDocumentClient(ctx context.Context, c *Client) error {
	return s.CreateClient(ctx, c, "")
}

func (s documentMemory) ClientDeleted(_ context.Context, id string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone[id], nil
}

// answers is a web that answers every request with what is set, and counts them.
type answers struct {
	asked atomic.Int64

	mu     sync.Mutex
	status int
	header http.Header
	body   string
	err    error
}

func (a *answers) set(status int, body string, header ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status, a.body, a.err, a.header = status, body, nil, http.Header{"Content-Type": {"application/json"}}
	for i := 0; i+1 < len(header); i += 2 {
		a.header.Set(header[i], header[i+1])
	}
}

func (a *answers) down() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = errors.New("no route to host")
}

// RoundTrip implements http.RoundTripper.
func (a *answers) RoundTrip(*http.Request) (*http.Response, error) {
	a.asked.Add(1)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return nil, a.err
	}
	return &http.Response{StatusCode: a.status, Header: a.header.Clone(), Body: io.NopCloser(strings.NewReader(a.body))}, nil
}

func testPolicy() Policy {
	return Policy{Scopes: []string{"openid", "profile", "email", "offline_access"}, GrantTypes: []string{GrantAuthorizationCode, GrantRefreshToken}}
}

const documentID = "https://example.com/oauth/client.json"

func documentOf(id, more string) string {
	return `{"client_id":"` + id + `","client_name":"Inspector","redirect_uris":["https://example.com/cb"]` + more + `}`
}

func newTestDocuments(web http.RoundTripper) (*Documents, documentMemory) {
	store := documentMemory{newMemoryStore()}
	return NewDocuments(DocumentsConfig{
		Store: store, Enabled: true, Policy: testPolicy(),
		HTTPClient: &http.Client{Transport: web, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}), store
}

func TestDocumentURL(t *testing.T) {
	for id, want := range map[string]bool{
		"https://example.com/client":            true,
		"https://example.com/":                  true,
		"https://example.com:443/client":        true,
		"https://example.com":                   false, // no path
		"http://example.com/client":             false,
		"https://user@example.com/client":       false,
		"https://example.com/a/../client":       false,
		"https://example.com/./client":          false,
		"https://example.com/%2e%2e/client":     false,
		"https://example.com/client#x":          false,
		"https://example.com/client?x=1":        false,
		"https://EXAMPLE.com/client":            false,
		"HTTPS://example.com/client":            false,
		"https://example.com:22/client":         false, // SS-05
		"https://example.com:6379/client":       false,
		"https://localhost/client":              false,
		"https://127.0.0.1/client":              false,
		"https://[::1]/client":                  false,
		"https://0x7f.1/client":                 false,
		"https://2130706433/client":             false,
		"https://169.254.169.254/latest":        false,
		"https://intranet/client":               false,
		"https://example.com\\@evil.test/x":     false,
		"https://example.com/client\n":          false,
		"file:///etc/passwd":                    false,
		"gopher://example.com/x":                false,
		"":                                      false,
		"https://" + strings.Repeat("a.", 2000): false,
	} {
		if got := isDocumentURL(id, false); got != want {
			t.Errorf("%q: %v, want %v", id, got, want)
		}
	}
	for id, want := range map[string]bool{
		"http://localhost:8080/client": true, "http://127.0.0.1:99/client": true, "http://example.com/client": false, "https://example.com/client": true,
	} {
		if got := isDocumentURL(id, true); got != want {
			t.Errorf("on a developer's machine, %q: %v, want %v", id, got, want)
		}
	}
}

func TestDocumentClient(t *testing.T) {
	web := &answers{}
	web.set(200, documentOf(documentID, `,"redirect_uris_":1,"grant_types":["authorization_code","refresh_token","urn:ietf:params:oauth:grant-type:device_code"],
		"skip_consent":true,"audience":["https://api"],"introspect_any":true,"require_pkce":false,"access_token_lifetime":3600,"scope":"openid mcp:tools"`))
	d, store := newTestDocuments(web)
	c, err := d.Client(t.Context(), documentID)
	if err != nil {
		t.Fatal(err)
	}
	m := c.Metadata
	if !c.SelfRegistered || c.DocumentURL() != documentID || c.Version != 1 || m.ClientName != "Inspector" || m.TokenEndpointAuthMethod != "none" {
		t.Errorf("client %+v", c)
	}
	if m.SkipConsent || m.Audience != nil || m.IntrospectAny || m.RequirePKCE != nil || m.AccessTokenLifetime != 0 {
		t.Errorf("DR-02: a document gives itself privileges: %+v", m)
	}
	if m.Scope != "openid" || len(m.GrantTypes) != 2 {
		t.Errorf("the policy is not applied: %q %q", m.Scope, m.GrantTypes)
	}
	if len(store.rows) != 0 {
		t.Error("a client that nobody has allowed has a row")
	}
}

func TestDocumentRefused(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		header []string
	}{
		"another client_id":          {200, documentOf("https://example.com/other", ""), nil},
		"another spelling of it":     {200, documentOf("https://example.com:443/oauth/client.json", ""), nil},
		"no client_id":               {200, `{"redirect_uris":["https://example.com/cb"]}`, nil},
		"client_id twice":            {200, documentOf(documentID, `,"client_id":"`+documentID+`"`), nil},
		"a secret":                   {200, documentOf(documentID, `,"client_secret":"x"`), nil},
		"a secret that expires":      {200, documentOf(documentID, `,"client_secret_expires_at":0`), nil},
		"client_secret_basic":        {200, documentOf(documentID, `,"token_endpoint_auth_method":"client_secret_basic"`), nil},
		"client_secret_jwt":          {200, documentOf(documentID, `,"token_endpoint_auth_method":"client_secret_jwt"`), nil},
		"a private key":              {200, documentOf(documentID, `,"token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}]}`), nil},
		"no redirect_uris":           {200, `{"client_id":"` + documentID + `"}`, nil},
		"a redirect over http":       {200, strings.Replace(documentOf(documentID, ""), "https://example.com/cb", "http://example.com/cb", 1), nil},
		"javascript: as a page":      {200, documentOf(documentID, `,"tos_uri":"javascript:alert(1)"`), nil},
		"a name that deceives":       {200, strings.Replace(documentOf(documentID, ""), "Inspector", "G\u03bfogle", 1), nil},
		"no JSON":                    {200, "<html>", nil},
		"an array":                   {200, "[]", nil},
		"HTML by its type":           {200, documentOf(documentID, ""), []string{"Content-Type", "text/html"}},
		"no type":                    {200, documentOf(documentID, ""), []string{"Content-Type", ""}},
		"over 5 kilobytes":           {200, documentOf(documentID, `,"x":"`+strings.Repeat("a", 5<<10)+`"`), nil},
		"status 201":                 {201, documentOf(documentID, ""), nil},
		"status 204":                 {204, "", nil},
		"status 304":                 {304, "", nil},
		"a redirect":                 {302, documentOf(documentID, ""), []string{"Location", "http://169.254.169.254/"}},
		"not found":                  {404, documentOf(documentID, ""), nil},
		"an error":                   {500, documentOf(documentID, ""), nil},
		"DR-02: a sector":            {200, documentOf(documentID, `,"subject_type":"pairwise","sector_identifier_uri":"https://victim.example/sector.json"`), nil},
		"a member of the wrong type": {200, documentOf(documentID, `,"contacts":"me"`), nil},
	} {
		t.Run(name, func(t *testing.T) {
			web := &answers{}
			web.set(test.status, test.body, test.header...)
			d, _ := newTestDocuments(web)
			var told error
			d.cfg.Refused = func(_ context.Context, _ string, err error) { told = err }
			c, err := d.Client(t.Context(), documentID)
			if !errors.Is(err, ErrNotFound) || c != nil {
				t.Errorf("got %+v, %v", c, err)
			}
			if told == nil {
				t.Error("the operator is not told why")
			}
			if err := d.Keep(t.Context(), documentID); err == nil {
				t.Error("a row is made of it")
			}
			if n := web.asked.Load(); n != 1 {
				t.Errorf("SS-06: asked %d times in a row", n)
			}
		})
	}
	web := &answers{}
	web.set(200, documentOf(documentID, ""), "Content-Type", "application/oauth-client+json; charset=utf-8")
	d, _ := newTestDocuments(web)
	if _, err := d.Client(t.Context(), documentID); err != nil {
		t.Errorf("a more specific JSON type: %v", err)
	}
}

func TestDocumentNotFetched(t *testing.T) {
	web := &answers{}
	web.set(200, documentOf(documentID, ""))
	for name, arrange := range map[string]func(d *Documents){
		"off":               func(d *Documents) { d.cfg.Enabled = false },
		"another host only": func(d *Documents) { d.cfg.Hosts = []string{"example.org", "*.example.com"} },
	} {
		d, store := newTestDocuments(web)
		if err := d.Keep(t.Context(), documentID); err != nil {
			t.Fatal(err)
		}
		arrange(d)
		if c, err := d.Client(t.Context(), documentID); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s, with a row from before: %+v, %v", name, c, err)
		}
		delete(store.rows, documentID)
		asked := web.asked.Load()
		if c, err := d.Client(t.Context(), documentID); !errors.Is(err, ErrNotFound) || web.asked.Load() != asked {
			t.Errorf("%s: %+v, %v, asked %d more times", name, c, err, web.asked.Load()-asked)
		}
	}
	d, store := newTestDocuments(web)
	d.cfg.Hosts = []string{"*.com"}
	if _, err := d.Client(t.Context(), documentID); err != nil {
		t.Errorf("a host below one that is listed: %v", err)
	}
	own := &Client{ID: documentID, Version: 7, Metadata: Metadata{ClientName: "Ours"}}
	store.rows[documentID] = memoryRow{client: *own, metadata: []byte(`{"client_name":"Ours"}`)}
	if c, err := d.Client(t.Context(), documentID); err != nil || c.SelfRegistered || c.Metadata.ClientName != "Ours" {
		t.Errorf("an administrator's client with a URL as its id: %+v, %v", c, err)
	}
	delete(store.rows, documentID)
	store.gone[documentID] = true
	if _, err := d.Client(t.Context(), documentID); !errors.Is(err, ErrNotFound) {
		t.Errorf("DR-06: deleted by an administrator: %v", err)
	}
}

// The row of a client that people use follows its document, and all nodes see one version.
func TestDocumentRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		web := &answers{}
		web.set(200, documentOf(documentID, ""), "Cache-Control", "max-age=600")
		d, store := newTestDocuments(web)
		other := NewDocuments(d.cfg)
		if err := d.Keep(ctx, documentID); err != nil {
			t.Fatal(err)
		}
		if err := other.Keep(ctx, documentID); err != nil {
			t.Errorf("kept on another node: %v", err)
		}
		get := func(d *Documents) *Client {
			t.Helper()
			c, err := d.Client(ctx, documentID)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		if get(d).Version != 1 || get(other).Version != 1 || !store.rows[documentID].client.SelfRegistered {
			t.Errorf("row %+v", store.rows[documentID])
		}
		asked := web.asked.Load()
		time.Sleep(9 * time.Minute)
		get(d)
		if web.asked.Load() != asked {
			t.Error("RFC 9111: asked again within max-age")
		}
		web.set(200, documentOf(documentID, `,"client_uri":"https://example.com/"`), "Cache-Control", "max-age=600")
		time.Sleep(2 * time.Minute)
		if c := get(d); c.Version != 2 || c.Metadata.ClientURI == "" {
			t.Errorf("after the document changed: %+v", c)
		}
		if c := get(other); c.Version != 2 || c.Metadata.ClientURI == "" {
			t.Errorf("on the other node: %+v", c)
		}
		if c, _ := store.Client(ctx, documentID); c.Version != 2 {
			t.Errorf("the row has version %d", c.Version)
		}
		// What an administrator gives it stays, and what it is denied too.
		row, _ := store.Client(ctx, documentID)
		row.Metadata.Audience = []string{"https://api.example"}
		if err := store.UpdateClient(ctx, row); err != nil {
			t.Fatal(err)
		}
		web.set(200, documentOf(documentID, `,"client_uri":"https://example.com/new"`))
		time.Sleep(time.Hour)
		if c := get(d); c.Version != 4 || len(c.Metadata.Audience) != 1 || c.Metadata.ClientURI != "https://example.com/new" {
			t.Errorf("after an administrator's change and a new document: %+v", c)
		}
		row, _ = store.Client(ctx, documentID)
		row.DisabledAt = time.Now()
		if err := store.UpdateClient(ctx, row); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		asked = web.asked.Load()
		if c := get(d); c.DisabledAt.IsZero() || web.asked.Load() != asked {
			t.Error("a disabled client is fetched, or on again")
		}
	})
}

func TestDocumentOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		web := &answers{}
		web.set(200, documentOf(documentID, ""), "Cache-Control", "no-store")
		d, _ := newTestDocuments(web)
		if err := d.Keep(ctx, documentID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		web.down()
		if _, err := d.Client(ctx, documentID); err != nil {
			t.Errorf("an outage of the client's host ends its sessions at once: %v", err)
		}
		asked := web.asked.Load()
		for range 100 {
			_, _ = d.Client(ctx, documentID)
		}
		if web.asked.Load() != asked {
			t.Errorf("SS-06: asked %d times during an outage", web.asked.Load()-asked)
		}
		time.Sleep(25 * time.Hour)
		if c, err := d.Client(ctx, documentID); err == nil || errors.Is(err, ErrNotFound) {
			t.Errorf("after a day: %+v, %v; want a fault", c, err)
		}
		web.set(200, documentOf(documentID, ""))
		time.Sleep(time.Minute)
		if _, err := d.Client(ctx, documentID); err != nil {
			t.Errorf("after the outage: %v", err)
		}
		web.set(404, "")
		time.Sleep(time.Hour)
		if c, err := d.Client(ctx, documentID); !errors.Is(err, ErrNotFound) {
			t.Errorf("a document that was taken away: %+v, %v", c, err)
		}
	})
}
