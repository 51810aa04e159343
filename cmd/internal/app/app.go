package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/clients/adminapi"
	"github.com/symbolon-id/symbolon/clients/registration"
	"github.com/symbolon-id/symbolon/cmd/internal/app/config"
	loginui "github.com/symbolon-id/symbolon/login-ui"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/keys"
	"github.com/symbolon-id/symbolon/provider/seal"
	"github.com/symbolon-id/symbolon/provider/upstream"
)

// App is one node of Symbolon: everything wired, nothing listening yet.
type App struct {
	config   *config.Config
	log      *slog.Logger
	stores   *Stores
	keys     *keys.Ring
	provider *provider.Provider
	flow     *upstream.Flow
	ui       *loginui.UI
	admin    *adminapi.API
	register *registration.Endpoint // nil when registration is off
	metrics  *metrics

	stopping atomic.Bool // readiness says no from then on
}

// Options are what a caller of New decides beside the configuration.
type Options struct {
	Log     *slog.Logger // nil: as the configuration says, on standard error
	Migrate bool         // apply pending migrations; an embedded database is always migrated
}

// New wires a node. The caller closes it.
func New(ctx context.Context, cfg *config.Config, o Options) (*App, error) {
	a := &App{config: cfg, log: o.Log, metrics: newMetrics()}
	if a.log == nil {
		a.log = newLog(cfg.Log)
	}
	var err error
	if a.stores, err = openForServing(ctx, cfg, o.Migrate, a.metrics.statement); err != nil {
		return nil, err
	}
	if err := a.wire(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// wire builds everything by hand: each dependency is one line.
func (a *App) wire(ctx context.Context) error {
	cfg, db := a.config, a.stores.DB
	secrets, err := seal.New(a.stores.Secrets)
	if err != nil {
		return fmt.Errorf("root secrets: %w", err)
	}
	if a.keys, err = OpenKeys(ctx, cfg, a.stores); err != nil {
		return err
	}
	if err := a.resealClients(ctx); err != nil {
		return err
	}
	salt, err := provider.PairwiseSalt(ctx, db)
	if err != nil {
		return err
	}
	connectors, err := newConnectors(cfg)
	if err != nil {
		return err
	}
	a.flow, err = upstream.NewFlow(upstream.FlowConfig{
		Connectors: connectors, Store: db, Box: secrets.Box("upstream attempt"), Lifetime: cfg.Lifetimes.UpstreamAttempt,
		CallbackURL: func(id string) string { return cfg.Issuer + "/login/" + id + "/callback" },
	})
	if err != nil {
		return err
	}
	sessions := newSessions(cfg, db, secrets)
	documents := a.newDocuments()
	cache := clients.NewCache(documents)
	a.provider = provider.New(a.providerConfig(cache, documents, sessions, secrets, salt))
	if a.ui, err = newUI(cfg, a.provider, sessions, a.flow, db, a.newLogos(cache)); err != nil {
		return err
	}
	if a.register, err = newRegistration(cfg, db, cache, secrets); err != nil {
		return err
	}
	a.admin, err = newAdminAPI(cfg, db, cache, secrets, a.provider)
	return err
}

// resealClients puts the client secrets that are sealed under the current root secret, as OpenKeys does with the signing keys.
func (a *App) resealClients(ctx context.Context) error {
	ids, err := a.stores.DB.SealedClients(ctx)
	if err != nil {
		return err
	}
	return a.stores.Clients.Reseal(ctx, ids)
}

// Close releases the database.
func (a *App) Close() error { return a.stores.Close() }
