package bearer

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
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

func TestTokenStatusListExamples(t *testing.T) {
	// Token Status List §4.1: the examples of one and of two bits.
	one := statusList{bits: 1, statuses: []byte{0xB9, 0xA3}}
	for i, want := range []byte{1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1} {
		if got, ok := one.at(int64(i)); !ok || got != want {
			t.Errorf("1 bit, index %d: %d, %v", i, got, ok)
		}
	}
	two := statusList{bits: 2, statuses: []byte{0xC9, 0x44, 0xF9}}
	for i, want := range []byte{1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3} {
		if got, ok := two.at(int64(i)); !ok || got != want {
			t.Errorf("2 bits, index %d: %d, %v", i, got, ok)
		}
	}
	for _, index := range []int64{-1, 12, 1 << 40} {
		if _, ok := two.at(index); ok {
			t.Errorf("index %d is in the list", index)
		}
	}
	// Token Status List §4.2: the example in JSON.
	r := reader{text: `{"bits":1,"lst":"eNrbuRgAAhcBXQ"}`}
	if bits, statuses := r.statuses(); r.err != nil || bits != 1 || string(statuses) != "\xB9\xA3" {
		t.Errorf("got %d, %x, %v", bits, statuses, r.err)
	}
}

func TestTokenStatusListAnyWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.SampledFrom([]int{1, 2, 4, 8}).Draw(t, "bits")
		values := rapid.SliceOfN(rapid.ByteRange(0, byte(1<<bits-1)), 1, 200).Draw(t, "values")
		packed := make([]byte, (len(values)*bits+7)/8)
		for i, value := range values {
			packed[i*bits/8] |= value << (i * bits % 8)
		}
		r := reader{text: fmt.Sprintf(`{"bits":%d,"lst":%q}`, bits, deflate(packed))}
		gotBits, statuses := r.statuses()
		if r.err != nil {
			t.Fatal(r.err)
		}
		list := statusList{bits: gotBits, statuses: statuses}
		for i, want := range values {
			if got, ok := list.at(int64(i)); !ok || got != want {
				t.Fatalf("index %d: %d, want %d", i, got, want)
			}
		}
	})
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

func TestAgeOfAListInAProxyCounts(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
		list := &testList{bits: 1, statuses: make([]byte, 128), ttl: 30, signedAt: time.Now()}
		w.lists["/status/1"] = list
		time.Sleep(25 * time.Second) // so long it lay in a proxy
		token := w.listed("/status/1", 1)
		accepts(t, v, token)
		w.set(func() { list.signedAt, list.statuses[0] = time.Time{}, 0x02 })
		time.Sleep(6100 * time.Millisecond)
		revoked(t, v, token)
	})
}

func TestOldListFailsClosed(t *testing.T) {
	for name, tt := range map[string]struct {
		ttl   float64
		exp   time.Duration
		max   time.Duration
		until time.Duration // still accepted then, and not 2 s later; the clock skew of 10 s is in it
	}{
		"default, short ttl":  {ttl: 5, until: 69 * time.Second},
		"default, long ttl":   {ttl: 100, until: 209 * time.Second},
		"no ttl":              {ttl: 0, until: 129 * time.Second},
		"configured":          {ttl: 30, max: 5 * time.Minute, until: 309 * time.Second},
		"configured, shorter": {ttl: 300, max: 10 * time.Second, until: 19 * time.Second},
		"expires":             {ttl: 100, exp: 120 * time.Second, until: 129 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			change := func(c *Config) { c.Status.MaxAge = tt.max }
			bubble(t, change, func(t *testing.T, w *world, v *Verifier) {
				w.lists["/status/1"] = &testList{bits: 1, statuses: make([]byte, 128), ttl: tt.ttl, exp: tt.exp}
				token := w.listed("/status/1", 1)
				accepts(t, v, token)
				w.set(func() {
					w.answers["/status/1"] = func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) }
				})
				time.Sleep(tt.until)
				accepts(t, v, token)
				time.Sleep(2 * time.Second)
				_, err := v.Verify(t.Context(), token)
				refused(t, err, http.StatusServiceUnavailable, "temporarily_unavailable")
				accepts(t, v, w.token(nil)) // others are not affected
				w.set(func() { delete(w.answers, "/status/1") })
				time.Sleep(lastRetry)
				accepts(t, v, token)
			})
		})
	}
}

func TestListThatIsNotSignedAnew(t *testing.T) {
	signed := func(w *world) *testList {
		return &testList{bits: 1, statuses: make([]byte, 128), ttl: 30, exp: 24 * time.Hour, signedAt: time.Now()}
	}
	bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
		w.lists["/status/1"] = signed(w)
		token := w.listed("/status/1", 1)
		accepts(t, v, token)
		time.Sleep(71 * time.Second)
		_, err := v.Verify(t.Context(), token)
		refused(t, err, http.StatusServiceUnavailable, "temporarily_unavailable")
	})
	fromFetch := func(c *Config) { c.Status.FreshFromFetch = true }
	bubble(t, fromFetch, func(t *testing.T, w *world, v *Verifier) {
		w.lists["/status/1"] = signed(w)
		token := w.listed("/status/1", 1)
		accepts(t, v, token)
		for range 60 {
			time.Sleep(time.Minute)
			accepts(t, v, token)
		}
	})
}

func TestOlderListDoesNotTakeRevocationsBack(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
		old := time.Now()
		time.Sleep(5 * time.Second)
		list := &testList{bits: 1, statuses: []byte{0x02}, ttl: 10}
		w.lists["/status/1"] = list
		token := w.listed("/status/1", 1)
		revoked(t, v, token)
		w.set(func() { list.signedAt, list.statuses = old, []byte{0} })
		time.Sleep(15 * time.Second)
		revoked(t, v, token)
	})
}

func TestBadLists(t *testing.T) {
	for name, list := range map[string]*testList{
		"other address":    {bits: 1, sub: "https://id.example.com/status/2"},
		"access token":     {bits: 1, typ: "at+jwt"},
		"ID token":         {bits: 1, typ: "JWT"},
		"3 bits":           {bits: 3},
		"0 bits":           {bits: 0},
		"negative ttl":     {bits: 1, ttl: -1},
		"expired":          {bits: 1, exp: -time.Minute},
		"from the future":  {bits: 1, claims: map[string]any{"iat": 4_000_000_000}},
		"other issuer":     {bits: 1, claims: map[string]any{"iss": "https://evil.example.com"}},
		"ttl as string":    {bits: 1, claims: map[string]any{"ttl": "30"}},
		"iat as string":    {bits: 1, claims: map[string]any{"iat": "30"}},
		"no list":          {bits: 1, claims: map[string]any{"status_list": map[string]any{}}},
		"no deflate":       {bits: 1, claims: map[string]any{"status_list": map[string]any{"bits": 1, "lst": "AAAA"}}},
		"cut off":          {bits: 1, claims: map[string]any{"status_list": map[string]any{"bits": 1, "lst": deflate(make([]byte, 999))[:10]}}},
		"not base64url":    {bits: 1, claims: map[string]any{"status_list": map[string]any{"bits": 1, "lst": "!"}}},
		"zlib bomb":        {bits: 1, claims: map[string]any{"status_list": map[string]any{"bits": 1, "lst": deflate(make([]byte, 64<<20))}}},
		"empty list":       {bits: 1, claims: map[string]any{"status_list": map[string]any{"bits": 1, "lst": deflate(nil)}}},
		"bits as string":   {bits: 1, claims: map[string]any{"status_list": map[string]any{"bits": "1", "lst": deflate([]byte{0})}}},
		"wrong sub's type": {bits: 1, claims: map[string]any{"sub": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if list.statuses == nil {
				list.statuses = make([]byte, 8)
			}
			w.lists["/status/1"] = list
			v := w.verifier(nil)
			_, err := v.Verify(t.Context(), w.listed("/status/1", 1))
			var e *Error
			if !errors.As(err, &e) || e.Status != http.StatusServiceUnavailable && name != "empty list" {
				t.Errorf("got %v, want 503", err)
			}
		})
	}
	t.Run("signed by another", func(t *testing.T) {
		w := newWorld(t)
		eve := newWorld(t)
		w.answers["/status/1"] = func(rw http.ResponseWriter, _ *http.Request) {
			_, _ = rw.Write([]byte(eve.listToken(&testList{bits: 1, statuses: make([]byte, 8)}, testIssuer+"/status/1")))
		}
		_, err := w.verifier(nil).Verify(t.Context(), w.listed("/status/1", 1))
		refused(t, err, http.StatusServiceUnavailable, "temporarily_unavailable")
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
