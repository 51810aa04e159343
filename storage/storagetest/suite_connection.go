package storagetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/storage"
)

// testConnections: what a person sees of the clients they let in, and what another person's are.
func testConnections(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	maria, petros := newAccount(t, db, "maria"), newAccount(t, db, "petros")
	first, second := newClient(t, db, "a client"), newClient(t, db, "b client")
	var want []provider.Consent
	for _, c := range []provider.Consent{
		{AccountID: maria.ID, ClientID: second.ID, Scopes: []string{}, GrantedAt: at(0)},
		{AccountID: petros.ID, ClientID: first.ID, Scopes: []string{"openid"}, GrantedAt: at(0)},
		{AccountID: maria.ID, ClientID: first.ID, Scopes: []string{"openid", "email"}, GrantedAt: at(-time.Hour)},
	} {
		check(t, db.SaveConsent(ctx, c))
		if c.AccountID == maria.ID {
			want = append([]provider.Consent{c}, want...)
		}
	}
	got, err := db.ConsentsOf(ctx, maria.ID)
	check(t, err)
	same(t, "consents", got, want)

	s, ended := newSession(t, db, maria, "sid"), session.Session{ID: id(t, "never there"), AccountID: maria.ID}
	over := session.Session{ID: id(t, "over"), AccountID: maria.ID, LoginAt: at(0), CreatedAt: at(0), SeenAt: at(0), ExpiresAt: at(-time.Second)}
	check(t, db.StartSession(ctx, over, hash(t, "over"), nil))
	theirs := newSession(t, db, petros, "theirs")
	insert := func(name string, in session.Session, offline bool, created, expires time.Duration) provider.Grant {
		g := provider.Grant{
			ID: id(t, name), ClientID: first.ID, AccountID: in.AccountID, SessionID: in.ID, Offline: offline, Scopes: []string{"openid"},
			CreatedAt: at(created), ExpiresAt: at(expires),
		}
		check(t, db.InsertGrant(ctx, g))
		return g
	}
	newer, older := insert("newer", s, false, 0, time.Hour), insert("older", s, true, -time.Hour, time.Hour)
	away := insert("away", ended, true, -2*time.Hour, time.Hour)
	insert("expired", s, false, -time.Hour, -time.Second)
	insert("of a session that has ended", ended, false, 0, time.Hour)
	insert("of a session past its end", over, false, 0, time.Hour)
	insert("of another person", theirs, true, 0, time.Hour)
	insert("of a session of another person", session.Session{ID: theirs.ID, AccountID: maria.ID}, false, 0, time.Hour)
	check(t, db.RevokeGrant(ctx, insert("revoked", s, true, 0, time.Hour).ID, at(0)))
	grants, err := db.GrantsOf(ctx, maria.ID, at(0))
	check(t, err)
	same(t, "grants in force, oldest first", grants, []provider.Grant{away, older, newer})
	grants, err = db.GrantsOf(ctx, maria.ID, at(2*time.Hour))
	check(t, err)
	same(t, "grants in force later", grants, []provider.Grant{})
}

// testOtherSessions: all of a person's sessions end but one, with what was granted in them, and nobody else's.
func testOtherSessions(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	maria, petros, c, l := newAccount(t, db, "maria"), newAccount(t, db, "petros"), newClient(t, db, "client"), newListener(t, db, "listener")
	kept, theirs := newSession(t, db, maria, "kept"), newSession(t, db, petros, "theirs")
	stays := []provider.Grant{newGrant(t, db, maria, kept, c, "kept grant"), newGrant(t, db, petros, theirs, l, "their grant")}
	var goes []provider.Grant
	for n := range 3 {
		s := newSession(t, db, maria, fmt.Sprint("sid", n))
		goes = append(goes, newGrant(t, db, maria, s, l, fmt.Sprint("grant", n)))
	}
	offline := provider.Grant{ID: id(t, "offline"), ClientID: c.ID, AccountID: maria.ID, SessionID: goes[0].SessionID, Offline: true, CreatedAt: at(0), ExpiresAt: at(time.Hour)}
	check(t, db.InsertGrant(ctx, offline))
	own := provider.Grant{ID: id(t, "own"), ClientID: c.ID, AccountID: maria.ID, SessionID: id(t, "own"), CreatedAt: at(0), ExpiresAt: at(time.Hour)}
	check(t, db.InsertGrant(ctx, own))

	for _, keep := range []string{"", "\x00"} { // a key that names nothing must not end everything
		check(t, db.EndOtherSessions(ctx, maria.ID, keep, at(0)))
	}
	left, err := db.SessionsOf(ctx, maria.ID)
	check(t, err)
	same(t, "sessions before", len(left), 4)
	check(t, db.EndOtherSessions(ctx, maria.ID, kept.ID, at(0)))
	check(t, db.EndOtherSessions(ctx, maria.ID, kept.ID, at(0)))
	left, err = db.SessionsOf(ctx, maria.ID)
	check(t, err)
	same(t, "sessions left", left, []session.Session{kept})
	left, err = db.SessionsOf(ctx, petros.ID)
	check(t, err)
	same(t, "another person's sessions", left, []session.Session{theirs})
	for _, g := range goes {
		same(t, "revoked: "+g.ID, revoked(t, db, g), true)
	}
	for _, g := range append(stays, offline, own) {
		same(t, "revoked: "+g.ID, revoked(t, db, g), false)
	}
	same(t, "notices, one for each", len(claim(t, db, at(time.Minute), at(time.Hour))), 3)
}
