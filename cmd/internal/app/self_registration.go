package app

import (
	"context"
	"fmt"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/clients/registration"
	"github.com/symbolon-id/symbolon/cmd/internal/app/config"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/seal"
	"github.com/symbolon-id/symbolon/provider/web"
)

// documentTimeout bounds one fetch of a client's metadata document: a person is waiting for it.
const documentTimeout = 3 * time.Second

// registrationPolicy is what clients that nobody has looked at may have.
func registrationPolicy(cfg *config.Config) clients.Policy {
	r := cfg.Registration
	return clients.Policy{
		RedirectHosts: r.RedirectHosts, Scopes: r.Scopes, GrantTypes: r.GrantTypes, LoopbackURLs: cfg.LoopbackIssuer(), LegacyResponseTypes: cfg.LegacyResponseTypes,
		CertificateMethods: mutualTLS(cfg).Methods(), Audience: r.Audience, AuthorizationDetailsTypes: r.DetailsTypes,
	}
}

// newDocuments returns the store of clients that also knows those with a metadata document.
func (a *App) newDocuments() *clients.Documents {
	cfg := a.config
	policy := registrationPolicy(cfg)
	policy.GrantTypes = withoutOwnBehalf(policy.GrantTypes)
	return clients.NewDocuments(clients.DocumentsConfig{
		Store: a.stores.DB, Enabled: cfg.ClientDocuments.Enabled, Hosts: cfg.ClientDocuments.Hosts, Policy: policy,
		HTTPClient: web.Egress{AllowPrivate: cfg.LoopbackIssuer(), AllowPrivateHosts: cfg.EgressAllow, Timeout: documentTimeout}.Client(),
		Refused: func(ctx context.Context, address string, err error) {
			a.log.WarnContext(ctx, "client ID metadata document", "client", address, "error", err.Error())
		},
	})
}

// newLogos returns the pictures that clients have registered. A person is waiting for them, though never for long.
func (a *App) newLogos(cache *clients.Cache) *clients.Logos {
	cfg := a.config
	return clients.NewLogos(clients.LogosConfig{
		Clients: cache, HTTPClient: web.Egress{AllowPrivate: cfg.LoopbackIssuer(), AllowPrivateHosts: cfg.EgressAllow}.Client(),
		Refused: func(ctx context.Context, address string, err error) {
			a.log.WarnContext(ctx, "client logo", "address", address, "error", err.Error())
		},
	})
}

// sectors fetches the documents that clients name as their sector_identifier_uri.
func sectors(cfg *config.Config) clients.FetchSector {
	return clients.NewFetchSector(web.Egress{AllowPrivate: cfg.LoopbackIssuer(), AllowPrivateHosts: cfg.EgressAllow}.Client())
}

// withoutOwnBehalf leaves out client_credentials: anybody can publish a document, and its client has no row before a person allows it something.
func withoutOwnBehalf(grantTypes []string) []string {
	var kept []string
	for _, g := range grantTypes {
		if g != clients.GrantClientCredentials {
			kept = append(kept, g)
		}
	}
	return kept
}

// documentConsents makes the row of a client with a metadata document before the first consent, which refers to it.
type documentConsents struct {
	provider.ConsentStore
	documents *clients.Documents
}

// SaveConsent implements provider.ConsentStore.
func (s documentConsents) SaveConsent(ctx context.Context, c provider.Consent) error {
	if err := s.documents.Keep(ctx, c.ClientID); err != nil {
		return fmt.Errorf("keep client %q: %w", c.ClientID, err)
	}
	return s.ConsentStore.SaveConsent(ctx, c)
}

// newRegistration wires the endpoint where clients register themselves; nil when it is off.
func newRegistration(cfg *config.Config, store clients.SelfRegistrationStore, cache *clients.Cache, secrets *seal.Keyring) (*registration.Endpoint, error) {
	r := cfg.Registration
	if r.Mode == "off" {
		return nil, nil
	}
	return registration.New(registration.Config{
		Store: store, Cache: cache, Sealer: secrets.Box(clients.SealPurpose), Issuer: cfg.Issuer, Open: r.Mode == "open",
		Policy: registrationPolicy(cfg), FetchSector: sectors(cfg), MaxClients: int(r.MaxClients), PerHour: int(r.PerHour), Rotation: registration.Rotation(r.RotateToken),
	})
}
