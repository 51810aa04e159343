package app

import (
	"net/http"
	"net/url"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/cmd/internal/app/config"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/details"
	"github.com/symbolon-id/symbolon/provider/seal"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/web"
	"github.com/symbolon-id/symbolon/storage"
)

// providerConfig is the authorization server's part of the configuration, and what it works with.
func (a *App) providerConfig(
	cache *clients.Cache, documents *clients.Documents, sessions *session.Sessions, secrets *seal.Keyring, salt []byte,
) provider.Config {
	cfg, db := a.config, a.stores.DB
	return provider.Config{
		Issuer: cfg.Issuer, Clients: cache, Accounts: db, Sessions: sessions, Grants: db,
		Consents: documentConsents{db, documents},
		Replays:  db, Status: db, Outbox: db, Devices: db, TrustedIssuers: trustedIssuers(cfg), Keys: a.keys, Secrets: secrets, PairwiseSalt: salt,
		Lifetimes: lifetimes(cfg.Lifetimes), RequireDPoPNonce: cfg.DPoPNonce, LegacyResponseTypes: cfg.LegacyResponseTypes,
		PushedRequests: db, RequirePushedRequests: cfg.RequirePushed, RequestURIs: cfg.RequestURIParameter,
		DetailsTypes: detailsTypes(cfg),
		Registration: cfg.Registration.Mode != "off", ClientDocuments: cfg.ClientDocuments.Enabled, RegistrationAudience: cfg.Registration.Audience, RegistrationWithoutPKCE: !cfg.Registration.RequirePKCE,
		TrustedRedirect: registrationPolicy(cfg).RedirectAllowed,
		MutualTLS:       mutualTLS(cfg),
		HTTPClient:      web.Egress{AllowPrivate: cfg.LoopbackIssuer(), AllowPrivateHosts: cfg.EgressAllow}.Client(),
		ErrorPage:       func(w http.ResponseWriter, r *http.Request, e *web.PageError) { a.ui.ErrorPage(w, r, e) },
		FormPost: func(w http.ResponseWriter, r *http.Request, action, uiLocales string, parameters url.Values) {
			a.ui.FormPost(w, r, action, uiLocales, parameters)
		},
	}
}

// newSessions keeps the sessions of browsers. Where clients may watch the state of a browser, it is keyed for that alone.
func newSessions(cfg *config.Config, db *storage.DB, secrets *seal.Keyring) *session.Sessions {
	c := session.Config{Store: db, Idle: cfg.Lifetimes.SessionIdle, Absolute: cfg.Lifetimes.SessionAbsolute}
	if cfg.SessionManagement {
		c.StateMAC = secrets.MAC("browser state").Sum
	}
	return session.New(c)
}

// trustedIssuers says whose assertions are taken.
func trustedIssuers(cfg *config.Config) []provider.TrustedIssuer {
	var issuers []provider.TrustedIssuer
	for _, t := range cfg.TrustedIssuers {
		issuers = append(issuers, provider.TrustedIssuer{
			Issuer: t.Issuer, JWKS: t.JWKS, JWKSURI: t.JWKSURI, Connector: t.Upstream, Clients: t.Clients, Scopes: t.Scopes,
		})
	}
	return issuers
}

// detailsTypes are the types of authorization details.
func detailsTypes(cfg *config.Config) (types details.Types) {
	for _, t := range cfg.DetailsTypes {
		types = append(types, t.Compiled)
	}
	return types
}

// mutualTLS says where clients' certificates come from.
func mutualTLS(cfg *config.Config) provider.MutualTLS {
	c := cfg.ClientCertificates
	return provider.MutualTLS{
		Connection: cfg.TLS.Enabled() && c.Request, Header: c.Header, Proxies: web.NewProxies(cfg.TrustedProxies), CAs: c.CAs,
	}
}

func lifetimes(l config.Lifetimes) provider.Lifetimes {
	return provider.Lifetimes{
		AccessToken: l.AccessToken, IDToken: l.IDToken, Code: l.AuthorizationCode, RefreshToken: l.RefreshToken, RefreshIdle: l.RefreshIdle,
		GraceConfidential: l.RefreshGraceConfidential, GracePublic: l.RefreshGracePublic, Interaction: l.Interaction, StatusList: l.StatusList, DeviceCode: l.DeviceCode,
	}
}
