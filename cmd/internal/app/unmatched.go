package app

import (
	"net/http"
	"path"
	"strings"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/web"
)

// unmatched answers requests that meet no route as the surface they aim at does, instead of with the mux's plain text. The mux's own redirects
// of unclean paths are not followed: a path is right or it is not there. It is looked at as it was sent: an escaped slash is part of a segment, such as
// a client id that is an address.
func (a *App) unmatched(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, pattern := mux.Handler(r)
		switch {
		case pattern != "" && r.URL.EscapedPath() == cleaned(r.URL.EscapedPath()):
			mux.ServeHTTP(w, r)
		case pattern == "" && allowed(handler, r) != "":
			w.Header().Set("Allow", allowed(handler, r))
			a.refuse(w, r, web.PageMethod)
		default:
			a.refuse(w, r, web.PageNotFound)
		}
	})
}

// refuse answers with an error of the surface that the path belongs to: a page for people, JSON for clients.
func (a *App) refuse(w http.ResponseWriter, r *http.Request, kind web.PageErrorKind) {
	e := &web.PageError{Kind: kind}
	if !forClients(r.URL.Path) {
		a.ui.ErrorPage(w, r, e)
		return
	}
	sentence := map[web.PageErrorKind]string{
		web.PageNotFound: "There is no such endpoint. The discovery document lists them.",
		web.PageMethod:   "The endpoint does not take this method; the Allow header says which it takes.",
		web.PageInternal: "Something went wrong on the server.",
	}
	provider.Refuse(w, e.Status(), sentence[kind])
}

// forClients reports whether programs call the path, rather than browsers with a person before them.
func forClients(p string) bool {
	for _, page := range []string{"/oauth2/authorize", "/oauth2/logout"} {
		if strings.HasPrefix(p, page) {
			return false
		}
	}
	return strings.HasPrefix(p, "/oauth2/") || strings.HasPrefix(p, "/.well-known/") || strings.HasPrefix(p, "/admin/v1/")
}

// cleaned returns the path as the mux would have it: without "//", "/./" and "/../".
func cleaned(p string) string {
	if p == "" || p[0] != '/' {
		return ""
	}
	clean := path.Clean(p)
	if p[len(p)-1] == '/' && clean != "/" {
		clean += "/"
	}
	return clean
}

// allowed returns the methods that the path of r has routes for, when r's is not among them: what the mux's own answer would name.
func allowed(handler http.Handler, r *http.Request) string {
	probe := &headerProbe{header: http.Header{}}
	handler.ServeHTTP(probe, r)
	if probe.status != http.StatusMethodNotAllowed {
		return ""
	}
	return probe.header.Get("Allow")
}

// headerProbe takes an answer and keeps its head only.
type headerProbe struct {
	header http.Header
	status int
}

// Header implements http.ResponseWriter.
func (p *headerProbe) Header() http.Header { return p.header }

// WriteHeader implements http.ResponseWriter.
func (p *headerProbe) WriteHeader(status int) { p.status = status }

// Write implements http.ResponseWriter.
func (p *headerProbe) Write(b []byte) (int, error) { return len(b), nil }
