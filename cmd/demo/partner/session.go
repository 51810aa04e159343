package partner

import (
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// session is what the app remembers of a browser. Before the sign-in it only ties the answer to the browser that asked.
type session struct {
	person  *person // nil: signed out
	sid     string  // the provider's name for its session, which a log-out will say
	token   *oauth2.Token
	idToken string
	seenAt  time.Time

	problem *problem // of the last sign-in or button; shown once

	// For the demo's visitors.
	calls         []apiCall // of the API, the last one first
	introspection string    // the last answer
	refreshed     int       // how often
	farewell      *farewell // of the session before this one
}

// person is who signed in.
type person struct {
	identity
	Name    string
	Email   string
	Picture string // URL; may be empty
}

// sessionLifetime is how long a session lasts that nobody uses.
const sessionLifetime = 12 * time.Hour

// sessions are kept in memory, by id.
type sessions struct {
	mu   sync.Mutex
	byID map[string]session
}

func newSessions() *sessions { return &sessions{byID: map[string]session{}} }

func (s *sessions) begin(fresh session) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh.seenAt = time.Now()
	for old, known := range s.byID {
		if fresh.seenAt.Sub(known.seenAt) > sessionLifetime {
			delete(s.byID, old)
		}
	}
	id = rand.Text()
	s.byID[id] = fresh
	return id
}

func (s *sessions) get(id string) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok := s.byID[id]
	if !ok || time.Since(known.seenAt) > sessionLifetime {
		return session{}, false
	}
	known.seenAt = time.Now()
	s.byID[id] = known
	return known, true
}

// change changes the session if it is still there.
func (s *sessions) change(id string, f func(*session)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.byID[id]; ok {
		f(&known)
		s.byID[id] = known
	}
}

func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
}

// signOut ends the sessions of people for which ends says so. The browsers learn of it with their next request.
func (s *sessions) signOut(ends func(session) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, known := range s.byID {
		if known.person != nil && ends(known) {
			s.byID[id] = known.afterLogOut(true)
		}
	}
}

// session returns the browser's session; without one the id is empty.
func (a *App) session(r *http.Request) (id string, s session) {
	c, err := r.Cookie(a.config.Product.Cookie)
	if err != nil {
		return "", session{}
	}
	s, ok := a.sessions.get(c.Value)
	if !ok {
		return "", session{}
	}
	return c.Value, s
}

// browser returns the id of the browser's session, and begins one where there is none.
func (a *App) browser(w http.ResponseWriter, r *http.Request) string {
	id, _ := a.session(r)
	if id == "" {
		id = a.sessions.begin(session{})
		a.setCookie(w, id)
	}
	return id
}

// setCookie gives the browser the session. Lax, because the browser comes back from the provider by a link from another site.
func (a *App) setCookie(w http.ResponseWriter, id string) {
	http.SetCookie(w, &http.Cookie{
		Name: a.config.Product.Cookie, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(a.config.BaseURL, "https://"),
	})
}
