package app_test

import (
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"
)

func millisIn(d time.Duration) string { return strconv.FormatInt(time.Now().Add(d).UnixMilli(), 10) }

// Issue 3: 10,000 refreshes by twenty devices of one person leave every table as it was, and cost one commit each.
func TestRefreshesLeaveNoRows(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		const devices = 20
		each := 500
		if testing.Short() {
			each = 25
		}
		p, b := w.newPartner(), newBrowser(t)
		tokens := make([]string, devices)
		for i := range tokens {
			tokens[i] = p.tokens(b, "ada").text("refresh_token")
		}
		before, commits, began := w.tableSizes(), w.commits(), time.Now()
		parallel(devices, func(i int) {
			for range each {
				r := p.refresh(tokens[i])
				if r.status != 200 {
					t.Errorf("%d %s", r.status, r.raw)
					return
				}
				tokens[i] = r.text("refresh_token")
			}
		})
		took, spent := time.Since(began), w.commits()-commits
		if after := w.tableSizes(); !maps.Equal(before, after) {
			t.Errorf("rows before: %v, after: %v", before, after)
		}
		for _, token := range tokens {
			if !p.active(token) {
				t.Error("a device has lost its grant")
			}
		}
		if n := devices * each; spent < n || spent > n+n/100+10 { // beside them, the keys and the outbox are looked after
			t.Errorf("%d commits for %d refreshes", spent, n)
		}
		t.Logf("%d refreshes in %s", devices*each, took.Round(time.Millisecond))
	})
}

// tableSizes counts the rows of every table that people can make grow.
func (w *world) tableSizes() map[string]int {
	w.t.Helper()
	sizes := map[string]int{}
	for table := range strings.FieldsSeq("clients client_secrets accounts identities sessions grants consents status_lists status_revocations upstream_attempts pushed_requests device_codes assertion_ids outbox") {
		sizes[table] = w.count(table)
	}
	return sizes
}
