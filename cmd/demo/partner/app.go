package partner

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/symbolon-id/symbolon/clients/sdk/bearer"
)

// Config is what a partner developer gets from the administrator, and where the app runs.
type Config struct {
	Product      Product
	BaseURL      string // where browsers find the app: "http://127.0.0.1:9001"
	Issuer       string
	ClientID     string
	ClientSecret string
	Log          *slog.Logger

	// For the page's explanations only.
	Neighbour Neighbour
	Reach     time.Duration // how long after a log-out an API may still accept a token: the status list's ttl and one second
}

// Neighbour is another app that people sign in to with the same provider.
type Neighbour struct{ Name, URL string }

// App is a partner app.
type App struct {
	config   Config
	client   *http.Client
	sessions *sessions
	attempts *attempts
	accounts *accounts
	look     *look
	logOuts  *bearer.Verifier // checks log-out tokens
	shelf    *bearer.Verifier // checks the access tokens that come to the API; nil without one

	mu sync.Mutex
	rp *relyingParty // nil until the provider has answered once
}

// New returns an app. It asks the provider nothing before somebody signs in. Call Close when it serves no more.
func New(cfg Config) (*App, error) {
	l, err := newLook(cfg.Product.Look)
	if err != nil {
		return nil, err
	}
	a := &App{
		config: cfg, look: l, sessions: newSessions(), attempts: newAttempts(), accounts: newAccounts(),
		client: &http.Client{
			Timeout: 10 * time.Second,
			// Endpoints do not redirect. Following would take a code or a token somewhere else.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	if a.logOuts, err = bearer.New(bearer.Config{Issuer: cfg.Issuer, Audience: cfg.ClientID, OnRefuse: a.logRefusal}); err != nil {
		return nil, fmt.Errorf("log-outs: %w", err)
	}
	if cfg.Product.API {
		if a.shelf, err = newShelfVerifier(cfg); err != nil {
			return nil, fmt.Errorf("API: %w", err)
		}
	}
	return a, nil
}

// Close ends the work in the background.
func (a *App) Close() {
	a.logOuts.Close()
	if a.shelf != nil {
		a.shelf.Close()
	}
}

// Handler serves the app.
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.serveHome)
	mux.HandleFunc("GET /account", a.serveAccount)
	mux.HandleFunc("GET /style.css", a.look.serveStyle)
	mux.HandleFunc("GET /sign-in", a.serveSignIn)
	mux.HandleFunc("GET "+CallbackPath, a.serveCallback)
	mux.HandleFunc("POST /log-out", a.serveLogOut)
	mux.HandleFunc("GET "+SignedOutPath, a.serveSignedOut)
	mux.Handle("POST "+BackchannelLogoutPath, a.logOuts.LogoutHandler(a.config.ClientID, a.endSessions))
	mux.HandleFunc("POST /introspect", a.serveIntrospect)
	mux.HandleFunc("POST /refresh", a.serveRefresh)
	if a.config.Product.API {
		mux.Handle("GET "+ShelfPath, a.shelf.Require(ShelfScope)(http.HandlerFunc(a.serveShelf)))
		mux.HandleFunc("POST /call-api", a.serveCallAPI)
	}
	return a.headers(http.NewCrossOriginProtection().Handler(mux))
}

// headers sets what holds for every answer. The log-out form is redirected to the provider, so form-action has to name it.
func (a *App) headers(next http.Handler) http.Handler {
	policy := strings.Join([]string{
		"default-src 'none'", "style-src 'self'", "img-src 'self' data: https: http://127.0.0.1:* http://localhost:*",
		"form-action 'self' " + a.config.Issuer, "base-uri 'none'", "frame-ancestors 'none'",
	}, "; ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// fail logs the cause and shows a person what they can do.
func (a *App) fail(w http.ResponseWriter, p *problem) {
	a.log(p)
	a.show(w, p.status, view{Problem: p})
}

// log keeps the cause for the developer.
func (a *App) log(p *problem) {
	if p.cause != nil {
		a.config.Log.Error("sign-in", "app", a.config.Product.Name, "code", p.Code, "error", p.cause.Error())
	}
}

// logRefusal keeps why a log-out token was refused.
func (a *App) logRefusal(r *http.Request, e *bearer.Error) {
	a.config.Log.Warn("refused", "app", a.config.Product.Name, "path", r.URL.Path, "error", errors.Unwrap(e))
}
