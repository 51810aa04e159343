package storagetest

import (
	"errors"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/storage"
)

func testAccounts(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	a := account.Account{
		ID: id(t, "maria"), Name: "Μαρία", GivenName: "M", FamilyName: "P", Picture: "https://x.example/p", Locale: "el",
		Email: id(t, "maria@example.com"), EmailVerified: true, Roles: []string{"admin"}, CreatedAt: at(-time.Hour), UpdatedAt: at(0),
	}
	i := account.Identity{
		Connector: "corp", Issuer: "https://sso.corp.example", Subject: id(t, "1"), Audience: "client", AccountID: a.ID, Email: "m@corp.example",
		EmailTrust: account.EmailAuthoritative, LinkedAt: at(0), LastUsedAt: at(0),
	}
	check(t, db.CreateAccount(ctx, a, i))
	got, identity, err := db.AccountByIdentity(ctx, i.Connector, i.Issuer, i.Subject)
	check(t, err)
	same(t, "account", got, a)
	same(t, "identity", identity, i)
	for _, other := range [][3]string{{"google", i.Issuer, i.Subject}, {i.Connector, i.Issuer + "/", i.Subject}, {i.Connector, i.Issuer, i.Subject + " "}} {
		if _, _, err := db.AccountByIdentity(ctx, other[0], other[1], other[2]); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("%q is another identity: %v", other, err)
		}
	}

	taken := a
	taken.ID = id(t, "second")
	if err := db.CreateAccount(ctx, taken, i); !errors.Is(err, account.ErrExists) {
		t.Errorf("a taken identity: %v", err)
	}
	if _, err := db.Account(ctx, taken.ID); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("the account that was refused: %v", err)
	}
}

func testSignIn(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	a, i := newAccount(t, db, "maria"), newIdentity(t, "maria")
	_, i, err := db.AccountByIdentity(ctx, i.Connector, i.Issuer, i.Subject)
	check(t, err)
	// The copy that a sign-in holds may be older than what an administrator did.
	check(t, db.Block(ctx, a.ID, at(0)))
	check(t, db.SetRoles(ctx, a.ID, []string{"auditor"}))
	a.Name, a.EmailVerified, i.Email, i.EmailTrust, i.LastUsedAt = "Maria", false, "", account.EmailUnverified, at(time.Minute)
	check(t, db.RecordSignIn(ctx, a, i))
	got, identity, err := db.AccountByIdentity(ctx, i.Connector, i.Issuer, i.Subject)
	check(t, err)
	if got.BlockedAt.IsZero() {
		t.Error("a sign-in has unblocked the account")
	}
	a.Roles, a.BlockedAt = []string{"auditor"}, got.BlockedAt
	same(t, "account after the sign-in", got, a)
	same(t, "identity after the sign-in", identity, i)
	a.ID = id(t, "petros")
	if err := db.RecordSignIn(ctx, a, i); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("sign-in to an account that is not there: %v", err)
	}
}

func testDirectory(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	a, b := newAccount(t, db, "a"), newAccount(t, db, "b")
	list, err := db.Accounts(ctx, account.Filter{After: a.ID, Limit: 1})
	check(t, err)
	same(t, "the page after the first", list, []account.Account{b})
	list, err = db.Accounts(ctx, account.Filter{Email: "nobody@example.com", Limit: 10})
	check(t, err)
	same(t, "nobody has the address", len(list), 0)
	identities, err := db.Identities(ctx, a.ID)
	check(t, err)
	same(t, "identities", len(identities), 1)
}

func testBlock(t *testing.T, db *storage.DB) {
	ctx, when := t.Context(), at(0)
	a, c := newAccount(t, db, "a"), newClient(t, db, "client")
	g := newGrant(t, db, a, newSession(t, db, a, "sid"), c, "grant")
	check(t, db.Block(ctx, a.ID, when))
	check(t, db.Block(ctx, a.ID, when.Add(time.Hour)))
	got, err := db.Account(ctx, a.ID)
	check(t, err)
	same(t, "blocked since", got.BlockedAt, when)
	if !revoked(t, db, g) {
		t.Error("the grant of a blocked account is not revoked")
	}
	if _, err := db.SessionByToken(ctx, hash(t, "sid")); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("session of a blocked account: %v", err)
	}
	check(t, db.Unblock(ctx, a.ID))
	if _, err := db.SessionByToken(ctx, hash(t, "sid")); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("unblocking brought the session back: %v", err)
	}
}

func testDelete(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	a, c := newAccount(t, db, "a"), newClient(t, db, "client")
	g := newGrant(t, db, a, newSession(t, db, a, "sid"), c, "grant")
	check(t, db.Delete(ctx, a.ID))
	if _, _, err := db.Grant(ctx, g.ID); !errors.Is(err, provider.ErrGrantNotFound) {
		t.Errorf("grant of a deleted account: %v", err)
	}
	if _, _, err := db.AccountByIdentity(ctx, "google", "https://accounts.google.com", a.ID); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("identity of a deleted account: %v", err)
	}
	if err := db.CreateAccount(ctx, a, newIdentity(t, "a")); !errors.Is(err, account.ErrExists) {
		t.Errorf("the id of a deleted account was given again: %v", err)
	}
	for name, err := range map[string]error{
		"block": db.Block(ctx, a.ID, at(0)), "unblock": db.Unblock(ctx, a.ID), "delete": db.Delete(ctx, a.ID), "roles": db.SetRoles(ctx, a.ID, nil),
	} {
		if !errors.Is(err, account.ErrNotFound) {
			t.Errorf("%s of a deleted account: %v", name, err)
		}
	}
}
