package status

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"
)

// Every index is handed out once: the permutation is one.
func TestPermuteIsAPermutation(t *testing.T) {
	seen := make([]bool, Size)
	seed := []byte("0123456789abcdef")
	for n := range int64(Size) {
		i := permute(seed, n)
		if i < 0 || i >= Size || seen[i] {
			t.Fatalf("permute(%d) = %d is out of range or was there before", n, i)
		}
		seen[i] = true
	}
	if permute(seed, 0) == permute([]byte("another seed 123"), 0) && permute(seed, 1) == permute([]byte("another seed 123"), 1) {
		t.Error("the seed does not matter")
	}
}

// JW-13: neighbours in time are no neighbours in the list.
func TestIndexesAreScattered(t *testing.T) {
	near := 0
	for n := range int64(BlockSize - 1) {
		d := permute([]byte("0123456789abcdef"), n+1) - permute([]byte("0123456789abcdef"), n)
		if d > -BlockSize && d < BlockSize {
			near++
		}
	}
	if near > 20 { // chance gives about 2
		t.Errorf("%d of %d neighbours are within a block of each other", near, BlockSize-1)
	}
}

type blocks struct {
	Store // the allocator calls ReserveBlock only
	mu    sync.Mutex
	asked int64
}

func (b *blocks) ReserveBlock(context.Context, Kind, time.Time, time.Time) (Block, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.asked
	b.asked++
	return Block{List: 1 + n/Blocks, Seed: bytes.Repeat([]byte{byte(n / Blocks)}, 16), Number: n % Blocks}, nil
}

func TestAllocatorNeverRepeats(t *testing.T) {
	store := &blocks{}
	a := NewAllocator(store, nil)
	var mu sync.Mutex
	seen := map[Index]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				i, err := a.Next(t.Context(), KindGrant)
				mu.Lock()
				if err != nil || seen[i] {
					t.Errorf("%v, %v", i, err)
				}
				seen[i] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if store.asked != 8 {
		t.Errorf("8,000 indexes took %d reservations, want 8", store.asked)
	}
}
