package storagetest

import (
	"errors"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/storage"
)

func testClients(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	maxAge := int64(600)
	c := &clients.Client{
		ID: id(t, "https://rp.example/client.json"), Version: 1, CreatedAt: at(-time.Minute), UpdatedAt: at(0),
		Metadata: clients.Metadata{RedirectURIs: []string{"https://rp.example/cb?x=1&y=<2>"}, ClientName: "Café ☕", DefaultMaxAge: &maxAge, SkipConsent: true},
		Secrets: []clients.Secret{
			{ID: "new", Hash: "sha256$aa", CreatedAt: at(0)},
			{ID: "old", Hash: "$argon2id$v=19$…", CreatedAt: at(-time.Hour), ExpiresAt: at(time.Hour)},
			{ID: "expired", Hash: "sha256$bb", CreatedAt: at(-2 * time.Hour), ExpiresAt: at(-time.Second)},
		},
	}
	check(t, db.CreateClient(ctx, c, id(t, "once")))
	got, err := db.Client(ctx, c.ID)
	check(t, err)
	c.Secrets = c.Secrets[:2]
	same(t, "a client, its secrets newest first, without the expired", got, c)
	byKey, err := db.ClientByIdempotencyKey(ctx, id(t, "once"))
	check(t, err)
	same(t, "by idempotency key", byKey, c)

	c.Metadata.ClientName, c.UpdatedAt, c.DisabledAt, c.Secrets = "Renamed", at(time.Second), at(0), []clients.Secret{{ID: "third", Hash: "sha256$cc", CreatedAt: at(0)}}
	check(t, db.UpdateClient(ctx, c))
	if err := db.UpdateClient(ctx, c); !errors.Is(err, clients.ErrConflict) {
		t.Errorf("update of a version that is gone: %v", err)
	}
	got, err = db.Client(ctx, c.ID)
	check(t, err)
	c.Version = 2
	same(t, "after the update", got, c)

	second := newClient(t, db, "second")
	page, err := db.Clients(ctx, clients.ClientFilter{After: c.ID, Limit: 1})
	check(t, err)
	same(t, "the page after the first", page, []*clients.Client{second})
}

func testClientIDs(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	c := newClient(t, db, "partner")
	if err := db.CreateClient(ctx, c, ""); !errors.Is(err, clients.ErrExists) {
		t.Errorf("a used id: %v", err)
	}
	other := *c
	other.ID = id(t, "other")
	check(t, db.CreateClient(ctx, &other, id(t, "key")))
	other.ID = id(t, "third")
	if err := db.CreateClient(ctx, &other, id(t, "key")); !errors.Is(err, clients.ErrExists) {
		t.Errorf("a used idempotency key: %v", err)
	}
	if _, err := db.Client(ctx, other.ID); !errors.Is(err, clients.ErrNotFound) {
		t.Errorf("the client that was refused: %v", err)
	}

	a := newAccount(t, db, "maria")
	s := newSession(t, db, a, "sid")
	g := newGrant(t, db, a, s, c, "grant")
	check(t, db.SaveConsent(ctx, provider.Consent{AccountID: a.ID, ClientID: c.ID, Scopes: []string{"openid"}, GrantedAt: at(0)}))
	check(t, db.DeleteClient(ctx, c.ID))
	if !revoked(t, db, g) {
		t.Error("the grant of a deleted client is not revoked")
	}
	if err := db.DeleteClient(ctx, c.ID); !errors.Is(err, clients.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	if err := db.CreateClient(ctx, c, ""); !errors.Is(err, clients.ErrExists) {
		t.Errorf("the id of a deleted client was given again: %v", err)
	}
	if err := db.UpdateClient(ctx, c); !errors.Is(err, clients.ErrConflict) {
		t.Errorf("update of a deleted client: %v", err)
	}
	consent, err := db.Consent(ctx, a.ID, c.ID)
	check(t, err)
	same(t, "the consent for a deleted client", consent, provider.Consent{})
}
