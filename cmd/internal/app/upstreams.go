package app

import (
	"errors"
	"fmt"

	"github.com/symbolon-id/symbolon/cmd/internal/app/config"
	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/upstream"
	"github.com/symbolon-id/symbolon/provider/web"
)

// newConnectors makes a connector of each configured upstream. None is asked anything yet: a dead upstream does not stop the start.
func newConnectors(cfg *config.Config) ([]upstream.Connector, error) {
	var connectors []upstream.Connector
	var errs []error
	for _, u := range cfg.Upstreams {
		c, err := newConnector(u)
		if err != nil {
			errs = append(errs, fmt.Errorf("upstream %s: %w", u.ID, err))
			continue
		}
		connectors = append(connectors, c)
	}
	return connectors, errors.Join(errs...)
}

func newConnector(u config.Upstream) (upstream.Connector, error) {
	client := web.Egress{AllowPrivate: u.AllowPrivateNetwork}.Client()
	endpoints := upstream.Endpoints{
		Authorization: u.Endpoints.Authorization, Token: u.Endpoints.Token, JWKS: u.Endpoints.JWKS, UserInfo: u.Endpoints.UserInfo,
	}
	switch u.Type {
	case "google":
		return upstream.NewGoogle(upstream.GoogleConfig{
			ID: u.ID, Label: u.Label, ClientID: u.ClientID, ClientSecret: u.ClientSecret.Reveal(), HostedDomain: u.HostedDomain,
			Issuer: u.Issuer, Endpoints: endpoints, AllowLoopbackHTTP: u.AllowPrivateNetwork, HTTPClient: client,
		})
	case "facebook":
		return upstream.NewFacebook(upstream.FacebookConfig{
			ID: u.ID, Label: u.Label, ClientID: u.ClientID, ClientSecret: u.ClientSecret.Reveal(), GraphVersion: u.GraphVersion,
			DialogURL: u.Endpoints.Authorization, GraphURL: u.Endpoints.Graph, AllowLoopbackHTTP: u.AllowPrivateNetwork, HTTPClient: client,
		})
	default:
		return upstream.NewOIDC(upstream.OIDCConfig{
			ID: u.ID, Label: u.Label, Issuer: u.Issuer, ClientID: u.ClientID, ClientSecret: u.ClientSecret.Reveal(), Scopes: u.Scopes,
			Endpoints: endpoints, EmailTrust: emailTrust(u.EmailTrust), TrustedDomains: u.TrustedDomains,
			AllowLoopbackHTTP: u.AllowPrivateNetwork, HTTPClient: client,
		})
	}
}

func emailTrust(word string) account.EmailTrust {
	if word == "verified" || word == "authoritative" {
		return account.EmailVerified // what is authoritative is decided by the trusted domains
	}
	return account.EmailUnverified
}
