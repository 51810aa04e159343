package bearer

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"
)

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
		"zlib bomb":        {bits: 1, claims: map[string]any{"status_list": map[string]any{"bits": 1, "lst": deflate(make([]byte, maxListBytes+1))}}},
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
