package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/cmd/demo/partner"
	"github.com/symbolon-id/symbolon/cmd/internal/app"
	"github.com/symbolon-id/symbolon/cmd/internal/app/config"
)

// The client ids of the partner apps.
const (
	booksID = "sunny-books"
	radioID = "night-radio"
)

// registerClients registers the partner apps as symbolon client create does, beside the server's own access to the database, and returns their
// secrets by client id.
func (d *demo) registerClients(ctx context.Context, cfg *config.Config) (secrets map[string]string, err error) {
	stores, err := app.OpenOrCreate(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stores.Close()) }()
	secrets = map[string]string{}
	for id, meta := range map[string]clients.Metadata{
		booksID: registration(partner.SunnyBooks(), d.books), radioID: registration(partner.NightRadio(), d.radio),
	} {
		if secrets[id], err = register(ctx, stores.Clients, id, meta); err != nil {
			return nil, fmt.Errorf("register %s: %w", id, err)
		}
	}
	return secrets, nil
}

// registration is what the app's developer hands in.
func registration(p partner.Product, base string) clients.Metadata {
	m := clients.Metadata{
		ClientName: p.Name, ClientURI: base, RedirectURIs: []string{base + partner.CallbackPath},
		PostLogoutRedirectURIs: []string{base + partner.SignedOutPath},
		BackchannelLogoutURI:   base + partner.BackchannelLogoutPath, BackchannelLogoutSessionRequired: true,
		GrantTypes: []string{"authorization_code", "refresh_token"}, TokenEndpointAuthMethod: "client_secret_basic",
		Scope: strings.Join(p.Scopes, " "),
	}
	if p.API {
		m.Audience = []string{base + partner.ShelfPath}
	}
	return m
}

// register creates the client, or brings the one of an earlier run up to date: its addresses may have changed, and its secret is not known any
// more, so it gets a new one.
func register(ctx context.Context, registry *clients.Registry, id string, meta clients.Metadata) (secret string, err error) {
	_, secret, err = registry.Create(ctx, meta, clients.CreateOptions{ID: id})
	if !errors.Is(err, clients.ErrExists) {
		return secret, err
	}
	patch, err := json.Marshal(meta)
	if err != nil {
		return "", err
	}
	if _, err := registry.Update(ctx, id, patch, 0); err != nil {
		return "", err
	}
	secret, _, err = registry.RotateSecret(ctx, id, 0)
	return secret, err
}
