package keys

import (
	"context"
	"errors"
	"time"
)

// ErrExists says that another node made the same generation of the algorithm's key first.
var ErrExists = errors.New("keys: exists")

// Record is a signing key at rest.
type Record struct {
	ID         string // the JWK "kid": RFC 7638 thumbprint, base64url
	Algorithm  string // JWS "alg": RS256, PS256, ES256, EdDSA
	Generation int64  // counts the keys of one algorithm from 1; (Algorithm, Generation) is unique
	Sealed     []byte // PKCS #8 private key, sealed with the id as associated data
	CreatedAt  time.Time
	ActiveAt   time.Time // signs from then on, while no younger key of the algorithm does
	RetiredAt  time.Time // zero: not retired. From then on it only verifies
	ExpiresAt  time.Time // zero: not known yet. From then on it is gone from the key set
}

// Store keeps signing keys. storage implements it.
type Store interface {
	// Keys returns all keys that have not expired.
	Keys(ctx context.Context) ([]Record, error)
	// InsertKey adds a key, or returns ErrExists when (Algorithm, Generation) is taken.
	InsertKey(ctx context.Context, r Record) error
	// RetireKey sets RetiredAt and ExpiresAt of the key with the id.
	RetireKey(ctx context.Context, id string, retiredAt, expiresAt time.Time) error
	// ResealKey replaces Sealed of the key with the id, if it still is old.
	ResealKey(ctx context.Context, id string, old, resealed []byte) error
}
