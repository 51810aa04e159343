package storagetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/storage"
)

// newListener is newClient for one that wants to be told of log-outs.
func newListener(t testing.TB, db *storage.DB, name string) *clients.Client {
	t.Helper()
	c := &clients.Client{
		ID: id(t, name), Version: 1, CreatedAt: at(0), UpdatedAt: at(0),
		Metadata: clients.Metadata{ClientName: "Partner", BackchannelLogoutURI: "https://rp.example/logout"},
	}
	check(t, db.CreateClient(t.Context(), c, ""))
	return c
}

// claim takes the test's notices that are due, and puts those of other tests away.
func claim(t testing.TB, db *storage.DB, now, retry time.Time) []provider.LogoutNotice {
	t.Helper()
	var mine []provider.LogoutNotice
	for {
		list, err := db.ClaimLogoutNotices(t.Context(), now, retry, 100)
		check(t, err)
		if len(list) == 0 {
			return mine
		}
		for _, n := range list {
			if strings.HasPrefix(n.ClientID, t.Name()+"/") {
				mine = append(mine, n)
			} else {
				check(t, db.DeleteLogoutNotice(t.Context(), n.ID))
			}
		}
	}
}

// testNoticesWritten is OIDC Back-Channel Logout §2.5: each client that the person signed in to in the session is told that it ended, once.
func testNoticesWritten(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	for name, c := range map[string]struct {
		end      func(t *testing.T, s session.Session) error
		sessions []string
	}{
		"EndSession": {func(_ *testing.T, s session.Session) error { return db.EndSession(ctx, s.ID, at(0)) }, []string{"sid"}},
		"Block":      {func(_ *testing.T, s session.Session) error { return db.Block(ctx, s.AccountID, at(0)) }, []string{"other", "sid"}},
		"Delete":     {func(_ *testing.T, s session.Session) error { return db.Delete(ctx, s.AccountID) }, []string{"other", "sid"}},
		"StartSession in place of another": {func(t *testing.T, s session.Session) error {
			s.ID = id(t, "next")
			return db.StartSession(ctx, s, hash(t, "next"), hash(t, "sid"))
		}, []string{"sid"}},
		"StartSession that takes over": {func(t *testing.T, s session.Session) error {
			return db.StartSession(ctx, s, hash(t, "next"), hash(t, "sid"))
		}, nil},
		"RevokeGrant ends no session": {func(t *testing.T, _ session.Session) error { return db.RevokeGrant(ctx, id(t, "grant"), at(0)) }, nil},
		"EndOtherSessions": {func(t *testing.T, s session.Session) error {
			return db.EndOtherSessions(ctx, s.AccountID, id(t, "other"), at(0))
		}, []string{"sid"}},
	} {
		t.Run(name, func(t *testing.T) {
			a, listener, offline := newAccount(t, db, "maria"), newListener(t, db, "listener"), newListener(t, db, "offline")
			s, other := newSession(t, db, a, "sid"), newSession(t, db, a, "other")
			newListener(t, db, "never signed in to")
			newGrant(t, db, a, s, listener, "grant")
			newGrant(t, db, a, s, listener, "grant again")
			newGrant(t, db, a, s, newClient(t, db, "does not listen"), "third grant")
			check(t, db.InsertGrant(ctx, provider.Grant{
				ID: id(t, "offline grant"), ClientID: offline.ID, AccountID: a.ID, SessionID: s.ID, Offline: true, CreatedAt: at(0), ExpiresAt: at(time.Hour),
			}))
			newGrant(t, db, a, other, listener, "other grant")
			newGrant(t, db, a, session.Session{ID: id(t, "ended long ago")}, listener, "old grant")
			check(t, c.end(t, s))
			var got, want []string
			for _, n := range claim(t, db, at(time.Minute), at(time.Hour)) {
				same(t, "account", n.AccountID, a.ID)
				got = append(got, n.SessionID+" "+n.ClientID)
			}
			for _, sid := range c.sessions {
				want = append(want, id(t, sid)+" "+listener.ID)
				if sid == "sid" {
					want = append(want, id(t, sid)+" "+offline.ID)
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			same(t, "notices", got, want)
		})
	}
	t.Run("DeleteConsent", func(t *testing.T) { testNoticesOfConsent(t, db) })
	t.Run("EndSession twice", func(t *testing.T) { testNoticesOnce(t, db) })
}

// testNoticesOfConsent: a client that the person takes their consent from is told for each session that goes on, and nobody else is told.
func testNoticesOfConsent(t *testing.T, db *storage.DB) {
	a, petros, listener, other := newAccount(t, db, "maria"), newAccount(t, db, "petros"), newListener(t, db, "listener"), newListener(t, db, "other")
	s, second := newSession(t, db, a, "sid"), newSession(t, db, a, "second")
	theirs := newSession(t, db, petros, "theirs")
	newGrant(t, db, a, s, listener, "grant")
	newGrant(t, db, a, s, listener, "grant again")
	check(t, db.RevokeGrant(t.Context(), newGrant(t, db, a, second, listener, "revoked").ID, at(0))) // its own session there may go on
	newGrant(t, db, a, s, other, "of another client")
	newGrant(t, db, petros, theirs, listener, "of another person")
	newGrant(t, db, a, session.Session{ID: id(t, "ended long ago")}, listener, "old grant")
	check(t, db.DeleteConsent(t.Context(), a.ID, listener.ID, at(0)))
	var got []string
	for _, n := range claim(t, db, at(time.Minute), at(time.Hour)) {
		got = append(got, n.SessionID+" "+n.ClientID)
	}
	slices.Sort(got)
	same(t, "notices", got, []string{second.ID + " " + listener.ID, s.ID + " " + listener.ID})
	left, err := db.SessionsOf(t.Context(), a.ID)
	check(t, err)
	same(t, "sessions, which go on", len(left), 2)
}

// testNoticesOnce: a session that fifty end at once is told of once, and what a client wants is what it says now.
func testNoticesOnce(t *testing.T, db *storage.DB) {
	a, c := newAccount(t, db, "maria"), newListener(t, db, "listener")
	s := newSession(t, db, a, "sid")
	newGrant(t, db, a, s, c, "grant")
	parallel(racers, func(int) {
		if err := db.EndSession(t.Context(), s.ID, at(0)); err != nil {
			t.Error(err)
		}
	})
	same(t, "notices", len(claim(t, db, at(time.Minute), at(time.Hour))), 1)
	c.Metadata.BackchannelLogoutURI = ""
	check(t, db.UpdateClient(t.Context(), c))
	s = newSession(t, db, a, "second")
	newGrant(t, db, a, s, c, "second grant")
	check(t, db.EndSession(t.Context(), s.ID, at(0)))
	same(t, "notices of a client that wants none now", len(claim(t, db, at(time.Minute), at(time.Hour))), 0)
}

// notices writes n notices, due one after the other.
func notices(t *testing.T, db *storage.DB, n int) {
	t.Helper()
	a, c := newAccount(t, db, "maria"), newListener(t, db, "listener")
	for i := range n {
		s := newSession(t, db, a, fmt.Sprint("sid", i))
		newGrant(t, db, a, s, c, fmt.Sprint("grant", i))
		check(t, db.EndSession(t.Context(), s.ID, at(time.Duration(i)*time.Second)))
	}
}

func testNotices(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	notices(t, db, 4)
	claim := func(now, retry time.Duration) []string {
		t.Helper()
		var list []string
		for _, n := range claim(t, db, at(now), at(retry)) {
			list = append(list, fmt.Sprintf("%s %d %s", strings.TrimPrefix(n.SessionID, t.Name()+"/"), n.Attempts, n.LastError))
		}
		return list
	}
	same(t, "nothing is due", len(claim(-time.Minute, time.Minute)), 0)
	all, err := db.ClaimLogoutNotices(ctx, at(time.Minute), at(2*time.Minute), 2)
	check(t, err)
	same(t, "limit", len(all), 2)
	first, second := all[0], all[1]
	same(t, "the first", first.SessionID+first.ClientID, id(t, "sid0")+id(t, "listener"))
	same(t, "the others, by when they were due", claim(time.Minute, 2*time.Minute), []string{"sid2 1 ", "sid3 1 "})
	check(t, db.DeleteLogoutNotice(ctx, first.ID))
	check(t, db.DeleteLogoutNotice(ctx, first.ID))
	check(t, db.DelayLogoutNotice(ctx, first.ID, at(0), "gone"))
	check(t, db.DelayLogoutNotice(ctx, second.ID, at(time.Hour), "503\x00\xff"))
	same(t, "due again, the delayed last", claim(2*time.Hour, 3*time.Hour), []string{"sid2 2 ", "sid3 2 ", "sid1 2 503\uFFFD\uFFFD"})

	dead := at(time.Hour)
	check(t, db.BuryLogoutNotice(ctx, second.ID, dead, "410"))
	check(t, db.BuryLogoutNotice(ctx, second.ID, dead.Add(time.Hour), "again"))
	check(t, db.DelayLogoutNotice(ctx, second.ID, at(0), "too late"))
	same(t, "due without the dead", claim(4*time.Hour, 5*time.Hour), []string{"sid2 3 ", "sid3 3 "})
	last, err := db.ClaimLogoutNotices(ctx, at(6*time.Hour), at(7*time.Hour), 1)
	check(t, err)
	check(t, db.BuryLogoutNotice(ctx, last[0].ID, dead.Add(time.Second), "timeout"))
	buried, err := db.DeadLogoutNotices(ctx, 10)
	check(t, err)
	second.Attempts, second.LastError, second.DeadAt = 2, "410", dead
	last[0].LastError, last[0].DeadAt = "timeout", dead.Add(time.Second)
	same(t, "the dead, newest first", buried, []provider.LogoutNotice{last[0], second})
	if _, err := db.ClaimLogoutNotices(ctx, at(0), at(-time.Second), 1); err == nil {
		t.Error("claimed, and due again at once: two nodes would have it")
	}
	for _, unknown := range []int64{0, -1, 1 << 62} {
		check(t, db.DelayLogoutNotice(ctx, unknown, at(0), ""))
		check(t, db.BuryLogoutNotice(ctx, unknown, at(0), ""))
		check(t, db.DeleteLogoutNotice(ctx, unknown))
	}
}

// testClaimRace: of fifty nodes that look at once, none gets a notice that another has, and none is left.
func testClaimRace(t *testing.T, db *storage.DB) {
	notices(t, db, 30)
	now, retry := at(time.Minute), at(time.Hour)
	var mu sync.Mutex
	var got []provider.LogoutNotice
	parallel(racers, func(int) {
		for {
			list, err := db.ClaimLogoutNotices(t.Context(), now, retry, 7)
			if err != nil {
				t.Error(err)
				return
			}
			if len(list) == 0 {
				due, err := db.ClaimLogoutNotices(t.Context(), now, retry, 1)
				if err != nil || len(due) == 0 {
					return
				}
				list = due
			}
			mu.Lock()
			got = append(got, list...)
			mu.Unlock()
		}
	})
	got = append(got, claim(t, db, now, retry)...) // a node that lost every race of a round has stopped early
	slices.SortFunc(got, func(a, b provider.LogoutNotice) int { return cmp.Compare(a.ID, b.ID) })
	mine := 0
	for i, n := range got {
		if i > 0 && n.ID == got[i-1].ID || n.Attempts != 1 {
			t.Errorf("notice %d was handed out twice", n.ID)
		}
		if strings.HasPrefix(n.ClientID, t.Name()+"/") {
			mine++
		}
	}
	same(t, "notices handed out", mine, 30)
}
