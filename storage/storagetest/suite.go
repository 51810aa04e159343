package storagetest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/storage"
)

// Run is the suite: what every database must do, on the one at url.
func Run(t *testing.T, url string) {
	db := Open(t, url)
	for _, group := range []struct {
		name string
		run  func(t *testing.T, db *storage.DB)
	}{
		{"clients", testClients},
		{"client ids", testClientIDs},
		{"registration", testRegistration},
		{"initial access tokens", testInitialAccessTokens},
		{"sweep registrations", testSweepRegistrations},
		{"accounts", testAccounts},
		{"sign-in", testSignIn},
		{"account directory", testDirectory},
		{"block", testBlock},
		{"delete", testDelete},
		{"sessions", testSessions},
		{"sessions replaced", testSessionsReplaced},
		{"grants", testGrants},
		{"standing grants", testStandingGrants},
		{"client stands", testClientStands},
		{"standing", testStanding},
		{"consents", testConsents},
		{"connections", testConnections},
		{"other sessions", testOtherSessions},
		{"keys", testKeys},
		{"attempts", testAttempts},
		{"status lists", testStatusLists},
		{"status bits", testStatusBits},
		{"device codes", testDeviceCodes},
		{"device polls", testDevicePolls},
		{"sweep device codes", testSweepDeviceCodes},
		{"pushed requests", testPushedRequests},
		{"installation", testInstallation},
		{"log-out notices written", testNoticesWritten},
		{"log-out notices", testNotices},
		{"single use and leases", testUseOnceAndLeases},
		{"sweep", testSweep},
		{"sweep revocations", testSweepRevocations},
		{"sweep grants", testSweepGrants},
		{"races", testRaces},
		{"hostile text", testHostileText},
		{"statements", func(t *testing.T, _ *storage.DB) { testStatements(t, url) }},
	} {
		t.Run(group.name, func(t *testing.T) { group.run(t, db) })
	}
}

// at is a time that a database keeps: whole milliseconds.
func at(d time.Duration) time.Time { return time.Now().Add(d).UTC().Truncate(time.Millisecond) }

// id returns a key that no other test of the database uses.
func id(t testing.TB, name string) string {
	return fmt.Sprintf("%s/%s", t.Name(), name)
}

// hash returns a value of the length of a SHA-256 that no other test of the database uses.
func hash(t testing.TB, name string) []byte {
	b := []byte(name + strings.Repeat(".", 32) + t.Name())
	sum := make([]byte, 32)
	for i, c := range b {
		sum[i%32] = sum[i%32]*31 + c
	}
	return sum
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// parallel runs f n times at once and waits.
func parallel(n int, f func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	wg.Wait()
}

func newClient(t testing.TB, db *storage.DB, name string) *clients.Client {
	t.Helper()
	c := &clients.Client{
		ID: id(t, name), Version: 1, CreatedAt: at(0), UpdatedAt: at(0),
		Metadata: clients.Metadata{RedirectURIs: []string{"https://rp.example/cb"}, ClientName: "Partner", Scope: "openid"},
	}
	check(t, db.CreateClient(t.Context(), c, ""))
	return c
}

func newAccount(t testing.TB, db *storage.DB, name string) account.Account {
	t.Helper()
	a := account.Account{ID: id(t, name), Name: "Maria Papadopoulou", CreatedAt: at(0), UpdatedAt: at(0)}
	check(t, db.CreateAccount(t.Context(), a, newIdentity(t, name)))
	return a
}

func newIdentity(t testing.TB, name string) account.Identity {
	return account.Identity{
		Connector: "google", Issuer: "https://accounts.google.com", Subject: id(t, name), AccountID: id(t, name), LinkedAt: at(0),
	}
}

func newSession(t testing.TB, db *storage.DB, a account.Account, name string) session.Session {
	t.Helper()
	s := session.Session{
		ID: id(t, name), AccountID: a.ID, Upstream: "google", LoginAt: at(0), CreatedAt: at(0), SeenAt: at(0), ExpiresAt: at(time.Hour),
	}
	check(t, db.StartSession(t.Context(), s, hash(t, name), nil))
	return s
}

func newGrant(t testing.TB, db *storage.DB, a account.Account, s session.Session, c *clients.Client, name string) provider.Grant {
	t.Helper()
	g := provider.Grant{
		ID: id(t, name), ClientID: c.ID, AccountID: a.ID, SessionID: s.ID, Scopes: []string{"openid"}, CreatedAt: at(0), ExpiresAt: at(time.Hour),
	}
	check(t, db.InsertGrant(t.Context(), g))
	return g
}

// revoked says whether the grant is revoked.
func revoked(t testing.TB, db *storage.DB, g provider.Grant) bool {
	t.Helper()
	got, _, err := db.Grant(t.Context(), g.ID)
	check(t, err)
	return !got.RevokedAt.IsZero()
}
