package storage_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider/status"
	"github.com/symbolon-id/symbolon/storage"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// JW-13: fifty nodes reserve at once, across the end of a list. No two get one block, each list has one seed, and no block is left out.
func TestReserveBlockAcrossTheEndOfAList(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, url string) {
		db := storagetest.Open(t, url)
		expires := time.Now().Add(time.Hour).Truncate(time.Millisecond)
		var closed int64
		for round := range 4 {
			if round > 0 {
				db.Exec(t, "UPDATE status_lists SET next_block = 1004 WHERE expires_at IS NULL")
			}
			blocks := reserveAtOnce(t, db, expires)
			first, second := 20, 30
			if round == 0 {
				first, second = 50, 0 // there was no list yet
			}
			checkBlocks(t, blocks, first, second)
			closed = blocks[0].List
		}
		if got := db.Query(t, "SELECT count(*) FROM status_lists WHERE expires_at IS NULL AND next_block = 30"); got[0] != "1" {
			t.Errorf("%v open lists with 30 blocks gone, want 1", got)
		}
		if got := db.Query(t, "SELECT count(*) FROM status_lists WHERE next_block = 1024 AND expires_at IS NOT NULL"); got[0] != "3" {
			t.Errorf("%v closed lists, want 3", got)
		}
		for at, want := range map[time.Time]bool{time.Now(): true, expires.Add(-time.Millisecond): true, expires: false} {
			if exists, err := db.ListExists(t.Context(), closed, at); err != nil || exists != want {
				t.Errorf("the closed list %d exists %v before its end: %v, %v", closed, expires.Sub(at), exists, err)
			}
		}
	})
}

func reserveAtOnce(t *testing.T, db *storage.DB, expires time.Time) []status.Block {
	t.Helper()
	var mu sync.Mutex
	var blocks []status.Block
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			b, err := db.ReserveBlock(t.Context(), status.KindGrant, time.Now(), expires)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			blocks = append(blocks, b)
		})
	}
	wg.Wait()
	slices.SortFunc(blocks, func(a, b status.Block) int {
		return int((a.List-b.List)*status.Blocks + a.Number - b.Number)
	})
	return blocks
}

// checkBlocks: so many of one list, up to its end, and so many of the next, from 0.
func checkBlocks(t *testing.T, blocks []status.Block, first, second int) {
	t.Helper()
	for i, b := range blocks {
		begin := blocks[0]
		want := begin.Number + int64(i)
		if i >= first {
			begin, want = blocks[first], int64(i-first)
		}
		if b.List != begin.List || string(b.Seed) != string(begin.Seed) || b.Number != want || len(b.Seed) != 16 {
			t.Fatalf("block %d of %d is %v, want number %d of list %d: %v", i, len(blocks), b, want, begin.List, blocks)
		}
	}
	if second > 0 && blocks[0].Number != status.Blocks-int64(first) {
		t.Errorf("the first block is %d", blocks[0].Number)
	}
}

// A list goes with its bits, a thousand at a time or less, and never an open one.
func TestSweepStatusLists(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, url string) {
		db, now := storagetest.Open(t, url), time.Now()
		reserve := func() int64 {
			b, err := db.ReserveBlock(t.Context(), status.KindToken, now, now.Add(time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			return b.List
		}
		expired := reserve()
		db.Exec(t, "UPDATE status_lists SET next_block = 1024")
		open := reserve()
		for bit := range int64(5) {
			for _, list := range []int64{expired, open} {
				r := status.Revocation{Index: status.Index{List: list, Bit: bit}, RevokedAt: now, Until: now.Add(time.Hour)}
				if err := db.SetRevoked(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, step := range []struct {
			at   time.Duration
			want int
		}{{59 * time.Second, 0}, {time.Minute, 6}, {time.Minute, 0}, {time.Hour, 5}} {
			if n, err := db.Sweep(t.Context(), now.Add(step.at), 2); err != nil || n != step.want {
				t.Errorf("after %v swept %d, %v; want %d", step.at, n, err, step.want)
			}
		}
		if exists, err := db.ListExists(t.Context(), open, now.Add(1000*time.Hour)); err != nil || !exists {
			t.Errorf("the open list is gone: %v", err)
		}
	})
}
