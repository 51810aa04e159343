package web

import "net/http"

// Handler answers a request, or returns an error without having written anything. It never does both.
type Handler func(w http.ResponseWriter, r *http.Request) error

// ErrorWriter answers a request whose handler returned err. Each surface has one.
type ErrorWriter func(w http.ResponseWriter, r *http.Request, err error)

// Handle makes an http.Handler of h whose errors are answered by onError.
func Handle(h Handler, onError ErrorWriter) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			onError(w, r, err)
		}
	})
}

// Guard wraps a handler with a check that may refuse the request before it. What guards a route stands on its line.
type Guard func(http.Handler) http.Handler

// Route is one line of the route list: a pattern of http.ServeMux with its method, the guards from the outside in, and the handler.
type Route struct {
	Pattern string // "GET /oauth2/authorize"
	Guards  []Guard
	Handler http.Handler
}

// Mount adds the routes to mux, each behind its guards.
func Mount(mux *http.ServeMux, routes ...Route) {
	for _, route := range routes {
		h := route.Handler
		for i := len(route.Guards) - 1; i >= 0; i-- {
			h = route.Guards[i](h)
		}
		mux.Handle(route.Pattern, h)
	}
}
