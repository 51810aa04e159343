package adminapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
	"github.com/symbolon-id/symbolon/storage"
)

// tokens are the access tokens that the tests know, by their text.
var tokens = map[string]Caller{
	"admin":   {ClientID: "console", AccountID: "root", Scopes: []string{"openid", ScopeAdmin}},
	"other":   {ClientID: "console", AccountID: "other", Scopes: []string{ScopeAdmin}},
	"reader":  {ClientID: "dashboard", Scopes: []string{ScopeRead}},
	"partner": {ClientID: "partner", Scopes: []string{"openid", "profile", "symbolon", "symbolon:admin:write", "symbolon:administrator"}},
	"none":    {ClientID: "partner"},
}

var errStorage = errors.New("database is down")

func authenticate(_ context.Context, token string) (Caller, error) {
	if token == "fault" {
		return Caller{}, errStorage
	}
	caller, ok := tokens[token]
	if !ok {
		return Caller{}, fmt.Errorf("token of %d bytes: %w", len(token), ErrInvalidToken)
	}
	return caller, nil
}

// harness is the API over a real listener and a real database.
type harness struct {
	t   testing.TB
	api *API
	db  *storage.DB
	url string
}

func newHarness(t testing.TB) *harness {
	t.Helper()
	db, err := storage.Open(t.Context(), storage.Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "test.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	key := []byte(strings.Repeat("k", 32))
	registry := clients.NewRegistry(clients.RegistryConfig{
		Store: db, Cache: clients.NewCache(db), SecretKey: key,
		FetchSector:               func(context.Context, string) ([]byte, error) { return []byte(`["https://app.example/cb"]`), nil },
		AuthorizationDetailsTypes: []string{"payment_initiation"},
	})
	api, err := New(Config{Registry: registry, Authenticate: authenticate, Issuer: "https://id.example/", CursorKey: key})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	web.Mount(mux, api.Routes()...)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, _ := web.NewEvent(r.Context())
		mux.ServeHTTP(w, r.WithContext(ctx))
	}))
	t.Cleanup(server.Close)
	return &harness{t: t, api: api, db: db, url: server.URL}
}

// answer is a response that was read.
type answer struct {
	*http.Response
	body []byte
	json map[string]any
}

func (a answer) str(member string) string { s, _ := a.json[member].(string); return s }

// send sends a request with the headers given as pairs. A header "Authorization" given there replaces the administrator's.
func (h *harness) send(method, path, body string, headers ...string) answer {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer admin")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Del(headers[i])
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] != "" {
			r.Header.Add(headers[i], headers[i+1])
		}
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	a := answer{Response: res}
	if a.body, err = io.ReadAll(res.Body); err != nil {
		h.t.Fatal(err)
	}
	if len(a.body) > 0 && strings.Contains(res.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(a.body, &a.json); err != nil {
			h.t.Fatalf("%s %s: %v in %s", method, path, err, a.body)
		}
	}
	return a
}

// want checks status and, for errors, that the answer is a problem document of the type (RFC 9457).
func (a answer) want(t testing.TB, status int, code string) answer {
	t.Helper()
	where := a.Request.Method + " " + a.Request.URL.String()
	if len(where) > 200 {
		where = where[:200]
	}
	if a.StatusCode != status {
		t.Fatalf("%s: status %d, want %d: %s", where, a.StatusCode, status, a.body)
	}
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: not kept out of caches", where)
	}
	if status < 400 {
		return a
	}
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("%s: content type %q", where, got)
	}
	if a.Request.Method == http.MethodHead {
		return a
	}
	if a.str("type") != problemType+code || a.json["status"] != float64(status) || a.str("title") == "" || a.str("detail") == "" || len(a.str("request_id")) != 16 {
		t.Errorf("%s: want %s, got %s", where, code, a.body)
	}
	return a
}

const document = `{"redirect_uris":["https://app.example/cb"],"client_name":"App","client_name#ko":"앱"}`

// create registers a client and returns its path and secret.
func (h *harness) create(document string) (path, secret string) {
	h.t.Helper()
	a := h.send("POST", pathClients, document).want(h.t, 201, "")
	return pathClients + "/" + url.PathEscape(a.str("client_id")), a.str("client_secret")
}
