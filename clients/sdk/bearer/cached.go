package bearer

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

const (
	fetchTimeout = 5 * time.Second
	firstRetry   = time.Second
	lastRetry    = 30 * time.Second
	idleAfter    = 10 * time.Minute // a document nobody asked for so long is not refreshed any more
)

// plan says how long a fetched document may be used.
type plan struct {
	refreshAt   time.Time     // fetch again in the background from then on
	freshUntil  time.Time     // until then nobody waits for the network
	usableUntil time.Time     // until then it may be used if it cannot be fetched again
	retry       time.Duration // where freshUntil has passed already: how long to wait before the next fetch
}

// snapshot is what is known of a document. It does not change.
type snapshot[T any] struct {
	value   *T // nil: never fetched
	plan    plan
	triedAt time.Time     // when the last fetch began
	retryAt time.Time     // no fetch before then
	backoff time.Duration // the wait after the last failure; 0 after a success
	err     error         // of the last fetch
}

// cached is a document at the issuer: its keys, or one status list. Readers load an atomic snapshot and take no lock. There is at most one fetch
// at a time; it belongs to the document and not to the request that caused it, so a client that hangs up does not spoil it for the others.
type cached[T any] struct {
	fetch func(ctx context.Context, old *T) (*T, plan, error)
	work  *background

	current atomic.Pointer[snapshot[T]]
	usedAt  atomic.Int64 // Unix seconds

	mu     sync.Mutex
	flight chan struct{} // closed when the fetch that runs has ended
	timer  *time.Timer
}

// get returns the document. It waits for the network only when there is none that may be used at once: none that is fresh, and none of which the
// last fetch has failed.
func (c *cached[T]) get(ctx context.Context, now time.Time) (*T, error) {
	c.touch(now)
	if s := c.current.Load(); s != nil {
		if now.Before(s.plan.freshUntil) {
			return s.value, nil
		}
		pause := now.Before(s.retryAt)
		if !pause && s.err != nil {
			c.start() // an issuer that does not answer must not hold up every request
		}
		if value, err := s.stale(now); pause || s.err != nil && err == nil {
			return value, err
		}
	}
	if err := c.wait(ctx, c.start()); err != nil {
		return nil, err
	}
	return c.current.Load().stale(time.Now())
}

// stale returns the document even if it is not fresh, as long as it is usable.
func (s *snapshot[T]) stale(now time.Time) (*T, error) {
	if s.value != nil && now.Before(s.plan.usableUntil) {
		return s.value, nil
	}
	if s.err != nil {
		return nil, s.err
	}
	return nil, errStale
}

// renew fetches the document anew, though it is fresh, unless that was tried less than pause ago. It says whether a fetch has ended since.
func (c *cached[T]) renew(ctx context.Context, pause time.Duration) bool {
	c.mu.Lock()
	running, s := c.flight, c.current.Load()
	c.mu.Unlock()
	if running == nil && s != nil && time.Since(s.triedAt) < pause {
		return false
	}
	return c.wait(ctx, c.start()) == nil
}

func (c *cached[T]) touch(now time.Time) {
	// The comparison keeps the cache line shared while it is the same second.
	if s := now.Unix(); c.usedAt.Load() != s {
		c.usedAt.Store(s)
	}
}

func (c *cached[T]) wait(ctx context.Context, flight <-chan struct{}) error {
	select {
	case <-flight:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// start begins a fetch, or joins the one that runs.
func (c *cached[T]) start() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flight != nil {
		return c.flight
	}
	flight := make(chan struct{})
	if s := c.current.Load(); s != nil && time.Now().Before(s.retryAt) {
		close(flight) // another caller's fetch ended between our look and now
		return flight
	}
	if !c.work.run(func(ctx context.Context) { c.refresh(ctx, flight) }) {
		c.store(&snapshot[T]{err: errClosed}, false)
		close(flight)
		return flight
	}
	c.flight = flight
	return flight
}

// refresh fetches once, publishes the outcome and plans the next fetch.
func (c *cached[T]) refresh(ctx context.Context, flight chan struct{}) {
	old := c.current.Load()
	if old == nil {
		old = &snapshot[T]{}
	}
	next := snapshot[T]{value: old.value, plan: old.plan, triedAt: time.Now()}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	value, p, err := c.fetch(ctx, old.value)
	cancel()
	now := time.Now()
	if err != nil {
		next.err = err
		next.backoff = min(max(2*old.backoff, firstRetry), lastRetry)
		next.retryAt = now.Add(next.backoff)
	} else {
		next.value, next.plan = value, p
		if !now.Before(p.freshUntil) {
			next.retryAt = now.Add(p.retry)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.store(&next, true)
	c.flight = nil
	close(flight)
}

// store publishes a snapshot; the caller holds the lock. What was known is kept where the new snapshot knows nothing.
func (c *cached[T]) store(s *snapshot[T], again bool) {
	if old := c.current.Load(); old != nil && s.value == nil {
		s.value, s.plan = old.value, old.plan
	}
	c.current.Store(s)
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	if !again {
		return
	}
	at := s.plan.refreshAt
	if at.Before(s.retryAt) {
		at = s.retryAt
	}
	// A list may be about to go stale as it arrives: still not more often than once a second.
	c.timer = c.work.after(max(time.Until(at), firstRetry), c.tick)
}

// tick refreshes a document that is in use. One that is not rests until somebody asks again.
func (c *cached[T]) tick() {
	if time.Now().Unix()-c.usedAt.Load() <= int64(idleAfter/time.Second) {
		c.start()
	}
}

// stop ends the timer.
func (c *cached[T]) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
}
