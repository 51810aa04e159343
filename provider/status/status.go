package status

import (
	"context"
	"errors"
	"time"
)

// ErrNotFound says that no list has the id.
var ErrNotFound = errors.New("status: no such list")

const (
	// Size is the number of bits of a list.
	Size = 1 << 20
	// BlockSize is how many indexes a node reserves at a time.
	BlockSize = 1 << 10
	// Blocks is how many blocks a list has.
	Blocks = Size / BlockSize
)

// Kind separates indexes by how long they are needed, so that lists of short-lived ones can go early.
type Kind string

// The kinds.
const (
	KindGrant Kind = "grant" // shared by all access tokens of a grant
	KindToken Kind = "token" // of one client-credentials token
)

// Index is a place in a list. The zero Index is none: lists count from 1.
type Index struct {
	List int64
	Bit  int64 // 0 to Size-1
}

// Block is a block of indexes that one node may hand out.
type Block struct {
	List   int64
	Seed   []byte // 16 random bytes, of the list: the key of its permutation
	Number int64  // 0 to Blocks-1
}

// Revocation is a bit that is set.
type Revocation struct {
	Index
	RevokedAt time.Time
	// Until is when the last token with the index has expired: the bit means nothing any more, and the row goes.
	Until time.Time
}

// Store keeps lists and revocations. storage implements it.
type Store interface {
	// ReserveBlock returns the next block of the open list of the kind, in one conditional statement. When that list is full it is closed, to
	// expire at listExpires, and a new one is opened with a random seed.
	ReserveBlock(ctx context.Context, kind Kind, now, listExpires time.Time) (Block, error)
	// ListExists reports whether the list is open, or closed and not expired at now.
	ListExists(ctx context.Context, list int64, now time.Time) (bool, error)
	// Lists returns the lists that are open, or closed and not expired at now, oldest first.
	Lists(ctx context.Context, now time.Time) ([]int64, error)
	// Revocations returns the bits of the list that were set at or after since and are not past their Until at now.
	Revocations(ctx context.Context, list int64, since, now time.Time) ([]int64, error)
	// SetRevoked sets one bit; setting it twice is no error.
	SetRevoked(ctx context.Context, r Revocation) error
}
