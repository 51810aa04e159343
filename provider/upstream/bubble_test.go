package upstream_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/symbolon-id/symbolon/provider/upstream"
	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
)

// inProcess serves requests by calling the handler, so that a synctest bubble holds both ends.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	server := r.Clone(r.Context())
	server.RequestURI = r.URL.RequestURI()
	if server.Body == nil {
		server.Body = http.NoBody
	}
	p.handler.ServeHTTP(rec, server)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	res := rec.Result()
	res.Request = r
	return res, nil
}

// bubbleWorld is a world without listeners: time stands still unless it is slept through.
func bubbleWorld(t *testing.T) (*world, *browser) {
	t.Helper()
	w := &world{
		google:   upstreamtest.NewGoogle(upstreamtest.Options{BaseURL: "http://127.0.0.1:1"}),
		facebook: upstreamtest.NewFacebook(upstreamtest.Options{BaseURL: "http://127.0.0.1:2"}),
		store:    &attempts{rows: map[string]upstream.Attempt{}},
	}
	route := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Port() == "2" {
			w.facebook.ServeHTTP(rw, r)
			return
		}
		w.google.ServeHTTP(rw, r)
	})
	w.build(t, &http.Client{Transport: inProcess{route}})
	b := newBrowser("ada")
	b.client.Transport = inProcess{route}
	return w, b
}
