package clients

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func storeWith(t testing.TB, ids ...string) *memoryStore {
	t.Helper()
	s := newMemoryStore()
	for _, id := range ids {
		if err := s.CreateClient(context.Background(), &Client{ID: id, Version: 1}, ""); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestCacheAnswersForTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storeWith(t, "a")
		cache := NewCache(store)
		for range 10 {
			if c, err := cache.Client(t.Context(), "a"); err != nil || c.ID != "a" {
				t.Fatal(c, err)
			}
		}
		time.Sleep(cacheTTL - time.Nanosecond)
		cache.Client(t.Context(), "a")
		if n := store.reads.Load(); n != 1 {
			t.Errorf("%d reads within the TTL", n)
		}
		time.Sleep(time.Nanosecond)
		cache.Client(t.Context(), "a")
		if n := store.reads.Load(); n != 2 {
			t.Errorf("%d reads after the TTL", n)
		}
	})
}

// A fault is told, and what is too old is not served instead.
func TestCacheDoesNotServeStaleWhenTheStoreFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storeWith(t, "a")
		cache := NewCache(store)
		cache.Client(t.Context(), "a")
		store.fault.Store(true)
		if _, err := cache.Client(t.Context(), "a"); err != nil {
			t.Errorf("within the TTL: %v", err)
		}
		time.Sleep(cacheTTL)
		for _, id := range []string{"a", "b"} {
			for range 2 {
				if c, err := cache.Client(t.Context(), id); !errors.Is(err, errFault) || errors.Is(err, ErrNotFound) || c != nil {
					t.Errorf("%s: %v, %v", id, c, err)
				}
			}
		}
		if _, err := cache.Fresh(t.Context(), "a", 2); !errors.Is(err, errFault) {
			t.Errorf("Fresh: %v", err)
		}
		store.fault.Store(false)
		if _, err := cache.Client(t.Context(), "a"); err != nil {
			t.Errorf("a fault was kept: %v", err)
		}
		if _, err := cache.Client(t.Context(), "b"); !errors.Is(err, ErrNotFound) {
			t.Errorf("a fault was kept: %v", err)
		}
	})
}

// A client that has just been registered is there, however often it was asked for before.
func TestCacheDoesNotKeepAbsence(t *testing.T) {
	store := storeWith(t)
	cache := NewCache(store)
	if _, err := cache.Client(t.Context(), "a"); !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
	store.CreateClient(t.Context(), &Client{ID: "a", Version: 1}, "") // on another node
	if _, err := cache.Client(t.Context(), "a"); err != nil {
		t.Error(err)
	}
}

// What was changed on another node is there for a caller who would say no, and from then on for all. A slow load of before does not bring it back.
func TestCacheCurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storeWith(t, "a")
		cache := NewCache(store)
		cache.Client(t.Context(), "a")
		if err := store.UpdateClient(t.Context(), &Client{ID: "a", Version: 1}); err != nil { // on another node
			t.Fatal(err)
		}
		if c, err := cache.Client(t.Context(), "a"); err != nil || c.Version != 1 {
			t.Fatal(c, err)
		}
		for _, read := range []func(context.Context, string) (*Client, error){cache.Current, cache.Client} {
			if c, err := read(t.Context(), "a"); err != nil || c.Version != 2 {
				t.Error(c, err)
			}
		}
		before := time.Now().Add(-time.Millisecond)
		cache.keep(cache.epoch, "a", &Client{ID: "a", Version: 1}, nil, before)
		cache.keep(cache.epoch, "a", nil, ErrNotFound, before)
		if c, err := cache.Client(t.Context(), "a"); err != nil || c.Version != 2 {
			t.Error(c, err)
		}
		store.fault.Store(true)
		if _, err := cache.Current(t.Context(), "a"); !errors.Is(err, errFault) {
			t.Error(err)
		}
	})
}

// CA-09, DS-11: what cannot be an id is unknown, and PostgreSQL is not asked for a NUL.
func TestCacheIDVariants(t *testing.T) {
	store := storeWith(t, "Client-1", "https://rp.example/")
	cache := NewCache(store)
	for _, id := range []string{"", "client-1", "CLIENT-1", " Client-1", "Client-1 ", "Client-1\x00", "\x00", "Client-1\n", "\xff", "Ｃlient-1", "https://rp.example", strings.Repeat("a", 2049)} {
		if c, err := cache.Client(t.Context(), id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v, %v", id, c, err)
		}
	}
	reads := store.reads.Load()
	for _, id := range []string{"", "a\x00", "\xff", strings.Repeat("a", 2049)} {
		cache.Client(t.Context(), id)
	}
	if store.reads.Load() != reads {
		t.Error("the store was asked for an impossible id")
	}
}

// CA-08: a disabled client is told apart by the caller.
func TestCacheReturnsDisabledClients(t *testing.T) {
	store := newMemoryStore()
	store.CreateClient(t.Context(), &Client{ID: "a", Version: 1, DisabledAt: time.Now()}, "")
	if c, err := NewCache(store).Client(t.Context(), "a"); err != nil || c.DisabledAt.IsZero() {
		t.Error(c, err)
	}
}

func TestCacheAsksOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storeWith(t, "a")
		store.slow = time.Second
		cache := NewCache(store)
		impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() { // first, so that the others wait for its load
			if _, err := cache.Client(impatient, "a"); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
		synctest.Wait()
		for range 50 {
			wg.Go(func() {
				if _, err := cache.Client(t.Context(), "a"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := store.reads.Load(); n != 1 {
			t.Errorf("%d reads", n)
		}
	})
}

// A load that began before a change must not bring the old client back.
func TestCacheForgetOutrunsLoadsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storeWith(t, "a")
		store.slow = time.Second
		cache := NewCache(store)
		go cache.Client(t.Context(), "a")
		synctest.Wait()
		cache.Forget("a")
		if _, err := cache.Client(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if n := store.reads.Load(); n != 2 {
			t.Errorf("%d reads: the change could have been missed", n)
		}
	})
}

func TestCacheFresh(t *testing.T) {
	store := storeWith(t, "a")
	cache := NewCache(store)
	if c, err := cache.Fresh(t.Context(), "a", 1); err != nil || c.Version != 1 || store.reads.Load() != 1 {
		t.Fatal(c, err, store.reads.Load())
	}
	if err := store.UpdateClient(t.Context(), &Client{ID: "a", Version: 1}); err != nil { // on another node
		t.Fatal(err)
	}
	if c, err := cache.Fresh(t.Context(), "a", 2); err != nil || c.Version != 2 {
		t.Fatal(c, err)
	}
	if c, err := cache.Client(t.Context(), "a"); err != nil || c.Version != 2 || store.reads.Load() != 2 {
		t.Fatal(c, err, store.reads.Load())
	}
	store.DeleteClient(t.Context(), "a")
	if _, err := cache.Fresh(t.Context(), "a", 0); !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
}

// Guessed ids neither grow the cache without end nor drive the clients out.
func TestCacheIsBounded(t *testing.T) {
	store := storeWith(t, "a")
	cache := NewCache(store)
	cache.Client(t.Context(), "a")
	reads := store.reads.Load()
	for i := range 3 * cacheSize {
		cache.Client(t.Context(), fmt.Sprint("guess ", i))
	}
	if n := len(cache.present); n != 1 {
		t.Errorf("%d entries", n)
	}
	cache.Client(t.Context(), "a")
	if n := store.reads.Load() - reads; n != 3*cacheSize {
		t.Errorf("%d reads: the client was driven out", n)
	}
	for i := range 2 * cacheSize {
		store.CreateClient(t.Context(), &Client{ID: fmt.Sprint("c", i), Version: 1}, "")
		cache.Client(t.Context(), fmt.Sprint("c", i))
	}
	if n := len(cache.present); n > cacheSize || n < cacheSize/2 {
		t.Errorf("%d clients are kept", n)
	}
}

func BenchmarkCacheHit(b *testing.B) {
	cache := NewCache(storeWith(b, "a"))
	cache.Client(b.Context(), "a")
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cache.Client(ctx, "a"); err != nil {
			b.Fatal(err)
		}
	}
}
