package account_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/symbolon-id/symbolon/provider/account"
)

// memory is a Store in memory; the real one has tests of its own.
type memory struct {
	mu         sync.Mutex
	accounts   map[string]account.Account
	identities map[string]account.Identity
	writes     int
	// beforeCreate runs once before an account is created: the other request of a race.
	beforeCreate func()
}

func newMemory() *memory {
	return &memory{accounts: map[string]account.Account{}, identities: map[string]account.Identity{}}
}

func key(connector, issuer, subject string) string {
	return fmt.Sprintf("%q %q %q", connector, issuer, subject)
}

func (m *memory) AccountByIdentity(_ context.Context, connector, issuer, subject string) (account.Account, account.Identity, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id, ok := m.identities[key(connector, issuer, subject)]
	if !ok {
		return account.Account{}, account.Identity{}, account.ErrNotFound
	}
	return m.accounts[id.AccountID], id, nil
}

func (m *memory) CreateAccount(_ context.Context, a account.Account, id account.Identity) error {
	m.mu.Lock()
	race := m.beforeCreate
	m.beforeCreate = nil
	m.mu.Unlock()
	if race != nil {
		race()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	k := key(id.Connector, id.Issuer, id.Subject)
	if _, taken := m.identities[k]; taken {
		return account.ErrExists
	}
	m.accounts[a.ID], m.identities[k] = a, id
	m.writes++
	return nil
}

func (m *memory) RecordSignIn(_ context.Context, a account.Account, id account.Identity) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.accounts[a.ID], m.identities[key(id.Connector, id.Issuer, id.Subject)] = a, id
	m.writes++
	return nil
}

func (m *memory) Account(_ context.Context, id string) (account.Account, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.accounts[id]
	if !ok {
		return account.Account{}, account.ErrNotFound
	}
	return a, nil
}
