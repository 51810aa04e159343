package keys

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Sealer encrypts private keys at rest, bound to the key's id. provider/seal's Box is one.
type Sealer interface {
	Seal(plaintext, associated []byte) []byte
	Open(sealed, associated []byte) ([]byte, error)
	// Reseal seals anew what was sealed under an older root secret.
	Reseal(sealed, associated []byte) (resealed []byte, changed bool)
}

// Key is a signing key in memory.
type Key struct {
	ID        string // the JWK "kid"
	Algorithm jose.SignatureAlgorithm
	Public    crypto.PublicKey
	ActiveAt  time.Time
	RetiredAt time.Time // zero: not retired
	ExpiresAt time.Time // zero: not known yet

	private crypto.Signer
}

// RingConfig configures a Ring.
type RingConfig struct {
	Store      Store
	Sealer     Sealer
	Algorithms []jose.SignatureAlgorithm // that must always have an active key
	// PublishAhead is how long a new key is published before it signs: at least the lifetime of the key set in partners' caches.
	PublishAhead time.Duration
	// Lifetime is how old a key grows before its successor is made. Zero: keys rotate only when told to.
	Lifetime time.Duration
	// TokenLifetime is the longest lifetime of a token: how long a retired key stays published.
	TokenLifetime time.Duration
	// External are keys whose private half lives in another device. They sign in place of the algorithm's own key, on every node.
	External []External
	// Reload is how often the keys are read again from the store. Zero: 5 s.
	Reload time.Duration
}

// Ring is the set of signing keys as this node sees it. Reading it never waits for the database.
type Ring struct {
	config RingConfig

	loading  sync.Mutex // one load at a time
	loadedAt time.Time  // of the last attempt; guarded by loading
	loadErr  error      // of the last attempt; guarded by loading
	snapshot atomic.Pointer[snapshot]
}

// snapshot is one immutable view of the keys.
type snapshot struct {
	keys   map[string]*Key // by id
	byAlg  map[jose.SignatureAlgorithm][]*Key
	jwks   []byte
	etag   string
	opened map[string]crypto.Signer // private keys that have been unsealed, by id
}

// External is a signing key whose private half lives elsewhere: a hardware module, a key service.
type External struct {
	Algorithm jose.SignatureAlgorithm
	Signer    crypto.Signer // its public key is an *rsa.PublicKey, a P-256 *ecdsa.PublicKey or an ed25519.PublicKey
}

// Open loads the keys and makes those that are missing. Any number of nodes may do so at the same time: each generation of an algorithm's key
// is made once.
func Open(ctx context.Context, config RingConfig) (*Ring, error) {
	if config.Reload == 0 {
		config.Reload = 5 * time.Second
	}
	r := &Ring{config: config}
	if err := r.Load(ctx); err != nil {
		return nil, err
	}
	if err := r.Maintain(ctx); err != nil {
		return nil, err
	}
	return r, r.reseal(ctx)
}

// add makes the generation of alg's key. That another node was faster is no error.
func (r *Ring) add(ctx context.Context, alg jose.SignatureAlgorithm, generation int64, activeAt time.Time) error {
	record, err := generate(alg, r.config.Sealer)
	if err != nil {
		return err
	}
	record.Generation, record.CreatedAt, record.ActiveAt = generation, time.Now(), activeAt
	if err := r.config.Store.InsertKey(ctx, record); err != nil && !errors.Is(err, ErrExists) {
		return fmt.Errorf("insert %s key: %w", alg, err)
	}
	return nil
}

// Load reads the keys from the store now.
func (r *Ring) Load(ctx context.Context) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	r.loadErr = r.load(ctx)
	return r.loadErr
}

func (r *Ring) load(ctx context.Context) error {
	r.loadedAt = time.Now()
	records, err := r.config.Store.Keys(ctx)
	if err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	s, err := newSnapshot(records, r.config, r.snapshot.Load())
	if err != nil {
		return err
	}
	r.snapshot.Store(s)
	return nil
}

// maintainEvery is how often Run looks for keys to replace.
const maintainEvery = time.Minute

// Run reads the keys again every Reload, and rotates them when they are due, until ctx ends. onError is told of each failure; the last good keys
// stay in use.
func (r *Ring) Run(ctx context.Context, onError func(error)) {
	reload, maintain := time.NewTicker(r.config.Reload), time.NewTicker(maintainEvery)
	defer reload.Stop()
	defer maintain.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-reload.C:
			err = r.Load(ctx)
		case <-maintain.C:
			err = r.Maintain(ctx)
		}
		if err != nil && ctx.Err() == nil {
			onError(err)
		}
	}
}

// Signer returns the active key of alg and signs with it: the youngest that is due and not retired.
func (r *Ring) Signer(alg jose.SignatureAlgorithm) (*Key, error) {
	now := time.Now()
	for _, k := range r.snapshot.Load().byAlg[alg] {
		if !k.ActiveAt.After(now) && (k.RetiredAt.IsZero() || k.RetiredAt.After(now)) {
			return k, nil
		}
	}
	return nil, fmt.Errorf("keys: no active %s key", alg)
}

// Lookup returns the key with the id; nil when there is none. An id this node does not know may be a key that another node has just made: the keys
// are then read again, at most once a second, so that forged tokens cannot make this node hammer the database. While they cannot be read, an
// unknown id is a fault and not a "no".
func (r *Ring) Lookup(ctx context.Context, id string) (*Key, error) {
	if k := r.find(id); k != nil {
		return k, nil
	}
	r.loading.Lock()
	defer r.loading.Unlock()
	if time.Since(r.loadedAt) >= time.Second {
		// Not the caller's context: whoever hangs up must not leave the others without keys.
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookupTimeout)
		defer cancel()
		r.loadErr = r.load(own)
	}
	if k := r.find(id); k != nil || r.loadErr == nil {
		return k, nil
	}
	return nil, r.loadErr
}

// lookupTimeout bounds a reading of the keys that a request waits for.
const lookupTimeout = 2 * time.Second

func (r *Ring) find(id string) *Key {
	k := r.snapshot.Load().keys[id]
	if k == nil || (!k.ExpiresAt.IsZero() && !k.ExpiresAt.After(time.Now())) {
		return nil
	}
	return k
}

// Algorithms returns the algorithms that have an active key, in the order of the configuration.
func (r *Ring) Algorithms() []string {
	var algs []string
	for _, alg := range r.config.Algorithms {
		if _, err := r.Signer(alg); err == nil {
			algs = append(algs, string(alg))
		}
	}
	return slices.Clip(algs)
}

// JWKS returns the published key set (RFC 7517 §5) as JSON, and its entity tag. It holds public keys only: those to come, those that sign and
// those whose tokens may still be alive.
func (r *Ring) JWKS() (document []byte, etag string) {
	s := r.snapshot.Load()
	return s.jwks, s.etag
}

// Ready reports why this node cannot sign, or nil.
func (r *Ring) Ready() error {
	for _, alg := range r.config.Algorithms {
		if _, err := r.Signer(alg); err != nil {
			return err
		}
	}
	return nil
}
