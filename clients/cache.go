package clients

import (
	"context"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/singleflight"
)

// Times and sizes of a Cache. A change made on another node, or by the command line, is seen within cacheTTL; see Current for what it allows.
const (
	cacheTTL         = 2 * time.Second
	cacheSize        = 4096
	cacheLoadTimeout = 5 * time.Second
)

// Cache keeps the clients that requests name in memory for two seconds. It never answers with something older: when the store faults, it
// returns the fault. That a client is not there is not kept: it may be registered the moment after. A disabled client is returned with DisabledAt
// set; the caller refuses it.
type Cache struct {
	store  Store
	flight singleflight.Group

	mu      sync.RWMutex
	epoch   uint64 // raised by Forget: what was loaded before is not kept
	present map[string]cached
}

type cached struct {
	client *Client
	at     time.Time
}

// NewCache returns an empty cache over store.
func NewCache(store Store) *Cache {
	return &Cache{store: store, present: map[string]cached{}}
}

// Client returns the client, ErrNotFound, or a storage fault. The client is shared: do not change it.
func (c *Cache) Client(ctx context.Context, id string) (*Client, error) {
	c.mu.RLock()
	entry, ok := c.present[id]
	c.mu.RUnlock()
	switch {
	case ok && time.Since(entry.at) < cacheTTL:
		return entry.client, nil
	case !possibleID(id):
		return nil, ErrNotFound
	}
	return c.load(ctx, id)
}

// Current is Client as the store has it now. It is for a caller that would refuse something by the client in memory: a "no" must not rest on what
// was so two seconds ago.
func (c *Cache) Current(ctx context.Context, id string) (*Client, error) {
	c.flight.Forget(id) // a load under way may have read before the change
	return c.load(ctx, id)
}

// Fresh is Client for a caller that has just read the client's version from the database, 0 when it was not there: another version in memory is
// read anew.
func (c *Cache) Fresh(ctx context.Context, id string, version int64) (*Client, error) {
	client, err := c.Client(ctx, id)
	switch {
	case err == nil && client.Version == version, isNotFound(err) && version == 0:
		return client, err
	case err != nil && !isNotFound(err):
		return nil, err
	}
	c.Forget(id)
	return c.Client(ctx, id)
}

// Forget drops what is known of the id, also from loads under way.
func (c *Cache) Forget(id string) {
	c.flight.Forget(id)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	delete(c.present, id)
}

// load asks the store once for all who want the client now. One caller's cancellation does not fail the others.
func (c *Cache) load(ctx context.Context, id string) (*Client, error) {
	shared := context.WithoutCancel(ctx)
	done := c.flight.DoChan(id, func() (any, error) {
		ctx, cancel := context.WithTimeout(shared, cacheLoadTimeout)
		defer cancel()
		c.mu.RLock()
		epoch := c.epoch
		c.mu.RUnlock()
		at := time.Now() // before the read: the answer is at least as new as this
		client, err := c.store.Client(ctx, id)
		c.keep(epoch, id, client, err, at)
		return client, err
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-done:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*Client), nil
	}
}

func (c *Cache) keep(epoch uint64, id string, client *Client, err error, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch != epoch || at.Before(c.present[id].at) {
		return
	}
	delete(c.present, id)
	if err == nil {
		makeRoom(c.present, func(e cached) bool { return at.Sub(e.at) >= cacheTTL })
		c.present[id] = cached{client, at}
	}
}

// makeRoom leaves room for one entry: it drops the stale ones, and a few of the others when none is.
func makeRoom[V any](entries map[string]V, stale func(V) bool) {
	if len(entries) < cacheSize {
		return
	}
	for id, entry := range entries {
		if stale(entry) {
			delete(entries, id)
		}
	}
	for id := range entries {
		if len(entries) <= cacheSize-cacheSize/16 {
			return
		}
		delete(entries, id)
	}
}

// possibleID says whether a client may have the id. PostgreSQL would refuse the others with an error that looks like a fault.
func possibleID(id string) bool {
	return id != "" && len(id) <= maxID && utf8.ValidString(id) && strings.IndexByte(id, 0) < 0
}
