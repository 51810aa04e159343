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
		IDTokenClaims: []string{"email", "name"}, UserInfoClaims: []string{"picture"}, AuthorizationDetails: `[{"creditorName":"카페","type":"payment"}]`,
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
		ok, err := db.RotateGrant(ctx, g.ID, generation, generation+1, at(0))
		check(t, err)
		return ok
	}
	same(t, "generation 0", rotate(0), true)
	same(t, "generation 0 again", rotate(0), false)
	same(t, "a generation to come", rotate(2), false)
	later := at(time.Minute)
	kept, err := db.RotateGrant(ctx, g.ID, 1, 1, later)
	check(t, err)
	same(t, "generation 1 kept", kept, true)
	got, _, err = db.Grant(ctx, g.ID)
	check(t, err)
	same(t, "refreshed at", got.RefreshedAt, later)
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

// testStandingGrants: a grant is added only while what it stands on is there.
func testStandingGrants(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	a, c := newAccount(t, db, "maria"), newClient(t, db, "client")
	s := newSession(t, db, a, "sid")
	g := provider.Grant{ClientID: c.ID, AccountID: a.ID, SessionID: s.ID, Scopes: []string{"openid"}, AMR: []string{"pwd"}, CreatedAt: at(0), ExpiresAt: at(time.Hour)}
	insert := func(name string, alone, consent bool, want error) {
		t.Helper()
		g := g
		g.ID, g.NeedsConsent = id(t, name), consent
		if alone {
			g.SessionID = g.ID
		}
		if err := db.InsertStandingGrant(ctx, g); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
		got, _, err := db.Grant(ctx, g.ID)
		switch {
		case want == nil:
			check(t, err)
			same(t, name, got, g)
		case errors.Is(want, provider.ErrGrantNotFound) && !errors.Is(err, want):
			t.Errorf("%s is there: %v", name, err)
		}
	}
	insert("with a session", false, false, nil)
	insert("with a session", false, false, provider.ErrGrantExists)
	insert("without a session", true, false, nil)
	insert("without a consent", false, true, provider.ErrGrantNotFound)
	check(t, db.SaveConsent(ctx, provider.Consent{AccountID: a.ID, ClientID: c.ID, Scopes: []string{"openid"}, GrantedAt: at(0)}))
	insert("with a consent", false, true, nil)
	insert("with a consent alone", true, true, nil)
	check(t, db.DeleteConsent(ctx, a.ID, c.ID, at(0)))
	insert("after the consent", false, true, provider.ErrGrantNotFound)
	check(t, db.EndSession(ctx, s.ID, at(0)))
	insert("after the session", false, false, provider.ErrGrantNotFound)
	check(t, db.Block(ctx, a.ID, at(0)))
	insert("of a blocked account", true, false, provider.ErrGrantNotFound)
}

func testClientStands(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	c, bit := newClient(t, db, "client"), status.Index{List: 9, Bit: 77}
	stands := func(what string, bit status.Index, want bool) {
		t.Helper()
		got, err := db.ClientStands(ctx, c.ID, bit)
		check(t, err)
		same(t, what, got, want)
	}
	stands("a client", status.Index{}, true)
	stands("a bit", bit, true)
	check(t, db.SetRevoked(ctx, status.Revocation{Index: bit, RevokedAt: at(0), Until: at(time.Hour)}))
	stands("a bit that is set", bit, false)
	stands("another bit", status.Index{List: 9, Bit: 78}, true)
	c.DisabledAt = at(0)
	check(t, db.UpdateClient(ctx, c))
	stands("a disabled client", status.Index{}, false)
	check(t, db.DeleteClient(ctx, c.ID))
	stands("a deleted client", status.Index{}, false)
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
