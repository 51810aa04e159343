package provider_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/keys"
	"github.com/symbolon-id/symbolon/provider/seal"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/web"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

const (
	fuzzIssuer = "https://id.example.com"
	challenge  = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	urlencoded = "application/x-www-form-urlencoded"
)

// endpoints are a provider's own, with a database behind them, without pages and without a network.
type endpoints struct {
	t        testing.TB
	mux      *http.ServeMux
	provider *provider.Provider
	page     *web.PageError // the last one shown
}

func newEndpoints(t testing.TB) *endpoints {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db := storagetest.Open(t, storagetest.SQLite(t))
	secrets, err := seal.New([][]byte{make([]byte, seal.MinSecret)})
	must(err)
	ring, err := keys.Open(t.Context(), keys.RingConfig{
		Store: db, Sealer: secrets.Box("signing key"), Algorithms: []jose.SignatureAlgorithm{provider.AccessTokenAlgorithm, provider.IDTokenAlgorithm}, PublishAhead: time.Hour,
	})
	must(err)
	for _, c := range fuzzClients() {
		must(db.CreateClient(t.Context(), c, ""))
	}
	e := &endpoints{t: t, mux: http.NewServeMux()}
	e.provider = provider.New(provider.Config{
		Issuer: fuzzIssuer, Clients: clients.NewCache(db), Accounts: db, Sessions: session.New(session.Config{Store: db, Idle: time.Hour, Absolute: time.Hour}),
		Grants: db, Consents: db, Replays: db, Status: db, Outbox: db, Devices: db, PushedRequests: db, Keys: ring, Secrets: secrets, PairwiseSalt: make([]byte, 32),
		HTTPClient: &http.Client{Transport: noNetwork{}}, LegacyResponseTypes: true,
		Lifetimes: provider.Lifetimes{
			AccessToken: time.Minute, IDToken: time.Minute, Code: time.Minute, RefreshToken: time.Hour, RefreshIdle: time.Hour, Interaction: time.Hour, StatusList: time.Minute, DeviceCode: time.Minute,
		},
		ErrorPage: func(w http.ResponseWriter, _ *http.Request, page *web.PageError) {
			e.page = page
			w.WriteHeader(page.Status())
		},
		FormPost: func(w http.ResponseWriter, _ *http.Request, action, _ string, parameters url.Values) {
			join := "?"
			if strings.Contains(action, "?") {
				join = "&"
			}
			web.SeeOther(w, action+join+parameters.Encode())
		},
	})
	web.Mount(e.mux, e.provider.Routes()...)
	return e
}

// fuzzClients are a client without credentials and one with the secret "secret".
func fuzzClients() []*clients.Client {
	app := clients.Metadata{
		RedirectURIs: []string{"https://app.example/cb", "https://app.example/cb?x=1", "http://127.0.0.1/cb", "com.example.app:/cb"}, TokenEndpointAuthMethod: clients.AuthMethodNone,
		ApplicationType: clients.ApplicationNative, GrantTypes: []string{"authorization_code", "refresh_token", "implicit", "urn:ietf:params:oauth:grant-type:device_code"},
		ResponseTypes: []string{"code", "code id_token", "id_token token"}, Scope: "openid profile email offline_access", PostLogoutRedirectURIs: []string{"https://app.example/bye"},
	}
	server := clients.Metadata{
		RedirectURIs: []string{"https://server.example/cb"}, TokenEndpointAuthMethod: clients.AuthMethodBasic, ResponseTypes: []string{"code"}, Scope: "openid api", Audience: []string{"https://api.example/"},
		GrantTypes: []string{"authorization_code", "client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"},
	}
	hash := sha256.Sum256([]byte("secret"))
	return []*clients.Client{
		{ID: "app", Metadata: app, Version: 1, CreatedAt: time.Now(), UpdatedAt: time.Now()},
		{ID: "server", Metadata: server, Version: 1, CreatedAt: time.Now(), UpdatedAt: time.Now(), Secrets: []clients.Secret{{ID: "1", Hash: "sha256$" + hex.EncodeToString(hash[:]), CreatedAt: time.Now()}}},
	}
}

// noNetwork reaches nobody.
type noNetwork struct{}

func (noNetwork) RoundTrip(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }

// send sends a request, and checks what every answer has in common. header is name, value, name, value, …; an empty value leaves it out.
func (e *endpoints) send(t *testing.T, method, target, body string, header ...string) *http.Response {
	t.Helper()
	path, query, _ := strings.Cut(target, "?")
	r := &http.Request{Method: method, URL: &url.URL{Path: path, RawQuery: query}, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Host: "id.example.com", RemoteAddr: "192.0.2.1:5"}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", urlencoded)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	ctx, _ := web.NewEvent(context.WithoutCancel(t.Context()))
	w := httptest.NewRecorder()
	e.page = nil
	e.mux.ServeHTTP(w, r.WithContext(ctx))
	answer := w.Result()
	if answer.StatusCode >= 500 || answer.Header.Get("Cache-Control") != "no-store" || w.Body.Len() > 64<<10 {
		t.Fatalf("%s %q, %q: status %d, %v: %s, %v", method, target, body, answer.StatusCode, answer.Header, w.Body, e.page)
	}
	for name, values := range answer.Header {
		if s := strings.Join(values, ""); strings.ContainsAny(s, "\r\n\x00") || len(s) > 16<<10 {
			t.Fatalf("%s %q, %q: %s: %q", method, target, body, name, s)
		}
	}
	return answer
}
