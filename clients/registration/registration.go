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
	body := web.MaxBody(maxDocument)
	handle := func(h web.Handler) http.Handler { return web.Handle(h, writeError) }
	return []web.Route{
		{Pattern: "POST " + Path, Guards: []web.Guard{noStore, body}, Handler: handle(e.register)},
		{Pattern: "GET " + Path + "/{client_id}", Guards: []web.Guard{noStore, web.NoHead("DELETE, GET, PUT")}, Handler: handle(e.read)},
		{Pattern: "PUT " + Path + "/{client_id}", Guards: []web.Guard{noStore, body}, Handler: handle(e.update)},
		{Pattern: "DELETE " + Path + "/{client_id}", Guards: []web.Guard{noStore}, Handler: handle(e.remove)},
	}
}

// information is the client information response of RFC 7591 §3.2.1 and RFC 7592 §3.
func (e *Endpoint) information(c *clients.Client, secret, token string) clients.Registration {
	r := clients.Response(c, secret)
	r.AccessToken, r.ClientURI = token, e.Issuer+Path+"/"+url.PathEscape(c.ID)
	return r
}
