package app_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/symbolon-id/symbolon/provider/status"
)

func millisNow() string { return fmt.Sprint(time.Now().UnixMilli()) }

// exec runs a statement beside the nodes: how a test lets time pass.
func (h *history) exec(statement string) {
	_, err := h.db.Exec(statement)
	h.w.must(err)
}

func pick[T any](t *rapid.T, what string, list []T) T {
	if len(list) == 0 {
		t.Skip("there is no " + what)
	}
	return list[rapid.IntRange(0, len(list)-1).Draw(t, what)]
}

func (h *history) node(t *rapid.T) *world { return pick(t, "node", h.nodes) }

// standing families can still be drawn after their end: that they stay ended is the point.
func (h *history) family(t *rapid.T) *family { return pick(t, "family", h.families) }

// answered fails on any answer that is not one of the statuses.
func answered(t *rapid.T, r reply, statuses ...int) reply {
	if !slices.Contains(statuses, r.status) {
		t.Fatalf("got %d %s, want %v", r.status, r.raw, statuses)
	}
	return r
}

// scopes are what sign-ins ask for: a grant that ends with the session, and one that outlives it.
func scopes() []string { return []string{"openid email", "openid email offline_access"} }

// authorize sends a person through a client's authorization request.
func (h *history) authorize(t *rapid.T) {
	h.ask(t, pick(t, "person", h.people), pick(t, "client", h.clients), pick(t, "scope", scopes()))
}

// signInAnywhere is authorize, and the client redeems the code at once as most do.
func (h *history) signInAnywhere(t *rapid.T) {
	h.signIn(t, pick(t, "person", h.people), pick(t, "client", h.clients), pick(t, "scope", scopes()))
}

func (h *history) signIn(t *rapid.T, who *individual, client *partner, scope string) {
	if c := h.ask(t, who, client, scope); c != nil {
		h.present(t, c)
	}
}

// ask returns the code of an authorization request; nil when the person is blocked.
func (h *history) ask(t *rapid.T, who *individual, client *partner, scope string) *issuedCode {
	who.browser.use(h.node(t))
	got, page := h.walk(client, who, scope)
	switch {
	case who.blocked && (got != "" || page.status >= 500):
		t.Fatalf("a blocked person got the code %q, status %d", got, page.status)
	case who.blocked:
		return nil
	case got == "":
		t.Fatalf("no code for %s: %d at %s\n%.400s", who.name, page.status, page.url, page.body)
	}
	if who.session == nil {
		who.session = &modelSession{}
	}
	who.consents[client] += " " + scope
	c := &issuedCode{code: got, scope: scope, client: client, person: who, session: who.session, issued: time.Now()}
	h.codes = append(h.codes, c)
	return c
}

// walk does what the pages ask until the browser leaves for the client or nothing is left to do.
func (h *history) walk(client *partner, who *individual, scope string) (code string, last *page) {
	who.browser.stopAt = redirectURI
	pg := who.browser.open(client.url("scope", scope))
	for range 6 {
		switch {
		case strings.HasPrefix(pg.location, redirectURI):
			return pg.came().Get("code"), pg
		case pg.has("login-google"):
			pg = pg.press("login-google")
		case pg.has("person-" + who.name):
			pg = pg.press("person-" + who.name)
		case pg.has("consent-allow"):
			pg = pg.press("consent-allow")
		default:
			return "", pg
		}
	}
	return "", pg
}

// worth says whether the code would be worth tokens now, if it has not been redeemed.
func (c *issuedCode) worth(clients []*partner) bool {
	allowed := strings.Fields(c.person.consents[c.client])
	for _, s := range strings.Fields(c.scope) {
		if !slices.Contains(allowed, s) {
			return false
		}
	}
	return !c.session.ended && !c.person.blocked && slices.Contains(clients, c.client)
}

// redeem presents any code, be it for the second time.
func (h *history) redeem(t *rapid.T) { h.present(t, h.code(t)) }

// code returns any code that has not expired: on a slow machine a history may outlast its codes.
func (h *history) code(t *rapid.T) *issuedCode {
	c := pick(t, "code", h.codes)
	if time.Since(c.issued) > 45*time.Second {
		t.Skip("it has expired")
	}
	return c
}

func (h *history) present(t *rapid.T, c *issuedCode) {
	worth := c.worth(h.clients)
	r := c.client.at(h.node(t)).redeem(c.code)
	if !worth || c.spent {
		answered(t, r, 400, 401)
		// RFC 6749 §4.1.2: a code that comes again ends what it became. One that is worth nothing any more is not looked at.
		if worth && c.family != nil {
			c.family.ended = true
		}
		return
	}
	answered(t, r, 200)
	c.spent = true
	claims := readJWT(h.w.t, r.text("access_token"))
	grant, _, _ := strings.Cut(claims.text("jti"), ".")
	f := &family{issuedCode: c, grant: grant, index: h.w.indexOf(r.text("access_token")), access: []string{r.text("access_token")}, refresh: []string{r.text("refresh_token")}}
	for _, other := range h.families {
		if other.grant == f.grant || other.index == f.index {
			t.Fatalf("two families share a grant or a bit: %s, %v", f.grant, f.index)
		}
	}
	if c.person.subject == "" {
		c.person.subject = claims.text("sub")
	}
	if sub := readJWT(h.w.t, r.text("id_token")).text("sub"); sub != c.person.subject || claims.text("sub") != sub {
		t.Fatalf("%s got an ID token of %s", c.person.name, sub)
	}
	c.family = f
	h.families = append(h.families, f)
}

// indexOf returns the status index that an access token names.
func (w *world) indexOf(access string) status.Index {
	w.t.Helper()
	uri, bit := statusOf(w.t, access)
	list, err := strconv.ParseInt(strings.TrimPrefix(uri, w.issuer+"/oauth2/status/"), 10, 64)
	w.must(err)
	return status.Index{List: list, Bit: bit}
}

// redeemElsewhere is a stolen code at the thief's own client: it is worth nothing there, and nothing afterwards. What it has become goes on, for
// the thief has proven nothing.
func (h *history) redeemElsewhere(t *rapid.T) {
	c := h.code(t)
	c.spent = c.spent || c.worth(h.clients)
	answered(t, pick(t, "thief", h.others(c.client)).at(h.node(t)).redeem(c.code), 400)
}

func (h *history) others(client *partner) []*partner {
	return slices.DeleteFunc(slices.Clone(h.clients), func(p *partner) bool { return p == client })
}

// endFamilies ends those that match.
func (h *history) endFamilies(matches func(f *family) bool) {
	for _, f := range h.families {
		f.ended = f.ended || matches(f)
	}
}

func (h *history) logOut(t *rapid.T) {
	who := pick(t, "person", h.people)
	if who.session == nil {
		t.Skip("nobody is signed in")
	}
	who.browser.use(h.node(t))
	pg := who.browser.open(h.w.issuer + "/logout").press("logout-confirm")
	if pg.status != http.StatusOK {
		t.Fatalf("log-out: %d", pg.status)
	}
	session := who.session
	session.ended, who.session = true, nil
	h.endFamilies(func(f *family) bool { return f.session == session && !f.offline() })
}

func (h *history) ban(t *rapid.T) {
	who := pick(t, "person", h.people)
	if who.subject == "" {
		t.Skip("they are not known yet")
	}
	h.w.must(h.w.stores.DB.Block(context.Background(), who.subject, time.Now()))
	who.blocked = true
	if who.session != nil {
		who.session.ended, who.session = true, nil
	}
	h.endFamilies(func(f *family) bool { return f.person == who })
}

func (h *history) unblock(t *rapid.T) {
	who := pick(t, "person", h.people)
	if !who.blocked {
		t.Skip("they are not blocked")
	}
	h.w.must(h.w.stores.DB.Unblock(context.Background(), who.subject))
	who.blocked = false
}

func (h *history) withdrawConsent(t *rapid.T) {
	who, client := pick(t, "person", h.people), pick(t, "client", h.clients)
	if who.subject == "" {
		t.Skip("they are not known yet")
	}
	h.w.must(h.w.stores.DB.DeleteConsent(context.Background(), who.subject, client.id, time.Now()))
	who.consents[client] = ""
	h.endFamilies(func(f *family) bool { return f.person == who && f.client == client })
}

// deleteClient takes a client away and registers another in its place.
func (h *history) deleteClient(t *rapid.T) {
	gone := pick(t, "client", h.clients)
	h.w.must(h.w.clients.Delete(context.Background(), gone.id))
	h.clients = append(h.others(gone), h.w.newPartner())
	h.endFamilies(func(f *family) bool { return f.client == gone })
}
