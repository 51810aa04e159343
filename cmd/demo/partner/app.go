package partner

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Config is what a partner developer gets from the administrator, and where the app runs.
type Config struct {
	Product      Product
	BaseURL      string // where browsers find the app: "http://127.0.0.1:9001"
	Issuer       string
	ClientID     string
	ClientSecret string
	Log          *slog.Logger
}

// App is a partner app.
type App struct {
	config   Config
	client   *http.Client
	sessions *sessions
	attempts *attempts
	look     *look

	mu sync.Mutex
	rp *relyingParty // nil until the provider has answered once
}

// New returns an app. It asks the provider nothing before somebody signs in.
func New(cfg Config) (*App, error) {
	l, err := newLook(cfg.Product.Look)
	if err != nil {
		return nil, err
	}
	return &App{
		config: cfg, look: l, sessions: newSessions(), attempts: newAttempts(),
		client: &http.Client{
			Timeout: 10 * time.Second,
			// Endpoints do not redirect. Following would take a code or a token somewhere else.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Handler serves the app.
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.serveHome)
	mux.HandleFunc("GET /style.css", a.look.serveStyle)
	mux.HandleFunc("GET /sign-in", a.serveSignIn)
	mux.HandleFunc("GET "+CallbackPath, a.serveCallback)
	mux.HandleFunc("POST /introspect", a.serveIntrospect)
	mux.HandleFunc("POST /refresh", a.serveRefresh)
	mux.HandleFunc("POST /log-out", a.serveLogOut)
	mux.HandleFunc("GET "+SignedOutPath, a.serveSignedOut)
	if a.config.Product.API {
		mux.HandleFunc("POST /call-api", a.serveCallAPI)
		mux.HandleFunc("GET "+ShelfPath, a.serveShelf)
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
