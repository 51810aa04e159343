package clients

import "sync"

// places bounds how many fetches there are at once, in all and from one host: a slow host holds nobody else up.
type places struct {
	inAll, perHost int

	mu    sync.Mutex
	total int
	taken map[string]int // by host
}

func newPlaces(inAll, perHost int) *places {
	return &places{inAll: inAll, perHost: perHost, taken: map[string]int{}}
}

// take takes a place for a fetch from host and returns what gives it back, or nil when there is none.
func (p *places) take(host string) (release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.total >= p.inAll || p.taken[host] >= p.perHost {
		return nil
	}
	p.total++
	p.taken[host]++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.total--
		if p.taken[host]--; p.taken[host] == 0 {
			delete(p.taken, host)
		}
	}
}
