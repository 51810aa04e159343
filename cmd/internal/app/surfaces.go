package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/clients/adminapi"
	"github.com/symbolon-id/symbolon/cmd/internal/app/config"
	loginui "github.com/symbolon-id/symbolon/login-ui"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/keys"
	"github.com/symbolon-id/symbolon/provider/seal"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/upstream"
	"github.com/symbolon-id/symbolon/storage"
)

// newUI wires the End-User's pages.
func newUI(cfg *config.Config, p *provider.Provider, sessions *session.Sessions, flow *upstream.Flow, db *storage.DB, logos *clients.Logos) (*loginui.UI, error) {
	return loginui.New(loginui.Config{
		Brand:  loginui.Brand{Name: cfg.Brand.Name, Logo: cfg.Brand.LogoData, Accent: cfg.Brand.Accent, Support: cfg.Brand.Support},
		Issuer: cfg.Issuer, Interactions: p, Sessions: sessions, Logouts: p, Devices: p, Connections: p, Records: db,
		Logos: logos, Upstreams: flow, Accounts: db, Scopes: scopeTexts(cfg.Scopes),
	})
}

// scopeTexts returns the operator's words for scopes, by scope and language.
func scopeTexts(scopes []config.Scope) map[string]map[string]string {
	texts := map[string]map[string]string{}
	for _, s := range scopes {
		texts[s.Name] = map[string]string{"en": s.Consent.En, "ko": cmp.Or(s.Consent.Ko, s.Consent.En)}
	}
	return texts
}

// newAdminAPI wires the administrators' API over a registry that tells cache of every change.
func newAdminAPI(cfg *config.Config, store clients.Store, cache *clients.Cache, secrets *seal.Keyring, p *provider.Provider) (*adminapi.API, error) {
	registry := newRegistry(cfg, store, cache, secrets)
	return adminapi.New(adminapi.Config{
		Registry: registry, Issuer: cfg.Issuer, CursorKey: secrets.Key("admin cursor"),
		Authenticate: func(ctx context.Context, bearer string) (adminapi.Caller, error) {
			c, err := p.Authenticate(ctx, bearer)
			switch {
			case errors.Is(err, keys.ErrToken):
				return adminapi.Caller{}, fmt.Errorf("%w: %w", adminapi.ErrInvalidToken, err)
			case errors.Is(err, provider.ErrNotAdmin):
				return adminapi.Caller{}, fmt.Errorf("%w: %w", adminapi.ErrNotAdmin, err)
			}
			return adminapi.Caller{ClientID: c.ClientID, AccountID: c.AccountID, Scopes: c.Scopes}, err
		},
	})
}

// newRegistry returns the registry of clients. cache may be nil: a command caches none.
func newRegistry(cfg *config.Config, store clients.Store, cache *clients.Cache, secrets *seal.Keyring) *clients.Registry {
	return clients.NewRegistry(clients.RegistryConfig{
		Store: store, Cache: cache, SecretKey: secrets.Key("client-secret"),
		Sealer: secrets.Box(clients.SealPurpose), FetchSector: sectors(cfg), LoopbackURLs: cfg.LoopbackIssuer(), LegacyResponseTypes: cfg.LegacyResponseTypes,
		AuthorizationDetailsTypes: detailsTypes(cfg).Names(),
	})
}
