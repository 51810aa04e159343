package registration

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

// Path is where clients register; "/" and the client's id below it is where they manage their registration.
const Path = "/oauth2/register"

// maxDocument is the longest document that is read from a client, in bytes.
const maxDocument = 32 << 10

// Config is what the endpoint works with. All members are required.
type Config struct {
	Store  clients.SelfRegistrationStore
	Cache  *clients.Cache // told of every change
	Sealer clients.Sealer // clients.RegistryConfig.Sealer
	Issuer string
	// Open lets anybody register. Otherwise a registration needs an initial access token (RFC 7591 §3).
	Open   bool
	Policy clients.Policy
	// FetchSector gets the documents of sector_identifier_uri.
	FetchSector clients.FetchSector
	// MaxClients bounds the clients that have registered themselves without an initial access token.
	MaxClients int
	// PerHour bounds what one address (of IPv6, one /64) may try in an hour: registrations where anybody may, wrong tokens elsewhere.
	PerHour  int
	Rotation Rotation
}

// Rotation says when a registration access token is replaced (RFC 7592 §3 leaves it to us).
type Rotation string

// The rotations.
const (
	RotateOnUpdate Rotation = "update" // with each successful PUT
	RotateAlways   Rotation = "always" // with each successful PUT and GET
	RotateNever    Rotation = "never"
)

// Endpoint serves /oauth2/register.
type Endpoint struct {
	Config
	limit   *limiter
	secrets *clients.SecretVerifier
}

// New returns the endpoint.
func New(c Config) (*Endpoint, error) {
	if c.Store == nil || c.Cache == nil || c.Sealer == nil || c.FetchSector == nil || c.Issuer == "" || c.MaxClients < 1 || c.PerHour < 1 || c.Rotation == "" {
		return nil, errors.New("registration: Store, Cache, Sealer, FetchSector, Issuer, MaxClients, PerHour and Rotation are required")
	}
	return &Endpoint{Config: c, limit: newLimiter(c.PerHour), secrets: clients.NewSecretVerifier()}, nil
}

// Routes lists what the endpoint answers.
func (e *Endpoint) Routes() []web.Route {
	// RFC 7591 §3.2.1, RFC 7592 §3: answers hold tokens and secrets.
	noStore := web.Headers("Cache-Control", "no-store", "Pragma", "no-cache")
	// RFC 9700 §2.6: apps in browsers register themselves from any page. What counts here is a token, never a cookie.
	cors := web.Headers("Access-Control-Allow-Origin", "*", "Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After")
	preflight := web.Headers("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE", "Access-Control-Allow-Headers", "Authorization, Content-Type, MCP-Protocol-Version, *", "Access-Control-Max-Age", "600")
	allowed := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	body := web.MaxBody(maxDocument)
	handle := func(h web.Handler) http.Handler { return web.Handle(h, writeError) }
	return []web.Route{
		{Pattern: "POST " + Path, Guards: []web.Guard{noStore, cors, body}, Handler: handle(e.register)},
		{Pattern: "GET " + Path + "/{client_id}", Guards: []web.Guard{noStore, cors, web.NoHead("DELETE, GET, PUT")}, Handler: handle(e.read)},
		{Pattern: "PUT " + Path + "/{client_id}", Guards: []web.Guard{noStore, cors, body}, Handler: handle(e.update)},
		{Pattern: "DELETE " + Path + "/{client_id}", Guards: []web.Guard{noStore, cors}, Handler: handle(e.remove)},
		{Pattern: "OPTIONS " + Path, Guards: []web.Guard{noStore, cors, preflight}, Handler: allowed},
		{Pattern: "OPTIONS " + Path + "/{client_id}", Guards: []web.Guard{noStore, cors, preflight}, Handler: allowed},
	}
}

// information is the client information response of RFC 7591 §3.2.1 and RFC 7592 §3.
func (e *Endpoint) information(c *clients.Client, secret, token string) clients.Registration {
	r := clients.Response(c, secret)
	r.AccessToken, r.ClientURI = token, e.Issuer+Path+"/"+url.PathEscape(c.ID)
	return r
}
