package registration

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxAddresses is how many addresses are remembered. Beyond it, some are forgotten early: memory stays bounded whoever asks.
const maxAddresses = 4096

// limiter bounds how often an address may do something, by token buckets. It is per process: n nodes let n times as much through.
type limiter struct {
	perHour int

	mu      sync.Mutex
	buckets map[netip.Prefix]*rate.Limiter
}

func newLimiter(perHour int) *limiter {
	return &limiter{perHour: perHour, buckets: map[netip.Prefix]*rate.Limiter{}}
}

// take spends one try of the address, and says whether it had one.
func (l *limiter) take(from netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bucket(from).Allow()
}

// open says whether the address has a try left, and spends none.
func (l *limiter) open(from netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.buckets[network(from)]
	return !ok || b.Tokens() >= 1
}

func (l *limiter) bucket(from netip.Addr) *rate.Limiter {
	key := network(from)
	if b, ok := l.buckets[key]; ok {
		return b
	}
	if len(l.buckets) >= maxAddresses {
		l.makeRoom()
	}
	b := rate.NewLimiter(rate.Every(time.Hour/time.Duration(l.perHour)), l.perHour)
	l.buckets[key] = b
	return b
}

// makeRoom forgets the addresses that have all their tries again, and a few of the others when none has.
func (l *limiter) makeRoom() {
	for key, b := range l.buckets {
		if b.Tokens() >= float64(l.perHour) {
			delete(l.buckets, key)
		}
	}
	for key := range l.buckets {
		if len(l.buckets) <= maxAddresses-maxAddresses/16 {
			return
		}
		delete(l.buckets, key)
	}
}

// network is what one household or server has: an IPv4 address, or a /64 of IPv6.
func network(from netip.Addr) netip.Prefix {
	from = from.Unmap()
	bits := from.BitLen()
	if from.Is6() {
		bits = 64
	}
	p, err := from.Prefix(bits)
	if err != nil { // no address is known: all such share one bucket
		return netip.Prefix{}
	}
	return p
}
