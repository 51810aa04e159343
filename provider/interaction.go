package provider

import (
	"net/http"
	"time"

	"github.com/symbolon-id/symbolon/clients"
)

// Interaction is an authorization request that waits for the End-User: what the pages need to know of it. It travels as the parameter "i",
// sealed and bound to the browser that started it. Showing one writes nothing to the database.
type Interaction struct {
	ID          string // names it in the log
	Sealed      string // the value of "i"
	Client      *clients.Client
	RedirectURI string
	Scopes      []string // what the client asks for and may have
	LoginHint   string
	UILocales   string // BCP 47 tags, space-separated
	// Reauthenticate: a new proof of the person is asked for (prompt=login, max_age).
	Reauthenticate bool
	// SelectAccount: the person is to choose the account (prompt=select_account).
	SelectAccount bool
	FirstSeenAt   time.Time
}

// ResumePath is where the pages send the browser back to with "i": the only place that decides what is next.
const ResumePath = "/oauth2/authorize/resume"

var _ = http.StatusOK
