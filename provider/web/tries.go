package web

import (
	"net/netip"
	"sync"
	"time"
)

// maxTriers is how many are remembered. Beyond it, some are forgotten early: memory stays bounded whoever asks.
const maxTriers = 16 << 10

// Tries bounds how often somebody may try something. A try is spent before it is known how it ends, so that many at once are counted too, and
// given back when it was a good one. It is per process: n nodes let n times as much through. It is safe for concurrent use.
type Tries struct {
	limit int
	per   time.Duration

	mu   sync.Mutex
	used map[string]window
}

// window counts the tries of one until its end.
type window struct {
	tries int
	end   time.Time
}

// NewTries allows each limit tries in the time that begins with the first of them.
func NewTries(limit int, per time.Duration) *Tries {
	return &Tries{limit: limit, per: per, used: map[string]window{}}
}

// Spend takes a try of who, and says whether there was one left.
func (t *Tries) Spend(who string) bool {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	w, ok := t.used[who]
	if !ok || !now.Before(w.end) {
		if !ok && len(t.used) >= maxTriers {
			t.makeRoom(now)
		}
		w = window{end: now.Add(t.per)}
	}
	if w.tries >= t.limit {
		return false
	}
	w.tries++
	t.used[who] = w
	return true
}

// GiveBack returns a try that Spend took.
func (t *Tries) GiveBack(who string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w, ok := t.used[who]
	switch {
	case !ok:
	case w.tries <= 1:
		delete(t.used, who)
	default:
		w.tries--
		t.used[who] = w
	}
}

// makeRoom forgets those whose time is over, and a few of the others when it is nobody's.
func (t *Tries) makeRoom(now time.Time) {
	for who, w := range t.used {
		if !now.Before(w.end) {
			delete(t.used, who)
		}
	}
	for who := range t.used {
		if len(t.used) <= maxTriers-maxTriers/16 {
			return
		}
		delete(t.used, who)
	}
}

// Network names the network of an address: all of an IPv4 address, the first bits of an IPv6 address. A household or server has 64 of them, and
// many can have 48. All unknown addresses are one network.
func Network(address netip.Addr, bits int) string {
	address = address.Unmap().WithZone("")
	if address.Is4() {
		return address.String()
	}
	prefix, err := address.Prefix(bits)
	if err != nil || !address.IsValid() {
		return ""
	}
	return prefix.String()
}
