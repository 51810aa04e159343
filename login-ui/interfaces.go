package loginui

import (
	"context"
	"net/http"
	"net/url"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/upstream"
)

// Interactions opens the authorization request that a page is about, and says where the pages go back to. *provider.Provider is one.
type Interactions interface {
	// Interaction opens the parameter "i" of the query or form. Its errors are *web.PageError or storage faults.
	Interaction(r *http.Request) (*provider.Interaction, error)
	// InteractionOf opens a sealed interaction that r does not carry itself. Its errors are *web.PageError or storage faults.
	InteractionOf(ctx context.Context, sealed string, r *http.Request) (*provider.Interaction, error)
	// BrowserHash returns the SHA-256 of the cookie that binds interactions to the browser, or nil when r has none.
	BrowserHash(r *http.Request) []byte
	// ResumeURL returns the path, with query, where the decision is made again.
	ResumeURL(i *provider.Interaction) string
	// DenyURL returns the path, with query, where the decision becomes access_denied.
	DenyURL(i *provider.Interaction) string
	// Allow records that the account allows the client what the interaction asks for.
	Allow(ctx context.Context, i *provider.Interaction, accountID string) error
}

// Sessions is the browser's session at the provider. *session.Sessions is one.
type Sessions interface {
	// Current returns the live session of the browser, session.ErrNotFound, or a storage fault.
	Current(r *http.Request) (session.Session, error)
	// Start begins a session under a new cookie.
	Start(w http.ResponseWriter, r *http.Request, p session.StartParams) (session.Session, error)
	// Of lists an account's sessions, newest first: those alive, and those that were not used for too long.
	Of(ctx context.Context, accountID string) (live, idle []session.Session, err error)
	// EndByID ends a session wherever its browser is.
	EndByID(ctx context.Context, id string) error
	// EndOthers ends all other sessions of current's account.
	EndOthers(ctx context.Context, current session.Session) error
}

// Logouts opens the log-out that a client asked for, and carries it out. *provider.Provider is one.
type Logouts interface {
	// Logout opens the parameter "l" of the query or form; without it, the zero Logout. Its errors are *web.PageError or storage faults.
	Logout(r *http.Request) (*provider.Logout, error)
	// EndSession ends the browser's session, as l asks or for the person alone, and returns the path or URL to go to.
	EndSession(w http.ResponseWriter, r *http.Request, l *provider.Logout) (location string, err error)
}

// Devices opens what a device asks for, and takes the decision about it. *provider.Provider is one.
type Devices interface {
	// StartDevice returns the path, with query, where a typed user code goes on; provider.ErrUserCode for what is none.
	StartDevice(w http.ResponseWriter, r *http.Request, typed string) (location string, err error)
	// Device returns the request whose code the parameter "i" holds, or the path where the person has to go first. Its errors are
	// provider.ErrUserCode, ErrUserCodeExpired, ErrUserCodeUsed, *web.PageError or storage faults.
	Device(r *http.Request) (d *provider.DeviceRequest, location string, err error)
	// DecideDevice records the decision of d's person. provider.ErrUserCodeUsed says that somebody was faster.
	DecideDevice(ctx context.Context, d *provider.DeviceRequest, allow bool) error
}

// Connections is the clients that an account is connected to. *provider.Provider is one.
type Connections interface {
	// StartAccount returns the path, with query, where a person without a session signs in to see their account.
	StartAccount(w http.ResponseWriter, r *http.Request) (location string)
	// Connections lists them, the newest first.
	Connections(ctx context.Context, accountID string) ([]provider.Connection, error)
	// Disconnect takes back what the account allows the client, and revokes all that the client holds of it.
	Disconnect(ctx context.Context, accountID, clientID string) error
}

// Records is what else is on record. *storage.DB is one.
type Records interface {
	// Identities lists the logins of an account, the oldest first.
	Identities(ctx context.Context, accountID string) ([]account.Identity, error)
	// Client returns a client as it is on record, without asking anybody else; clients.ErrNotFound.
	Client(ctx context.Context, id string) (*clients.Client, error)
}

// Logos is the pictures of clients. *clients.Logos is one.
type Logos interface {
	// Logo returns the client's logo of that name as a square PNG; nil when there is none to show, or none before ctx ends. Its errors are
	// clients.ErrNotFound or storage faults.
	Logo(ctx context.Context, clientID, name string) ([]byte, error)
}

// Upstreams starts and completes sign-ins at the upstreams. *upstream.Flow is one.
type Upstreams interface {
	Infos() []upstream.Info
	Info(id string) (upstream.Info, bool)
	// Start keeps an attempt and returns the URL at the upstream.
	Start(ctx context.Context, id string, req upstream.StartRequest) (string, error)
	// Complete spends the attempt that the callback belongs to. The Completion of an error holds the interaction where it is known.
	Complete(ctx context.Context, id string, query url.Values, browserHash []byte) (upstream.Completion, error)
}
