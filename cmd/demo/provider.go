package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/symbolon-id/symbolon/cmd/internal/app"
	"github.com/symbolon-id/symbolon/cmd/internal/app/config"
)

const (
	// statusListTTL is how old the list of revoked tokens may be that an API goes by.
	statusListTTL = 5 * time.Second
	// revocationReach is how long after a log-out an API that uses clients/sdk/bearer may still accept a token.
	revocationReach = statusListTTL + time.Second
)

// configuration is the file as an operator would write it, were it not for the addresses of the simulated upstreams.
const configuration = `# Written by go run ./cmd/demo at each start.
issuer: %q
listen: %q
database: sqlite:demo.db   # with its root secret beside it
shutdown_timeout: 5s
scopes: [ { name: shelf, consent: { en: The books on your shelf, ko: 내 책장의 책 } } ]
lifetimes: { status_list: %s }   # the default is 30s; a visitor is not kept waiting so long

upstreams:
  - id: google
    type: google
    client_id: %q
    client_secret: %q
    issuer: %q   # with a real Google this line and the next go
    allow_private_network: true
  - id: facebook
    type: facebook
    client_id: %q
    client_secret: %q
    endpoints: { authorization: %q, graph: %q }
    allow_private_network: true
`

// configure writes the configuration file and reads it back, as symbolon serve would. The environment does not count: it may be that of a real
// deployment.
func (d *demo) configure(dir string, l listeners) (*config.Config, error) {
	d.configuration = filepath.Join(dir, "demo.yaml")
	google, facebook := baseURL(l.google), baseURL(l.facebook)
	text := fmt.Sprintf(configuration, d.issuer, l.provider.Addr().String(), statusListTTL, googleClientID, googleClientSecret, google,
		facebookClientID, facebookClientSecret, facebook, facebook)
	if err := os.WriteFile(d.configuration, []byte(text), 0o600); err != nil {
		return nil, err
	}
	return config.Load(d.configuration, true, nil)
}

// startProvider starts Symbolon.
func (d *demo) startProvider(ctx context.Context, node *app.App, l net.Listener) {
	running, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it stops when it is its turn
	ended := make(chan error, 1)
	go func() {
		err := node.Run(running, l)
		if running.Err() == nil {
			d.failed <- errors.Join(errors.New("the provider has ended"), err)
		}
		ended <- err
	}()
	d.stops = append(d.stops, func() error {
		cancel()
		return errors.Join(<-ended, node.Close())
	})
}
