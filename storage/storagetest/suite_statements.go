package storagetest

import (
	"sync"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/status"
	"github.com/symbolon-id/symbolon/provider/upstream"
	"github.com/symbolon-id/symbolon/storage"
)

// testStatements shows what each step of a flow costs, as the Observe hook counts it.
func testStatements(t *testing.T, url string) {
	ctx := t.Context()
	var mu sync.Mutex
	counts := map[string]int{}
	db, err := storage.Open(ctx, storage.Config{URL: url, Observe: func(kind string) {
		mu.Lock()
		defer mu.Unlock()
		counts[kind]++
	}})
	check(t, err)
	defer db.Close()
	a, c := newAccount(t, db, "maria"), newClient(t, db, "client")
	s := newSession(t, db, a, "sid")
	expect := func(what string, want map[string]int) {
		t.Helper()
		same(t, what, counts, want)
		clear(counts)
	}
	clear(counts)
	_, err = db.Standing(ctx, a.ID, s.ID, c.ID)
	check(t, err)
	expect("Standing", map[string]int{"select": 1})
	g := newGrant(t, db, a, s, c, "grant")
	expect("InsertGrant", map[string]int{"insert": 1, "commit": 1})
	_, _, err = db.Grant(ctx, g.ID)
	check(t, err)
	expect("Grant", map[string]int{"select": 1})
	_, err = db.RotateGrant(ctx, g.ID, 0, 1, at(0))
	check(t, err)
	expect("RotateGrant", map[string]int{"update": 1, "commit": 1})
	_, err = db.SessionByToken(ctx, hash(t, "sid"))
	check(t, err)
	expect("SessionByToken", map[string]int{"select": 1})
	_, err = db.Client(ctx, c.ID)
	check(t, err)
	expect("Client", map[string]int{"select": 1})
	other := newGrant(t, db, a, s, c, "revoked")
	clear(counts)
	revocationStatements(t, db, other, expect)
	signInStatements(t, db, a, s, expect)
	if len(db.Stats()) == 0 {
		t.Error("no pool has statistics")
	}
}

func signInStatements(t *testing.T, db *storage.DB, a account.Account, s session.Session, expect func(string, map[string]int)) {
	ctx := t.Context()
	attempt := upstream.Attempt{StateHash: hash(t, "state"), BrowserHash: hash(t, "b"), CreatedAt: at(0), ExpiresAt: at(time.Minute)}
	check(t, db.InsertAttempt(ctx, attempt))
	expect("InsertAttempt", map[string]int{"insert": 1, "commit": 1})
	_, err := db.SpendAttempt(ctx, attempt.StateHash, at(0))
	check(t, err)
	expect("SpendAttempt", map[string]int{"select": 1, "update": 1, "commit": 1})
	next := session.Session{ID: id(t, "next"), AccountID: a.ID, LoginAt: at(0), CreatedAt: at(0), SeenAt: at(0), ExpiresAt: at(time.Hour)}
	next.ID = s.ID
	check(t, db.StartSession(ctx, next, hash(t, "next"), hash(t, "sid")))
	expect("StartSession in place of another", map[string]int{"begin": 1, "delete": 1, "insert": 1, "commit": 1})
	check(t, db.EndSession(ctx, s.ID, at(0)))
	// UPDATE grants, INSERT the bits, INSERT the notices.
	expect("EndSession", map[string]int{"begin": 1, "delete": 1, "update": 1, "insert": 2, "commit": 1})
}

// revocationStatements: what revocation and single use cost.
func revocationStatements(t *testing.T, db *storage.DB, g provider.Grant, expect func(string, map[string]int)) {
	ctx := t.Context()
	check(t, db.RevokeGrant(ctx, g.ID, at(0)))
	expect("RevokeGrant", map[string]int{"begin": 1, "update": 1, "insert": 1, "commit": 1})
	check(t, db.RevokeGrant(ctx, g.ID, at(0)))
	expect("RevokeGrant again", map[string]int{"begin": 1, "update": 1, "commit": 1})
	_, err := db.ReserveBlock(ctx, status.Kind(id(t, "kind")), at(0), at(time.Hour))
	check(t, err)
	expect("ReserveBlock, the first of a list", map[string]int{"begin": 1, "update": 3, "insert": 1, "commit": 3})
	_, err = db.ReserveBlock(ctx, status.Kind(id(t, "kind")), at(0), at(time.Hour))
	check(t, err)
	expect("ReserveBlock", map[string]int{"update": 1, "commit": 1})
	_, err = db.Revoked(ctx, status.Index{List: 1})
	check(t, err)
	expect("Revoked", map[string]int{"select": 1})
	_, err = db.UseOnce(ctx, hash(t, "once"), at(time.Minute))
	check(t, err)
	expect("UseOnce", map[string]int{"insert": 1, "commit": 1})
	_, err = db.TryLease(ctx, id(t, "lease"), "me", at(0), at(time.Minute))
	check(t, err)
	expect("TryLease", map[string]int{"insert": 1, "commit": 1})
	_, err = db.ClaimLogoutNotices(ctx, time.UnixMilli(1), at(time.Minute), 10)
	check(t, err)
	expect("ClaimLogoutNotices, nothing due", map[string]int{"select": 1})
}
