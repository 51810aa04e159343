package keys

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// ErrUnknownKey says that no key has the id.
var ErrUnknownKey = errors.New("keys: no such key")

// State is where a key is in its life.
type State string

// The states, in the order a key goes through them.
const (
	StateNext    State = "next"    // published, does not sign yet
	StateActive  State = "active"  // signs
	StateRetired State = "retired" // verifies what it has signed
	StateExpired State = "expired" // gone from the key set
)

// State returns the record's state at now, as far as the record alone tells: of two keys that are due, the younger one signs.
func (r Record) State(now time.Time) State {
	switch {
	case !r.ExpiresAt.IsZero() && !now.Before(r.ExpiresAt):
		return StateExpired
	case !r.RetiredAt.IsZero() && !now.Before(r.RetiredAt):
		return StateRetired
	case now.Before(r.ActiveAt):
		return StateNext
	}
	return StateActive
}

// Maintain does what is due: it makes the successor of each key that has reached Lifetime, and retires keys that have one. Every step can be
// interrupted and done again, by any node: a successor is made once because its generation is unique, and retiring is a function of the keys
// that are there.
func (r *Ring) Maintain(ctx context.Context) error {
	records, err := r.config.Store.Keys(ctx)
	if err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	now, changed := time.Now(), false
	for _, alg := range r.config.Algorithms {
		youngest, found := youngest(records, alg)
		if !found || (r.config.Lifetime > 0 && now.Sub(youngest.CreatedAt) >= r.config.Lifetime) {
			if err := r.succeed(ctx, youngest, alg, now); err != nil {
				return err
			}
			changed = true
		}
	}
	if changed {
		if records, err = r.config.Store.Keys(ctx); err != nil {
			return fmt.Errorf("read keys: %w", err)
		}
	}
	retired, err := r.retireReplaced(ctx, records)
	if err != nil {
		return err
	}
	if changed || retired {
		return r.Load(ctx)
	}
	return nil
}

// reseal puts every private key under the current root secret. That is done once, at the start: nodes whose secrets are in different order, halfway
// through a rotation, must not do it in turns.
func (r *Ring) reseal(ctx context.Context) error {
	records, err := r.config.Store.Keys(ctx)
	if err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	for _, record := range records {
		resealed, changed := r.config.Sealer.Reseal(record.Sealed, []byte(record.ID))
		if !changed {
			continue
		}
		if err := r.config.Store.ResealKey(ctx, record.ID, record.Sealed, resealed); err != nil {
			return fmt.Errorf("seal key %s anew: %w", record.ID, err)
		}
	}
	return nil
}

// Rotate makes the successor of alg's youngest key now. It signs after PublishAhead, when every cache of the key set has seen it. A successor that
// is waiting already is left as it is.
func (r *Ring) Rotate(ctx context.Context, alg jose.SignatureAlgorithm) error {
	records, err := r.config.Store.Keys(ctx)
	if err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	last, found := youngest(records, alg)
	if found && last.State(time.Now()) == StateNext {
		return nil
	}
	if err := r.succeed(ctx, last, alg, time.Now()); err != nil {
		return err
	}
	return r.Maintain(ctx)
}

// Withdraw takes the key with the id out of the key set at once, for a key that somebody else may have: its tokens die as soon as partners read
// the key set again. If it was the one that signs, a new one signs at once, unannounced: partners meet an id they do not know and read the set.
func (r *Ring) Withdraw(ctx context.Context, id string) error {
	records, err := r.config.Store.Keys(ctx)
	if err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	now := time.Now()
	for _, record := range records {
		if record.ID != id {
			continue
		}
		if err := r.config.Store.RetireKey(ctx, id, now, now); err != nil {
			return fmt.Errorf("withdraw key %s: %w", id, err)
		}
		return r.replaceWithdrawn(ctx, records, record, now)
	}
	return ErrUnknownKey
}

// replaceWithdrawn makes sure that some other key signs.
func (r *Ring) replaceWithdrawn(ctx context.Context, records []Record, gone Record, now time.Time) error {
	for _, other := range records {
		// Not one that has its end already: it was to make way for the key that is gone.
		if other.ID != gone.ID && other.Algorithm == gone.Algorithm && other.State(now) == StateActive && other.RetiredAt.IsZero() {
			return r.Load(ctx)
		}
	}
	last, _ := youngest(records, jose.SignatureAlgorithm(gone.Algorithm))
	if err := r.add(ctx, jose.SignatureAlgorithm(gone.Algorithm), last.Generation+1, now); err != nil {
		return err
	}
	return r.Load(ctx)
}

// succeed makes the key after last. The first key of an algorithm signs at once: nobody can have cached a key set that lacks it.
func (r *Ring) succeed(ctx context.Context, last Record, alg jose.SignatureAlgorithm, now time.Time) error {
	if last.Generation == 0 {
		return r.add(ctx, alg, 1, now)
	}
	return r.add(ctx, alg, last.Generation+1, now.Add(r.config.PublishAhead))
}

// retireReplaced gives each key that has a successor its end: it stops signing when the successor starts, and stays published until the last
// token it signed has expired.
func (r *Ring) retireReplaced(ctx context.Context, records []Record) (changed bool, err error) {
	for _, old := range records {
		if !old.RetiredAt.IsZero() {
			continue
		}
		for _, next := range records {
			if next.Algorithm != old.Algorithm || next.Generation != old.Generation+1 {
				continue
			}
			if err := r.config.Store.RetireKey(ctx, old.ID, next.ActiveAt, next.ActiveAt.Add(r.config.TokenLifetime)); err != nil {
				return changed, fmt.Errorf("retire key %s: %w", old.ID, err)
			}
			changed = true
		}
	}
	return changed, nil
}

func youngest(records []Record, alg jose.SignatureAlgorithm) (last Record, found bool) {
	for _, record := range records {
		if record.Algorithm == string(alg) && record.Generation > last.Generation {
			last, found = record, true
		}
	}
	return last, found
}
