package app_test

import (
	"testing"
	"time"
)

// A node whose clock is half a minute behind or ahead, as much as DPoP proofs may be off, revokes: the others publish it no later than their own.
func TestRevocationByANodeWithAnotherClock(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		for _, off := range []time.Duration{-30 * time.Second, 30 * time.Second} {
			r := p.tokens(newBrowser(t), "ada")
			if w.bit(r.text("access_token")) != 0 {
				t.Fatal("set before")
			}
			time.Sleep(1100 * time.Millisecond)
			w.bit(r.text("access_token")) // the list is read again from where the last reading ended
			w.must(w.stores.DB.EndSession(t.Context(), readJWT(t, r.text("id_token")).text("sid"), time.Now().Add(off)))
			w.test(off.String(), func(t *testing.T, w *world) { w.eventuallyRevoked(r.text("access_token")) })
		}
	})
}
