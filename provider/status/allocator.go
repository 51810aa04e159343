package status

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"
)

// Allocator hands out indexes. It is safe for concurrent use; a database is asked once in BlockSize times.
type Allocator struct {
	store    Store
	lifetime map[Kind]time.Duration

	turn   chan struct{} // holds one token: whose turn it is
	blocks map[Kind]*reserved
}

type reserved struct {
	Block
	next int64 // offset of the next index in the block
	at   time.Time
}

// maxBlockAge is how long a block is used up: its list may be full and on its way out meanwhile.
const maxBlockAge = time.Hour

// NewAllocator returns an allocator. lifetime says, by kind, how long after it was handed out an index can matter: a full list is kept for so long.
func NewAllocator(store Store, lifetime map[Kind]time.Duration) *Allocator {
	return &Allocator{store: store, lifetime: lifetime, turn: make(chan struct{}, 1), blocks: map[Kind]*reserved{}}
}

// Next returns an index that nobody has been given before, or a storage fault.
func (a *Allocator) Next(ctx context.Context, kind Kind) (Index, error) {
	select { // not a mutex: behind a database that hangs nobody waits longer than their request may take
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return Index{}, ctx.Err()
	}
	b := a.blocks[kind]
	if now := time.Now(); b == nil || b.next == BlockSize || now.Sub(b.at) >= maxBlockAge {
		block, err := a.store.ReserveBlock(ctx, kind, now, now.Add(maxBlockAge+a.lifetime[kind]))
		if err != nil {
			return Index{}, fmt.Errorf("reserve status block: %w", err)
		}
		b = &reserved{Block: block, at: now}
		a.blocks[kind] = b
	}
	i := Index{List: b.List, Bit: permute(b.Seed, b.Number*BlockSize+b.next)}
	b.next++
	return i, nil
}

// permute maps 0…Size-1 onto itself, each value once, in an order that only the seed tells: a Feistel network over twice ten bits. So an
// index says nothing of who signed in before whom (Token Status List §12).
func permute(seed []byte, n int64) int64 {
	const half, mask, rounds = 10, 1<<10 - 1, 8
	input := append(make([]byte, 0, 32), seed...)
	left, right := uint32(n>>half), uint32(n&mask)
	for round := range byte(rounds) {
		sum := sha256.Sum256(append(input, round, byte(right>>8), byte(right)))
		left, right = right, left^(binary.BigEndian.Uint32(sum[:])&mask)
	}
	return int64(left)<<half | int64(right)
}
