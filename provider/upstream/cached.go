package upstream

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// forceInterval is the least time between two fetches that tokens with unknown keys can cause, and between two tries at a dead upstream
	// while we still have something to work with.
	forceInterval = time.Minute
	// maxStale is how long an expired document serves while its upstream does not answer.
	maxStale = 24 * time.Hour
)

// cached keeps one document of an upstream. It is fetched when first needed, when it has expired, and when forced. Concurrent fetches are one.
// A fetch belongs to nobody's request: it goes on when the request that caused it is cancelled, so that the next one finds the document.
type cached[T any] struct {
	fetch  func(context.Context) (T, time.Duration, error)
	flight singleflight.Group

	mu         sync.Mutex
	value      T
	fetchedAt  time.Time // zero: nothing yet
	freshUntil time.Time
	staleUntil time.Time
	retryAt    time.Time // after a failed refresh
	forcedAt   time.Time
	forcing    chan struct{} // closed when the forced fetch has ended; nil when none is under way
}

// get returns the document, fetching it if need be. An error leaves everything as it was.
func (c *cached[T]) get(ctx context.Context) (T, error) {
	if v, ok := c.usable(time.Now()); ok {
		return v, nil
	}
	return c.load(ctx)
}

// peek returns the document if there is one, however old, without any request.
func (c *cached[T]) peek() (T, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value, !c.fetchedAt.IsZero()
}

// force fetches the document anew, although it has not expired, unless that was done less than forceInterval ago. Who comes while such a fetch is
// under way waits for it: the keys of a rotation must be there for all the sign-ins that meet it, not for the first one only.
func (c *cached[T]) force(ctx context.Context) (T, error) {
	c.mu.Lock()
	now := time.Now()
	if c.forcedAt.IsZero() || now.Sub(c.forcedAt) >= forceInterval {
		c.forcedAt, c.forcing = now, make(chan struct{})
		c.mu.Unlock()
		return c.load(ctx)
	}
	underWay := c.forcing
	c.mu.Unlock()
	if underWay != nil {
		select {
		case <-ctx.Done():
			var zero T
			return zero, ctx.Err()
		case <-underWay:
		}
	}
	value, _ := c.peek()
	return value, nil
}

func (c *cached[T]) usable(now time.Time) (T, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting := now.Before(c.retryAt) && now.Before(c.staleUntil)
	return c.value, !c.fetchedAt.IsZero() && (now.Before(c.freshUntil) || waiting)
}

// load fetches, once for all who wait. A failure falls back on the stale document, while it may serve.
func (c *cached[T]) load(ctx context.Context) (T, error) {
	done := c.flight.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
		defer cancel()
		value, lifetime, err := c.fetch(ctx)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.forcing != nil {
			close(c.forcing)
			c.forcing = nil
		}
		now := time.Now()
		if err != nil {
			c.retryAt = now.Add(forceInterval)
			return nil, err
		}
		c.value, c.fetchedAt = value, now
		c.freshUntil = now.Add(lifetime)
		c.staleUntil = c.freshUntil.Add(maxStale)
		c.retryAt = time.Time{}
		return nil, nil
	})
	var zero T
	select {
	case <-ctx.Done():
		return zero, ctx.Err()
	case result := <-done:
		c.mu.Lock()
		defer c.mu.Unlock()
		if result.Err != nil && (c.fetchedAt.IsZero() || !time.Now().Before(c.staleUntil)) {
			return zero, result.Err
		}
		return c.value, nil
	}
}
