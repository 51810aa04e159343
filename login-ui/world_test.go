package loginui

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/seal"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/upstream"
	"github.com/symbolon-id/symbolon/provider/web"
)

// world is the pages over real sessions, a real upstream flow and account rules, with stores in memory and a decision point that is as simple as
// can be. It listens on loopback.
type world struct {
	ui       *UI
	server   *httptest.Server
	mux      *http.ServeMux
	people   *people
	browsers *browsers
	asks     *asks
	devices  *devices
	google   *directory // what the upstreams say

	connections *connections
	pictures    *pictures // the web that logos are on
}

func newWorld(t *testing.T, brand Brand) *world {
	t.Helper()
	w := &world{people: newPeople(), browsers: newBrowsers(), google: &directory{}, pictures: &pictures{}}
	mux := http.NewServeMux()
	w.mux = mux
	w.server = httptest.NewServer(web.Serve(web.Config{Log: slog.New(slog.DiscardHandler), Panic: func(http.ResponseWriter, *http.Request) {}, MaxBody: 1 << 20, Proxies: web.NewProxies(nil)}, mux))
	t.Cleanup(w.server.Close)
	w.asks = &asks{byID: map[string]*provider.Interaction{}, logouts: map[string]*provider.Logout{}, allowed: map[string]bool{}}

	secrets, err := seal.New([][]byte{[]byte("0123456789abcdef0123456789abcdef")})
	check(t, err)
	flow, err := upstream.NewFlow(upstream.FlowConfig{
		Connectors: []upstream.Connector{
			&connector{upstream.Info{ID: "google", Type: "google", Label: "Google", Origins: []string{"https://accounts.google.com"}}, w.google},
			&connector{upstream.Info{ID: "facebook", Type: "facebook", Label: "Facebook", Origins: []string{"https://www.facebook.com"}}, w.google},
			&connector{upstream.Info{ID: "corp", Type: "oidc", Label: "Acme Staff", Origins: []string{"https://sso.acme.example"}}, w.google},
		},
		Store: newAttempts(), Box: secrets.Box("code verifier"),
		CallbackURL: func(id string) string { return w.server.URL + "/login/" + id + "/callback" },
	})
	check(t, err)
	sessions := session.New(session.Config{Store: w.browsers, Idle: time.Hour, Absolute: 24 * time.Hour})
	w.asks.sessions = sessions
	w.devices = &devices{asks: w.asks, address: "198.51.100.9", asked: time.Now().Add(-150 * time.Second)}
	w.connections = &connections{people: w.people, asks: w.asks, clients: map[string]*clients.Client{}, of: map[string][]provider.Connection{}}
	w.ui, err = New(Config{
		Brand: brand, Issuer: w.server.URL, Interactions: w.asks, Sessions: sessions, Logouts: w.asks, Devices: w.devices, Connections: w.connections,
		Records: w.connections, Logos: clients.NewLogos(clients.LogosConfig{Clients: w, HTTPClient: &http.Client{Transport: w.pictures}}), Upstreams: flow, Accounts: w.people,
	})
	check(t, err)
	web.Mount(mux, w.ui.Routes()...)
	mux.HandleFunc("GET "+provider.ResumePath, w.asks.resume)
	mux.HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) { // as package app does
		w.ui.ErrorPage(rw, r, &web.PageError{Kind: web.PageNotFound})
	})
	return w
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sunnyBooks is an ordinary partner.
func sunnyBooks() *provider.Interaction {
	return &provider.Interaction{
		Client: &clients.Client{ID: "sunny", Metadata: clients.Metadata{
			ClientName: "Sunny Books", PolicyURI: "https://sunnybooks.example/privacy", TosURI: "https://sunnybooks.example/terms",
		}},
		RedirectURI: "https://sunnybooks.example/signin/callback",
		Scopes:      []string{"openid", "profile", "email"},
	}
}
