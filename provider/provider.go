package provider

import (
	"net/http"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/details"
	"github.com/symbolon-id/symbolon/provider/keys"
	"github.com/symbolon-id/symbolon/provider/seal"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/status"
	"github.com/symbolon-id/symbolon/provider/web"
)

// Config configures a Provider. Every field without a word about its absence must be set, but MutualTLS.
type Config struct {
	Issuer   string // without a trailing slash
	Clients  *clients.Cache
	Accounts account.Store
	Sessions *session.Sessions
	Grants   GrantStore
	Consents ConsentStore
	Replays  ReplayStore
	Status   status.Store
	Outbox   OutboxStore
	Devices  DeviceStore

	PushedRequests PushedRequestStore
	// HTTPClient makes the requests to addresses that clients registered. Its transport guards where they may go.
	HTTPClient *http.Client
	Keys       *keys.Ring
	Secrets    *seal.Keyring
	MutualTLS  MutualTLS // where clients' certificates come from
	// PairwiseSalt keys the pairwise subjects, 32 random bytes that belong to the installation for good.
	PairwiseSalt []byte

	Lifetimes Lifetimes
	// Registration says that clients may register themselves at /oauth2/register, ClientDocuments that a client_id may be the address of a
	// metadata document. Neither is served here: both are announced.
	Registration    bool
	ClientDocuments bool
	// RegistrationAudience lists the resources that clients which registered themselves, or have a metadata document, may name (RFC 8707), though
	// they are registered for none.
	RegistrationAudience []string
	// RegistrationWithoutPKCE lets confidential ones of them leave PKCE out.
	RegistrationWithoutPKCE bool
	// TrustedRedirect says whether an operator has named the place that a redirect URI leads to. Where not, no error leads from here to a client
	// that registered itself before the person has signed in. nil: no place is named.
	TrustedRedirect func(redirectURI string) bool
	// LegacyResponseTypes offers the implicit and hybrid flows to clients that are registered for them.
	LegacyResponseTypes bool
	// RequirePushedRequests refuses authorization requests that were not pushed (RFC 9126 §5).
	RequirePushedRequests bool
	// RequestURIs lets a client keep its request object at an address that it has registered.
	RequestURIs bool
	// TrustedIssuers are those whose assertions clients may bring (RFC 7523). None: the grant type is not offered.
	TrustedIssuers []TrustedIssuer
	// DetailsTypes are the types of authorization details (RFC 9396). None: the parameter authorization_details means nothing.
	DetailsTypes details.Types
	// RequireDPoPNonce makes every DPoP proof carry a nonce of ours (RFC 9449 §8), at the price of one more request now and then.
	RequireDPoPNonce bool
	// ErrorPage answers a person whose request cannot be sent back to the client.
	ErrorPage func(http.ResponseWriter, *http.Request, *web.PageError)
	// FormPost answers with a page, in one of the languages of uiLocales, that posts the parameters to the client at action by itself (OAuth Form Post §2).
	FormPost func(w http.ResponseWriter, r *http.Request, action, uiLocales string, parameters url.Values)
}

// Lifetimes says how long things live.
type Lifetimes struct {
	AccessToken  time.Duration
	IDToken      time.Duration
	Code         time.Duration // at most 60 s
	RefreshToken time.Duration // the absolute end of a grant, however often it is refreshed
	RefreshIdle  time.Duration // a refresh token not used for so long is dead
	// GraceConfidential and GracePublic: for so long after a refresh, the same refresh token gives the same successor again.
	GraceConfidential time.Duration
	GracePublic       time.Duration
	Interaction       time.Duration
	DeviceCode        time.Duration
	StatusList        time.Duration // how long a partner may go without looking at the status list again
}

// AccessTokenAlgorithm signs access tokens; IDTokenAlgorithm signs ID tokens of clients that do not ask for another (OIDC Registration §2).
const (
	AccessTokenAlgorithm = jose.ES256
	IDTokenAlgorithm     = jose.RS256
)

// Algorithms lists what must always be able to sign.
func Algorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.PS256, jose.EdDSA}
}

// Provider is the authorization server.
type Provider struct {
	config Config
	fosite *fosite.Fosite

	codes        *seal.Box // authorization codes
	accessTokens *seal.Box // opaque ones
	interactions *seal.Box
	pushed       *seal.Box // pushed authorization requests
	logouts      *seal.Box
	refresh      *seal.MAC // refresh tokens
	nonces       *seal.MAC // DPoP nonces
	userCodes    *seal.MAC

	secrets       *clients.SecretVerifier
	clientSecrets *seal.Box // of client_secret_jwt clients
	clientKeys    *clientKeys
	decoys        []jose.JSONWebKey

	requestURIFetches chan struct{} // one for each that is under way

	deviceTries deviceTries
	repeated    repeated
	indexes     *status.Allocator
	lists       *status.Publisher
	discovery   []byte
}

// New returns a Provider.
func New(config Config) *Provider {
	p := &Provider{
		config:       config,
		codes:        config.Secrets.Box("authorization code"),
		accessTokens: config.Secrets.Box("access token"),
		interactions: config.Secrets.Box("interaction"),
		pushed:       config.Secrets.Box("pushed authorization request"),
		logouts:      config.Secrets.Box("log-out"),
		refresh:      config.Secrets.MAC("refresh token"),
		nonces:       config.Secrets.MAC("DPoP nonce"),
		userCodes:    config.Secrets.MAC("user code"),
		secrets:      clients.NewSecretVerifier(),

		clientSecrets: config.Secrets.Box(clients.SealPurpose),
		clientKeys:    newClientKeys(config.HTTPClient),
		decoys:        newDecoys(),
		deviceTries:   newDeviceTries(),
		repeated:      repeated{last: map[string][2]string{}},

		requestURIFetches: make(chan struct{}, maxRequestURIFetches),
	}
	p.newStatusLists()
	p.fosite = newFosite(p)
	p.discovery = p.metadata()
	return p
}

// Routes lists the endpoints. body bounds what each POST may carry.
func (p *Provider) Routes() []web.Route {
	api := func(h web.Handler) http.Handler { return web.Handle(h, writeError) }
	page := func(h web.Handler) http.Handler { return web.Handle(h, p.writePageError) }
	noStore := web.Headers("Cache-Control", "no-store", "Pragma", "no-cache")
	public := web.Headers("Cache-Control", "public, max-age=300", "Access-Control-Allow-Origin", "*")
	body := web.MaxBody(64 << 10)

	routes := []web.Route{
		// OIDC Discovery §4.1, RFC 8414 §3: below the issuer's own path and before it, which is the same place, as the issuer has none.
		{Pattern: "GET /.well-known/openid-configuration", Guards: []web.Guard{public}, Handler: api(p.serveDiscovery)},
		{Pattern: "GET /.well-known/oauth-authorization-server", Guards: []web.Guard{public}, Handler: api(p.serveDiscovery)},
		{Pattern: "GET /oauth2/jwks", Guards: []web.Guard{public}, Handler: api(p.serveJWKS)},
		{Pattern: "GET /oauth2/status", Guards: []web.Guard{web.Headers("Access-Control-Allow-Origin", "*")}, Handler: api(p.serveStatusLists)},
		{Pattern: "GET /oauth2/status/{list}", Guards: []web.Guard{web.Headers("Access-Control-Allow-Origin", "*")}, Handler: api(p.serveStatusList)},
		{Pattern: "GET /oauth2/authorize", Guards: []web.Guard{noStore, web.NoHead("GET, POST")}, Handler: page(p.serveAuthorize)},
		{Pattern: "POST /oauth2/authorize", Guards: []web.Guard{noStore, body}, Handler: page(p.serveAuthorizePost)},
		{Pattern: "GET " + ResumePath, Guards: []web.Guard{noStore, web.NoHead("GET")}, Handler: page(p.serveResume)},
		{Pattern: "POST /oauth2/par", Guards: []web.Guard{noStore, cors, p.offerNonce, body}, Handler: api(p.servePushedAuthorizationRequest)},
		{Pattern: "POST /oauth2/token", Guards: []web.Guard{noStore, cors, p.offerNonce, body}, Handler: api(p.serveToken)},
		{Pattern: "POST /oauth2/device_authorization", Guards: []web.Guard{noStore, cors, body}, Handler: api(p.serveDeviceAuthorization)},
		{Pattern: "POST /oauth2/introspect", Guards: []web.Guard{noStore, body}, Handler: api(p.serveIntrospection)},
		{Pattern: "POST /oauth2/revoke", Guards: []web.Guard{noStore, cors, body}, Handler: api(p.serveRevocation)},
		{Pattern: "GET /oauth2/userinfo", Guards: []web.Guard{noStore, cors, p.offerNonce}, Handler: api(p.serveUserInfo)},
		{Pattern: "POST /oauth2/userinfo", Guards: []web.Guard{noStore, cors, p.offerNonce, body}, Handler: api(p.serveUserInfo)},
		{Pattern: "GET /oauth2/logout", Guards: []web.Guard{noStore, web.NoHead("GET, POST")}, Handler: page(p.serveEndSession)},
		{Pattern: "POST /oauth2/logout", Guards: []web.Guard{noStore, body}, Handler: page(p.serveEndSession)},
	}
	routes = append(routes, p.checkSessionRoutes()...)
	return append(routes, preflights("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/oauth2/jwks", "/oauth2/par", "/oauth2/token", "/oauth2/device_authorization", "/oauth2/revoke", "/oauth2/userinfo")...)
}
