package storagetest

import (
	"errors"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/storage"
)

func testSessions(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	a, c := newAccount(t, db, "maria"), newClient(t, db, "client")
	s := session.Session{
		ID: id(t, "sid"), AccountID: a.ID, Upstream: "google", AMR: []string{"pwd", "mfa"}, ACR: "urn:x", AuthTime: at(-time.Minute), LoginAt: at(0),
		CreatedAt: at(-time.Second), SeenAt: at(0), ExpiresAt: at(time.Hour), UserAgent: "Mozilla/5.0 (X11)",
	}
	check(t, db.StartSession(ctx, s, hash(t, "sid"), nil))
	got, err := db.SessionByToken(ctx, hash(t, "sid"))
	check(t, err)
	same(t, "session", got, s)
	if _, err := db.SessionByToken(ctx, hash(t, "another")); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("another token: %v", err)
	}

	seen := at(5 * time.Minute)
	check(t, db.TouchSession(ctx, s.ID, seen))
	check(t, db.TouchSession(ctx, s.ID, seen.Add(-time.Minute)))
	s.SeenAt = seen
	younger := newSession(t, db, a, "younger")
	list, err := db.SessionsOf(ctx, a.ID)
	check(t, err)
	same(t, "sessions, newest first", list, []session.Session{younger, s})

	bound, other := newGrant(t, db, a, s, c, "bound"), newGrant(t, db, a, younger, c, "other")
	offline := provider.Grant{ID: id(t, "offline"), ClientID: c.ID, AccountID: a.ID, SessionID: s.ID, Offline: true, CreatedAt: at(0), ExpiresAt: at(time.Hour)}
	check(t, db.InsertGrant(ctx, offline))
	check(t, db.EndSession(ctx, s.ID, at(0)))
	check(t, db.EndSession(ctx, s.ID, at(0)))
	if _, err := db.SessionByToken(ctx, hash(t, "sid")); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("an ended session: %v", err)
	}
	same(t, "the session's grant is revoked", revoked(t, db, bound), true)
	same(t, "an offline grant outlives the session", revoked(t, db, offline), false)
	same(t, "another session's grant stays", revoked(t, db, other), false)
}

func testSessionsReplaced(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	maria, petros, c := newAccount(t, db, "maria"), newAccount(t, db, "petros"), newClient(t, db, "client")
	start := func(account, name, replaces string) error {
		s := session.Session{ID: id(t, name), AccountID: account, LoginAt: at(0), CreatedAt: at(0), SeenAt: at(0), ExpiresAt: at(time.Hour)}
		return db.StartSession(ctx, s, hash(t, name), hash(t, replaces))
	}
	first := newSession(t, db, maria, "first")
	g := newGrant(t, db, maria, first, c, "grant")

	// BR-18, session fixation: each log-in has a new token, and the old one opens nothing.
	check(t, start(maria.ID, "second", "first"))
	if _, err := db.SessionByToken(ctx, hash(t, "first")); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("the token from before the log-in: %v", err)
	}
	got, err := db.SessionByToken(ctx, hash(t, "second"))
	check(t, err)
	same(t, "the same account keeps its sid", got.ID, first.ID)
	same(t, "and its grants", revoked(t, db, g), false)

	// Two tabs come back from the upstream at once, and both know the session that the browser had.
	second := session.Session{ID: first.ID, AccountID: maria.ID, LoginAt: at(0), CreatedAt: at(0), SeenAt: at(0), ExpiresAt: at(time.Hour)}
	check(t, db.StartSession(ctx, second, hash(t, "second tab"), hash(t, "first")))
	got, err = db.SessionByToken(ctx, hash(t, "second tab"))
	check(t, err)
	same(t, "the second tab's session", got.ID, first.ID)

	check(t, start(petros.ID, "third", "second tab"))
	got, err = db.SessionByToken(ctx, hash(t, "third"))
	check(t, err)
	same(t, "another account has its own sid", got.ID, id(t, "third"))
	same(t, "and ends the grants of the one before", revoked(t, db, g), true)
	check(t, start(petros.ID, "fourth", "never there"))

	expired := session.Session{ID: id(t, "expired"), AccountID: maria.ID, LoginAt: at(-2 * time.Hour), CreatedAt: at(-2 * time.Hour), SeenAt: at(-2 * time.Hour), ExpiresAt: at(-time.Hour)}
	check(t, db.StartSession(ctx, expired, hash(t, "expired"), nil))
	g = newGrant(t, db, maria, expired, c, "grant of the expired")
	check(t, start(maria.ID, "fifth", "expired"))
	got, err = db.SessionByToken(ctx, hash(t, "fifth"))
	check(t, err)
	same(t, "an expired session does not come back", got.ID, id(t, "fifth"))
	same(t, "nor do its grants", revoked(t, db, g), true)
}
