package bearer

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// bubble runs f in a synctest bubble, with a Verifier that is closed at its end.
func bubble(t *testing.T, change func(*Config), f func(t *testing.T, w *world, v *Verifier)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		v := w.verifier(change)
		defer v.Close()
		f(t, w, v)
	})
}

func accepts(t *testing.T, v *Verifier, token string) {
	t.Helper()
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Errorf("at %s: %v", time.Now().Format(time.TimeOnly), err)
	}
}

func TestMW02ForgedTokensDoNotFetch(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
		accepts(t, v, w.token(nil))
		eve := w.newKey("", "ES256")
		bad := w.token(nil)
		bad = bad[:len(bad)-4] + "AAAA" // a known kid and a bad signature
		unknown := make([]string, 100)
		for i := range unknown {
			eve.id = fmt.Sprint("eve", i)
			unknown[i] = eve.sign(t, map[string]any{"typ": "at+jwt"}, w.claims())
		}
		good := w.token(map[string]any{"exp": time.Now().Unix() + 3600})
		before := w.fetched(keysPath)
		for range 60 {
			for _, token := range unknown {
				_, err := v.Verify(t.Context(), token)
				refused(t, err, http.StatusUnauthorized, "invalid_token")
			}
			_, err := v.Verify(t.Context(), bad)
			refused(t, err, http.StatusUnauthorized, "invalid_token")
			accepts(t, v, good)
			time.Sleep(time.Second)
		}
		if n := w.fetched(keysPath) - before; n > 2 {
			t.Errorf("6,000 tokens with unknown kids in a minute caused %d fetches", n)
		}
		if n := w.fetched(metadataPath); n != 1 {
			t.Errorf("metadata was fetched %d times", n)
		}
		before = w.fetched(keysPath)
		for range 100 {
			_, _ = v.Verify(t.Context(), bad)
			time.Sleep(time.Second)
		}
		if n := w.fetched(keysPath) - before; n != 0 {
			t.Errorf("a known kid with a bad signature caused %d fetches", n)
		}
	})
}

func TestMW02OneFetchAtATime(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
		w.hang[keysPath] = 2 * time.Second
		var wg sync.WaitGroup
		token := w.token(nil)
		for range 200 {
			wg.Go(func() { accepts(t, v, token) })
		}
		wg.Wait()
		if n := w.fetched(keysPath); n != 1 {
			t.Errorf("%d fetches", n)
		}
	})
}

func TestKeyRotation(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
		old := w.signer
		first := w.token(map[string]any{"exp": time.Now().Unix() + 3600})
		accepts(t, v, first)
		next := w.newKey("k2", "EdDSA")
		w.publish(old, next)
		time.Sleep(31 * time.Second)
		w.set(func() { w.signer = next })
		accepts(t, v, w.token(nil)) // an unknown kid fetches the keys at once
		accepts(t, v, first)
		// A withdrawn key verifies no longer than the set's lifetime (600 s here).
		w.publish(next)
		time.Sleep(601 * time.Second)
		_, err := v.Verify(t.Context(), first)
		refused(t, err, http.StatusUnauthorized, "invalid_token")
		accepts(t, v, w.token(nil))
	})
}

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

func TestKeysAreRefreshedInTheBackgroundWhileInUse(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
		token := w.token(map[string]any{"exp": time.Now().Unix() + 80_000})
		accepts(t, v, token)
		w.set(func() { w.hang[keysPath] = 3 * time.Second })
		for range 200 {
			time.Sleep(10 * time.Second)
			began := time.Now()
			accepts(t, v, token)
			if waited := time.Since(began); waited > 0 {
				t.Fatalf("a request waited %s for the keys", waited)
			}
		}
		used := w.fetched(keysPath)
		if used < 3 {
			t.Errorf("%d fetches in 2,000 s", used)
		}
		time.Sleep(12 * time.Hour)
		if n := w.fetched(keysPath) - used; n > 2 {
			t.Errorf("%d fetches while nobody asked", n)
		}
	})
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
			http.Redirect(rw, r, "https://evil.example.com/jwks", 302)
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

func TestMW03StaleKeysAreBounded(t *testing.T) {
	for name, fail := range map[string]func(w *world){
		"refused": func(w *world) { w.down = true },
		"hanging": func(w *world) { w.hang[keysPath], w.hang[metadataPath] = time.Minute, time.Minute },
		"no set": func(w *world) {
			w.answers[keysPath] = func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(503) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
				token := w.token(map[string]any{"exp": time.Now().Unix() + 80_000})
				accepts(t, v, token)
				w.set(func() { fail(w) })
				for range 4100 / 5 { // 10 minutes of lifetime and nearly an hour
					time.Sleep(5 * time.Second)
					began := time.Now()
					accepts(t, v, token)
					if waited := time.Since(began); waited > 0 {
						t.Fatalf("a request waited %s for an issuer that is down", waited)
					}
				}
				time.Sleep(2 * time.Minute)
				_, err := v.Verify(t.Context(), token)
				refused(t, err, http.StatusServiceUnavailable, "temporarily_unavailable")
				if n := w.fetched(keysPath) + w.fetched(metadataPath); n > 1000 {
					t.Errorf("%d fetches in 70 minutes", n)
				}
			})
		})
	}
}

func TestMW03ColdStart(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
		w.set(func() { w.down = true })
		token := w.token(nil)
		_, err := v.Verify(t.Context(), token)
		refused(t, err, http.StatusServiceUnavailable, "temporarily_unavailable")
		w.set(func() { w.down = false })
		time.Sleep(1100 * time.Millisecond)
		accepts(t, v, token)
	})
}

func TestFetchIsBoundedInTime(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
		w.hang[metadataPath] = time.Hour
		began := time.Now()
		_, err := v.Verify(t.Context(), w.token(nil))
		refused(t, err, http.StatusServiceUnavailable, "temporarily_unavailable")
		if took := time.Since(began); took > fetchTimeout {
			t.Errorf("took %s", took)
		}
	})
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

func TestJW08HostileKeys(t *testing.T) {
	w := newWorld(t)
	number := func(n *big.Int) string { return segment(string(n.Bytes())) }
	modulus := func(bits uint, low int64) string {
		return number(new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), bits-1), big.NewInt(low)))
	}
	rsaKey := func(n, e string) string {
		return fmt.Sprintf(`{"kty":"RSA","kid":"k1","alg":"RS256","n":%q,"e":%q}`, n, e)
	}
	for name, jwk := range map[string]string{
		"16384 bits":        rsaKey(modulus(16384, 1), "AQAB"),
		"512 bits":          rsaKey(modulus(512, 1), "AQAB"),
		"2047 bits":         rsaKey(modulus(2047, 1), "AQAB"),
		"even modulus":      rsaKey(modulus(2048, 2), "AQAB"),
		"exponent 1":        rsaKey(modulus(2048, 1), "AQ"),
		"exponent 2":        rsaKey(modulus(2048, 1), "Ag"),
		"exponent 2^32":     rsaKey(modulus(2048, 1), number(new(big.Int).Lsh(big.NewInt(1), 32))),
		"exponent 2^32+1":   rsaKey(modulus(2048, 1), number(big.NewInt(1<<32+1))),
		"point not on it":   `{"kty":"EC","crv":"P-256","kid":"k1","x":"` + segment(strings.Repeat("\x01", 32)) + `","y":"` + segment(strings.Repeat("\x02", 32)) + `"}`,
		"OKP too short":     `{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"` + segment(strings.Repeat("\x01", 31)) + `"}`,
		"OKP too long":      `{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"` + segment(strings.Repeat("\x01", 33)) + `"}`,
		"symmetric":         `{"kty":"oct","kid":"k1","k":"AAAA"}`,
		"for encryption":    `{"kty":"OKP","crv":"Ed25519","kid":"k1","use":"enc","x":"` + segment(strings.Repeat("\x01", 32)) + `"}`,
		"alg of other type": `{"kty":"OKP","crv":"Ed25519","kid":"k1","alg":"ES256","x":"` + segment(strings.Repeat("\x01", 32)) + `"}`,
		"alg not allowed":   `{"kty":"RSA","kid":"k1","alg":"RS512","n":"` + modulus(2048, 1) + `","e":"AQAB"}`,
		"other curve":       `{"kty":"EC","crv":"P-384","kid":"k1","x":"AA","y":"AA"}`,
		"unknown type":      `{"kty":"AKP","kid":"k1"}`,
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			if k, err := parseKey([]byte(jwk), defaultAlgorithms()); err == nil {
				t.Errorf("accepted as %s", k.name)
			}
			if took := time.Since(began); took > 500*time.Millisecond {
				t.Errorf("took %s", took)
			}
			// One bad key does not spoil the good ones.
			good := string(w.keySet())
			set, err := parseKeySet([]byte(strings.Replace(good, "[", "["+jwk+",", 1)), defaultAlgorithms())
			if err != nil || len(set.keys) != 1 {
				t.Errorf("%v", err)
			}
		})
	}
	private, err := json.Marshal(map[string]any{"keys": []any{jsonWebKey(w.signer)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseKeySet(private, defaultAlgorithms()); err == nil {
		t.Error("a private key is accepted")
	}
	one := strings.TrimSuffix(strings.TrimPrefix(string(w.keySet()), `{"keys":[`), `]}`)
	if _, err := parseKeySet([]byte(`{"keys":[`+strings.Repeat(one+",", 9999)+one+`]}`), defaultAlgorithms()); err == nil {
		t.Error("10,000 keys are accepted")
	}
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

func TestClose(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
		token := w.token(map[string]any{"exp": time.Now().Unix() + 80_000})
		accepts(t, v, token)
		v.Close()
		v.Close()
		accepts(t, v, token)
		before := w.fetched(keysPath)
		time.Sleep(3 * time.Hour)
		_, err := v.Verify(t.Context(), token)
		refused(t, err, http.StatusServiceUnavailable, "temporarily_unavailable")
		if w.fetched(keysPath) != before {
			t.Error("a closed Verifier fetched")
		}
	})
	bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
		v.Close()
		_, err := v.Verify(t.Context(), w.token(nil))
		refused(t, err, http.StatusServiceUnavailable, "temporarily_unavailable")
	})
	bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
		w.hang[metadataPath] = time.Hour
		token := w.token(nil)
		go func() { _, _ = v.Verify(t.Context(), token) }()
		synctest.Wait()
		began := time.Now()
		v.Close()
		if time.Since(began) > 0 {
			t.Error("Close waited for a fetch instead of ending it")
		}
	})
}
