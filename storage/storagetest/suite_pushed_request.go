package storagetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/storage"
)

// testPushedRequests is RFC 9126 §2.2 at rest: a request is found by the hash of its request_uri alone, and goes with the sweep (PR-01).
func testPushedRequests(t *testing.T, db *storage.DB) {
	ctx, now := t.Context(), at(0)
	_, err := db.Sweep(ctx, now, 100)
	check(t, err)
	live := provider.PushedRequest{Hash: hash(t, "live"), Sealed: []byte(strings.Repeat("\x00\xff", 40_000)), ExpiresAt: now.Add(time.Minute)}
	check(t, db.InsertPushedRequest(ctx, live))
	check(t, db.InsertPushedRequest(ctx, provider.PushedRequest{Hash: hash(t, "expired"), ExpiresAt: now}))
	got, err := db.PushedRequest(ctx, live.Hash)
	check(t, err)
	same(t, "pushed request", got, live)
	if db.InsertPushedRequest(ctx, live) == nil {
		t.Error("one request_uri stands for two requests")
	}
	for name, key := range map[string][]byte{"nil": nil, "empty": {}, "short": live.Hash[:31], "another": hash(t, "another")} {
		if _, err := db.PushedRequest(ctx, key); !errors.Is(err, provider.ErrPushedRequestNotFound) {
			t.Errorf("%s: %v", name, err)
		}
		if name != "another" && db.InsertPushedRequest(ctx, provider.PushedRequest{Hash: key, ExpiresAt: now}) == nil {
			t.Errorf("%s is a key", name)
		}
	}
	n, err := db.Sweep(ctx, now, 100)
	check(t, err)
	same(t, "rows swept", n, 1)
	if _, err := db.PushedRequest(ctx, hash(t, "expired")); !errors.Is(err, provider.ErrPushedRequestNotFound) {
		t.Errorf("expired and swept: %v", err)
	}
}
