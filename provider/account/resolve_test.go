package account_test

import (
	"context"
	"errors"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider/account"
)

func google(subject, email string, trust account.EmailTrust) account.Proof {
	return account.Proof{
		Connector: "google", Issuer: "https://accounts.google.com", Subject: subject, Email: email, EmailTrust: trust,
		Name: "Ada Lovelace", GivenName: "Ada", FamilyName: "Lovelace", Picture: "https://p.example/ada", Locale: "en",
	}
}

func facebook(subject, email string) account.Proof {
	return account.Proof{Connector: "facebook", Issuer: "https://www.facebook.com", Subject: subject, Audience: "app", Email: email, Name: "Ada L"}
}

func resolve(t *testing.T, m *memory, p account.Proof, at time.Time) account.Account {
	t.Helper()
	a, err := account.Resolve(t.Context(), m, p, at)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var (
	monday  = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	tuesday = monday.Add(24 * time.Hour)
)

func TestFirstSignInCreates(t *testing.T) {
	m := newMemory()
	a := resolve(t, m, google("1", "Ada@Gmail.com", account.EmailAuthoritative), monday)
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{22}$`).MatchString(a.ID) {
		t.Errorf("id %q", a.ID)
	}
	if a.Email != "ada@gmail.com" || !a.EmailVerified || a.Name != "Ada Lovelace" || !a.CreatedAt.Equal(monday) || !a.UpdatedAt.Equal(monday) || a.Roles != nil {
		t.Errorf("%+v", a)
	}
	id := m.identities[key("google", "https://accounts.google.com", "1")]
	if id.AccountID != a.ID || id.Email != "ada@gmail.com" || !id.LinkedAt.Equal(monday) || !id.LastUsedAt.Equal(monday) {
		t.Errorf("%+v", id)
	}
	b := resolve(t, m, google("2", "", 0), monday)
	if b.ID == a.ID || b.Email != "" || b.EmailVerified {
		t.Errorf("row 10, no e-mail: %+v", b)
	}
	c := resolve(t, m, google("3", "not an address", account.EmailAuthoritative), monday)
	if c.Email != "" || c.EmailVerified {
		t.Errorf("malformed e-mail: %+v", c)
	}
}

func TestIdentityIsConnectorIssuerAndSubject(t *testing.T) {
	m := newMemory()
	seen := map[string]bool{}
	for _, p := range []account.Proof{
		{Connector: "a", Issuer: "https://i", Subject: "1"},
		{Connector: "b", Issuer: "https://i", Subject: "1"},
		{Connector: "a", Issuer: "https://j", Subject: "1"},
		{Connector: "a", Issuer: "https://i", Subject: "2"},
	} {
		seen[resolve(t, m, p, monday).ID] = true
	}
	if len(seen) != 4 {
		t.Errorf("%d accounts for 4 identities", len(seen))
	}
	for _, p := range []account.Proof{{Issuer: "i", Subject: "1"}, {Connector: "a", Subject: "1"}, {Connector: "a", Issuer: "i"}} {
		if _, err := account.Resolve(t.Context(), m, p, monday); err == nil {
			t.Errorf("resolved %+v", p)
		}
	}
}

func TestMatchingEmailNeverMergesFD01FD02FD03FD04(t *testing.T) {
	for name, order := range map[string][]account.Proof{
		"verified, then Facebook": {google("1", "ada@gmail.com", account.EmailAuthoritative), facebook("9", "ada@gmail.com")},
		"Facebook, then verified": {facebook("9", "ada@gmail.com"), google("1", "ada@gmail.com", account.EmailAuthoritative)},
		"unverified Google":       {google("1", "ada@gmail.com", account.EmailAuthoritative), google("2", "ADA@gmail.com", account.EmailUnverified)},
		"recycled address FD-14":  {google("1", "ada@corp.example", account.EmailAuthoritative), google("2", "ada@corp.example", account.EmailAuthoritative)},
	} {
		m := newMemory()
		first, second := resolve(t, m, order[0], monday), resolve(t, m, order[1], tuesday)
		if first.ID == second.ID {
			t.Errorf("%s: one account", name)
		}
		if second.EmailVerified != (order[1].EmailTrust >= account.EmailVerified) {
			t.Errorf("%s: verified %v", name, second.EmailVerified)
		}
		if again := resolve(t, m, order[0], tuesday); again.ID != first.ID {
			t.Errorf("%s: the first person lands elsewhere", name)
		}
	}
}

func TestLaterSignInRefreshesTheProfile(t *testing.T) {
	m := newMemory()
	p := google("1", "ada@gmail.com", account.EmailAuthoritative)
	first := resolve(t, m, p, monday)
	same := resolve(t, m, p, tuesday)
	if !same.UpdatedAt.Equal(monday) {
		t.Errorf("nothing changed, but updated at %v", same.UpdatedAt)
	}
	if id := m.identities[key("google", p.Issuer, "1")]; !id.LastUsedAt.Equal(tuesday) || !id.LinkedAt.Equal(monday) {
		t.Errorf("%+v", id)
	}
	p.Name, p.FamilyName, p.Picture, p.Locale = "Ada King", "King", "", "ko"
	changed := resolve(t, m, p, tuesday)
	if changed.ID != first.ID || changed.Name != "Ada King" || changed.Picture != "" || changed.Locale != "ko" || !changed.UpdatedAt.Equal(tuesday) {
		t.Errorf("%+v", changed)
	}
	p.Name, p.GivenName, p.FamilyName, p.Locale = "", "", "", ""
	kept := resolve(t, m, p, tuesday)
	if kept.Name != "Ada King" || kept.Locale != "ko" {
		t.Errorf("profile not shared this time: %+v", kept)
	}
}

func TestUpstreamEmailChangesFD13(t *testing.T) {
	const (
		unverified    = account.EmailUnverified
		verified      = account.EmailVerified
		authoritative = account.EmailAuthoritative
	)
	for name, c := range map[string]struct {
		was          string
		wasTrust     account.EmailTrust
		is           string
		isTrust      account.EmailTrust
		email        string
		wantVerified bool
	}{
		"verified other address: kept":       {"a@x.example", verified, "b@x.example", verified, "a@x.example", true},
		"unverified other address: kept":     {"a@x.example", verified, "b@x.example", unverified, "a@x.example", true},
		"authoritative other address: taken": {"a@x.example", verified, "b@gmail.com", authoritative, "b@gmail.com", true},
		"none before: taken":                 {"", unverified, "b@x.example", verified, "b@x.example", true},
		"none before: taken, unverified":     {"", unverified, "b@x.example", unverified, "b@x.example", false},
		"none now: kept":                     {"a@x.example", verified, "", unverified, "a@x.example", true},
		"verified meanwhile":                 {"a@x.example", unverified, "a@x.example", verified, "a@x.example", true},
		"word taken back":                    {"a@x.example", verified, "a@x.example", unverified, "a@x.example", false},
		"malformed: kept":                    {"a@x.example", verified, "a@x.example,b@x.example", authoritative, "a@x.example", true},
	} {
		m := newMemory()
		resolve(t, m, google("1", c.was, c.wasTrust), monday)
		a := resolve(t, m, google("1", c.is, c.isTrust), tuesday)
		if a.Email != c.email || a.EmailVerified != c.wantVerified {
			t.Errorf("%s: %q, verified %v", name, a.Email, a.EmailVerified)
		}
		if changed := c.email != c.was || c.wantVerified != (c.was != "" && c.wasTrust >= verified); changed != a.UpdatedAt.Equal(tuesday) {
			t.Errorf("%s: changed %v, updated at %v", name, changed, a.UpdatedAt)
		}
	}
}

func TestUpstreamsWordDoesNotUndoAnotherProof(t *testing.T) {
	m := newMemory()
	a := resolve(t, m, facebook("9", "ada@gmail.com"), monday)
	a.EmailVerified = true // proven to us in another way
	m.accounts[a.ID] = a
	if got := resolve(t, m, facebook("9", "ada@gmail.com"), tuesday); !got.EmailVerified {
		t.Error("Facebook's silence undid it")
	}
}

func TestSwappedEmailsFD13(t *testing.T) {
	m := newMemory()
	a := resolve(t, m, google("1", "a@gmail.com", account.EmailAuthoritative), monday)
	b := resolve(t, m, google("2", "b@gmail.com", account.EmailAuthoritative), monday)
	if got := resolve(t, m, google("1", "b@gmail.com", account.EmailAuthoritative), tuesday); got.ID != a.ID {
		t.Error("the address decided")
	}
	if got := resolve(t, m, google("2", "a@gmail.com", account.EmailAuthoritative), tuesday); got.ID != b.ID {
		t.Error("the address decided")
	}
}

func TestBlockedAccountFD15(t *testing.T) {
	m := newMemory()
	p := google("1", "ada@gmail.com", account.EmailAuthoritative)
	a := resolve(t, m, p, monday)
	a.BlockedAt = monday
	m.accounts[a.ID] = a
	writes := m.writes
	got, err := account.Resolve(t.Context(), m, p, tuesday)
	if !errors.Is(err, account.ErrBlocked) || got.ID != "" || m.writes != writes {
		t.Errorf("%+v, %v, %d writes", got, err, m.writes-writes)
	}
}

func TestOtherClientAtTheUpstreamFD22(t *testing.T) {
	m := newMemory()
	p := facebook("9", "")
	resolve(t, m, p, monday)
	p.Audience = "another app"
	if _, err := account.Resolve(t.Context(), m, p, tuesday); !errors.Is(err, account.ErrAudience) {
		t.Errorf("the same app-scoped id under another app: %v", err)
	}
}

func TestTwoCallbacksRaceRow14(t *testing.T) {
	m := newMemory()
	p := google("1", "ada@gmail.com", account.EmailAuthoritative)
	var winner account.Account
	m.beforeCreate = func() { winner = resolve(t, m, p, monday) }
	loser := resolve(t, m, p, monday)
	if loser.ID != winner.ID || len(m.accounts) != 1 {
		t.Errorf("%s and %s, %d accounts", winner.ID, loser.ID, len(m.accounts))
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := account.Resolve(t.Context(), m, google("2", "", 0), monday); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(m.accounts) != 2 {
		t.Errorf("%d accounts for two people", len(m.accounts))
	}
}

func TestStorageFaultIsPassedOn(t *testing.T) {
	fault := errors.New("disk on fire")
	if _, err := account.Resolve(t.Context(), broken{newMemory(), fault}, google("1", "", 0), monday); !errors.Is(err, fault) {
		t.Errorf("got %v", err)
	}
}

type broken struct {
	*memory
	fault error
}

func (b broken) AccountByIdentity(context.Context, string, string, string) (account.Account, account.Identity, error) {
	return account.Account{}, account.Identity{}, b.fault
}
