package bearer

import (
	"fmt"
	"net/http"
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
