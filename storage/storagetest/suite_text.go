package storagetest

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/upstream"
	"github.com/symbolon-id/symbolon/storage"
)

// testHostileText: TK-10 (empty keys), TK-12 (metacharacters) and DS-11 (NUL and invalid UTF-8), on a database that has rows to be met.
func testHostileText(t *testing.T, db *storage.DB) {
	a, c := newAccount(t, db, "maria"), newClient(t, db, "client")
	g := newGrant(t, db, a, newSession(t, db, a, "sid"), c, "grant")
	for _, key := range []string{
		"", " ", "\t\n", "%", "_", "1=1", "1", "0", "' OR 1=1--", `" OR ""="`, "'; DROP TABLE grants;--", "$1", "?", "@id", `\`, "NULL", "☕😀", "\u202e",
		"\x00", a.ID + "\x00", "\xff\xfe", "\xc0\xaf", "\xed\xa0\x80", strings.Repeat("a", 2048), strings.Repeat("a", 64<<10), strings.Repeat("☕", 64<<10),
	} {
		lookUp(t, db, key)
	}
	same(t, "nothing was revoked by a key that is not the grant's", revoked(t, db, g), false)
	if _, err := db.Client(t.Context(), c.ID); err != nil {
		t.Error(err)
	}
	t.Run("stored", func(t *testing.T) { testHostileValues(t, db) })
	t.Run("hostile keys are not stored", func(t *testing.T) { testHostileKeys(t, db) })
}

// lookUp gives the key to every method that takes one.
func lookUp(t *testing.T, db *storage.DB, key string) {
	t.Helper()
	ctx, sum := t.Context(), bytes.Repeat([]byte(key), 32)[:min(32*len(key), 32)]
	_, errClient := db.Client(ctx, key)
	_, errByKey := db.ClientByIdempotencyKey(ctx, key)
	_, errAccount := db.Account(ctx, key)
	_, _, errConnector := db.AccountByIdentity(ctx, key, "https://accounts.google.com", key)
	_, _, errGrant := db.Grant(ctx, key)
	_, errToken := db.SessionByToken(ctx, []byte(key))
	_, errSum := db.SessionByToken(ctx, sum)
	_, errAttempt := db.SpendAttempt(ctx, []byte(key), at(0))
	for what, e := range map[string]struct{ got, want error }{
		"Client": {errClient, clients.ErrNotFound}, "ClientByIdempotencyKey": {errByKey, clients.ErrNotFound},
		"Account": {errAccount, account.ErrNotFound}, "AccountByIdentity": {errConnector, account.ErrNotFound},
		"Grant": {errGrant, provider.ErrGrantNotFound}, "SessionByToken": {errToken, session.ErrNotFound}, "with 32 bytes": {errSum, session.ErrNotFound},
		"SpendAttempt": {errAttempt, upstream.ErrAttempt}, "UpdateClient": {db.UpdateClient(ctx, &clients.Client{ID: key, Version: 1}), clients.ErrConflict},
		"DeleteClient": {db.DeleteClient(ctx, key), clients.ErrNotFound}, "RecordSignIn": {db.RecordSignIn(ctx, account.Account{ID: key, UpdatedAt: at(0)}, account.Identity{}), account.ErrNotFound},
		"Block": {db.Block(ctx, key, at(0)), account.ErrNotFound}, "Unblock": {db.Unblock(ctx, key), account.ErrNotFound},
		"Delete": {db.Delete(ctx, key), account.ErrNotFound}, "SetRoles": {db.SetRoles(ctx, key, nil), account.ErrNotFound},
		"EndSession": {db.EndSession(ctx, key, at(0)), nil}, "TouchSession": {db.TouchSession(ctx, key, at(0)), nil},
		"RevokeGrant": {db.RevokeGrant(ctx, key, at(0)), nil}, "DeleteConsent": {db.DeleteConsent(ctx, key, key, at(0)), nil},
		"EndOtherSessions": {db.EndOtherSessions(ctx, key, key, at(0)), nil},
	} {
		if !errors.Is(e.got, e.want) {
			t.Errorf("%s(%.20q) = %v, want %v", what, key, e.got, e.want)
		}
	}
	lookUpLists(t, db, key)
}

// lookUpLists is lookUp for the methods that answer with nothing rather than an error.
func lookUpLists(t *testing.T, db *storage.DB, key string) {
	t.Helper()
	ctx := t.Context()
	standing, err := db.Standing(ctx, key, key, key)
	check(t, err)
	same(t, "standing", standing, provider.Standing{})
	consent, err := db.Consent(ctx, key, key)
	check(t, err)
	same(t, "consent", consent, provider.Consent{})
	rotated, err := db.RotateGrant(ctx, key, 0, 1, at(0))
	check(t, err)
	same(t, "rotated", rotated, false)
	for _, list := range []func() (int, error){
		func() (int, error) { l, err := db.SessionsOf(ctx, key); return len(l), err },
		func() (int, error) { l, err := db.Identities(ctx, key); return len(l), err },
		func() (int, error) { l, err := db.ClientsOf(ctx, key, key); return len(l), err },
		func() (int, error) { l, err := db.ConsentsOf(ctx, key); return len(l), err },
		func() (int, error) { l, err := db.GrantsOf(ctx, key, at(0)); return len(l), err },
	} {
		n, err := list()
		check(t, err)
		same(t, "listed", n, 0)
	}
	_, err = db.Clients(ctx, clients.ClientFilter{After: key, Limit: 1})
	check(t, err)
	_, err = db.Accounts(ctx, account.Filter{After: key, Email: key, Limit: 1})
	check(t, err)
}

// testHostileValues: other text is stored without NUL and invalid UTF-8, the same on both databases.
func testHostileValues(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	bad, good := "a\x00b\xffc'%☕", "a\uFFFDb\uFFFDc'%☕"
	a := account.Account{ID: id(t, "a"), Name: bad, Email: bad, Locale: bad, Roles: []string{bad}, CreatedAt: at(0), UpdatedAt: at(0)}
	i := account.Identity{Connector: "c", Issuer: bad, Subject: bad, Email: bad, LinkedAt: at(0)}
	check(t, db.CreateAccount(ctx, a, i))
	got, identity, err := db.AccountByIdentity(ctx, "c", bad, bad)
	check(t, err)
	same(t, "account", []string{got.Name, got.Email, got.Locale, got.Roles[0], identity.Subject, identity.Email}, []string{good, good, good, good, good, good})
	if _, _, err := db.AccountByIdentity(ctx, "c", good, good); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("two subjects that look alike once cleaned are still two: %v", err)
	}
	s := session.Session{ID: id(t, "s"), AccountID: a.ID, UserAgent: bad, AMR: []string{bad}, LoginAt: at(0), CreatedAt: at(0), SeenAt: at(0), ExpiresAt: at(time.Hour)}
	check(t, db.StartSession(ctx, s, hash(t, "s"), nil))
	s, err = db.SessionByToken(ctx, hash(t, "s"))
	check(t, err)
	same(t, "session", []string{s.UserAgent, s.AMR[0]}, []string{good, good})
	g := provider.Grant{ID: id(t, "g"), ClientID: "c", AccountID: a.ID, SessionID: s.ID, DPoPKey: bad, CreatedAt: at(0), ExpiresAt: at(0)}
	check(t, db.InsertGrant(ctx, g))
	g, _, err = db.Grant(ctx, g.ID)
	check(t, err)
	same(t, "grant", g.DPoPKey, good)
	c := &clients.Client{ID: id(t, "c"), Metadata: clients.Metadata{ClientName: "a\xffb", BackchannelLogoutURI: bad}, CreatedAt: at(0), UpdatedAt: at(0)}
	check(t, db.CreateClient(ctx, c, ""))
	c, err = db.Client(ctx, c.ID)
	check(t, err)
	same(t, "client", c.Metadata.ClientName, "a\uFFFDb")
}

// testHostileKeys: what cannot be looked up is not stored under that key either.
func testHostileKeys(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	for _, key := range []string{"", "a\x00", "\xff", strings.Repeat("a", 2049)} {
		for what, err := range map[string]error{
			"CreateClient":  db.CreateClient(ctx, &clients.Client{ID: key, CreatedAt: at(0), UpdatedAt: at(0)}, ""),
			"CreateAccount": db.CreateAccount(ctx, account.Account{ID: key, CreatedAt: at(0), UpdatedAt: at(0)}, newIdentity(t, "x")),
			"InsertGrant":   db.InsertGrant(ctx, provider.Grant{ID: key, ClientID: "c", AccountID: "a", SessionID: "s", CreatedAt: at(0), ExpiresAt: at(0)}),
			"StartSession":  db.StartSession(ctx, session.Session{ID: key, AccountID: key}, hash(t, "h"), nil),
			"SaveConsent":   db.SaveConsent(ctx, provider.Consent{AccountID: key, ClientID: key}),
			"InsertAttempt": db.InsertAttempt(ctx, upstream.Attempt{StateHash: []byte(key)}),
		} {
			if err == nil {
				t.Errorf("%s stored the key %.20q", what, key)
			}
		}
	}
}
