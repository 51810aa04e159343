package status

import (
	"testing"
	"testing/synctest"
	"time"
)

// A list goes two hours after it is full (of client tokens): what lies reserved on a quiet node must not be handed out so late that its list is gone
// before the token is. A token lives for an hour at most, so a block is good for one.
func TestReservedBlocksDoNotOutliveTheirList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &blocks{}
		a := NewAllocator(store, map[Kind]time.Duration{KindToken: 2 * time.Hour})
		reservedAt := time.Now()
		for range 10 {
			asked := store.asked
			if _, err := a.Next(t.Context(), KindToken); err != nil {
				t.Fatal(err)
			}
			if store.asked > asked {
				reservedAt = time.Now()
			}
			if age := time.Since(reservedAt); age > time.Hour {
				t.Fatalf("an index of a block that was reserved %s ago: its list may be gone in %s", age, 2*time.Hour-age)
			}
			time.Sleep(25 * time.Minute)
		}
	})
}
