package provider

import (
	"context"
	"errors"
	"strings"

	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/keys"
)

// Scopes of the admin API.
const (
	ScopeAdmin     = "symbolon:admin"
	ScopeAdminRead = "symbolon:admin:read"
)

// RoleAdmin is the role of an account that may use the admin API through a client. Signing in alone never makes anybody an administrator.
const RoleAdmin = "admin"

// AdminAudience is the audience of tokens for the admin API.
func (p *Provider) AdminAudience() string { return p.config.Issuer + "/admin" }

// Caller is who calls an API of ours with an access token.
type Caller struct {
	ClientID  string
	AccountID string // empty for a client that calls for itself
	Scopes    []string
}

// ErrNotAdmin says that the token is good and its person no administrator.
var ErrNotAdmin = errors.New("provider: the account does not have the role " + RoleAdmin)

// Authenticate checks an access token for the admin API and that everything behind it still stands: keys.ErrToken or ErrNotAdmin when not, or a storage
// fault.
func (p *Provider) Authenticate(ctx context.Context, token string) (Caller, error) {
	c, g, err := p.liveAccessToken(ctx, token)
	if err != nil {
		return Caller{}, err
	}
	if !has(c.Audience, p.AdminAudience()) || c.Confirmation != nil { // a bound token is no bearer token
		return Caller{}, keys.ErrToken
	}
	client, err := p.client(ctx, c.ClientID)
	if err != nil {
		return Caller{}, err
	}
	if client == nil {
		return Caller{}, keys.ErrToken
	}
	if g.ID != "" {
		// A person's token: the person must be an administrator now, so that a demotion is immediate.
		a, err := p.config.Accounts.Account(ctx, g.AccountID)
		if err != nil && !errors.Is(err, account.ErrNotFound) {
			return Caller{}, &fault{err}
		}
		switch {
		case err != nil:
			return Caller{}, keys.ErrToken
		case !has(a.Roles, RoleAdmin):
			return Caller{}, ErrNotAdmin
		}
	}
	// A scope that was taken from the client is taken from its tokens too: demotion is immediate.
	scopes, _ := narrow(strings.Fields(c.Scope), client, "")
	return Caller{ClientID: c.ClientID, AccountID: g.AccountID, Scopes: scopes}, nil
}
