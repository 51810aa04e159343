package bearer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestPR07ReplayInParallel(t *testing.T) {
	w := newWorld(t)
	h := w.verifier(dpop).Middleware(http.HandlerFunc(whoami))
	holder := w.holder("ES256", nil)
	proof := holder.proof(nil, nil)
	var accepted atomic.Int32
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if serve(h, holder.request(proof)).StatusCode == 200 {
				accepted.Add(1)
			}
		})
	}
	wg.Wait()
	if n := accepted.Load(); n != 1 {
		t.Errorf("a proof was accepted %d times", n)
	}
}

func TestProofWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		v := w.verifier(dpop)
		defer v.Close()
		h := v.Middleware(http.HandlerFunc(whoami))
		holder := w.holder("EdDSA", nil)
		early, late := holder.proof(nil, nil), holder.proof(nil, nil)
		time.Sleep(69 * time.Second)
		if response := serve(h, holder.request(early)); response.StatusCode != 200 {
			t.Errorf("within the window: %d", response.StatusCode)
		}
		if response := serve(h, holder.request(early)); response.StatusCode != 401 {
			t.Errorf("replayed within the window: %d", response.StatusCode)
		}
		time.Sleep(2 * time.Second)
		for _, p := range []string{early, late} {
			if response := serve(h, holder.request(p)); response.StatusCode != 401 {
				t.Errorf("after the window: %d", response.StatusCode)
			}
		}
	})
}

type storeFunc func(id string, until time.Time) (bool, error)

func (f storeFunc) Use(_ context.Context, id string, until time.Time) (bool, error) {
	return f(id, until)
}

func TestReplayStore(t *testing.T) {
	w := newWorld(t)
	var fault error
	var ids []string
	v := w.verifier(func(c *Config) {
		dpop(c)
		c.DPoP.Replays = storeFunc(func(id string, until time.Time) (bool, error) {
			ids = append(ids, id)
			if d := time.Until(until); len(id) > 64 || d < 60*time.Second || d > 71*time.Second {
				t.Errorf("Use(%q, in %s)", id, d)
			}
			return true, fault
		})
	})
	h := v.Middleware(http.HandlerFunc(whoami))
	holder := w.holder("ES256", nil)
	if response := serve(h, holder.request(holder.proof(nil, nil))); response.StatusCode != 200 {
		t.Errorf("status %d", response.StatusCode)
	}
	fault = errors.New("database is down")
	if response := serve(h, holder.request(holder.proof(nil, nil))); response.StatusCode != 503 {
		t.Errorf("a store that is down: %d", response.StatusCode)
	}
	serve(h, holder.request(holder.proof(nil, map[string]any{"htm": "POST"})))
	if len(ids) != 2 || ids[0] == ids[1] {
		t.Errorf("the store was asked for %q", ids)
	}
}

func TestReplaysAreBoundedAndForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := expiring{limit: 100}
		until := time.Now().Add(30 * time.Second)
		for i := range 100 {
			if first, err := e.use(fmt.Sprint(i), until); !first || err != nil {
				t.Fatal(i, first, err)
			}
		}
		if _, err := e.use("one more", until); !errors.Is(err, errReplaysFull) {
			t.Errorf("a full store: %v", err)
		}
		if first, err := e.use("5", until); first || err != nil {
			t.Errorf("a full store still knows what it has: %v, %v", first, err)
		}
		time.Sleep(31 * time.Second)
		if first, err := e.use("one more", time.Now().Add(time.Second)); !first || err != nil || len(e.until) != 1 {
			t.Errorf("after they expired: %v, %v, %d left", first, err, len(e.until))
		}
	})
}
