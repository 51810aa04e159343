package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"

	"github.com/symbolon-id/symbolon/provider/account"
)

// OIDCConfig configures a connector to any OpenID provider.
type OIDCConfig struct {
	ID    string // see ValidID
	Label string // on the button

	Issuer       string // exactly as in the provider's ID tokens
	ClientID     string
	ClientSecret string
	// TokenEndpointAuthMethod is client_secret_basic (default), client_secret_post, or none for a public client.
	TokenEndpointAuthMethod string
	Scopes                  []string // default: openid profile email
	SigningAlgs             []string // of ID tokens; default and most: RS256, PS256, ES256, EdDSA
	Endpoints               Endpoints
	// EmailTrust says what the provider's email_verified is worth: EmailUnverified (default: nothing) or EmailVerified.
	EmailTrust account.EmailTrust
	// TrustedDomains lists the mail domains that the provider itself runs: a verified address there is EmailAuthoritative.
	TrustedDomains []string
	// SkipUserInfo never asks the userinfo endpoint. Otherwise it is asked when the ID token lacks the name or address that the scopes ask for.
	SkipUserInfo bool

	// AllowLoopbackHTTP admits http on loopback hosts, for endpoints and pictures: simulators and developers' machines.
	AllowLoopbackHTTP bool
	// HTTPClient makes every request. Its transport guards where requests may go; the connector adds its own limits.
	HTTPClient *http.Client
}

// OIDC is a connector to an OpenID provider. It fetches discovery and keys when they are first needed.
type OIDC struct {
	info              Info
	issuers           []string // accepted in ID tokens; the first is the canonical one
	clientID          string
	clientSecret      string
	authStyle         oauth2.AuthStyle
	scopes            []string
	algs              []jose.SignatureAlgorithm
	endpoints         Endpoints
	allowLoopbackHTTP bool
	client            *http.Client
	dialect           dialect
	metadata          *cached[metadata]
	keys              *keySet
}

// dialect is what differs between OpenID providers.
type dialect struct {
	// parameters adds to the authorization request.
	parameters func(Begin) []oauth2.AuthCodeOption
	// emailTrust judges a normalised address by the claims it came with.
	emailTrust func(email string, c claims) account.EmailTrust
	// admit refuses a person that the operator does not let in; nil admits all.
	admit func(claims) error
	// provesAuthentication: auth_time, amr and acr of the provider are passed on.
	provesAuthentication bool
	// userInfo: the userinfo endpoint may be asked.
	userInfo bool
	// pairwise: subjects differ from client to client, as far as we know.
	pairwise bool
}

// NewOIDC checks the configuration, without any request, and reports every mistake at once.
func NewOIDC(cfg OIDCConfig) (*OIDC, error) {
	c, err := newOIDC("oidc", cfg, []string{cfg.Issuer}, dialect{
		parameters:           promptParameters,
		emailTrust:           declaredTrust(cfg.EmailTrust, cfg.TrustedDomains),
		provesAuthentication: true,
		userInfo:             !cfg.SkipUserInfo,
		pairwise:             true,
	})
	if cfg.EmailTrust != account.EmailUnverified && cfg.EmailTrust != account.EmailVerified {
		err = errors.Join(err, errors.New("email trust is neither unverified nor verified; list domains in TrustedDomains to trust more"))
	}
	for _, domain := range cfg.TrustedDomains {
		if mailDomain(domain) == "" {
			err = errors.Join(err, fmt.Errorf("trusted domain %q is not a mail domain", domain))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("upstream %q: %w", cfg.ID, err)
	}
	return c, nil
}

func newOIDC(kind string, cfg OIDCConfig, issuers []string, d dialect) (*OIDC, error) {
	style, err := authStyle(cfg.TokenEndpointAuthMethod, cfg.ClientSecret)
	errs := append(cfg.Endpoints.check(cfg.AllowLoopbackHTTP), err, checkAlgs(cfg.SigningAlgs),
		checkEndpoint("issuer", cfg.Issuer, cfg.AllowLoopbackHTTP),
		checkBasics(cfg.ID, cfg.Label, cfg.ClientID, cfg.HTTPClient))
	if len(cfg.Scopes) == 0 {
		cfg.Scopes = []string{"openid", "profile", "email"}
	}
	if !slices.Contains(cfg.Scopes, "openid") {
		errs = append(errs, errors.New("scopes lack openid"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if len(cfg.SigningAlgs) == 0 {
		cfg.SigningAlgs = signingAlgs()
	}
	c := &OIDC{
		info:              Info{ID: cfg.ID, Type: kind, Label: cfg.Label},
		issuers:           issuers,
		clientID:          cfg.ClientID,
		clientSecret:      cfg.ClientSecret,
		authStyle:         style,
		scopes:            slices.Clone(cfg.Scopes),
		endpoints:         cfg.Endpoints,
		allowLoopbackHTTP: cfg.AllowLoopbackHTTP,
		client:            limited(cfg.HTTPClient),
		dialect:           d,
	}
	for _, alg := range cfg.SigningAlgs {
		c.algs = append(c.algs, jose.SignatureAlgorithm(alg))
	}
	c.metadata = &cached[metadata]{fetch: c.discover}
	c.keys = newKeySet(c.client, func(ctx context.Context) (string, error) {
		m, err := c.metadata.get(ctx)
		return m.JWKSURI, err
	}, c.algs)
	return c, nil
}

// checkBasics is what every connector needs.
func checkBasics(id, label, clientID string, client *http.Client) error {
	var errs []error
	if !ValidID(id) {
		errs = append(errs, errors.New("id: only letters, digits and -._~, at most 2,048 characters, a letter or digit first"))
	}
	if label == "" {
		errs = append(errs, errors.New("label is missing"))
	}
	if clientID == "" {
		errs = append(errs, errors.New("client id is missing"))
	}
	if client == nil {
		errs = append(errs, errors.New("HTTP client is missing"))
	}
	return errors.Join(errs...)
}

// authStyle never returns the style that probes: it would send the code twice.
func authStyle(method, secret string) (oauth2.AuthStyle, error) {
	switch {
	case method == "none" && secret != "":
		return 0, errors.New("token endpoint auth method none with a client secret")
	case method == "none":
		return oauth2.AuthStyleInParams, nil
	case secret == "":
		return 0, errors.New("client secret is missing")
	case method == "", method == "client_secret_basic":
		return oauth2.AuthStyleInHeader, nil
	case method == "client_secret_post":
		return oauth2.AuthStyleInParams, nil
	}
	return 0, fmt.Errorf("token endpoint auth method %q is not one of client_secret_basic, client_secret_post, none", method)
}

// Info names the upstream. The authorization endpoint's origin is known from the configuration, or once discovery has been fetched; until then it
// is taken to be the issuer's.
func (c *OIDC) Info() Info {
	info := c.info
	authorization := c.endpoints.Authorization
	if m, ok := c.metadata.peek(); ok {
		authorization = m.AuthorizationEndpoint
	}
	if authorization == "" {
		authorization = c.issuers[0]
	}
	info.Origins = []string{origin(authorization)}
	return info
}

// Warm fetches discovery and keys, so that the first sign-in need not wait for them.
func (c *OIDC) Warm(ctx context.Context) error {
	_, err := c.keys.keys.get(ctx)
	return err
}
