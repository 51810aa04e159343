package partner

import (
	"net/http"
	"sync"
	"time"
)

// identity is who somebody is: issuer and subject together. Nothing else names a person for ever; an e-mail address may change hands, be missing,
// or be another's at another issuer (OIDC Core §5.7).
type identity struct{ Issuer, Subject string }

// account is what the app itself knows of a person.
type account struct {
	Since  time.Time
	Visits int
}

// accounts are kept in memory. In a database, issuer and subject are the unique key.
type accounts struct {
	mu sync.Mutex
	by map[identity]account
}

func newAccounts() *accounts { return &accounts{by: map[identity]account{}} }

// visit counts a sign-in; the first one opens the account.
func (a *accounts) visit(who identity) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known, ok := a.by[who]
	if !ok {
		known.Since = time.Now()
	}
	known.Visits++
	a.by[who] = known
}

func (a *accounts) get(who identity) account {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.by[who]
}

// serveAccount shows a page that is for people who have signed in: others do that first, and come back to it.
func (a *App) serveAccount(w http.ResponseWriter, r *http.Request) {
	_, s := a.session(r)
	if s.person == nil {
		http.Redirect(w, r, "/sign-in?return=/account", http.StatusSeeOther)
		return
	}
	known := a.accounts.get(s.person.identity)
	a.show(w, http.StatusOK, view{Person: s.person, Account: &known})
}
