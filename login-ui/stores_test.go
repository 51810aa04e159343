package loginui

import (
	"context"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/upstream"
)

// people is an account.Store in memory.
type people struct {
	mu         sync.Mutex
	accounts   map[string]account.Account
	identities map[string]account.Identity
	fault      error
}

func newPeople() *people {
	return &people{accounts: map[string]account.Account{}, identities: map[string]account.Identity{}}
}

func key(id account.Identity) string { return id.Connector + "\x00" + id.Issuer + "\x00" + id.Subject }

func (p *people) AccountByIdentity(_ context.Context, connector, issuer, subject string) (account.Account, account.Identity, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id, ok := p.identities[key(account.Identity{Connector: connector, Issuer: issuer, Subject: subject})]
	if !ok {
		return account.Account{}, account.Identity{}, account.ErrNotFound
	}
	return p.accounts[id.AccountID], id, nil
}

func (p *people) CreateAccount(_ context.Context, a account.Account, id account.Identity) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, taken := p.identities[key(id)]; taken {
		return account.ErrExists
	}
	id.AccountID = a.ID
	p.accounts[a.ID], p.identities[key(id)] = a, id
	return nil
}

func (p *people) RecordSignIn(_ context.Context, a account.Account, id account.Identity) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accounts[a.ID], p.identities[key(id)] = a, id
	return nil
}

func (p *people) Account(_ context.Context, id string) (account.Account, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fault != nil {
		return account.Account{}, p.fault
	}
	a, ok := p.accounts[id]
	if !ok {
		return account.Account{}, account.ErrNotFound
	}
	return a, nil
}

// named returns the account with the name.
func (p *people) named(t *testing.T, name string) account.Account {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.accounts {
		if a.Name == name {
			return a
		}
	}
	t.Fatalf("no account of %s", name)
	return account.Account{}
}

// browsers is a session.Store in memory.
type browsers struct {
	mu      sync.Mutex
	byToken map[string]session.Session
}

func newBrowsers() *browsers { return &browsers{byToken: map[string]session.Session{}} }

func (b *browsers) StartSession(_ context.Context, s session.Session, tokenHash, replaces []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.byToken, string(replaces))
	b.byToken[string(tokenHash)] = s
	return nil
}

func (b *browsers) SessionByToken(_ context.Context, tokenHash []byte) (session.Session, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.byToken[string(tokenHash)]
	if !ok {
		return session.Session{}, session.ErrNotFound
	}
	return s, nil
}

func (b *browsers) TouchSession(context.Context, string, time.Time) error { return nil }

func (b *browsers) EndSession(_ context.Context, id string, _ time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.DeleteFunc(b.byToken, func(_ string, s session.Session) bool { return s.ID == id })
	return nil
}

func (b *browsers) SessionsOf(_ context.Context, accountID string) ([]session.Session, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []session.Session
	for _, s := range b.byToken {
		if s.AccountID == accountID {
			found = append(found, s)
		}
	}
	return found, nil
}

// attempts is an upstream.AttemptStore in memory.
type attempts struct {
	mu     sync.Mutex
	byHash map[string]upstream.Attempt
}

func newAttempts() *attempts { return &attempts{byHash: map[string]upstream.Attempt{}} }

func (a *attempts) InsertAttempt(_ context.Context, attempt upstream.Attempt) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.byHash[string(attempt.StateHash)] = attempt
	return nil
}

func (a *attempts) SpendAttempt(_ context.Context, stateHash []byte, now time.Time) (upstream.Attempt, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	attempt, ok := a.byHash[string(stateHash)]
	if !ok || now.After(attempt.ExpiresAt) {
		return upstream.Attempt{}, upstream.ErrAttempt
	}
	if attempt.CodeVerifier == nil {
		return attempt, upstream.ErrSpent
	}
	spent := attempt
	spent.CodeVerifier, spent.Nonce = nil, ""
	a.byHash[string(stateHash)] = spent
	return attempt, nil
}
