package bearer

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

const hour = 3600

// listed returns a token that lives for ten hours and has an index on the list.

func (w *world) listed(path string, index int) string {
	return w.token(map[string]any{"exp": time.Now().Unix() + 10*hour, "status": w.status(path, index)})
}

func revoked(t *testing.T, v *Verifier, token string) {
	t.Helper()
	if _, err := v.Verify(t.Context(), token); !errors.Is(err, ErrRevoked) {
		t.Errorf("at %s: got %v, want ErrRevoked", time.Now().Format(time.TimeOnly), err)
	}
}

func TestRevocationReachesWithinTheTTL(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
		list := &testList{bits: 1, statuses: make([]byte, 128), ttl: 30}
		w.lists["/status/1"] = list
		ours, other := w.listed("/status/1", 9), w.listed("/status/1", 8)
		accepts(t, v, ours)
		w.set(func() { w.hang["/status/1"] = 200 * time.Millisecond })
		time.Sleep(10 * time.Second)
		for round := range 10 {
			w.set(func() { list.statuses[1] = 0x02 })
			at := time.Now()
			for {
				began := time.Now()
				_, err := v.Verify(t.Context(), ours)
				if waited := time.Since(began); waited > 0 {
					t.Fatalf("a request waited %s although the list is in use", waited)
				}
				if errors.Is(err, ErrRevoked) {
					break
				}
				if took := time.Since(at); took > 31*time.Second {
					t.Fatalf("round %d: still accepted after %s", round, took)
				}
				time.Sleep(100 * time.Millisecond)
			}
			accepts(t, v, other)
			w.set(func() { list.statuses[1] = 0 }) // a suspended token may come back
			time.Sleep(32 * time.Second)
			accepts(t, v, ours)
		}
	})
}

func TestStatusValues(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
		w.lists["/status/2"] = &testList{bits: 2, statuses: []byte{0b11_10_01_00}, ttl: 30}
		accepts(t, v, w.listed("/status/2", 0))
		for index := 1; index < 4; index++ { // INVALID, SUSPENDED, application specific
			revoked(t, v, w.listed("/status/2", index))
		}
		_, err := v.Verify(t.Context(), w.listed("/status/2", 4))
		refused(t, err, http.StatusUnauthorized, "invalid_token") // Token Status List §8.3: out of bounds
	})
}

func TestFirstSeenListIsFetchedOnce(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
		w.lists["/status/1"] = &testList{bits: 1, statuses: make([]byte, 128), ttl: 30}
		w.hang["/status/1"] = time.Second
		var wg sync.WaitGroup
		for i := range 100 {
			token := w.listed("/status/1", i)
			wg.Go(func() { accepts(t, v, token) })
		}
		wg.Wait()
		if n := w.fetched("/status/1"); n != 1 {
			t.Errorf("%d fetches", n)
		}
	})
}

func TestStatusPolicy(t *testing.T) {
	w := newWorld(t)
	w.lists["/status/1"] = &testList{bits: 1, statuses: []byte{0xFF}}
	require := w.verifier(func(c *Config) { c.Status.Require = true })
	_, err := require.Verify(t.Context(), w.token(nil))
	refused(t, err, http.StatusUnauthorized, "invalid_token")
	revoked(t, require, w.listed("/status/1", 1))

	ignore := w.verifier(func(c *Config) { c.Status.DangerouslyIgnoreStatus = true })
	accepts(t, ignore, w.listed("/status/1", 1))

	const elsewhere = "https://status.example.com/1"
	w.answers[elsewhere] = func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = rw.Write([]byte(w.listToken(&testList{bits: 1, statuses: []byte{0xFF}}, elsewhere)))
	}
	token := w.token(map[string]any{"status": map[string]any{"status_list": map[string]any{"idx": 1, "uri": elsewhere}}})
	_, err = w.verifier(nil).Verify(t.Context(), token)
	refused(t, err, http.StatusUnauthorized, "invalid_token")
	if w.fetched(elsewhere) != 0 {
		t.Error("a list of another origin was fetched (SS-01)")
	}
	revoked(t, w.verifier(func(c *Config) { c.Status.Origins = []string{"https://STATUS.example.com:443"} }), token)
}

func TestListsAreBounded(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
		for i := range 3 * maxLists {
			path := fmt.Sprint("/status/", i)
			w.set(func() { w.lists[path] = &testList{bits: 1, statuses: make([]byte, 8), ttl: 30} })
			accepts(t, v, w.listed(path, 1))
			time.Sleep(time.Second)
		}
		if n := len(*v.status.lists.Load()); n != maxLists {
			t.Errorf("%d lists are kept", n)
		}
		accepts(t, v, w.listed("/status/0", 1))
	})
}

func TestNoListIsFetchedForARefusedToken(t *testing.T) {
	w := newWorld(t)
	v := w.verifier(func(c *Config) { c.RequiredScopes = []string{"read"} })
	for _, changes := range []map[string]any{{"aud": "other"}, {"exp": time.Now().Unix() - 100}, {"iss": "https://evil.example.com"}} {
		changes["status"] = w.status("/status/1", 1)
		_, _ = v.Verify(t.Context(), w.token(changes))
	}
	token := w.listed("/status/1", 1)
	_, _ = v.Verify(t.Context(), token[:len(token)-5]+"AAAAA")
	if n := w.fetched("/status/1"); n != 0 {
		t.Errorf("%d fetches", n)
	}
}

func TestUnchangedListIsNotReadAgain(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
		signed := time.Now()
		w.answers["/status/1"] = func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("ETag", `"a"`)
			if strings.Contains(r.Header.Get("If-None-Match"), `"a"`) {
				rw.WriteHeader(http.StatusNotModified)
				return
			}
			_, _ = rw.Write([]byte(w.listToken(&testList{bits: 1, statuses: make([]byte, 8), ttl: 10, signedAt: signed}, testIssuer+"/status/1")))
		}
		token := w.listed("/status/1", 1)
		for range 60 {
			accepts(t, v, token)
			time.Sleep(time.Second)
		}
		// Old as it is, it is asked for every second and no more often.
		if n := w.fetched("/status/1"); n < 40 || n > 60 {
			t.Errorf("%d fetches", n)
		}
	})
}
