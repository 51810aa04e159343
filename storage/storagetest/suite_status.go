package storagetest

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"slices"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/status"
	"github.com/symbolon-id/symbolon/storage"
)

// list returns the number of a list that no other test of the database uses. A bit asks for no row of its list.
func list(t testing.TB) int64 {
	h := fnv.New32()
	_, _ = h.Write([]byte(t.Name())) // a hash takes everything
	return 1_000_000 + int64(h.Sum32())
}

func testStatusLists(t *testing.T, db *storage.DB) {
	ctx, kind := t.Context(), status.Kind(id(t, "kind"))
	first, err := db.ReserveBlock(ctx, kind, at(0), at(time.Hour))
	check(t, err)
	second, err := db.ReserveBlock(ctx, kind, at(0), at(time.Hour))
	check(t, err)
	same(t, "block numbers", []int64{first.Number, second.Number}, []int64{0, 1})
	same(t, "one list, one seed", second, status.Block{List: first.List, Seed: first.Seed, Number: 1})
	other, err := db.ReserveBlock(ctx, kind+"2", at(0), at(time.Hour))
	check(t, err)
	if other.List == first.List || bytes.Equal(other.Seed, first.Seed) || len(other.Seed) != 16 {
		t.Errorf("kinds share a list or a seed: %v, %v", first, other)
	}
	for _, bad := range []struct {
		kind    status.Kind
		expires time.Time
	}{{"", at(0)}, {"a\x00", at(0)}, {"\xff", at(0)}, {kind, time.Time{}}} {
		if b, err := db.ReserveBlock(ctx, bad.kind, at(0), bad.expires); err == nil {
			t.Errorf("reserved %v for %q until %v", b, bad.kind, bad.expires)
		}
	}
	for number, want := range map[int64]bool{first.List: true, other.List: true, 0: false, -1: false, list(t): false} {
		exists, err := db.ListExists(ctx, number, at(0))
		check(t, err)
		same(t, fmt.Sprint("list ", number, " exists"), exists, want)
	}
}

// isRevoked says whether the bit is set, by both ways to ask.
func isRevoked(t testing.TB, db *storage.DB, i status.Index) bool {
	t.Helper()
	set, err := db.Revoked(t.Context(), i)
	check(t, err)
	bits, err := db.Revocations(t.Context(), i.List, time.Time{}, at(0))
	check(t, err)
	same(t, "the bit, and the bit in the list", slices.Contains(bits, i.Bit), set)
	return set
}

// world is an account with a session and a client, and grants with the bits 1 (bound) and 2 (offline); beside it others' grants with the bits 3
// (of another session and client), 4 (of another account) and 5 (revoked long ago).
type world struct {
	account account.Account
	session session.Session
	client  *clients.Client
	list    int64
	bound   provider.Grant
}

func newWorld(t *testing.T, db *storage.DB) world {
	w := world{account: newAccount(t, db, "maria"), client: newClient(t, db, "client"), list: list(t)}
	w.session = newSession(t, db, w.account, "sid")
	insert := func(bit int64, accountID, sessionID, clientID string, offline bool) provider.Grant {
		g := provider.Grant{
			ID: id(t, fmt.Sprint("grant", bit)), ClientID: clientID, AccountID: accountID, SessionID: sessionID, Offline: offline,
			Status: status.Index{List: w.list, Bit: bit}, CreatedAt: at(0), ExpiresAt: at(time.Hour),
		}
		check(t, db.InsertGrant(t.Context(), g))
		return g
	}
	w.bound = insert(1, w.account.ID, w.session.ID, w.client.ID, false)
	insert(2, w.account.ID, w.session.ID, w.client.ID, true)
	insert(3, w.account.ID, newSession(t, db, w.account, "other").ID, newClient(t, db, "other").ID, false)
	petros := newAccount(t, db, "petros")
	insert(4, petros.ID, newSession(t, db, petros, "petros").ID, id(t, "third"), false)
	past := insert(5, w.account.ID, w.session.ID, w.client.ID, false)
	check(t, db.RevokeGrant(t.Context(), past.ID, at(-2*time.Hour)))
	newGrant(t, db, w.account, w.session, w.client, "grant without a bit")
	return w
}

// testStatusBits: whatever revokes a grant, or deletes it alive, sets its bit in the same commit, for as long as a token may live.
func testStatusBits(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	for name, c := range map[string]struct {
		revoke func(t *testing.T, w world) error
		bits   []int64
	}{
		"RevokeGrant": {func(_ *testing.T, w world) error { return db.RevokeGrant(ctx, w.bound.ID, at(0)) }, []int64{1}},
		"EndSession":  {func(_ *testing.T, w world) error { return db.EndSession(ctx, w.session.ID, at(0)) }, []int64{1}},
		"EndOtherSessions": {func(t *testing.T, w world) error {
			return db.EndOtherSessions(ctx, w.account.ID, id(t, "other"), at(0))
		}, []int64{1}},
		"Block":         {func(_ *testing.T, w world) error { return db.Block(ctx, w.account.ID, at(0)) }, []int64{1, 2, 3}},
		"Delete":        {func(_ *testing.T, w world) error { return db.Delete(ctx, w.account.ID) }, []int64{1, 2, 3}},
		"DeleteClient":  {func(_ *testing.T, w world) error { return db.DeleteClient(ctx, w.client.ID) }, []int64{1, 2}},
		"DeleteConsent": {func(_ *testing.T, w world) error { return db.DeleteConsent(ctx, w.account.ID, w.client.ID, at(0)) }, []int64{1, 2}},
		"StartSession in place of another": {func(t *testing.T, w world) error {
			next := w.session
			next.ID, next.LoginAt = id(t, "next"), at(0)
			return db.StartSession(ctx, next, hash(t, "next"), hash(t, "sid"))
		}, []int64{1}},
		"StartSession that takes over": {func(t *testing.T, w world) error {
			return db.StartSession(ctx, w.session, hash(t, "next"), hash(t, "sid"))
		}, []int64{}},
	} {
		t.Run(name, func(t *testing.T) {
			w, before := newWorld(t, db), at(0)
			check(t, c.revoke(t, w))
			for bit := int64(1); bit <= 4; bit++ {
				same(t, fmt.Sprint("bit ", bit), isRevoked(t, db, status.Index{List: w.list, Bit: bit}), slices.Contains(c.bits, bit))
			}
			set := func(since, now time.Time) []int64 {
				bits, err := db.Revocations(ctx, w.list, since, now)
				check(t, err)
				slices.Sort(bits)
				return bits
			}
			same(t, "set since then, and kept for the life of a token", set(before, before.Add(provider.StatusLifetime-time.Minute)), c.bits)
			same(t, "when all tokens have expired", set(time.Time{}, before.Add(provider.StatusLifetime+time.Minute)), []int64{})
			same(t, "since later", set(at(time.Minute), at(0)), []int64{})
		})
	}
	t.Run("SetRevoked", func(t *testing.T) { testSetRevoked(t, db) })
}

func testSetRevoked(t *testing.T, db *storage.DB) {
	ctx, i := t.Context(), status.Index{List: list(t), Bit: status.Size - 1}
	same(t, "before", isRevoked(t, db, i), false)
	r := status.Revocation{Index: i, RevokedAt: at(0), Until: at(time.Minute)}
	check(t, db.SetRevoked(ctx, r))
	r.RevokedAt = at(time.Hour)
	check(t, db.SetRevoked(ctx, r))
	same(t, "after", isRevoked(t, db, i), true)
	later, err := db.Revocations(ctx, i.List, at(time.Second), at(0))
	check(t, err)
	same(t, "the first time counts", len(later), 0)
	for _, bad := range []status.Index{{}, {List: 0, Bit: 1}, {List: -1}, {List: i.List, Bit: -1}, {List: i.List, Bit: status.Size}} {
		if db.SetRevoked(ctx, status.Revocation{Index: bad, RevokedAt: at(0), Until: at(time.Minute)}) == nil {
			t.Errorf("%v was set", bad)
		}
		same(t, "a bit that cannot be", isRevoked(t, db, bad), false)
		if g := (provider.Grant{ID: id(t, "g"), ClientID: "c", AccountID: "a", SessionID: "s", Status: bad, CreatedAt: at(0), ExpiresAt: at(0)}); bad != (status.Index{}) && db.InsertGrant(ctx, g) == nil {
			t.Errorf("a grant has the bit %v", bad)
		}
	}
}

// testUseOnceAndLeases: RFC 9449 §11.1 and the work that one node does at a time.
func testUseOnceAndLeases(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	use := func(key []byte) bool {
		t.Helper()
		fresh, err := db.UseOnce(ctx, key, at(time.Minute))
		check(t, err)
		return fresh
	}
	key := []byte(id(t, "\x00\xff\xc0\xaf ' OR 1=1--"))
	same(t, "the first use", use(key), true)
	same(t, "the second use", use(key), false)
	same(t, "a longer key", use(append(bytes.Clone(key), 0)), true)
	same(t, "a long key", use(bytes.Repeat(key, 2048/len(key))), true)
	for _, bad := range [][]byte{nil, {}, make([]byte, 2049)} {
		if fresh, err := db.UseOnce(ctx, bad, at(time.Minute)); err == nil || fresh {
			t.Errorf("a key of %d bytes: %v, %v", len(bad), fresh, err)
		}
	}

	name, now := id(t, "lease"), at(0)
	try := func(holder string, now, until time.Duration) bool {
		t.Helper()
		ok, err := db.TryLease(ctx, name, holder, at(now), at(until))
		check(t, err)
		return ok
	}
	same(t, "a free lease", try("a", 0, time.Minute), true)
	same(t, "of another", try("b", 0, time.Minute), false)
	same(t, "prolonged", try("a", time.Second, 2*time.Minute), true)
	same(t, "of another who goes on", try("b", 90*time.Second, 3*time.Minute), false)
	same(t, "ended", try("b", 2*time.Minute+time.Second, 3*time.Minute), true)
	same(t, "lost", try("a", 2*time.Minute+2*time.Second, 4*time.Minute), false)
	ok, err := db.TryLease(ctx, name, "b", now, now)
	check(t, err)
	same(t, "given back", ok, true)
	ok, err = db.TryLease(ctx, name, "a", now, now.Add(time.Minute))
	check(t, err)
	same(t, "taken at once", ok, true)
	for _, bad := range []string{"", "a\x00", "\xff", string(make([]byte, 2049))} {
		_, errName := db.TryLease(ctx, bad, "a", at(0), at(time.Minute))
		_, errHolder := db.TryLease(ctx, name, bad, at(time.Hour), at(2*time.Hour))
		if errName == nil || errHolder == nil {
			t.Errorf("a lease of %.10q: %v, %v", bad, errName, errHolder)
		}
	}
}
