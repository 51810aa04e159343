package clients

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestDocumentLifetime(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": 15 * time.Minute, "max-age=600": 10 * time.Minute, "public, max-age=3600": time.Hour, "max-age=0": time.Minute, "no-store": time.Minute,
		"no-cache, max-age=9999": time.Minute, "max-age=99999999": 24 * time.Hour, "max-age=-1": time.Minute, "max-age=x": 15 * time.Minute,
		"max-age=99999999999999999999": 15 * time.Minute, "Max-Age=\"600\"": 10 * time.Minute,
	} {
		if got := documentLifetime(http.Header{"Cache-Control": {header}}); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

// hostile returns documents whose web is one TLS server with the handler, whatever the host.
func hostile(t *testing.T, h http.HandlerFunc) *Documents {
	t.Helper()
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.CloseClientConnections)
	transport := server.Client().Transport.(*http.Transport).Clone()
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
	d, _ := newTestDocuments(transport)
	return d
}

func TestDocumentHostileResponders(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	fmt.Fprint(z, documentOf(documentID, `,"x":"`+strings.Repeat("a", 10<<20)+`"`))
	z.Close()
	stop := make(chan struct{})
	defer close(stop)
	for name, h := range map[string]http.HandlerFunc{
		"SS-03: an endless body": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for r.Context().Err() == nil {
				if _, err := w.Write(bytes.Repeat([]byte(" "), 64<<10)); err != nil {
					return
				}
			}
		},
		"SS-03: hangs after its headers": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
			case <-stop:
			}
		},
		"SS-03: a gzip bomb": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bomb.Bytes()) //nolint:errcheck // cut off in time
		},
		"SS-04: asks for credentials": func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Cookie")+r.Header.Get("Authorization")+r.Header.Get("Referer") != "" {
				t.Errorf("the request carries %v", r.Header)
			}
			w.Header().Set("Set-Cookie", "a=b")
			w.WriteHeader(http.StatusUnauthorized)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, began := hostile(t, h), time.Now()
			if _, err := d.Client(t.Context(), documentID); !errors.Is(err, ErrNotFound) {
				t.Errorf("got %v", err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

// SS-06: slow documents of one host hold no other host up, and there is a bound to all.
func TestDocumentFetchStorm(t *testing.T) {
	var now, most atomic.Int64
	d := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "example.com" {
			for n := now.Add(1); n > most.Load(); n = now.Load() {
				most.Store(n)
			}
			<-r.Context().Done()
			now.Add(-1)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, documentOf("https://"+r.Host+r.URL.Path, ""))
	})
	cache := NewCache(d)
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			if _, err := cache.Client(t.Context(), fmt.Sprintf("https://example.com/%d", i)); !errors.Is(err, ErrNotFound) {
				t.Errorf("slow client %d: %v", i, err)
			}
		})
	}
	time.Sleep(200 * time.Millisecond)
	began := time.Now()
	// The certificate of the test server is also for this name.
	if _, err := cache.Client(t.Context(), "https://www.example.com/client"); err != nil && !strings.Contains(err.Error(), "certificate") {
		t.Errorf("another host's client: %v", err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("another host's client waited %s", took)
	}
	wg.Wait()
	if most.Load() > documentsPerHost {
		t.Errorf("%d requests at once to one host", most.Load())
	}
}

func FuzzClientDocument(f *testing.F) {
	f.Add(documentOf(documentID, ""))
	f.Add(documentOf(documentID, `,"scope":"openid","grant_types":["refresh_token"],"client_name#ko":"가"`))
	f.Add(documentOf(documentID, `,"redirect_uris":["http://127.0.0.1/cb","com.example.app:/cb"],"application_type":null`))
	f.Add(`{"client_id":1}`)
	f.Add(`{"jwks":{"keys":[{"d":""}]}}`)
	f.Fuzz(func(t *testing.T, body string) {
		m, err := parseDocument(documentID, []byte(body))
		if err != nil {
			return
		}
		policy := testPolicy()
		if policy.Prepare(&m) != nil {
			return
		}
		again := m
		if err := policy.Prepare(&again); err != nil {
			t.Errorf("what is registered cannot be registered again: %v", err)
		}
		if m.TokenEndpointAuthMethod == AuthMethodBasic || m.TokenEndpointAuthMethod == AuthMethodPost || m.TokenEndpointAuthMethod == AuthMethodSecretJWT {
			t.Errorf("a shared secret: %s", m.TokenEndpointAuthMethod)
		}
		if m.SkipConsent || m.IntrospectAny || len(m.Audience) > 0 || len(m.RedirectURIs) == 0 {
			t.Errorf("privileges, or no way back: %+v", m)
		}
	})
}
