package app

import (
	"net/http"
	"path"
)

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
