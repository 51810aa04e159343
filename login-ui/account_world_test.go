package loginui

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/session"
)

func (b *browsers) EndOtherSessions(_ context.Context, accountID, keep string, _ time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.DeleteFunc(b.byToken, func(_ string, s session.Session) bool { return s.AccountID == accountID && s.ID != keep })
	return nil
}

// Identities makes people Records, with the clients that connections knows.
func (p *people) Identities(_ context.Context, accountID string) ([]account.Identity, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := slices.DeleteFunc(slices.Collect(maps.Values(p.identities)), func(id account.Identity) bool { return id.AccountID != accountID })
	slices.SortFunc(found, func(a, b account.Identity) int { return a.LinkedAt.Compare(b.LinkedAt) })
	return found, nil
}

// connections stands in for the provider and the registry: which clients an account is connected to.
type connections struct {
	*people
	asks    *asks
	mu      sync.Mutex
	clients map[string]*clients.Client
	of      map[string][]provider.Connection // by account
}

func (c *connections) StartAccount(_ http.ResponseWriter, r *http.Request) string {
	bound, err := r.Cookie(bindingCookie)
	if err != nil {
		return "/login"
	}
	return loginURL(c.asks.begin(provider.Interaction{}, bound.Value).Sealed)
}

func (c *connections) Connections(_ context.Context, accountID string) ([]provider.Connection, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.of[accountID]), nil
}

func (c *connections) Disconnect(_ context.Context, accountID, clientID string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of[accountID] = slices.DeleteFunc(slices.Clone(c.of[accountID]), func(one provider.Connection) bool { return one.ClientID == clientID })
	return nil
}

func (c *connections) Client(_ context.Context, id string) (*clients.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found, ok := c.clients[id]; ok {
		return found, nil
	}
	return nil, clients.ErrNotFound
}

func (c *connections) add(accountID string, client *clients.Client, one provider.Connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if client.Metadata.ClientName != "gone" {
		c.clients[client.ID] = client
	}
	one.ClientID = client.ID
	c.of[accountID] = append(c.of[accountID], one)
}

// The User-Agent headers of some browsers.
const (
	onWindows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
	onIPhone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"
	onLinux   = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
)

// fillAccount gives the person more of everything: a second login, a phone, a browser that was not used for long, and apps. It returns the
// sessions of the phone and of that browser.
func (w *world) fillAccount(t *testing.T, name string) (phone, idle session.Session) {
	t.Helper()
	who, now := w.people.named(t, name), time.Now()
	var current session.Session
	for _, s := range w.browsers.byToken {
		if s.AccountID == who.ID && s.UserAgent == onWindows {
			current = s
		}
	}
	phone = session.Session{
		ID: "sid-phone-" + who.ID, AccountID: who.ID, Upstream: "facebook", LoginAt: now.Add(-26 * time.Hour), CreatedAt: now.Add(-26 * time.Hour),
		SeenAt: now.Add(-12 * time.Minute), ExpiresAt: now.Add(20 * time.Hour), UserAgent: onIPhone,
	}
	idle = session.Session{
		ID: "sid-idle-" + who.ID, AccountID: who.ID, Upstream: "google", LoginAt: now.Add(-80 * time.Hour), CreatedAt: now.Add(-80 * time.Hour),
		SeenAt: now.Add(-70 * time.Hour), ExpiresAt: now.Add(20 * time.Hour), UserAgent: onLinux,
	}
	unused := idle
	unused.ID = "sid-unused-" + who.ID // nothing goes on from there: it is not shown
	w.browsers.mu.Lock()
	w.browsers.byToken[phone.ID], w.browsers.byToken[idle.ID], w.browsers.byToken[unused.ID] = phone, idle, unused
	w.browsers.mu.Unlock()
	w.people.mu.Lock()
	second := account.Identity{
		Connector: "facebook", Issuer: "https://www.facebook.com", Subject: "subject-of-" + who.ID, AccountID: who.ID, Email: "ada@analytical.example",
		LinkedAt: now, LastUsedAt: now.Add(-26 * time.Hour),
	}
	w.people.identities[key(second)] = second
	w.people.mu.Unlock()
	w.connections.add(who.ID, sunnyBooks().Client, provider.Connection{
		Scopes: []string{"openid", "profile", "email"}, Since: now.Add(-3 * time.Hour), Sessions: []string{current.ID, phone.ID},
	})
	w.connections.add(who.ID, &clients.Client{ID: "radio", SelfRegistered: true, Metadata: clients.Metadata{ClientName: "Night Radio"}}, provider.Connection{
		Scopes: []string{"openid", "playlist:write"}, Since: now.Add(-9 * 24 * time.Hour), Offline: true, Sessions: []string{phone.ID, idle.ID},
	})
	return phone, idle
}

// accountSamples are the account page and what it asks.
func accountSamples(w *world, t *testing.T, b *browser, add func(name string, page reply)) {
	t.Helper()
	maps.DeleteFunc(w.browsers.byToken, func(_ string, s session.Session) bool { return s.UserAgent != onWindows }) // of the other samples
	add("account-bare", b.get("/account"))
	phone, idle := w.fillAccount(t, "Ada Lovelace")
	who := w.people.named(t, "Ada Lovelace").ID
	add("account", b.get("/account"))
	add("account-done", b.get("/account?done=session"))
	add("account-session", b.get("/account/sessions/"+handleOf("session", who, phone.ID)))
	add("account-session-idle", b.get("/account/sessions/"+handleOf("session", who, idle.ID)))
	add("account-others", b.get("/account/sessions"))
	add("account-app", b.get("/account/apps/"+handleOf("app", who, "sunny")))
	add("account-app-offline", b.get("/account/apps/"+handleOf("app", who, "radio")))
}

// hostileAccount is the account page of a person whose browsers, apps and logins all lie.
func (b *browser) hostileAccount() reply {
	b.t.Helper()
	var who string
	for id := range b.world.people.accounts {
		who = id
	}
	now := time.Now()
	b.world.browsers.byToken["hostile"] = session.Session{
		ID: attack, AccountID: who, Upstream: attack, UserAgent: attack + "Firefox/ Linux", LoginAt: now, SeenAt: now, ExpiresAt: now.Add(time.Hour),
	}
	lie := account.Identity{Connector: attack, Issuer: attack, Subject: attack, AccountID: who, Email: `"<script>"@evil.example`, LastUsedAt: now}
	b.world.people.identities[key(lie)] = lie
	liar := *hostile().Client
	liar.SelfRegistered = true
	b.world.connections.add(who, &liar, provider.Connection{Scopes: []string{"openid", attack}, Since: now, Sessions: []string{attack}})
	return b.get("/account?done=" + url.QueryEscape(attack))
}
