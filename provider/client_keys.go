package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/ory/fosite"
	"golang.org/x/sync/singleflight"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

// Times and sizes of the fetching of clients' keys.
const (
	jwksTimeout = 5 * time.Second
	maxJWKS     = 1 << 20 // bytes
	// A fetched set is fresh for what its Cache-Control says, within these bounds, and for jwksFresh where it says nothing.
	jwksFresh    = 5 * time.Minute
	minJWKSFresh = time.Minute
	maxJWKSFresh = time.Hour
	// maxJWKSStale is how long a set may serve on when its address does not answer: a key that was taken out lives no longer than that.
	maxJWKSStale = time.Hour
	// jwksPause is the least time between two fetches of one address that an assertion has caused: anybody can send one.
	jwksPause = 30 * time.Second
	// jwksFailurePause is the same after a failure, so that a client that has just come up is soon seen.
	jwksFailurePause = 5 * time.Second
	maxJWKSSets      = 512
	// A slow host keeps its own clients waiting only.
	maxJWKSFetches        = 64
	maxJWKSFetchesPerHost = 8
)

// errClientKeysBusy is what a client gets that comes while too many keys are being fetched.
var errClientKeysBusy = fosite.ErrTemporarilyUnavailable.WithHint("The server is fetching the keys of many clients right now. Try again in a few seconds.")

// clientKeys finds the public keys of clients: in their registration, or at their jwks_uri, kept in memory.
type clientKeys struct {
	http   *http.Client
	flight singleflight.Group

	mu       sync.Mutex
	sets     map[string]keySet // by jwks_uri
	fetching map[string]int    // by host
	running  int
}

// keySet is what is known of one jwks_uri.
type keySet struct {
	keys       []jose.JSONWebKey
	freshUntil time.Time
	triedAt    time.Time // the last fetch, whether it went well or not
	err        error     // of the last fetch
}

func newClientKeys(client *http.Client) *clientKeys {
	return &clientKeys{http: client, sets: map[string]keySet{}, fetching: map[string]int{}}
}

// usable returns the keys while they may be used, fresh or not.
func (s keySet) usable(now time.Time) []jose.JSONWebKey {
	if now.Before(s.freshUntil.Add(maxJWKSStale)) {
		return s.keys
	}
	return nil
}

// verify says whether right accepts the client's keys. Keys that were fetched and are not the right ones are fetched anew, so that a client that
// has changed them is understood at once, but not more often than jwksPause.
func (k *clientKeys) verify(ctx context.Context, c *clients.Client, right func([]jose.JSONWebKey) bool) (bool, error) {
	return k.verifyAt(ctx, c.Metadata.JWKSURI, c.Metadata.JWKS, right)
}

// verifyAt is verify for the keys at uri, or those of jwks where uri is empty.
func (k *clientKeys) verifyAt(ctx context.Context, uri string, jwks []byte, right func([]jose.JSONWebKey) bool) (bool, error) {
	if uri == "" {
		keys, _, err := clients.ParseJWKS(jwks)
		return err == nil && right(keys), nil
	}
	now := time.Now()
	set := k.known(uri)
	pause := jwksPause
	if set.err != nil {
		pause = jwksFailurePause
	}
	due := now.Sub(set.triedAt) >= pause
	if !now.Before(set.freshUntil) && due {
		var err error
		if set, err = k.fetch(ctx, uri, now); err != nil {
			return false, err
		}
		due = false
	}
	if right(set.usable(now)) {
		return true, nil
	}
	if due {
		var err error
		if set, err = k.fetch(ctx, uri, now); err != nil {
			return false, err
		}
		if right(set.usable(now)) {
			return true, nil
		}
	}
	if set.err != nil { // for the operator; the client learns nothing of where our requests get to
		web.Annotate(ctx, "jwks_error", set.err.Error())
	}
	return false, nil
}

func (k *clientKeys) known(uri string) keySet {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.sets[uri]
}

// fetch asks the address once for all who want its keys now, unless somebody has since asked. Its error is errClientKeysBusy or ctx's: that the
// address does not answer is part of the set.
func (k *clientKeys) fetch(ctx context.Context, uri string, asked time.Time) (keySet, error) {
	shared := context.WithoutCancel(ctx)
	done := k.flight.DoChan(uri, func() (any, error) {
		if set := k.known(uri); set.triedAt.After(asked) {
			return set, nil
		}
		ctx, cancel := context.WithTimeout(shared, jwksTimeout)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
		if err != nil {
			return k.keep(uri, nil, 0, errors.New("the jwks_uri does not parse")), nil
		}
		if !k.enter(r.URL.Host) {
			return keySet{}, errClientKeysBusy
		}
		defer k.leave(r.URL.Host)
		keys, fresh, err := k.get(r)
		return k.keep(uri, keys, fresh, err), nil
	})
	select {
	case <-ctx.Done():
		return keySet{}, ctx.Err()
	case result := <-done:
		if result.Err != nil {
			return keySet{}, result.Err
		}
		return result.Val.(keySet), nil
	}
}

// enter says whether one more fetch may go to host now.
func (k *clientKeys) enter(host string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.running >= maxJWKSFetches || k.fetching[host] >= maxJWKSFetchesPerHost {
		return false
	}
	k.running++
	k.fetching[host]++
	return true
}

func (k *clientKeys) leave(host string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.running--
	if k.fetching[host]--; k.fetching[host] == 0 {
		delete(k.fetching, host)
	}
}

// get makes the request. Redirects are not followed: the client of web.Egress returns them.
func (k *clientKeys) get(r *http.Request) ([]jose.JSONWebKey, time.Duration, error) {
	r.Header.Set("Accept", "application/jwk-set+json, application/json")
	r.Header.Set("Accept-Encoding", "identity") // nothing grows while it is read
	resp, err := k.http.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("the jwks_uri answered with status %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxJWKS+1))
	switch {
	case err != nil:
		return nil, 0, err
	case len(body) > maxJWKS:
		return nil, 0, errors.New("the document at the jwks_uri is larger than 1 MiB")
	}
	keys, _, err := clients.ParseJWKS(body)
	if err != nil {
		return nil, 0, fmt.Errorf("the document at the jwks_uri %w", err)
	}
	if len(keys) == 0 {
		return nil, 0, errors.New("the document at the jwks_uri has no usable key")
	}
	return keys, freshFor(resp.Header.Get("Cache-Control")), nil
}

// freshFor reads how long an answer is fresh (RFC 9111 §5.2.2), within our bounds.
func freshFor(cacheControl string) time.Duration {
	for directive := range strings.SplitSeq(strings.ToLower(cacheControl), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch name {
		case "no-store", "no-cache":
			return minJWKSFresh
		case "max-age":
			if seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
				return min(max(time.Duration(seconds)*time.Second, minJWKSFresh), maxJWKSFresh)
			}
		}
	}
	return jwksFresh
}

// keep remembers how a fetch went. After a failure the keys of before serve on for a while.
func (k *clientKeys) keep(uri string, keys []jose.JSONWebKey, fresh time.Duration, err error) keySet {
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	set, known := k.sets[uri]
	set.triedAt, set.err = now, err
	if err == nil {
		set.keys, set.freshUntil = keys, now.Add(fresh)
	}
	if !known && len(k.sets) >= maxJWKSSets {
		k.makeRoom(now)
	}
	k.sets[uri] = set
	return set
}

// makeRoom drops the sets that are not fresh, and a few of the others when all are.
func (k *clientKeys) makeRoom(now time.Time) {
	for uri, set := range k.sets {
		if !now.Before(set.freshUntil) && now.Sub(set.triedAt) >= jwksPause {
			delete(k.sets, uri)
		}
	}
	for uri := range k.sets {
		if len(k.sets) <= maxJWKSSets-maxJWKSSets/16 {
			return
		}
		delete(k.sets, uri)
	}
}
