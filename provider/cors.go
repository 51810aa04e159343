package provider

import (
	"context"
	"net/http"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

// Browser apps call some endpoints from pages of their own origin. What they may read is decided per client: an answer is readable by the origins
// of the client's registered redirect URIs, once the request has shown which client it is. No endpoint takes cookies, so none allows credentials.
// The authorization endpoint is none of them (RFC 9700 §2.6).

type corsKey struct{}

// corsRequest is a request that comes with an Origin.
type corsRequest struct {
	origin string
	header http.Header // of the answer
}

// cors is the guard of the endpoints that browser apps call.
func cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		if origin := r.Header.Get("Origin"); origin != "" {
			r = r.WithContext(context.WithValue(r.Context(), corsKey{}, &corsRequest{origin: origin, header: w.Header()}))
		}
		next.ServeHTTP(w, r)
	})
}

// allowOrigin lets the page that sent the request read the answer, when its origin is one of the client's.
func allowOrigin(ctx context.Context, c *clients.Client) {
	request, ok := ctx.Value(corsKey{}).(*corsRequest)
	if !ok || !has(originsOf(c), request.origin) {
		return
	}
	request.header.Set("Access-Control-Allow-Origin", request.origin)
	request.header.Set("Access-Control-Expose-Headers", "DPoP-Nonce, WWW-Authenticate, Retry-After")
}

// allowAnyOrigin lets every page read the answer: a refusal, which says nothing about anybody, and which an app must tell from a broken network.
func allowAnyOrigin(ctx context.Context) {
	request, ok := ctx.Value(corsKey{}).(*corsRequest)
	if !ok || request.header.Get("Access-Control-Allow-Origin") != "" {
		return
	}
	request.header.Set("Access-Control-Allow-Origin", "*")
	request.header.Set("Access-Control-Expose-Headers", "DPoP-Nonce, WWW-Authenticate, Retry-After")
}

// originsOf returns the origins of the client's http and https redirect URIs.
func originsOf(c *clients.Client) []string {
	var origins []string
	for _, uri := range c.Metadata.RedirectURIs {
		if origin := originOf(uri); origin != "" {
			origins = append(origins, origin)
		}
	}
	return origins
}

// servePreflight answers what a browser asks before it sends such a request. It says nothing about any client: whether the answer
// may be read is decided when the request itself is there.
func servePreflight(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP, MCP-Protocol-Version, *") // not every browser knows the star
	h.Set("Access-Control-Max-Age", "600")                                                              // what the browser remembers; Cache-Control is for others
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

// preflights are the routes of preflight requests.
func preflights(paths ...string) []web.Route {
	var routes []web.Route
	for _, path := range paths {
		routes = append(routes, web.Route{Pattern: "OPTIONS " + path, Handler: http.HandlerFunc(servePreflight)})
	}
	return routes
}
