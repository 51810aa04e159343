package storagetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/keys"
	"github.com/symbolon-id/symbolon/provider/upstream"
	"github.com/symbolon-id/symbolon/storage"
)

const racers = 50

// race is an operation that one of many at once can do. The others get the error.
type race struct {
	name  string
	loses error
	run   func(i int) error
}

func races(t *testing.T, db *storage.DB) []race {
	ctx, errLost := t.Context(), errors.New("lost")
	a, c := newAccount(t, db, "maria"), newClient(t, db, "client")
	s := newSession(t, db, a, "sid")
	g := newGrant(t, db, a, s, c, "rotated")
	attempt := upstream.Attempt{StateHash: hash(t, "state"), BrowserHash: hash(t, "b"), CreatedAt: at(0), ExpiresAt: at(time.Minute)}
	check(t, db.InsertAttempt(ctx, attempt))
	device := newDeviceCode(t, db, "device", time.Minute)
	return []race{
		{"InsertGrant", provider.ErrGrantExists, func(int) error {
			return db.InsertGrant(ctx, provider.Grant{ID: id(t, "redeemed"), ClientID: c.ID, AccountID: a.ID, SessionID: s.ID, CreatedAt: at(0), ExpiresAt: at(time.Hour)})
		}},
		{"RotateGrant", errLost, func(int) error {
			return lostUnless(db.RotateGrant(ctx, g.ID, 0, 1, at(0)))(errLost)
		}},
		{"DecideDeviceCode", errLost, func(i int) error {
			decision := device
			decision.DecidedAt, decision.Denied = at(0), i%2 == 0
			decision.AccountID, decision.SessionID = id(t, fmt.Sprint("racer", i)), s.ID
			return lostUnless(db.DecideDeviceCode(ctx, decision))(errLost)
		}},
		{"PollDeviceCode", errLost, func(int) error {
			return lostUnless(db.PollDeviceCode(ctx, device.DeviceHash, at(0), 5*time.Second))(errLost)
		}},
		{"SpendAttempt", upstream.ErrSpent, func(int) error {
			_, err := db.SpendAttempt(ctx, attempt.StateHash, at(0))
			return err
		}},
		{"CreateAccount with one identity", account.ErrExists, func(i int) error {
			return db.CreateAccount(ctx, account.Account{ID: id(t, fmt.Sprint("racer", i)), CreatedAt: at(0), UpdatedAt: at(0)}, newIdentity(t, "one"))
		}},
		{"UseOnce", errLost, func(int) error {
			return lostUnless(db.UseOnce(ctx, hash(t, "once"), at(time.Minute)))(errLost)
		}},
		{"TryLease", errLost, func(i int) error {
			return lostUnless(db.TryLease(ctx, id(t, "lease"), fmt.Sprint("node", i), at(0), at(time.Minute)))(errLost)
		}},
		{"InsertKey", keys.ErrExists, func(i int) error {
			return db.InsertKey(ctx, keys.Record{ID: id(t, fmt.Sprint("key", i)), Algorithm: "EdDSA", Generation: 7, CreatedAt: at(0), ActiveAt: at(0)})
		}},
	}
}

// lostUnless makes an error of the answer "no".
func lostUnless(ok bool, err error) func(lost error) error {
	return func(lost error) error {
		if err == nil && !ok {
			return lost
		}
		return err
	}
}

// testRaces: of fifty at once, one wins, and the others are told so. None meets a fault.
func testRaces(t *testing.T, db *storage.DB) {
	for _, race := range races(t, db) {
		t.Run(race.name, func(t *testing.T) {
			var winners, losers atomic.Int32
			parallel(racers, func(i int) {
				switch err := race.run(i); {
				case err == nil:
					winners.Add(1)
				case errors.Is(err, race.loses):
					losers.Add(1)
				default:
					t.Error(err)
				}
			})
			same(t, "winners", winners.Load(), int32(1))
			same(t, "losers", losers.Load(), int32(racers-1))
		})
	}
	ctx, a, c := t.Context(), newAccount(t, db, "petros"), newClient(t, db, "another")
	t.Run("SaveConsent keeps what each allowed", func(t *testing.T) {
		parallel(8, func(i int) {
			consent := provider.Consent{AccountID: a.ID, ClientID: c.ID, Scopes: []string{fmt.Sprint("scope", i)}, GrantedAt: at(0)}
			if err := db.SaveConsent(ctx, consent); err != nil {
				t.Error(err)
			}
		})
		got, err := db.Consent(ctx, a.ID, c.ID)
		check(t, err)
		same(t, "scopes", len(got.Scopes), 8)
	})
	t.Run("ClaimLogoutNotices", func(t *testing.T) { testClaimRace(t, db) })
	t.Run("log-in, log-out, block and delete at once", func(t *testing.T) { testAccountRace(t, db) })
}

// testAccountRace: operations that lock the same rows in different orders end without a fault, and leave nothing of a deleted account.
func testAccountRace(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	for round := range 5 {
		name := func(s string) string { return fmt.Sprint(s, round) }
		a := newAccount(t, db, name("maria"))
		s := newSession(t, db, a, name("sid"))
		parallel(12, func(i int) {
			next := s
			next.ID = id(t, name(fmt.Sprint("sid", i, "-")))
			errs := []error{db.EndSession(ctx, s.ID, at(0)), db.Block(ctx, a.ID, at(0)), db.Unblock(ctx, a.ID)}
			if i == 6 {
				errs = append(errs, db.Delete(ctx, a.ID))
			}
			errs = append(errs, db.StartSession(ctx, next, hash(t, next.ID), hash(t, name("sid"))))
			for _, err := range errs {
				if err != nil && !errors.Is(err, account.ErrNotFound) {
					t.Error(err)
				}
			}
		})
		left, err := db.SessionsOf(ctx, a.ID)
		check(t, err)
		same(t, "sessions of the deleted account", len(left), 0)
	}
}
