package upstream

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/symbolon-id/symbolon/provider/account"
)

// Errors of a sign-in at an upstream. Callers may rely on errors.Is; the wrapped cause is for the log only.
var (
	// ErrCancelled: the person declined at the upstream.
	ErrCancelled = errors.New("upstream: the person cancelled")
	// ErrUnavailable: the upstream did not answer, answered with a fault or asked us to slow down. Trying again later may help.
	ErrUnavailable = errors.New("upstream: not available")
	// ErrMisconfigured: the upstream rejects our client id, secret or redirect URI. Only the operator can mend it.
	ErrMisconfigured = errors.New("upstream: misconfigured")
	// ErrProtocol: what came back does not verify (signature, issuer, audience, nonce, …). A security event.
	ErrProtocol = errors.New("upstream: answer does not verify")
	// ErrForbidden: the person signed in with an account that the operator does not let in (hosted domain). Another account may do.
	ErrForbidden = errors.New("upstream: account not admitted")
	// ErrSpent: the callback's attempt was finished before, in this browser: the person went back, or reloaded.
	ErrSpent = errors.New("upstream: attempt already finished")
	// ErrAttempt: the callback belongs to no attempt of this browser: unknown, expired, of another browser or another upstream.
	ErrAttempt = errors.New("upstream: no such attempt")
)

// Info says what pages need to know of an upstream.
type Info struct {
	ID    string // the id in the configuration; part of paths, a cookie and element ids
	Type  string // google, facebook or oidc
	Label string // what the button calls it: "Google"
	// Origins lists the origins a browser is sent to, for the form-action of the login page's Content-Security-Policy: "https://accounts.google.com".
	Origins []string
}

// Connector signs a person in at one upstream.
type Connector interface {
	Info() Info
	// Begin returns the URL at the upstream that the browser goes to. It may fetch discovery; ErrUnavailable when that fails.
	Begin(ctx context.Context, b Begin) (string, error)
	// Finish redeems the callback and returns the verified identity. Its errors wrap one of the sentinels above.
	Finish(ctx context.Context, f Finish) (account.Proof, error)
}

// Begin is what Flow gives a connector to start with. All random values are made by Flow.
type Begin struct {
	RedirectURI   string
	State         string
	Nonce         string
	CodeChallenge string // S256
	// Reauthenticate asks for a fresh proof of the person, as far as the upstream can: prompt=login, max_age=0, auth_type=reauthenticate.
	Reauthenticate bool
	// SelectAccount asks the upstream to let the person choose the account.
	SelectAccount bool
	UILocales     string // BCP 47 tags, space-separated
}

// Finish is what Flow gives a connector to end with. State has been checked already.
type Finish struct {
	Query          url.Values // of the callback
	RedirectURI    string
	Nonce          string
	CodeVerifier   string
	StartedAt      time.Time
	Reauthenticate bool
}

// Attempt is one sign-in at an upstream, from the button to the callback. It is spent once.
type Attempt struct {
	StateHash    []byte // SHA-256 of the state parameter; the key
	Connector    string
	BrowserHash  []byte // SHA-256 of the browser's binding cookie
	Interaction  string // the sealed interaction to go back to
	Nonce        string
	CodeVerifier []byte // sealed, with StateHash as associated data
	Reauth       bool
	CreatedAt    time.Time
	ExpiresAt    time.Time
}

// AttemptStore keeps attempts. storage implements it.
type AttemptStore interface {
	// InsertAttempt adds an attempt.
	InsertAttempt(ctx context.Context, a Attempt) error
	// SpendAttempt returns the attempt with the state hash and spends it by one conditional statement. ErrAttempt when there is none or it has
	// expired at now; the attempt without its secrets and ErrSpent when it was spent before. The caller checks connector and browser afterwards:
	// an attempt shown to the wrong browser is spent all the same.
	SpendAttempt(ctx context.Context, stateHash []byte, now time.Time) (Attempt, error)
}
