package upstream

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"time"

	"golang.org/x/oauth2"

	"github.com/symbolon-id/symbolon/provider/account"
)

// DefaultLifetime is how long a person may take at the upstream.
const DefaultLifetime = 10 * time.Minute

const (
	// browserHashLength is that of SHA-256. An empty hash would bind an attempt to every browser without a cookie.
	browserHashLength = sha256.Size
	// maxState is far above the length of every state we make.
	maxState = 256
	// maxUILocales bounds a text that comes from the partner's request.
	maxUILocales = 256
)

// Sealer keeps the PKCE verifier secret at rest. provider/seal implements it.
type Sealer interface {
	Seal(plaintext, associatedData []byte) []byte
	Open(sealed, associatedData []byte) ([]byte, error)
}

// FlowConfig says what a Flow is made of. All members but Lifetime are needed.
type FlowConfig struct {
	Connectors []Connector // in the order the login page shows them; their ids differ
	Store      AttemptStore
	Box        Sealer
	// CallbackURL returns the redirect URI registered at the upstream for the connector. Each connector has its own: that is what stops an
	// answer of one upstream from being taken for another's (RFC 9700 §4.4).
	CallbackURL func(connectorID string) string
	Lifetime    time.Duration // of an attempt; 0: DefaultLifetime
}

// Flow takes a browser to an upstream and back. It makes every random value, and spends each attempt once, in the browser that started it, at
// the connector that it was started for.
type Flow struct {
	connectors  map[string]Connector
	order       []string
	store       AttemptStore
	box         Sealer
	callbackURL func(string) string
	lifetime    time.Duration
}

// NewFlow checks the configuration and reports every mistake at once.
func NewFlow(cfg FlowConfig) (*Flow, error) {
	f := &Flow{
		connectors: make(map[string]Connector), store: cfg.Store, box: cfg.Box, callbackURL: cfg.CallbackURL, lifetime: cfg.Lifetime,
	}
	if f.lifetime == 0 {
		f.lifetime = DefaultLifetime
	}
	var errs []error
	if cfg.Store == nil || cfg.Box == nil || cfg.CallbackURL == nil {
		errs = append(errs, errors.New("needs a Store, a Box and a CallbackURL"))
	}
	if f.lifetime < 0 {
		errs = append(errs, errors.New("negative Lifetime"))
	}
	for _, c := range cfg.Connectors {
		id := c.Info().ID
		if !ValidID(id) {
			errs = append(errs, fmt.Errorf("connector id %q: only letters, digits and -._~, at most 2,048 characters, a letter or digit first", id))
		}
		if _, taken := f.connectors[id]; taken {
			errs = append(errs, fmt.Errorf("connector id %q is used twice", id))
		}
		f.connectors[id] = c
		f.order = append(f.order, id)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("upstream flow: %w", err)
	}
	return f, nil
}

// ValidID reports whether id can name an upstream: 1 to 2,048 characters that stand in a path, a cookie and an element id as they are, a letter or
// digit first.
func ValidID(id string) bool {
	return len(id) <= maxID && regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]*$`).MatchString(id)
}

const maxID = 2048

// Infos lists the upstreams in the configured order.
func (f *Flow) Infos() []Info {
	infos := make([]Info, 0, len(f.order))
	for _, id := range f.order {
		infos = append(infos, f.connectors[id].Info())
	}
	return infos
}

// Info returns the upstream with the id.
func (f *Flow) Info(id string) (Info, bool) {
	c, ok := f.connectors[id]
	if !ok {
		return Info{}, false
	}
	return c.Info(), true
}

// StartRequest is what the page knows when a person chooses an upstream.
type StartRequest struct {
	Interaction    string // sealed; handed back by Complete
	BrowserHash    []byte // SHA-256 of the browser's binding cookie
	Reauthenticate bool
	SelectAccount  bool
	UILocales      string // BCP 47 tags, space-separated
}

// Start returns the URL at the upstream to send the browser to. It writes one attempt, and nothing when the connector cannot begin.
func (f *Flow) Start(ctx context.Context, connectorID string, r StartRequest) (string, error) {
	connector, ok := f.connectors[connectorID]
	if !ok {
		return "", fmt.Errorf("%w: no connector %q", ErrMisconfigured, connectorID)
	}
	if len(r.BrowserHash) != browserHashLength {
		return "", fmt.Errorf("start: browser hash of %d bytes", len(r.BrowserHash))
	}
	if len(r.UILocales) > maxUILocales {
		r.UILocales = ""
	}
	state, nonce, verifier := random256(), random256(), oauth2.GenerateVerifier()
	to, err := connector.Begin(ctx, Begin{
		RedirectURI:    f.callbackURL(connectorID),
		State:          state,
		Nonce:          nonce,
		CodeChallenge:  oauth2.S256ChallengeFromVerifier(verifier),
		Reauthenticate: r.Reauthenticate,
		SelectAccount:  r.SelectAccount,
		UILocales:      r.UILocales,
	})
	if err != nil {
		return "", fmt.Errorf("begin at %s: %w", connectorID, err)
	}
	stateHash := sha256.Sum256([]byte(state))
	now := time.Now()
	err = f.store.InsertAttempt(ctx, Attempt{
		StateHash:    stateHash[:],
		Connector:    connectorID,
		BrowserHash:  r.BrowserHash,
		Interaction:  r.Interaction,
		Nonce:        nonce,
		CodeVerifier: f.box.Seal([]byte(verifier), stateHash[:]),
		Reauth:       r.Reauthenticate,
		CreatedAt:    now,
		ExpiresAt:    now.Add(f.lifetime),
	})
	if err != nil {
		return "", fmt.Errorf("insert attempt: %w", err)
	}
	return to, nil
}

// Completion is what came of an attempt.
type Completion struct {
	Proof          account.Proof // zero when Complete returned an error
	Interaction    string        // the sealed interaction to go back to; also set with an error, once the attempt was found for this browser
	Reauthenticate bool          // a fresh proof was asked for; compare Proof.AuthTime, which the upstream may have left out
	StartedAt      time.Time
}

// Complete spends the attempt that the callback's state names and returns who signed in. Only state, code, iss and the error parameters of the
// query are read: what else stands there, and the person's data least of all, comes from whoever made the URL.
//
// Its errors wrap a sentinel of this package, or are storage faults.
func (f *Flow) Complete(ctx context.Context, connectorID string, query url.Values, browserHash []byte) (Completion, error) {
	connector, ok := f.connectors[connectorID]
	if !ok {
		return Completion{}, fmt.Errorf("%w: no connector %q", ErrAttempt, connectorID)
	}
	attempt, spent, err := f.spend(ctx, connectorID, query, browserHash)
	if err != nil {
		return Completion{}, err
	}
	done := Completion{Interaction: attempt.Interaction, Reauthenticate: attempt.Reauth, StartedAt: attempt.CreatedAt}
	if spent {
		return done, ErrSpent
	}
	verifier, err := f.box.Open(attempt.CodeVerifier, attempt.StateHash)
	if err != nil {
		// The secrets were changed in between, or the row was: either way this attempt is over and a new one will do.
		return done, fmt.Errorf("%w: code verifier does not open: %w", ErrAttempt, err)
	}
	done.Proof, err = connector.Finish(ctx, Finish{
		Query:          query,
		RedirectURI:    f.callbackURL(connectorID),
		Nonce:          attempt.Nonce,
		CodeVerifier:   string(verifier),
		StartedAt:      attempt.CreatedAt,
		Reauthenticate: attempt.Reauth,
	})
	if err == nil && (done.Proof.Issuer == "" || done.Proof.Subject == "") {
		err = fmt.Errorf("%w: proof names nobody", ErrProtocol)
	}
	if err != nil {
		done.Proof = account.Proof{}
		return done, fmt.Errorf("finish at %s: %w", connectorID, err)
	}
	done.Proof.Connector = connectorID
	return done, nil
}

// spend spends the attempt that the callback's state names, and says whether it had been spent before. An attempt of another browser or another
// upstream is ErrAttempt, whatever its state.
func (f *Flow) spend(ctx context.Context, connectorID string, query url.Values, browserHash []byte) (attempt Attempt, spent bool, err error) {
	// RFC 6749 §3.1: no parameter more than once
	state := query["state"]
	if len(state) != 1 || state[0] == "" || len(state[0]) > maxState {
		return Attempt{}, false, fmt.Errorf("%w: needs one state", ErrAttempt)
	}
	stateHash := sha256.Sum256([]byte(state[0]))
	attempt, err = f.store.SpendAttempt(ctx, stateHash[:], time.Now())
	if spent = errors.Is(err, ErrSpent); err != nil && !spent {
		return Attempt{}, false, fmt.Errorf("spend attempt: %w", err)
	}
	// RFC 9700 §4.4.2: each upstream has a callback of its own, and the attempt knows which was asked.
	sameConnector := subtle.ConstantTimeCompare([]byte(attempt.Connector), []byte(connectorID))
	sameBrowser := subtle.ConstantTimeCompare(attempt.BrowserHash, browserHash)
	if sameConnector&sameBrowser != 1 || len(browserHash) != browserHashLength {
		return Attempt{}, false, fmt.Errorf("%w: of another browser or upstream", ErrAttempt)
	}
	return attempt, spent, nil
}

// random256 returns 256 random bits in 43 characters.
func random256() string {
	var b [32]byte
	rand.Read(b[:]) // never fails, crypto/rand says
	return base64.RawURLEncoding.EncodeToString(b[:])
}
