package app_test

import (
	"encoding/json"
	"slices"
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

// rotation is a client of two running nodes, beside which the command line works on the keys.
type rotation struct {
	*deployment
	nodes []*world
	p     *partner
}

func newRotation(t *testing.T) *rotation {
	t.Helper()
	d := deploy(t, storagetest.Postgres(t), "")
	d.command("migrate", "up")
	d.serve()
	sibling, other := d.sibling(), *d.world
	sibling.serve()
	other.node = sibling.address
	return &rotation{deployment: d, nodes: []*world{d.world, &other}, p: d.partner(`{"client_name":"Robot","grant_types":["client_credentials"],"scope":"x"}`)}
}

// tokens takes one from each node.
func (r *rotation) tokens() (tokens []string) {
	r.t.Helper()
	for _, w := range r.nodes {
		answer := r.p.at(w).post("/oauth2/token", "grant_type", "client_credentials")
		answer.expect(r.t, 200, "")
		tokens = append(tokens, answer.text("access_token"))
	}
	return tokens
}

// announced is tokens, and fails if one was signed with a key that a node does not publish or know yet.
func (r *rotation) announced() []string {
	r.t.Helper()
	tokens := r.tokens()
	for _, token := range tokens {
		for _, w := range r.nodes {
			if !strings.Contains(w.get("/oauth2/jwks", "").raw, kid(r.t, token)) || !r.p.at(w).active(token) {
				r.t.Fatal("a token was signed with a key that a node does not publish yet")
			}
		}
	}
	return tokens
}

// await waits until both nodes publish the key, or do not. Meanwhile no token may have a key that is not announced.
func (r *rotation) await(id string, published bool) {
	r.t.Helper()
	began := time.Now()
	r.eventually(func() bool {
		r.announced()
		return !slices.ContainsFunc(r.nodes, func(w *world) bool { return strings.Contains(w.get("/oauth2/jwks", "").raw, id) != published })
	})
	r.t.Logf("published %v on both nodes after %s", published, time.Since(began).Round(100*time.Millisecond))
}

// alive fails unless both nodes say so of every token.
func (r *rotation) alive(want bool, tokens ...string) {
	r.t.Helper()
	for _, w := range r.nodes {
		for _, token := range tokens {
			if r.p.at(w).active(token) != want {
				r.t.Errorf("a token is alive: %v", !want)
			}
		}
	}
}

// FT-07, issue 3: a rotation by the command line beside two running nodes. Nobody sees a key id before both nodes publish it, and what was signed
// before verifies on. FT-09: a withdrawn key's tokens die on both nodes within seconds, while the service goes on.
func TestKeyRotationByCommand(t *testing.T) {
	t.Parallel()
	r := newRotation(t)
	before, first := r.announced(), r.keyOf("active")
	r.command("key", "rotate", "ES256")
	next := r.keyOf("next")
	if next == "" || next == first {
		t.Fatalf("no successor: %q", next)
	}
	r.await(next, true)
	if kid(t, r.announced()[0]) != first {
		t.Error("the successor signs at once")
	}
	if r.command("key", "rotate", "ES256"); r.keyOf("next") != next {
		t.Error("a second rotation does not wait for the first")
	}
	// The hour of publication passes.
	r.exec("UPDATE keys SET retired_at = retired_at - 3600000, expires_at = expires_at - 3600000 WHERE id = '"+first+"'",
		"UPDATE keys SET active_at = active_at - 3600000 WHERE id = '"+next+"'")
	r.eventually(func() bool {
		tokens := r.announced()
		return kid(t, tokens[0]) == next && kid(t, tokens[1]) == next
	})
	r.alive(true, before...)

	r.command("key", "retire", first, "--now")
	r.await(first, false)
	r.alive(false, before...)
	stolen := r.announced()
	r.command("key", "retire", next, "--now") // the one that signs: another takes over, unannounced
	r.eventually(func() bool {
		tokens := r.tokens()
		return kid(t, tokens[0]) != next && kid(t, tokens[1]) != next
	})
	r.alive(true, r.tokens()...)
	r.alive(false, stolen...)
	r.announced()
	if id := r.keyOf("active"); id == "" || id == next {
		t.Errorf("the active key is %q", id)
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
