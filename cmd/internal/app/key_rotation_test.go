package app_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// listedKey is a line of symbolon key list.
type listedKey struct {
	ID, Algorithm, State string
}

// keyOf returns the key of access tokens that is in the state; empty when there is none.
func (d *deployment) keyOf(state string) (id string) {
	d.t.Helper()
	var all []listedKey
	d.must(json.Unmarshal([]byte(d.command("key", "list", "-o", "json")), &all))
	for _, k := range all {
		if k.Algorithm == "ES256" && k.State == state {
			id = k.ID
		}
	}
	return id
}

func kid(t *testing.T, token string) string {
	t.Helper()
	id, _ := readJWT(t, token).header["kid"].(string)
	return id
}

// FT-07, FT-09, issue 3: the command line rotates the keys beside two running nodes. Nobody sees a key id before both nodes publish it, what was
// signed before verifies on, and a withdrawn key's tokens die on both nodes within seconds while the service goes on.
func TestKeyRotationByCommand(t *testing.T) {
	t.Parallel()
	d := deploy(t, storagetest.Postgres(t), "")
	d.command("migrate", "up")
	d.serve()
	sibling, other := d.sibling(), *d.world
	sibling.serve()
	other.node = sibling.address
	nodes := []*world{d.world, &other}
	p := d.partner(`{"client_name":"Robot","grant_types":["client_credentials"],"scope":"x"}`)

	// issue takes a token from each node, and fails if its key is not in the sets of both.
	issue := func(announced bool) (tokens []string) {
		for _, w := range nodes {
			r := p.at(w).post("/oauth2/token", "grant_type", "client_credentials")
			r.expect(t, 200, "")
			tokens = append(tokens, r.text("access_token"))
		}
		for _, token := range tokens {
			for _, w := range nodes {
				if announced && !strings.Contains(w.get("/oauth2/jwks", "").raw, kid(t, token)) {
					t.Fatal("a token was signed with a key that a node does not publish yet")
				}
				if !p.at(w).active(token) {
					t.Fatal("a node does not know the other's token")
				}
			}
		}
		return tokens
	}
	published := func(id string, want bool) func() bool {
		return func() bool {
			issue(true)
			return strings.Contains(nodes[0].get("/oauth2/jwks", "").raw, id) == want && strings.Contains(nodes[1].get("/oauth2/jwks", "").raw, id) == want
		}
	}

	before := issue(true)
	first := d.keyOf("active")
	d.command("key", "rotate", "ES256")
	next := d.keyOf("next")
	if next == "" || next == first {
		t.Fatalf("no successor: %q", next)
	}
	d.eventually(published(next, true))
	if kid(t, issue(true)[0]) != first {
		t.Error("the successor signs at once")
	}
	d.command("key", "rotate", "ES256")
	if d.keyOf("next") != next {
		t.Error("a second rotation does not wait for the first")
	}
	// The hour of publication passes.
	d.exec("UPDATE keys SET retired_at = retired_at - 3600000, expires_at = expires_at - 3600000 WHERE id = '"+first+"'", "UPDATE keys SET active_at = active_at - 3600000 WHERE id = '"+next+"'")
	d.eventually(func() bool {
		tokens := issue(true)
		return kid(t, tokens[0]) == next && kid(t, tokens[1]) == next
	})
	for _, w := range nodes {
		if !p.at(w).active(before[0]) || !p.at(w).active(before[1]) {
			t.Error("a token from before the rotation does not verify any more")
		}
	}

	// Emergency: the old key's tokens die, then the active key's.
	d.command("key", "retire", first, "--now")
	began := time.Now()
	d.eventually(published(first, false))
	t.Logf("withdrawn from both sets after %s", time.Since(began).Round(100*time.Millisecond))
	stolen := issue(true)
	d.command("key", "retire", next, "--now")
	began = time.Now()
	d.eventually(func() bool {
		fresh := []string{p.at(nodes[0]).post("/oauth2/token", "grant_type", "client_credentials").text("access_token"), p.at(nodes[1]).post("/oauth2/token", "grant_type", "client_credentials").text("access_token")}
		return kid(t, fresh[0]) != next && kid(t, fresh[1]) != next && p.at(nodes[0]).active(fresh[1]) && p.at(nodes[1]).active(fresh[0])
	})
	t.Logf("both nodes sign with another key after %s", time.Since(began).Round(100*time.Millisecond))
	for _, w := range nodes {
		for _, token := range append(before, stolen...) {
			if p.at(w).active(token) {
				t.Error("a token of a withdrawn key is active")
			}
		}
	}
	issue(true)
	if d.keyOf("active") == "" || d.keyOf("active") == next {
		t.Errorf("the active key is %q", d.keyOf("active"))
	}
}

// MW, FT-09: partners follow a rotation without refusing anything, and an emergency within the pause between two looks at the keys.
func TestKeyWithdrawalReachesTheMiddleware(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "lifetimes: { status_list: 2s }")
	api, p := w.api(nil, nil), w.shop()
	token := func() string {
		return p.post("/oauth2/token", "grant_type", "client_credentials", "scope", "orders:read").text("access_token")
	}
	old := token()
	api.expect("before", old, 200)
	ring := w.operatorKeys()
	w.must(ring.Withdraw(t.Context(), kid(t, old)))
	began := time.Now()
	for kid(t, token()) == kid(t, old) {
		time.Sleep(100 * time.Millisecond)
	}
	fresh := token()
	if p.active(old) || !p.active(fresh) {
		t.Error("introspection lags")
	}
	limit := began.Add(32 * time.Second) // the middleware looks for unknown keys every 30 s
	for {
		at := time.Now()
		accepted, _ := api.call("/orders", "Bearer", fresh)
		refused, _ := api.call("/orders", "Bearer", old)
		if accepted == 200 && refused == 401 {
			break
		}
		if at.After(limit) {
			t.Fatalf("after %s: new token %d, old token %d", at.Sub(began), accepted, refused)
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Logf("followed after %s", time.Since(began).Round(100*time.Millisecond))
}
