package bearer

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// maxDenied is how many log-outs are remembered, for sessions and for subjects together.
const maxDenied = 100_000

var errDeniedFull = errors.New("too many log-outs to remember")

// denial ends the tokens that were issued up to a moment. Those issued later come from a new sign-in, or from a grant that outlives sessions.
type denial struct {
	issuedUpTo time.Time
	until      time.Time // when the last such token has expired
}

// denied is what log-out tokens have ended. Readers take no lock; as long as nobody has logged out they read one number.
type denied struct {
	count   atomic.Int64
	entries sync.Map // deniedKey -> denial
	mu      sync.Mutex
	sweptAt time.Time
}

// deniedKey is a session or a subject: exactly one is set.
type deniedKey struct{ session, subject string }

// has says whether the token's session, or everything of its subject, has ended.
func (d *denied) has(t *Token, now time.Time) bool {
	if d.count.Load() == 0 {
		return false
	}
	return d.ends(deniedKey{subject: t.Subject}, t, now) || t.SessionID != "" && d.ends(deniedKey{session: t.SessionID}, t, now)
}

func (d *denied) ends(k deniedKey, t *Token, now time.Time) bool {
	v, ok := d.entries.Load(k)
	if !ok {
		return false
	}
	n := v.(denial)
	return now.Before(n.until) && !t.IssuedAt.After(n.issuedUpTo)
}

// add remembers a denial.
func (d *denied) add(k deniedKey, n denial) error {
	now := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.count.Load() >= maxDenied || now.Sub(d.sweptAt) > time.Minute {
		d.sweep(now)
	}
	if old, ok := d.entries.Load(k); ok {
		if o := old.(denial); o.issuedUpTo.After(n.issuedUpTo) {
			n = o
		}
	} else if d.count.Load() >= maxDenied {
		return errDeniedFull
	} else {
		d.count.Add(1)
	}
	d.entries.Store(k, n)
	return nil
}

func (d *denied) sweep(now time.Time) {
	d.sweptAt = now
	d.entries.Range(func(k, v any) bool {
		if !now.Before(v.(denial).until) {
			d.entries.Delete(k)
			d.count.Add(-1)
		}
		return true
	})
}
