package provider

import (
	"context"
	"slices"
	"time"

	"github.com/symbolon-id/symbolon/provider/details"
)

// AccountPath is the page where a person sees what their account is used for, and ends it.
const AccountPath = "/account"

// Connection is a client that a person lets in: what they allowed it, and the sign-ins that stand.
type Connection struct {
	ClientID string
	Scopes   []string  // what it may have, in the order it was allowed
	Since    time.Time // when the person last allowed something, or signed in first where nobody had to ask
	Offline  bool      // it has access while the person is away
	Sessions []string  // ids of the sessions that its other access ends with; each once
	// Details is what it may do beside (RFC 9396), each once and the last allowed first: of grants that stand, as nothing of it is remembered.
	Details details.List
}

// Connections lists the clients that an account is connected to, the newest first: those that it has allowed something, and those that it is
// signed in to although nobody asks there. A client may be gone or disabled. Its errors are storage faults.
func (p *Provider) Connections(ctx context.Context, accountID string) ([]Connection, error) {
	now := time.Now()
	consents, err := p.config.Consents.ConsentsOf(ctx, accountID)
	if err != nil {
		return nil, &fault{err}
	}
	grants, err := p.config.Grants.GrantsOf(ctx, accountID, now)
	if err != nil {
		return nil, &fault{err}
	}
	list := make([]Connection, 0, len(consents))
	for _, c := range consents {
		list = append(list, Connection{ClientID: c.ClientID, Scopes: slices.Clone(c.Scopes), Since: c.GrantedAt})
	}
	known := map[string]bool{} // there may be thousands of details: each is looked at once
	for _, g := range grants {
		if unused := g.lastUse().Add(MaxAccessTokenLifetime); !now.Before(unused) && !now.Before(p.refreshExpiry(g)) {
			continue
		}
		at := slices.IndexFunc(list, func(c Connection) bool { return c.ClientID == g.ClientID })
		if at < 0 {
			at, list = len(list), append(list, Connection{ClientID: g.ClientID, Since: g.CreatedAt})
		}
		list[at].add(g)
		for _, o := range p.config.DetailsTypes.Restore(g.AuthorizationDetails) {
			one := details.List{o}
			if name := g.ClientID + "\x00" + one.String(); !known[name] {
				known[name], list[at].Details = true, append(list[at].Details, o)
			}
		}
	}
	for _, c := range list {
		slices.Reverse(c.Details)
	}
	slices.SortStableFunc(list, func(a, b Connection) int { return b.Since.Compare(a.Since) })
	return list, nil
}

// add makes a grant part of the connection.
func (c *Connection) add(g Grant) {
	for _, scope := range g.consented() {
		c.Scopes = appendMissing(c.Scopes, scope)
	}
	if g.Offline {
		c.Offline = true
		return
	}
	c.Sessions = appendMissing(c.Sessions, g.SessionID)
}

// Disconnect takes back what the account allows the client and revokes all that the client holds of it, offline access too. Its errors are
// storage faults.
func (p *Provider) Disconnect(ctx context.Context, accountID, clientID string) error {
	if err := p.config.Consents.DeleteConsent(ctx, accountID, clientID, time.Now()); err != nil {
		return &fault{err}
	}
	return nil
}
