package storagetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/keys"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/status"
	"github.com/symbolon-id/symbolon/provider/upstream"
	"github.com/symbolon-id/symbolon/storage"
)

// testSweep is FT-20: batched, idempotent, live rows untouched.
func testSweep(t *testing.T, db *storage.DB) {
	ctx, now := t.Context(), at(0)
	_, err := db.Sweep(ctx, now, 100) // of the tests before
	check(t, err)
	a := newAccount(t, db, "maria")
	for i := range 7 {
		name, past := fmt.Sprint("expired", i), now.Add(-time.Second)
		check(t, db.InsertAttempt(ctx, upstream.Attempt{StateHash: hash(t, name), BrowserHash: hash(t, name), CreatedAt: past, ExpiresAt: past}))
		check(t, db.StartSession(ctx, session.Session{ID: id(t, name), AccountID: a.ID, LoginAt: past, CreatedAt: past, SeenAt: past, ExpiresAt: past}, hash(t, name), nil))
		check(t, db.InsertKey(ctx, keys.Record{ID: id(t, name), Algorithm: "PS256", Generation: int64(i), CreatedAt: past, ActiveAt: past, ExpiresAt: past}))
	}
	client := &clients.Client{ID: id(t, "client"), CreatedAt: now, UpdatedAt: now, Secrets: []clients.Secret{
		{ID: "live", Hash: "a", CreatedAt: now}, {ID: "expired", Hash: "b", CreatedAt: now, ExpiresAt: now},
	}}
	check(t, db.CreateClient(ctx, client, ""))
	live := upstream.Attempt{StateHash: hash(t, "live"), BrowserHash: hash(t, "live"), CreatedAt: now, ExpiresAt: now.Add(time.Minute)}
	check(t, db.InsertAttempt(ctx, live))
	check(t, db.InsertKey(ctx, keys.Record{ID: id(t, "live"), Algorithm: "PS256", Generation: 8, CreatedAt: now, ActiveAt: now}))
	s := newSession(t, db, a, "live")

	n, err := db.Sweep(ctx, now, 3)
	check(t, err)
	same(t, "rows swept", n, 3*7+1)
	n, err = db.Sweep(ctx, now, 3)
	check(t, err)
	same(t, "rows swept again", n, 0)
	if _, err := db.SessionByToken(ctx, hash(t, "live")); err != nil {
		t.Errorf("session %s: %v", s.ID, err)
	}
	if _, err := db.SpendAttempt(ctx, live.StateHash, now); err != nil {
		t.Error(err)
	}
}

func testSweepGrants(t *testing.T, db *storage.DB) {
	ctx, now := t.Context(), at(0)
	_, err := db.Sweep(ctx, now, 100)
	check(t, err)
	a, c, other := newAccount(t, db, "maria"), newClient(t, db, "client"), newClient(t, db, "other")
	s := newSession(t, db, a, "live")
	insert := func(name, clientID, sessionID string, age, expired time.Duration) {
		check(t, db.InsertGrant(ctx, provider.Grant{
			ID: id(t, name), ClientID: clientID, AccountID: a.ID, SessionID: sessionID, CreatedAt: now.Add(-age), ExpiresAt: now.Add(-expired),
		}))
	}
	insert("live", c.ID, "gone", 3*time.Hour, -time.Minute)
	insert("expired lately", c.ID, "gone", 3*time.Hour, 59*time.Minute)
	insert("newest of the session", c.ID, s.ID, 3*time.Hour, 2*time.Hour)
	insert("of another client", other.ID, s.ID, 5*time.Hour, 4*time.Hour)
	for i := range 4 {
		insert(fmt.Sprint("older of the session ", i), c.ID, s.ID, 4*time.Hour, 3*time.Hour)
		insert(fmt.Sprint("session gone ", i), c.ID, "gone", 4*time.Hour, 2*time.Hour)
	}
	n, err := db.Sweep(ctx, now, 2)
	check(t, err)
	same(t, "grants swept", n, 8)
	n, err = db.Sweep(ctx, now, 2)
	check(t, err)
	same(t, "grants swept again", n, 0)
	for _, name := range []string{"live", "expired lately", "newest of the session", "of another client"} {
		if _, _, err := db.Grant(ctx, id(t, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	check(t, db.EndSession(ctx, s.ID, now))
	n, err = db.Sweep(ctx, now, 2)
	check(t, err)
	same(t, "grants swept after the session", n, 2)
	if _, _, err := db.Grant(ctx, id(t, "of another client")); !errors.Is(err, provider.ErrGrantNotFound) {
		t.Error(err)
	}
}

// testSweepRevocations: the rows of revocation go when they mean nothing any more, and no earlier.
func testSweepRevocations(t *testing.T, db *storage.DB) {
	ctx, now := t.Context(), at(0)
	// What other tests made for later goes first; then nothing here is due before its time.
	_, err := db.Sweep(ctx, now.Add(24*time.Hour), 100)
	check(t, err)
	bits := list(t)
	for i := range int64(7) {
		check(t, db.SetRevoked(ctx, status.Revocation{Index: status.Index{List: bits, Bit: i}, RevokedAt: now, Until: now.Add(time.Duration(i-4) * time.Minute)}))
		_, err := db.UseOnce(ctx, hash(t, fmt.Sprint(i)), now.Add(time.Duration(i-4)*time.Minute))
		check(t, err)
		_, err = db.TryLease(ctx, id(t, fmt.Sprint(i)), "node", now, now.Add(time.Duration(i-4)*time.Minute))
		check(t, err)
	}
	n, err := db.Sweep(ctx, now, 2)
	check(t, err)
	same(t, "bits, assertions and leases swept", n, 3*5)
	left, err := db.Revocations(ctx, bits, time.Time{}, now)
	check(t, err)
	same(t, "bits left", len(left), 2)
	fresh, err := db.UseOnce(ctx, hash(t, "6"), now)
	check(t, err)
	same(t, "an assertion that is still remembered", fresh, false)
	taken, err := db.TryLease(ctx, id(t, "6"), "other", now, now.Add(time.Minute))
	check(t, err)
	same(t, "a lease that goes on", taken, false)

	notices(t, db, 3)
	dead := claim(t, db, now.Add(time.Minute), now.Add(2*time.Minute))
	check(t, db.BuryLogoutNotice(ctx, dead[0].ID, now.Add(-30*24*time.Hour), ""))
	check(t, db.BuryLogoutNotice(ctx, dead[1].ID, now.Add(-29*24*time.Hour), ""))
	n, err = db.Sweep(ctx, now, 2)
	check(t, err)
	same(t, "notices swept: dead for 30 days, and none that may still be delivered", n, 1)
}
