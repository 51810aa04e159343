package upstreamtest

import (
	"crypto/rand"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed pages
var pages embed.FS

// Options configures a simulator. The zero value will do.
type Options struct {
	// BaseURL is where browsers and connectors find the simulator, without a slash at the end. Start sets it; give it when Handler is served otherwise.
	BaseURL      string
	ClientID     string // default: "symbolon-at-google", "1000000000000001"
	ClientSecret string // default: one that says it is simulated
	// RedirectURIs lists what the client has registered, compared exactly. Empty: every URI on a loopback host.
	RedirectURIs []string
	People       []Person // default: GooglePeople, FacebookPeople
}

// Request is a line of the journal.
type Request struct {
	Endpoint string      `json:"endpoint"` // "token"
	Method   string      `json:"method"`
	Path     string      `json:"path"`
	Query    string      `json:"query,omitempty"`
	Form     string      `json:"form,omitempty"` // of a POST, encoded
	Header   http.Header `json:"header,omitempty"`
}

// simulator is what both have in common: people, journal, behaviour, pages, listener.
type simulator struct {
	name      string // "Google"
	options   Options
	mux       *http.ServeMux
	templates *template.Template

	mu        sync.Mutex
	behaviour Behaviour
	journal   []Request
	server    *http.Server
}

func newSimulator(name string, o Options) *simulator {
	s := &simulator{name: name, options: o, mux: http.NewServeMux()}
	s.templates = template.Must(template.ParseFS(pages, "pages/*.html"))
	s.mux.HandleFunc("POST /_sim/behaviour", s.setBehaviour)
	s.mux.HandleFunc("POST /_sim/reset", func(w http.ResponseWriter, _ *http.Request) { s.Reset(); w.WriteHeader(http.StatusNoContent) })
	s.mux.HandleFunc("GET /_sim/journal", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, http.StatusOK, s.Journal("")) })
	s.mux.HandleFunc("/_sim/canary", s.endpoint("canary", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	s.mux.HandleFunc("GET /_sim/style.css", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, pages, "pages/style.css") })
	s.mux.HandleFunc("GET /_sim/photo/{key}", s.photo)
	s.mux.HandleFunc("POST /signout", s.signOut)
	return s
}

// ServeHTTP makes the simulator a handler.
func (s *simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// BaseURL returns where the simulator is.
func (s *simulator) BaseURL() string { return s.options.BaseURL }

// Start listens on addr ("127.0.0.1:0"), which must be loopback, and serves until Close.
func (s *simulator) Start(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("simulated %s: %w", s.name, err)
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return fmt.Errorf("simulated %s: %q is not a loopback address", s.name, host)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("simulated %s: %w", s.name, err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return fmt.Errorf("simulated %s: %w", s.name, err)
	}
	s.options.BaseURL = "http://" + net.JoinHostPort(host, port)
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	s.mu.Lock()
	s.server = server
	s.mu.Unlock()
	go server.Serve(listener) // returns http.ErrServerClosed after Close
	return nil
}

// Close ends what Start began, hanging requests included.
func (s *simulator) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server == nil {
		return errors.New("not started")
	}
	return s.server.Close()
}

// SetBehaviour replaces the behaviour.
func (s *simulator) SetBehaviour(b Behaviour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behaviour = b
}

// Reset empties the journal and ends all misbehaviour. Sessions, consents and keys stay.
func (s *simulator) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behaviour, s.journal = Behaviour{}, nil
}

// Journal returns the requests seen at the endpoint, oldest first; at all endpoints for "".
func (s *simulator) Journal(endpoint string) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := []Request{}
	for _, r := range s.journal {
		if endpoint == "" || r.Endpoint == endpoint {
			seen = append(seen, r)
		}
	}
	return seen
}

func (s *simulator) current() Behaviour {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.behaviour
}

// endpoint records the request and plays the faults before the handler.
func (s *simulator) endpoint(name string, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		if err := r.ParseForm(); err != nil {
			http.Error(w, "malformed request", http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		s.journal = append(s.journal, Request{
			Endpoint: name, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Form: r.PostForm.Encode(), Header: r.Header.Clone(),
		})
		b := s.behaviour
		s.mu.Unlock()
		if !b.interfere(w, r, name) {
			h(w, r)
		}
	}
}

func (s *simulator) setBehaviour(w http.ResponseWriter, r *http.Request) {
	var b Behaviour
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
	d.DisallowUnknownFields()
	if err := d.Decode(&b); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.SetBehaviour(b)
	w.WriteHeader(http.StatusNoContent)
}

// registered says whether the client may be sent to the URI.
func (s *simulator) registered(uri string) bool {
	if len(s.options.RedirectURIs) > 0 {
		return slices.Contains(s.options.RedirectURIs, uri)
	}
	return strings.HasPrefix(uri, "http://127.") || strings.HasPrefix(uri, "http://localhost:") || strings.HasPrefix(uri, "http://[::1]:")
}

// random returns 128 bits in 22 characters.
func random() string {
	var b [16]byte
	rand.Read(b[:]) // never fails, crypto/rand says
	return base64.RawURLEncoding.EncodeToString(b[:])
}
