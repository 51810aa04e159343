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
	ids, err := db.ClientsOf(ctx, a.ID, s.ID)
	check(t, err)
	same(t, "clients of the session, each once", ids, []string{c.ID})
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
	start := func(account, sid, token, replaces string) {
		t.Helper()
		s := session.Session{ID: id(t, sid), AccountID: account, LoginAt: at(0), CreatedAt: at(0), SeenAt: at(0), ExpiresAt: at(time.Hour)}
		check(t, db.StartSession(ctx, s, hash(t, token), hash(t, replaces)))
		got, err := db.SessionByToken(ctx, hash(t, token))
		check(t, err)
		same(t, "the session of the new token", got.ID, s.ID)
		if _, err := db.SessionByToken(ctx, hash(t, replaces)); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("the token %s from before the log-in: %v", replaces, err)
		}
	}
	first := newSession(t, db, maria, "first")
	g := newGrant(t, db, maria, first, c, "grant")

	// BR-18, session fixation: each log-in has a new token, and the old one opens nothing.
	start(maria.ID, "first", "second", "first")
	same(t, "a session of the same sid keeps its grants", revoked(t, db, g), false)
	// Two tabs come back from the upstream at once, and both know the session that the browser had.
	start(maria.ID, "first", "second tab", "first")
	same(t, "so it does for the slower tab", revoked(t, db, g), false)
	start(petros.ID, "third", "third", "second tab")
	same(t, "another account's log-in ends it", revoked(t, db, g), true)
	start(petros.ID, "fourth", "fourth", "never there")

	// The session was idle for too long: it is still here, but the log-in has a new sid.
	idle := newSession(t, db, maria, "idle")
	g = newGrant(t, db, maria, idle, c, "grant of the idle")
	start(maria.ID, "fifth", "fifth", "idle")
	same(t, "a session that was not taken over has ended, though the account is the same", revoked(t, db, g), true)
	// A sid is no proof of whose session it is.
	fifth := session.Session{ID: id(t, "fifth"), AccountID: maria.ID}
	g = newGrant(t, db, maria, fifth, c, "grant of the fifth")
	start(petros.ID, "fifth", "sixth", "fifth")
	same(t, "another account takes over no session, not by its sid either", revoked(t, db, g), true)
}
