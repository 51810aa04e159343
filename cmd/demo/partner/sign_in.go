package partner

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// serveSignIn is behind the button: it sends the browser to the provider. The parameter return is the page to come back to.
func (a *App) serveSignIn(w http.ResponseWriter, r *http.Request) {
	rp, err := a.discover(r.Context())
	if err != nil {
		a.fail(w, unreachable(err))
		return
	}
	at := attempt{
		browser: a.browser(w, r), nonce: rand.Text(), verifier: oauth2.GenerateVerifier(),
		returnTo: returnPath(r.URL.Query().Get("return")), at: time.Now(),
	}
	state := a.attempts.begin(at)
	http.Redirect(w, r, rp.oauth.AuthCodeURL(state, oidc.Nonce(at.nonce), oauth2.S256ChallengeOption(at.verifier)), http.StatusSeeOther)
}

// returnPath returns where a sign-in ends: the path that was asked for, or the first page. It is part of a link that anybody can write, so only a
// path counts. "//other.example", and to browsers "/\other.example" too, are other sites.
func returnPath(asked string) string {
	u, err := url.Parse(asked)
	if err != nil || !strings.HasPrefix(asked, "/") || strings.HasPrefix(asked, "//") || strings.Contains(asked, `\`) {
		return "/"
	}
	return u.RequestURI()
}

// attempt is one press of the button. Several may be under way in one browser, in two tabs.
type attempt struct {
	browser  string // the session id of the browser that began it
	nonce    string
	verifier string // PKCE
	returnTo string // a path of the app's own
	at       time.Time
}

// attemptLifetime is how long a person may take to sign in.
const attemptLifetime = time.Hour

// attempts are the sign-ins under way, by state.
type attempts struct {
	mu      sync.Mutex
	byState map[string]attempt
}

func newAttempts() *attempts { return &attempts{byState: map[string]attempt{}} }

// begin keeps the attempt and returns its state.
func (a *attempts) begin(at attempt) (state string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for old, known := range a.byState {
		if at.at.Sub(known.at) > attemptLifetime {
			delete(a.byState, old)
		}
	}
	state = rand.Text()
	a.byState[state] = at
	return state
}

// take returns the attempt that the browser began with the state, and forgets it: an answer counts once, and only where the question was asked.
func (a *attempts) take(state, browser string) (attempt, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	at, ok := a.byState[state]
	if !ok || browser == "" || at.browser != browser || time.Since(at.at) > attemptLifetime {
		return attempt{}, false
	}
	delete(a.byState, state)
	return at, true
}
