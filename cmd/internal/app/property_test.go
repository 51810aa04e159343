package app_test

import (
	"context"
	"database/sql"
	"flag"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/symbolon-id/symbolon/provider/status"
)

// The invariants at the head of the security checklist, and issue 3: whatever people, partners, thieves and administrators do, in whatever order and
// on whatever node, there is one live family of tokens per code, never two refreshable leaves, nothing that has ended is alive on any node, nobody gets
// another person's token, and no answer is a 5xx. A model beside the program says what must be so.
//
// A failure prints the seed: go test -run TestTokenHistories -rapid.seed=… Longer runs: -rapid.checks=1000.
func TestTokenHistories(t *testing.T) {
	t.Parallel()
	bothWith(t, "lifetimes: { refresh_grace_confidential: 5m }", func(t *testing.T, w *world) {
		nodes := []*world{w, w.second()}
		reader := w.partner(`{"client_name":"Gateway","grant_types":["client_credentials"],"scope":"x","introspect_any":true}`)
		budget, started, histories := historyBudget(), time.Now(), 0
		db := w.sql()
		ended := map[status.Index]*family{}
		rapid.Check(t, func(rt *rapid.T) {
			if time.Since(started) > budget {
				return
			}
			histories++
			h := &history{t: rt, w: w, nodes: nodes, reader: reader, db: db}
			h.begin()
			rt.Repeat(map[string]func(*rapid.T){
				"": h.check, "sign in": h.signInAnywhere, "authorize": h.authorize, "redeem": h.redeem, "redeem as another client": h.redeemElsewhere,
				"refresh": h.refresh, "refresh with an old token": h.refreshOld, "refresh in parallel": h.refreshAtOnce, "refresh as another client": h.refreshElsewhere,
				"the grace window passes": h.passGrace, "the grant expires": h.expire, "revoke": h.revoke, "revoke as another client": h.revokeElsewhere,
				"log out": h.logOut, "ban": h.ban, "unblock": h.unblock, "withdraw consent": h.withdrawConsent, "delete client": h.deleteClient,
				"rotate keys": h.rotateKeys, "withdraw key": h.withdrawKey,
			})
			h.end(ended)
		})
		t.Logf("%d histories, %d families", histories, len(ended))
		published(t, nodes, ended)
		if n := w.count("grants"); n > 0 {
			t.Errorf("%d grants of accounts that are gone", n)
		}
		if log := w.log.String(); strings.Contains(log, "panic") {
			t.Error("the log tells of a panic")
		}
	})
}

// historyBudget is how long each database is tried: short, unless the number of histories was asked for.
func historyBudget() time.Duration {
	budget := 12 * time.Second
	if testing.Short() {
		budget = 3 * time.Second
	}
	flag.Visit(func(f *flag.Flag) {
		if f.Name == "rapid.checks" || f.Name == "rapid.failfile" || f.Name == "rapid.seed" {
			budget = time.Hour
		}
	})
	return budget
}

// history is one run: the model, and the nodes on which it must be true.
type history struct {
	t        *rapid.T
	w        *world
	nodes    []*world
	reader   *partner
	db       *sql.DB
	people   []*individual
	clients  []*partner
	codes    []*issuedCode
	families []*family
	dead     map[string]bool // ids of signing keys that were withdrawn
	rotated  bool
}

// individual is a person with one browser.
type individual struct {
	name, email string
	subject     string // empty before the first sign-in
	browser     *browser
	session     *modelSession // nil: signed out
	blocked     bool
	consents    map[*partner]string // the scopes allowed
}

type modelSession struct{ ended bool }

// issuedCode is a code that came back to a client.
type issuedCode struct {
	code, scope string
	client      *partner
	person      *individual
	session     *modelSession
	issued      time.Time
	spent       bool
	family      *family // nil: redeemed by nobody
}

// family is what one code became: all its tokens.
type family struct {
	*issuedCode
	grant   string
	index   status.Index
	access  []string
	refresh []string // by generation
	stale   bool     // the grace window of the last refresh is over
	expired bool     // it can be refreshed no more
	ended   bool
}

func (f *family) offline() bool { return strings.Contains(f.scope, "offline_access") }

// begin makes new clients and forgets the people of earlier histories.
func (h *history) begin() {
	h.dead = map[string]bool{}
	h.forgetPeople()
	for range 2 {
		h.clients = append(h.clients, h.w.newPartner())
	}
	for name, email := range map[string]string{"ada": "ada.lovelace@gmail.com", "grace": "grace@navy.example"} {
		h.people = append(h.people, &individual{name: name, email: email, browser: newBrowser(h.w.t), consents: map[*partner]string{}})
	}
	slices.SortFunc(h.people, func(a, b *individual) int { return strings.Compare(a.name, b.name) })
	for i, who := range h.people {
		h.signIn(h.t, who, h.clients[i], "openid email")
		h.signIn(h.t, who, h.clients[0], "openid email offline_access")
	}
}

// end ends everything by deleting the accounts, and remembers which bits must then be set.
func (h *history) end(ended map[status.Index]*family) {
	h.forgetPeople()
	for _, f := range h.families {
		f.ended = true
		ended[f.index] = f
	}
	h.check(h.t)
}

func (h *history) forgetPeople() {
	for _, email := range []string{"ada.lovelace@gmail.com", "grace@navy.example"} {
		rows := h.w.rows(h.db, "SELECT id FROM accounts WHERE email = '"+email+"'")
		for _, id := range rows {
			h.w.must(h.w.stores.DB.Delete(context.Background(), id))
		}
	}
}

// check compares the model with what both nodes say of every family.
func (h *history) check(t *rapid.T) {
	for _, f := range h.families {
		revoked, err := h.w.stores.DB.Revoked(context.Background(), f.index)
		if err != nil || revoked != f.ended {
			t.Fatalf("the bit of the family of %s is %v (%v), and it has ended: %v", f.person.name, revoked, err, f.ended)
		}
		for _, node := range h.nodes {
			last := len(f.access) - 1
			h.checkAccess(t, node, f, f.access[last])
			if last > 0 {
				h.checkIntrospection(t, node, f, f.access[0], h.alive(f, f.access[0]))
			}
			for generation := max(0, len(f.refresh)-2); generation < len(f.refresh); generation++ {
				leaf := generation == len(f.refresh)-1
				h.checkIntrospection(t, node, f, f.refresh[generation], leaf && !f.ended && !f.expired)
			}
		}
	}
}

func (h *history) alive(f *family, access string) bool {
	kid, _ := readJWT(h.w.t, access).header["kid"].(string)
	return !f.ended && !h.dead[kid]
}

func (h *history) checkAccess(t *rapid.T, node *world, f *family, access string) {
	alive := h.alive(f, access)
	h.checkIntrospection(t, node, f, access, alive)
	info := node.get("/oauth2/userinfo", access)
	switch {
	case alive && (info.status != http.StatusOK || info.text("sub") != f.person.subject || info.text("email") != f.person.email):
		t.Fatalf("userinfo of a live token of %s: %d %s", f.person.name, info.status, info.raw)
	case !alive && info.status != http.StatusUnauthorized:
		t.Fatalf("userinfo of a token that has ended: %d %s", info.status, info.raw)
	}
}

func (h *history) checkIntrospection(t *rapid.T, node *world, f *family, token string, alive bool) {
	r := h.reader.at(node).introspect(token)
	if r.status != http.StatusOK || r.body["active"] != alive {
		t.Fatalf("node %q says of %.12s… of %s: %d %s, and it is alive: %v", node.node, token, f.person.name, r.status, r.raw, alive)
	}
	if alive && (r.text("sub") != f.person.subject || r.text("client_id") != f.client.id) {
		t.Fatalf("a token of %s at %s is introspected as %s", f.person.name, f.client.id, r.raw)
	}
}
