package bearer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// maxLists is how many status lists are kept. One holds many tokens (a million, with ours), so this is a bound and not a size.
const maxLists = 64

// statusReference is the "status" claim of a token (Token Status List §6.2).
type statusReference struct {
	present bool
	uri     string
	index   int64
}

// statusReference reads the "status" claim. Other mechanisms than status_list may stand beside it.
func (r *reader) statusReference() statusReference {
	s := statusReference{present: true}
	var m members
	r.object()
	for {
		name, ok := r.next(&m)
		if !ok {
			return s
		}
		if name == "status_list" {
			s.uri, s.index = r.statusList()
		} else {
			r.skip()
		}
	}
}

// statusList reads the "status_list" member.
func (r *reader) statusList() (uri string, index int64) {
	index = -1
	var m members
	r.object()
	for {
		name, ok := r.next(&m)
		if !ok {
			break
		}
		switch name {
		case "uri":
			uri = r.string()
		case "idx":
			index = r.integer()
		default:
			r.skip()
		}
	}
	if uri == "" || index < 0 {
		r.fail("status_list without uri or idx")
	}
	return uri, index
}

// statusLists are the lists that tokens have named, each kept fresh on its own.
type statusLists struct {
	verifier *Verifier
	fetcher  *fetcher
	origins  []string
	mu       sync.Mutex
	lists    atomic.Pointer[map[string]*cached[statusList]]
}

func newStatusLists(v *Verifier, f *fetcher) *statusLists {
	s := &statusLists{verifier: v, fetcher: f}
	for _, origin := range append([]string{v.config.Issuer}, v.config.Status.Origins...) {
		u, _ := url.Parse(origin) // checked by New
		s.origins = append(s.origins, originOf(u))
	}
	s.lists.Store(&map[string]*cached[statusList]{})
	return s
}

// check says whether the token with that reference is still good (Token Status List §8.3).
func (s *statusLists) check(ctx context.Context, ref *statusReference, now time.Time) error {
	switch {
	case !ref.present && !s.verifier.config.Status.Require:
		return nil
	case ref.uri == "":
		return invalidToken(errors.New("the token has no status list"))
	}
	c, err := s.list(ref.uri)
	if err != nil {
		return invalidToken(err)
	}
	list, err := c.get(ctx, now)
	if err != nil {
		return unavailable(err)
	}
	switch status, ok := list.at(ref.index); {
	case !ok:
		return invalidToken(fmt.Errorf("index %d is outside of the status list", ref.index))
	case status != statusValid:
		return invalidToken(fmt.Errorf("%w: status %d", ErrRevoked, status))
	}
	return nil
}

// list returns the list with that address, and begins to keep one that is new.
func (s *statusLists) list(uri string) (*cached[statusList], error) {
	if c := (*s.lists.Load())[uri]; c != nil {
		return c, nil
	}
	// A token's word is not enough to make us send a request somewhere.
	if reason := checkURL(uri, isLoopbackHTTP(s.verifier.config.Issuer)); reason != "" {
		return nil, fmt.Errorf("status list address %s", reason)
	}
	u, err := url.Parse(uri)
	if err != nil || !slices.Contains(s.origins, originOf(u)) {
		return nil, errors.New("status list is not under the issuer's origin")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := *s.lists.Load()
	if c := old[uri]; c != nil {
		return c, nil
	}
	next := maps.Clone(old)
	if len(next) >= maxLists {
		s.evict(next)
	}
	uri = string([]byte(uri)) // a copy: it is part of a whole token
	c := &cached[statusList]{work: s.verifier.work}
	c.fetch = func(ctx context.Context, old *statusList) (*statusList, plan, error) { return s.fetch(ctx, uri, old) }
	next[uri] = c
	s.lists.Store(&next)
	return c, nil
}

// evict removes the list that has not been asked for the longest.
func (s *statusLists) evict(lists map[string]*cached[statusList]) {
	var oldest string
	for uri, c := range lists {
		if oldest == "" || c.usedAt.Load() < lists[oldest].usedAt.Load() {
			oldest = uri
		}
	}
	lists[oldest].stop()
	delete(lists, oldest)
}

func (s *statusLists) stop() {
	for _, c := range *s.lists.Load() {
		c.stop()
	}
}
