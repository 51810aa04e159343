package provider

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

// keyHost answers requests for keys without a network, so that time in a test is synctest's.
type keyHost struct {
	mu     sync.Mutex
	body   string
	cache  string
	status int
	err    error
	delay  time.Duration
	calls  int
}

func (h *keyHost) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	h.calls++
	body, cache, status, err, delay := h.body, h.cache, h.status, h.err, h.delay
	h.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if err != nil {
		return nil, err
	}
	header := http.Header{"Cache-Control": {cache}}
	return &http.Response{StatusCode: max(status, 200), Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func (h *keyHost) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

func (h *keyHost) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.calls
}

func keySetOf(t *testing.T, kid string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: kid}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func keysAt(uri string) *clients.Client {
	return &clients.Client{ID: "c", Metadata: clients.Metadata{TokenEndpointAuthMethod: clients.AuthMethodPrivateKeyJWT, JWKSURI: uri}}
}

// finds says whether the client has a key of the name.
func finds(t *testing.T, k *clientKeys, c *clients.Client, kid string) bool {
	t.Helper()
	ctx, _ := web.NewEvent(t.Context())
	ok, err := k.verify(ctx, c, func(keys []jose.JSONWebKey) bool {
		for _, key := range keys {
			if key.KeyID == kid {
				return true
			}
		}
		return false
	})
	if err != nil {
		t.Errorf("%s: %v", kid, err)
	}
	return ok
}

// OIDC Core §10.1.1: a client that has changed its keys behind jwks_uri is understood within a minute, and whoever invents kids causes one request
// every 30 s.
func TestClientKeyRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := &keyHost{body: keySetOf(t, "old"), cache: "max-age=86400"}
		k, c := newClientKeys(&http.Client{Transport: host}), keysAt("https://app.example/jwks")
		if !finds(t, k, c, "old") || finds(t, k, c, "new") || host.count() != 1 {
			t.Fatalf("first: %d requests", host.count())
		}
		host.set(func() { host.body = keySetOf(t, "new") })
		time.Sleep(31 * time.Second)
		if !finds(t, k, c, "new") || finds(t, k, c, "old") || host.count() != 2 {
			t.Errorf("rotated: %d requests", host.count())
		}
		for range 600 { // ten minutes of a kid a second
			finds(t, k, c, "invented")
			time.Sleep(time.Second)
		}
		if n := host.count(); n > 2+20 {
			t.Errorf("%d requests in ten minutes", n)
		}
	})
}

// Cache-Control is followed between a minute and an hour; without it a set is fresh for five minutes.
func TestClientKeysCached(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": 5 * time.Minute, "max-age=600": 10 * time.Minute, "public, max-age=\"120\"": 2 * time.Minute, "max-age=1": time.Minute, "max-age=0": time.Minute, "no-store": time.Minute, "Max-Age=86400": time.Hour,
		"max-age=999999999999999999999": 5 * time.Minute, "max-age=-5": 5 * time.Minute, "private": 5 * time.Minute, "no-cache, max-age=600": time.Minute,
	} {
		synctest.Test(t, func(t *testing.T) {
			host := &keyHost{body: keySetOf(t, "k"), cache: header}
			k, c := newClientKeys(&http.Client{Transport: host}), keysAt("https://app.example/jwks")
			finds(t, k, c, "k")
			time.Sleep(want - time.Second)
			if !finds(t, k, c, "k") || host.count() != 1 {
				t.Errorf("%q: fetched anew too soon", header)
			}
			time.Sleep(2 * time.Second)
			if !finds(t, k, c, "k") || host.count() != 2 {
				t.Errorf("%q: not fetched anew", header)
			}
		})
	}
}

// A client whose address is down keeps its keys for an hour, and no longer; and is seen soon after it comes up.
func TestClientKeysStaleOnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := &keyHost{body: keySetOf(t, "k"), cache: "max-age=60"}
		k, c := newClientKeys(&http.Client{Transport: host}), keysAt("https://app.example/jwks")
		finds(t, k, c, "k")
		host.set(func() { host.err = errors.New("down") })
		time.Sleep(30 * time.Minute)
		if !finds(t, k, c, "k") {
			t.Error("the keys are gone after half an hour")
		}
		before := host.count()
		finds(t, k, c, "k")
		if host.count() != before {
			t.Error("a host that is down is asked for each request")
		}
		time.Sleep(32 * time.Minute)
		if finds(t, k, c, "k") {
			t.Error("the keys live for more than an hour after their time")
		}
		host.set(func() { host.err = nil })
		time.Sleep(jwksFailurePause)
		if !finds(t, k, c, "k") {
			t.Error("a client that is up again is not seen")
		}
	})
}

// SS-06: many who want one set cause one request; a host that does not answer ties up a few fetches, and no other host's.
func TestClientKeysFetchStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, fast := &keyHost{body: keySetOf(t, "k"), delay: time.Hour}, &keyHost{body: keySetOf(t, "k"), delay: time.Second}
		k := newClientKeys(&http.Client{Transport: byHost{"slow.example": slow, "fast.example": fast}})
		var busy atomic.Int64
		var wg sync.WaitGroup
		for i := range 500 {
			wg.Go(func() {
				ctx, _ := web.NewEvent(t.Context())
				_, err := k.verify(ctx, keysAt(fmt.Sprintf("https://slow.example/%d", i)), func([]jose.JSONWebKey) bool { return false })
				if errors.Is(err, errClientKeysBusy) {
					busy.Add(1)
				} else if err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(100 * time.Millisecond)
		if n := slow.count(); n != maxJWKSFetchesPerHost || busy.Load() != 500-maxJWKSFetchesPerHost {
			t.Errorf("%d requests at once to one host, %d turned away", n, busy.Load())
		}
		start := time.Now()
		for range 20 {
			wg.Go(func() {
				if !finds(t, k, keysAt("https://fast.example/jwks"), "k") {
					t.Error("another client's keys are not found")
				}
			})
		}
		wg.Wait()
		if took := time.Since(start); fast.count() != 1 || took > jwksTimeout {
			t.Errorf("%d requests for one set, all done after %v", fast.count(), took)
		}
		if k.running != 0 || len(k.fetching) != 0 {
			t.Errorf("still counted: %d, %v", k.running, k.fetching)
		}
	})
}

type byHost map[string]*keyHost

func (m byHost) RoundTrip(r *http.Request) (*http.Response, error) { return m[r.URL.Host].RoundTrip(r) }

// One caller that goes away does not fail the others, nor the fetch.
func TestClientKeysCancelledCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := &keyHost{body: keySetOf(t, "k"), delay: time.Second}
		k, c := newClientKeys(&http.Client{Transport: host}), keysAt("https://app.example/jwks")
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			time.Sleep(time.Millisecond)
			cancel()
		}()
		if _, err := k.verify(ctx, c, func([]jose.JSONWebKey) bool { return true }); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		time.Sleep(2 * time.Second)
		if !finds(t, k, c, "k") || host.count() != 1 {
			t.Errorf("%d requests", host.count())
		}
	})
}

// The number of sets in memory is bounded, whatever is registered.
func TestClientKeysBounded(t *testing.T) {
	host := &keyHost{body: keySetOf(t, "k")}
	k := newClientKeys(&http.Client{Transport: host})
	for i := range 3 * maxJWKSSets {
		if !finds(t, k, keysAt(fmt.Sprintf("https://app.example/%d", i)), "k") {
			t.Fatal("keys not found")
		}
	}
	if len(k.sets) > maxJWKSSets {
		t.Errorf("%d sets in memory", len(k.sets))
	}
}

// SS-01, SS-02, SS-05: no packet reaches a private address, under whatever name. SS-03: what is there may be hostile.
func TestClientKeysHostileHosts(t *testing.T) {
	var canary atomic.Int64
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			canary.Add(1)
			c.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	guarded := newClientKeys(web.Egress{}.Client())
	for _, host := range []string{"127.0.0.1", "localhost", "localhost.", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "0x7f.1", "2130706433", "user:pass@127.0.0.1"} {
		for _, scheme := range []string{"https", "http", "file", "gopher"} {
			if finds(t, guarded, keysAt(scheme+"://"+host+":"+port+"/jwks"), "k") {
				t.Errorf("%s: keys were found", host)
			}
		}
	}
	if n := canary.Load(); n > 0 {
		t.Errorf("%d connections reached a private address", n)
	}

	good := keySetOf(t, "k")
	for name, serve := range map[string]http.HandlerFunc{
		"an endless body": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(bytes.Repeat([]byte(" "), 64<<10)); err != nil {
					return
				}
			}
		},
		"a gzip bomb": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for range 256 {
				z.Write(make([]byte, 1<<20))
			}
			z.Close()
		},
		"10,000 headers": func(w http.ResponseWriter, _ *http.Request) {
			for i := range 10000 {
				w.Header().Set(fmt.Sprintf("X-%d", i), "x")
			}
			io.WriteString(w, good)
		},
		"over 1 MiB": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat(" ", 1<<20)+good) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/there" {
				io.WriteString(w, good)
				return
			}
			http.Redirect(w, r, "/there", http.StatusFound)
		},
		"10,000 keys": func(w http.ResponseWriter, _ *http.Request) {
			key := strings.TrimSuffix(strings.TrimPrefix(good, `{"keys":[`), "]}")
			io.WriteString(w, `{"keys":[`+key+strings.Repeat(","+key, 2000)+"]}")
		},
		"keys twice": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"keys":[],`+good[1:]) },
		"a page":     func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") },
		"status 500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500); io.WriteString(w, good) },
		"hangs up":   func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		server := httptest.NewServer(serve)
		start := time.Now()
		if finds(t, newClientKeys(web.Egress{AllowPrivate: true}.Client()), keysAt(server.URL), "k") {
			t.Errorf("%s: keys were found", name)
		}
		if took := time.Since(start); took > jwksTimeout+2*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
		server.CloseClientConnections()
		server.Close()
	}
	// A host that is down says nothing more than that to the operator, and takes no longer than the limit.
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		k := newClientKeys(&http.Client{Transport: &keyHost{delay: time.Hour}})
		if finds(t, k, keysAt("https://app.example/jwks"), "k") || time.Since(start) != jwksTimeout {
			t.Errorf("took %v", time.Since(start))
		}
	})
}
