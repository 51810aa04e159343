package bearer

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"time"
)

// ReplayStore remembers what may be used only once. An API on several nodes implements it on storage that they share, with one statement such as
// INSERT … ON CONFLICT DO NOTHING.
type ReplayStore interface {
	// Use marks id, of at most 64 characters, as used until the given time, and says whether it was not yet. An error refuses the request
	// with 503.
	Use(ctx context.Context, id string, until time.Time) (first bool, err error)
}

const (
	replayShards = 16
	maxReplays   = 1 << 18 // ids in memory, some 30 MB; at the window of a proof, 2,000 proofs a second
)

var errReplaysFull = errors.New("too many proofs to remember")

// replays is the ReplayStore in memory. When it is full it refuses: forgetting an id early would let it be used again.
type replays struct {
	seed   maphash.Seed
	shards [replayShards]expiring
}

func newReplays() *replays {
	r := &replays{seed: maphash.MakeSeed()}
	for i := range r.shards {
		r.shards[i].limit = maxReplays / replayShards
	}
	return r
}

// Use implements ReplayStore.
func (r *replays) Use(_ context.Context, id string, until time.Time) (bool, error) {
	return r.shards[maphash.String(r.seed, id)%replayShards].use(id, until)
}

// expiring is a bounded set of ids that are forgotten after a while.
type expiring struct {
	limit int

	mu      sync.Mutex
	until   map[string]time.Time
	sweptAt time.Time
}

// use adds id and says whether it was not there. It returns an error if there is no room.
func (e *expiring) use(id string, until time.Time) (bool, error) {
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	if old, ok := e.until[id]; ok && now.Before(old) {
		return false, nil
	}
	if e.until == nil {
		e.until = map[string]time.Time{}
	}
	// Once a minute, and when full at most once a second: a sweep looks at everything.
	pause := time.Minute
	if len(e.until) >= e.limit {
		pause = time.Second
	}
	if now.Sub(e.sweptAt) >= pause {
		e.sweptAt = now
		for id, until := range e.until {
			if !now.Before(until) {
				delete(e.until, id)
			}
		}
	}
	if len(e.until) >= e.limit {
		return false, errReplaysFull
	}
	e.until[id] = until
	return true, nil
}

// release forgets id.
func (e *expiring) release(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.until, id)
}
