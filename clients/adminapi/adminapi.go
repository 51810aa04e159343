package adminapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

// The scopes of access tokens for this API.
const (
	ScopeAdmin = "symbolon:admin"      // everything
	ScopeRead  = "symbolon:admin:read" // GET only
)

// ErrInvalidToken is what Config.Authenticate wraps when the token is not valid: unknown, expired, revoked, for another audience.
var ErrInvalidToken = errors.New("adminapi: invalid token")

// ErrNotAdmin is what Config.Authenticate wraps when the token is valid and the person is no administrator.
var ErrNotAdmin = errors.New("adminapi: not an administrator")

// Caller is who holds the access token.
type Caller struct {
	ClientID  string
	AccountID string // "" for a client on its own behalf (client_credentials)
	Scopes    []string
}

// Config is what the API works with. All members are required.
type Config struct {
	Registry *clients.Registry
	// Authenticate checks an access token of ours for the audience {Issuer}/admin. An error that wraps ErrInvalidToken is answered with 401, one
	// that wraps ErrNotAdmin with 403; any other is a fault, answered with 503.
	Authenticate func(ctx context.Context, bearer string) (Caller, error)
	Issuer       string
	// CursorKey authenticates the cursors of listings: 32 bytes or more, the same on all nodes, used for nothing else.
	CursorKey []byte
}

// API serves /admin/v1/.
type API struct {
	cfg Config
}

// New returns the API.
func New(cfg Config) (*API, error) {
	if cfg.Registry == nil || cfg.Authenticate == nil || cfg.Issuer == "" || len(cfg.CursorKey) < 32 {
		return nil, errors.New("adminapi: Registry, Authenticate, Issuer and a CursorKey of 32 bytes are required")
	}
	cfg.Issuer = strings.TrimSuffix(cfg.Issuer, "/")
	return &API{cfg: cfg}, nil
}

// Routes lists what the API answers. The lines without a method and the last one answer the rest, with problem documents.
func (a *API) Routes() []web.Route {
	read := []web.Guard{a.require(ScopeRead, ScopeAdmin)}
	write := []web.Guard{a.require(ScopeAdmin)}
	return []web.Route{
		{Pattern: "GET /admin/v1/clients", Guards: read, Handler: a.handle(a.listClients)},
		{Pattern: "POST /admin/v1/clients", Guards: write, Handler: a.handle(a.createClient)},
		{Pattern: "GET /admin/v1/clients/{id}", Guards: read, Handler: a.handle(a.getClient)},
		{Pattern: "PATCH /admin/v1/clients/{id}", Guards: write, Handler: a.handle(a.updateClient)},
		{Pattern: "DELETE /admin/v1/clients/{id}", Guards: write, Handler: a.handle(a.deleteClient)},
		{Pattern: "POST /admin/v1/clients/{id}/secrets", Guards: write, Handler: a.handle(a.rotateSecret)},
		{Pattern: "GET /admin/v1/openapi.json", Guards: read, Handler: a.handle(a.serveOpenAPI)},

		{Pattern: "/admin/v1/clients", Handler: a.notAllowed("GET, HEAD, POST")},
		{Pattern: "/admin/v1/clients/{id}", Handler: a.notAllowed("GET, HEAD, PATCH, DELETE")},
		{Pattern: "/admin/v1/clients/{id}/secrets", Handler: a.notAllowed("POST")},
		{Pattern: "/admin/v1/openapi.json", Handler: a.notAllowed("GET, HEAD")},
		{Pattern: "/admin/v1/", Handler: a.handle(a.notFound)},
	}
}

// handle answers errors with problem documents, and keeps every answer out of caches: most hold what only administrators may see.
func (a *API) handle(h web.Handler) http.Handler {
	return web.Handle(func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		return h(w, r)
	}, writeProblem)
}

func (a *API) notFound(http.ResponseWriter, *http.Request) error {
	return &problem{Status: http.StatusNotFound, Code: "not-found", Detail: "There is nothing at this path. See /admin/v1/openapi.json."}
}

// notAllowed answers the methods that a path does not have. RFC 9110 §15.5.6: with Allow.
func (a *API) notAllowed(allow string) http.Handler {
	return a.handle(func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Allow", allow)
		return &problem{Status: http.StatusMethodNotAllowed, Code: "method-not-allowed", Detail: "This path answers " + allow + "."}
	})
}

type callerKey struct{}

// callerOf returns the caller that require has let through.
func callerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// require lets a request through whose access token has one of the scopes; the first is the one to ask for. Cookies are not looked at.
func (a *API) require(scopes ...string) web.Guard {
	return func(next http.Handler) http.Handler {
		return a.handle(func(w http.ResponseWriter, r *http.Request) error {
			caller, err := a.authenticate(r)
			if err != nil {
				return a.challenge(w, err)
			}
			web.Annotate(r.Context(), "admin", caller.ClientID)
			if !slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(caller.Scopes, s) }) {
				w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="`+scopes[0]+`"`)
				return &problem{Status: http.StatusForbidden, Code: "insufficient-scope", Detail: "The access token needs the scope " + scopes[0] + "."}
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, caller)))
			return nil
		})
	}
}

var errNoToken = errors.New("adminapi: no access token")

// authenticate takes the token from the header alone: RFC 6750 §2.1. A token in the query or the body is not looked at.
func (a *API) authenticate(r *http.Request) (Caller, error) {
	headers := r.Header.Values("Authorization")
	if len(headers) > 1 {
		return Caller{}, &problem{Status: http.StatusBadRequest, Code: "invalid-request", Detail: "There is more than one Authorization header."}
	}
	if len(headers) == 0 {
		return Caller{}, errNoToken
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return Caller{}, errNoToken
	}
	return a.cfg.Authenticate(r.Context(), strings.TrimLeft(token, " "))
}

// challenge answers RFC 6750 §3.1: no error code when no token was sent.
func (a *API) challenge(w http.ResponseWriter, err error) error {
	switch {
	case errors.Is(err, errNoToken):
		w.Header().Set("WWW-Authenticate", `Bearer scope="`+ScopeAdmin+`"`)
		return &problem{Status: http.StatusUnauthorized, Code: "no-token", Detail: "Send an access token: Authorization: Bearer …"}
	case errors.Is(err, ErrInvalidToken):
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		return &problem{Status: http.StatusUnauthorized, Code: "invalid-token", Detail: "The access token is expired, revoked, or not for this API.", Err: err}
	case errors.Is(err, ErrNotAdmin): // RFC 6750 §3.1
		w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope"`)
		return &problem{
			Status: http.StatusForbidden, Code: "not-an-administrator", Err: err,
			Detail: "The account of this access token is no administrator. Whoever runs the server can make it one: symbolon user grant-role ID admin.",
		}
	default:
		return err
	}
}
