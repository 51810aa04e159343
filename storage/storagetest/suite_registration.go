package storagetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/storage"
)

func selfRegistered(t testing.TB, name string) *clients.Client {
	return &clients.Client{
		ID: id(t, name), Version: 1, CreatedAt: at(0), UpdatedAt: at(0), SelfRegistered: true,
		Metadata: clients.Metadata{RedirectURIs: []string{"https://rp.example/cb"}, ClientName: "Partner", Scope: "openid"},
	}
}

func testRegistration(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	c := selfRegistered(t, "one")
	c.Secrets = []clients.Secret{{ID: "s", Hash: "sha256$aa", CreatedAt: at(0)}}
	check(t, db.RegisterClient(ctx, c, clients.SelfRegistration{TokenHash: hash(t, "a"), Limit: 1000}))
	got, token, err := db.RegisteredClient(ctx, c.ID)
	check(t, err)
	same(t, "the client as it registered", got, c)
	same(t, "the hash of its token", token, hash(t, "a"))
	if err := db.RegisterClient(ctx, c, clients.SelfRegistration{TokenHash: hash(t, "b"), Limit: 1000}); !errors.Is(err, clients.ErrExists) {
		t.Errorf("the same id again: %v", err)
	}
	if err := db.RegisterClient(ctx, selfRegistered(t, "full"), clients.SelfRegistration{TokenHash: hash(t, "b"), Limit: 1}); !errors.Is(err, clients.ErrFull) {
		t.Errorf("over the limit: %v", err)
	}

	c.Metadata.ClientName = "Renamed"
	if err := db.UpdateRegisteredClient(ctx, c, hash(t, "wrong"), hash(t, "b")); !errors.Is(err, clients.ErrToken) {
		t.Errorf("update with a token that is not its own: %v", err)
	}
	if got, err := db.Client(ctx, c.ID); err != nil || got.Version != 1 || got.Metadata.ClientName != "Partner" {
		t.Errorf("the update was refused, and the client is %+v, %v", got, err)
	}
	check(t, db.UpdateRegisteredClient(ctx, c, hash(t, "a"), hash(t, "b")))
	if err := db.RotateRegistrationToken(ctx, c.ID, hash(t, "a"), hash(t, "c")); !errors.Is(err, clients.ErrToken) {
		t.Errorf("rotation from a token that was replaced: %v", err)
	}
	check(t, db.RotateRegistrationToken(ctx, c.ID, hash(t, "b"), hash(t, "c")))
	got, token, err = db.RegisteredClient(ctx, c.ID)
	check(t, err)
	c.Version = 2
	same(t, "the client after its update", got, c)
	same(t, "the hash of its third token", token, hash(t, "c"))

	other := newClient(t, db, "administrator's")
	if _, _, err := db.RegisteredClient(ctx, other.ID); !errors.Is(err, clients.ErrNotFound) {
		t.Errorf("a client of an administrator has a registration: %v", err)
	}
	check(t, db.DeleteClient(ctx, c.ID))
	if _, _, err := db.RegisteredClient(ctx, c.ID); !errors.Is(err, clients.ErrNotFound) {
		t.Errorf("a deleted client: %v", err)
	}
	deleted, err := db.ClientDeleted(ctx, c.ID)
	check(t, err)
	same(t, "it is known as deleted", deleted, true)
}

func testInitialAccessTokens(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	good := clients.InitialAccessToken{ID: id(t, "good"), Hash: hash(t, "good"), Note: "Sunny Books", CreatedAt: at(0), ExpiresAt: at(time.Hour), UsesLeft: 3}
	old := clients.InitialAccessToken{ID: id(t, "old"), Hash: hash(t, "old"), CreatedAt: at(-time.Hour), ExpiresAt: at(-time.Second), UsesLeft: 3}
	check(t, db.CreateInitialAccessToken(ctx, good))
	check(t, db.CreateInitialAccessToken(ctx, old))
	got, err := db.InitialAccessToken(ctx, good.Hash)
	check(t, err)
	same(t, "a token by its hash", got, good)
	for name, h := range map[string][]byte{"expired": old.Hash, "unknown": hash(t, "unknown"), "empty": nil} {
		if _, err := db.InitialAccessToken(ctx, h); !errors.Is(err, clients.ErrToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Three uses, and forty at once: never a fourth.
	var won atomic.Int64
	parallel(40, func(i int) {
		c := selfRegistered(t, fmt.Sprint("client", i))
		err := db.RegisterClient(ctx, c, clients.SelfRegistration{TokenHash: hash(t, c.ID), InitialHash: good.Hash})
		switch {
		case err == nil:
			won.Add(1)
		case !errors.Is(err, clients.ErrToken):
			t.Errorf("register: %v", err)
		}
	})
	if won.Load() != 3 {
		t.Errorf("a token for three registrations let %d through", won.Load())
	}
	check(t, db.DeleteInitialAccessToken(ctx, good.ID))
	if err := db.DeleteInitialAccessToken(ctx, good.ID); !errors.Is(err, clients.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	_, err = db.SweepRegistrations(ctx, at(-24*time.Hour), 10)
	check(t, err)
	all, err := db.InitialAccessTokens(ctx)
	check(t, err)
	if len(all) != 0 {
		t.Errorf("left over: %+v", all)
	}
}

func testSweepRegistrations(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	register := func(name string, initial []byte) *clients.Client {
		c := selfRegistered(t, name)
		c.CreatedAt = at(-48 * time.Hour)
		check(t, db.RegisterClient(ctx, c, clients.SelfRegistration{TokenHash: hash(t, name), InitialHash: initial, Limit: 1000}))
		return c
	}
	check(t, db.CreateInitialAccessToken(ctx, clients.InitialAccessToken{ID: id(t, "iat"), Hash: hash(t, "iat"), CreatedAt: at(0), UsesLeft: 1}))
	unused, used, vouched := register("unused", nil), register("used", nil), register("vouched", hash(t, "iat"))
	document := selfRegistered(t, "https://app.example/client")
	check(t, db.KeepDocumentClient(ctx, document))
	if err := db.KeepDocumentClient(ctx, document); !errors.Is(err, clients.ErrExists) {
		t.Errorf("kept twice: %v", err)
	}
	if _, _, err := db.RegisteredClient(ctx, document.ID); !errors.Is(err, clients.ErrNotFound) {
		t.Errorf("a client with a document has no registration access token: %v", err)
	}
	administrators := newClient(t, db, "administrator's")
	a := newAccount(t, db, "maria")
	check(t, db.SaveConsent(ctx, provider.Consent{AccountID: a.ID, ClientID: used.ID, Scopes: []string{"openid"}, GrantedAt: at(0)}))

	_, err := db.SweepRegistrations(ctx, at(-24*time.Hour), 100)
	check(t, err)
	there := func(c *clients.Client) bool {
		t.Helper()
		_, err := db.Client(ctx, c.ID)
		if err != nil && !errors.Is(err, clients.ErrNotFound) {
			t.Fatal(err)
		}
		return err == nil
	}
	if there(unused) {
		t.Error("DR-01: a client that nobody uses is not purged")
	}
	if !there(used) || !there(vouched) || !there(document) || !there(administrators) {
		t.Error("the sweep took a client that is used, new, let in by a token, or an administrator's")
	}
	// The document's client was seen just now; later it goes too, and may come back.
	_, err = db.SweepRegistrations(ctx, at(time.Hour), 100)
	check(t, err)
	if there(document) || !there(used) || !there(vouched) || !there(administrators) {
		t.Error("the second sweep took or left the wrong clients")
	}
	check(t, db.KeepDocumentClient(ctx, document))
}
