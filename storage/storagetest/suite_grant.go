package storagetest

import (
	"errors"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/status"
	"github.com/symbolon-id/symbolon/storage"
)

func testGrants(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	g := provider.Grant{
		ID: id(t, "grant"), ClientID: "c", AccountID: "a", SessionID: "s", Scopes: []string{"openid", "email"}, Audience: []string{"https://api.example/x y"},
		AuthTime: at(-time.Hour), AMR: []string{"pwd"}, ACR: "1", Offline: true, NeedsConsent: true, Status: status.Index{List: 7, Bit: 0},
		IDTokenClaims: []string{"email", "name"}, UserInfoClaims: []string{"picture"},
		DPoPKey: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", CreatedAt: at(0), ExpiresAt: at(time.Hour),
	}
	check(t, db.InsertGrant(ctx, g))
	if err := db.InsertGrant(ctx, g); !errors.Is(err, provider.ErrGrantExists) {
		t.Errorf("a code redeemed twice: %v", err)
	}
	got, standing, err := db.Grant(ctx, g.ID)
	check(t, err)
	same(t, "grant", got, g)
	same(t, "standing of a grant whose world is gone", standing, provider.Standing{})
	if _, _, err := db.Grant(ctx, id(t, "another")); !errors.Is(err, provider.ErrGrantNotFound) {
		t.Errorf("another id: %v", err)
	}

	rotate := func(generation int64) bool {
		t.Helper()
		ok, err := db.RotateGrant(ctx, g.ID, generation, at(0))
		check(t, err)
		return ok
	}
	same(t, "generation 0", rotate(0), true)
	same(t, "generation 0 again", rotate(0), false)
	same(t, "a generation to come", rotate(2), false)
	when := at(0)
	check(t, db.RevokeGrant(ctx, g.ID, when))
	check(t, db.RevokeGrant(ctx, g.ID, when.Add(time.Hour)))
	check(t, db.RevokeGrant(ctx, id(t, "another"), when))
	same(t, "generation 1 of a revoked grant", rotate(1), false)
	got, _, err = db.Grant(ctx, g.ID)
	check(t, err)
	same(t, "generation", got.Generation, int64(1))
	same(t, "revoked at the first time", got.RevokedAt, when)
	if got.RefreshedAt.IsZero() {
		t.Error("the rotation has no time")
	}
}

func testStanding(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	a, other, c := newAccount(t, db, "maria"), newAccount(t, db, "petros"), newClient(t, db, "client")
	s := newSession(t, db, a, "sid")
	g := newGrant(t, db, a, s, c, "grant")
	want := provider.Standing{AccountFound: true, SessionFound: true, SessionExpiresAt: s.ExpiresAt, ClientVersion: 1}
	expect := func(what string) {
		t.Helper()
		got, err := db.Standing(ctx, a.ID, s.ID, c.ID)
		check(t, err)
		same(t, what, got, want)
		_, got, err = db.Grant(ctx, g.ID)
		check(t, err)
		same(t, what+", of the grant", got, want)
	}
	expect("all is there, but no consent")
	check(t, db.SaveConsent(ctx, provider.Consent{AccountID: a.ID, ClientID: c.ID, GrantedAt: at(0)}))
	want.ConsentScopes = []string{}
	expect("a consent to nothing is a consent")
	check(t, db.SaveConsent(ctx, provider.Consent{AccountID: a.ID, ClientID: c.ID, Scopes: []string{"email"}, GrantedAt: at(0)}))
	want.ConsentScopes = []string{"email"}
	expect("a consent")
	c.DisabledAt = at(0)
	check(t, db.UpdateClient(ctx, c))
	want.ClientVersion, want.ClientDisabled = 2, true
	expect("a disabled client")
	check(t, db.Block(ctx, a.ID, at(0)))
	want.AccountBlocked, want.SessionFound, want.SessionExpiresAt = true, false, time.Time{}
	expect("a blocked account, whose sessions have ended")

	got, err := db.Standing(ctx, "nobody", "nothing", "none")
	check(t, err)
	same(t, "missing rows are no error", got, provider.Standing{})
	s = newSession(t, db, a, "sid2")
	got, err = db.Standing(ctx, other.ID, s.ID, c.ID)
	check(t, err)
	same(t, "another account's session is not found", got.SessionFound, false)
}

func testConsents(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	a, c := newAccount(t, db, "maria"), newClient(t, db, "client")
	g := newGrant(t, db, a, newSession(t, db, a, "sid"), c, "grant")
	first := provider.Consent{AccountID: a.ID, ClientID: c.ID, Scopes: []string{"openid", "email"}, GrantedAt: at(0)}
	check(t, db.SaveConsent(ctx, first))
	got, err := db.Consent(ctx, a.ID, c.ID)
	check(t, err)
	same(t, "consent", got, first)
	again := provider.Consent{AccountID: a.ID, ClientID: c.ID, Scopes: []string{"profile", "email"}, GrantedAt: at(time.Minute)}
	check(t, db.SaveConsent(ctx, again))
	again.Scopes = []string{"openid", "email", "profile"}
	got, err = db.Consent(ctx, a.ID, c.ID)
	check(t, err)
	same(t, "scopes are added", got, again)
	check(t, db.DeleteConsent(ctx, a.ID, c.ID, at(0)))
	check(t, db.DeleteConsent(ctx, a.ID, c.ID, at(0)))
	got, err = db.Consent(ctx, a.ID, c.ID)
	check(t, err)
	same(t, "no consent is the zero consent", got, provider.Consent{})
	same(t, "its grant is revoked", revoked(t, db, g), true)
}
