package storagetest

import (
	"errors"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider/keys"
	"github.com/symbolon-id/symbolon/provider/upstream"
	"github.com/symbolon-id/symbolon/storage"
)

func testKeys(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	k := keys.Record{ID: id(t, "k1"), Algorithm: "ES256", Generation: 1, Sealed: []byte{0, 1, 255}, CreatedAt: at(0), ActiveAt: at(time.Minute)}
	check(t, db.InsertKey(ctx, k))
	second := k
	second.ID = id(t, "k2")
	if err := db.InsertKey(ctx, second); !errors.Is(err, keys.ErrExists) {
		t.Errorf("FT-08: a second key of the generation: %v", err)
	}
	second.Generation = 2
	check(t, db.InsertKey(ctx, second))
	list, err := db.Keys(ctx)
	check(t, err)
	same(t, "keys", list, []keys.Record{k, second})

	check(t, db.ResealKey(ctx, k.ID, k.Sealed, []byte{7}))
	check(t, db.ResealKey(ctx, k.ID, k.Sealed, []byte{8})) // another node, a moment later
	k.Sealed = []byte{7}
	list, err = db.Keys(ctx)
	check(t, err)
	same(t, "a resealed key", list, []keys.Record{k, second})

	k.RetiredAt, k.ExpiresAt = at(0), at(time.Hour)
	check(t, db.RetireKey(ctx, k.ID, k.RetiredAt, k.ExpiresAt))
	list, err = db.Keys(ctx)
	check(t, err)
	same(t, "a retired key verifies", list, []keys.Record{k, second})
	check(t, db.RetireKey(ctx, k.ID, at(-time.Hour), at(-time.Second)))
	list, err = db.Keys(ctx)
	check(t, err)
	same(t, "an expired key is gone", list, []keys.Record{second})
	if err := db.RetireKey(ctx, id(t, "none"), at(0), at(0)); err == nil {
		t.Error("a key that is not there was retired")
	}
}

func testAttempts(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	a := upstream.Attempt{
		StateHash: hash(t, "state"), Connector: "google", BrowserHash: hash(t, "browser"), Interaction: "sealed", Nonce: "n", CodeVerifier: []byte{1, 0, 2},
		Reauth: true, CreatedAt: at(0), ExpiresAt: at(time.Minute),
	}
	check(t, db.InsertAttempt(ctx, a))
	if _, err := db.SpendAttempt(ctx, hash(t, "another"), at(0)); !errors.Is(err, upstream.ErrAttempt) {
		t.Errorf("another state: %v", err)
	}
	if _, err := db.SpendAttempt(ctx, a.StateHash, a.ExpiresAt); !errors.Is(err, upstream.ErrAttempt) {
		t.Errorf("an expired attempt: %v", err)
	}
	got, err := db.SpendAttempt(ctx, a.StateHash, at(0))
	check(t, err)
	same(t, "attempt", got, a)
	if _, err := db.SpendAttempt(ctx, a.StateHash, at(0)); !errors.Is(err, upstream.ErrSpent) {
		t.Errorf("a spent attempt: %v", err)
	}
}
