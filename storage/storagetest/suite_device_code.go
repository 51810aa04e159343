package storagetest

import (
	"errors"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/storage"
)

func newDeviceCode(t *testing.T, db *storage.DB, name string, lives time.Duration) provider.DeviceCode {
	t.Helper()
	c := provider.DeviceCode{
		ID: id(t, name), DeviceHash: hash(t, name), UserHash: hash(t, "user"+name), ClientID: id(t, "client"), Scopes: []string{"openid", "email"},
		Audience: []string{"https://api.example"}, Address: "2001:db8::1", CreatedAt: at(0), ExpiresAt: at(lives),
		AuthorizationDetails: `[{"creditorName":"카페","type":"payment"}]`,
	}
	stored := c
	stored.Interval = 5 * time.Second
	check(t, db.InsertDeviceCode(t.Context(), stored))
	return c
}

func testDeviceCodes(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	c := newDeviceCode(t, db, "one", time.Minute)
	got, err := db.DeviceCode(ctx, c.DeviceHash)
	check(t, err)
	same(t, "by device code", got, c)
	got, err = db.DeviceCodeByUserCode(ctx, [][]byte{hash(t, "of an older secret"), c.UserHash})
	check(t, err)
	same(t, "by user code", got, c)
	again := c
	again.DeviceHash, again.ID = hash(t, "two"), id(t, "two")
	if err := db.InsertDeviceCode(ctx, again); err == nil {
		t.Error("two codes have one user code")
	}
	for _, hashes := range [][][]byte{nil, {}, {nil}, {[]byte{}}, {c.DeviceHash}, {c.UserHash, {}}} { // TK-10
		if _, err := db.DeviceCodeByUserCode(ctx, hashes); !errors.Is(err, provider.ErrDeviceCodeNotFound) {
			t.Errorf("user code %x: %v", hashes, err)
		}
	}
	for _, h := range [][]byte{nil, {}, c.UserHash} {
		if _, err := db.DeviceCode(ctx, h); !errors.Is(err, provider.ErrDeviceCodeNotFound) {
			t.Errorf("device code %x: %v", h, err)
		}
	}
	decision := c
	decision.DecidedAt, decision.AccountID, decision.SessionID = at(0), id(t, "maria"), id(t, "sid")
	decision.AuthTime, decision.AMR, decision.ACR = at(-time.Hour), []string{"pwd"}, "1"
	decide := func(c provider.DeviceCode, want bool) {
		t.Helper()
		ok, err := db.DecideDeviceCode(ctx, c)
		check(t, err)
		same(t, "decided", ok, want)
	}
	decide(decision, true)
	denial := decision // DV-04: a decision is final
	denial.Denied, denial.AccountID = true, id(t, "somebody else")
	decide(denial, false)
	got, err = db.DeviceCode(ctx, c.DeviceHash)
	check(t, err)
	same(t, "decision", got, decision)
	expired := newDeviceCode(t, db, "expired", -time.Millisecond)
	expired.DecidedAt, expired.AccountID, expired.SessionID = at(0), id(t, "maria"), id(t, "sid")
	decide(expired, false)
}

// RFC 8628 §3.5: who asks too soon waits longer from then on.
func testDevicePolls(t *testing.T, db *storage.DB) {
	c, start := newDeviceCode(t, db, "one", time.Minute), at(0)
	for _, poll := range []struct {
		after time.Duration
		want  bool
	}{
		{0, true}, {5 * time.Second, true}, {9999 * time.Millisecond, false}, // from here 10 s
		{19 * time.Second, false}, // from here 15 s
		{34 * time.Second, true}, {48 * time.Second, false},
	} {
		ok, err := db.PollDeviceCode(t.Context(), c.DeviceHash, start.Add(poll.after), 5*time.Second)
		check(t, err)
		same(t, poll.after.String(), ok, poll.want)
	}
	ok, err := db.PollDeviceCode(t.Context(), hash(t, "unknown"), start, 5*time.Second)
	check(t, err)
	same(t, "unknown code", ok, false)
}

func testSweepDeviceCodes(t *testing.T, db *storage.DB) {
	_, err := db.Sweep(t.Context(), at(0), 100)
	check(t, err)
	old, late := newDeviceCode(t, db, "old", -11*time.Minute), newDeviceCode(t, db, "expired lately", -9*time.Minute)
	n, err := db.Sweep(t.Context(), at(0), 1)
	check(t, err)
	same(t, "codes swept", n, 1)
	if _, err := db.DeviceCode(t.Context(), old.DeviceHash); !errors.Is(err, provider.ErrDeviceCodeNotFound) {
		t.Errorf("the old code: %v", err)
	}
	_, err = db.DeviceCode(t.Context(), late.DeviceHash)
	check(t, err)
}
