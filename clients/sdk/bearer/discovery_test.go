package bearer

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestKeySetLifetimeIsBounded(t *testing.T) {
	for _, tt := range []struct {
		header     string
		after, not time.Duration // fetched again by after; not yet at not
	}{
		{"max-age=86400", 901 * time.Second, 800 * time.Second},
		{"max-age=1", 301 * time.Second, 260 * time.Second},
		{"no-store", 301 * time.Second, 260 * time.Second},
		{"", 301 * time.Second, 260 * time.Second},
		{"public, MAX-AGE=\"600\"", 601 * time.Second, 530 * time.Second},
		{"max-age=99999999999999999999", 301 * time.Second, 260 * time.Second},
	} {
		t.Run(tt.header, func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
				w.answers[keysPath] = func(rw http.ResponseWriter, _ *http.Request) {
					rw.Header().Set("Cache-Control", tt.header)
					_, _ = rw.Write(w.keySet())
				}
				token := w.token(map[string]any{"exp": time.Now().Unix() + 7200})
				accepts(t, v, token)
				time.Sleep(tt.not)
				accepts(t, v, token)
				if n := w.fetched(keysPath); n != 1 {
					t.Errorf("%d fetches after %s", n, tt.not)
				}
				time.Sleep(tt.after - tt.not)
				accepts(t, v, token)
				if n := w.fetched(keysPath); n != 2 {
					t.Errorf("%d fetches after %s", n, tt.after)
				}
			})
		})
	}
}

func TestMW03BadKeyEndpoint(t *testing.T) {
	html := func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte("<html>")) }
	text := func(s string) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte(s)) }
	}
	for name, answer := range map[string]http.HandlerFunc{
		"500":         func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(500) },
		"HTML":        html,
		"empty set":   text(`{"keys":[]}`),
		"no keys":     text(`{}`),
		"wrong types": text(`{"keys":[1,"a",null,{}]}`),
		"keys twice":  text(`{"keys":[],"keys":[]}`),
		"symmetric":   text(`{"keys":[{"kty":"oct","k":"AAAA","kid":"k1","alg":"HS256"}]}`),
		"2 MiB":       func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(bytes.Repeat([]byte(" "), 2<<20)) },
		"redirect": func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "https://evil.example.com/jwks", http.StatusFound)
		},
		"304": func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNotModified) },
	} {
		t.Run(name, func(t *testing.T) {
			var fetches []Fetch
			change := func(c *Config) { c.OnFetch = func(f Fetch) { fetches = append(fetches, f) } }
			bubble(t, change, func(t *testing.T, w *world, v *Verifier) {
				w.answers[keysPath] = answer
				_, err := v.Verify(t.Context(), w.token(nil))
				refused(t, err, http.StatusServiceUnavailable, "temporarily_unavailable")
				if !errors.Is(err, ErrUnavailable) {
					t.Errorf("%v is not ErrUnavailable", err)
				}
				if last := fetches[len(fetches)-1]; last.Err == nil || last.Kind != "keys" {
					t.Errorf("OnFetch was told %+v", last)
				}
				// It comes back by itself, without a request to cause it.
				w.set(func() { delete(w.answers, keysPath) })
				time.Sleep(lastRetry)
				accepts(t, v, w.token(nil))
				if n := w.fetched("https://evil.example.com/jwks"); n != 0 {
					t.Error("a redirect to another origin was followed")
				}
			})
		})
	}
}

func TestDiscovery(t *testing.T) {
	metadata := func(iss, keys string) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(rw, `{"issuer":%q,"jwks_uri":%q}`, iss, keys)
		}
	}
	for name, tt := range map[string]struct {
		issuer  string
		answers map[string]http.HandlerFunc
		ok      bool
	}{
		"RFC 8414 §3.1": {testIssuer, map[string]http.HandlerFunc{
			metadataPath: http.NotFound, "/.well-known/oauth-authorization-server": metadata(testIssuer, testIssuer+keysPath),
		}, true},
		"RFC 8414 §3.1: with a path": {testIssuer + "/tenant", map[string]http.HandlerFunc{
			"/.well-known/oauth-authorization-server/tenant": metadata(testIssuer+"/tenant", testIssuer+keysPath),
		}, true},
		"OIDC Discovery §4: with a path": {testIssuer + "/tenant/", map[string]http.HandlerFunc{
			"/tenant" + metadataPath: metadata(testIssuer+"/tenant/", testIssuer+keysPath),
		}, true},
		"OIDC Discovery §4.3: other issuer": {testIssuer, map[string]http.HandlerFunc{metadataPath: metadata("https://evil.example.com", testIssuer+keysPath)}, false},
		"issuer with a slash":               {testIssuer, map[string]http.HandlerFunc{metadataPath: metadata(testIssuer+"/", testIssuer+keysPath)}, false},
		"keys over http":                    {testIssuer, map[string]http.HandlerFunc{metadataPath: metadata(testIssuer, "http://id.example.com/jwks")}, false},
		"keys in a file":                    {testIssuer, map[string]http.HandlerFunc{metadataPath: metadata(testIssuer, "file:///jwks")}, false},
		"no keys":                           {testIssuer, map[string]http.HandlerFunc{metadataPath: metadata(testIssuer, "")}, false},
		"keys on loopback":                  {testIssuer, map[string]http.HandlerFunc{metadataPath: metadata(testIssuer, "http://127.0.0.1/jwks")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.answers = tt.answers
			v := w.verifier(func(c *Config) { c.Issuer = tt.issuer })
			_, err := v.Verify(t.Context(), w.token(map[string]any{"iss": tt.issuer}))
			if (err == nil) != tt.ok {
				t.Error(err)
			}
		})
	}
}

func TestETagOfTheKeySet(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
		token := w.token(map[string]any{"exp": time.Now().Unix() + 7200})
		accepts(t, v, token)
		set, _ := v.keys.get(t.Context(), time.Now())
		time.Sleep(601 * time.Second)
		accepts(t, v, token)
		if again, _ := v.keys.get(t.Context(), time.Now()); again != set || w.fetched(keysPath) != 2 {
			t.Error("an unchanged set was parsed again")
		}
	})
}

func TestGzipBombIsBounded(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(rw)
		zeros := make([]byte, 1<<20)
		for range 64 {
			if _, err := z.Write(zeros); err != nil {
				return
			}
		}
		_ = z.Close()
	}))
	defer server.Close()
	v, err := New(Config{Issuer: server.URL, Audience: testAudience})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	_, err = v.Verify(t.Context(), newWorld(t).token(nil))
	refused(t, err, http.StatusServiceUnavailable, "temporarily_unavailable")
	if !strings.Contains(err.Error(), "larger than") {
		t.Error(err)
	}
}
