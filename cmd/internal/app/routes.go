package app

import (
	"context"
	"net/http"
	"time"

	"github.com/symbolon-id/symbolon/provider/web"
)

// Limits of every request; routes set tighter ones.
const (
	maxBody        = 1 << 20
	requestTimeout = 15 * time.Second
)

// Routes is the whole route list of a node: every endpoint, its guards and its methods.
func (a *App) Routes() []web.Route {
	routes := append(a.provider.Routes(), a.ui.Routes()...)
	routes = append(routes, a.admin.Routes()...)
	if a.register != nil {
		routes = append(routes, a.register.Routes()...)
	}
	routes = append(routes,
		web.Route{Pattern: "GET /healthz", Handler: http.HandlerFunc(serveHealth)},
		web.Route{Pattern: "GET /readyz", Handler: http.HandlerFunc(a.serveReady)},
	)
	if a.config.MetricsListen == "" {
		routes = append(routes, web.Route{Pattern: "GET /metrics", Handler: a.metrics.handler()})
	}
	return routes
}

// Handler serves the route list.
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	web.Mount(mux, a.Routes()...)
	return web.Serve(web.Config{
		Log: a.log, Proxies: web.NewProxies(a.config.TrustedProxies), Observe: a.metrics.observe, MaxBody: maxBody, Timeout: requestTimeout,
		Panic: func(w http.ResponseWriter, r *http.Request) {
			a.ui.ErrorPage(w, r, &web.PageError{Kind: web.PageInternal})
		},
	}, a.unmatched(mux))
}

// serveHealth says that the process answers.
func serveHealth(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") }

// serveReady says whether requests should be sent to this node: its database answers, it can sign, and it is not about to stop.
func (a *App) serveReady(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	switch {
	case a.stopping.Load():
		plain(w, http.StatusServiceUnavailable, "stopping\n")
	case a.keys.Ready() != nil:
		plain(w, http.StatusServiceUnavailable, "no signing key\n")
	case a.stores.DB.Ping(ctx) != nil:
		plain(w, http.StatusServiceUnavailable, "database does not answer\n")
	default:
		a.serveClock(ctx, w)
	}
}

// maxClockOffset is how far the clocks of this node and its database may be apart: more makes codes and tokens of other nodes invalid.
const maxClockOffset = time.Minute

func (a *App) serveClock(ctx context.Context, w http.ResponseWriter) {
	switch offset, err := a.stores.DB.ClockOffset(ctx); {
	case err != nil:
		plain(w, http.StatusServiceUnavailable, "database does not answer\n")
	case offset.Abs() > maxClockOffset:
		plain(w, http.StatusServiceUnavailable, "the clocks of this node and of the database are "+offset.Abs().Round(time.Second).String()+" apart\n")
	default:
		plain(w, http.StatusOK, "ready\n")
	}
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
	}
	w.WriteHeader(status)
	w.Write([]byte(text))
}
