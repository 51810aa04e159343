package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/symbolon-id/symbolon/cmd/internal/app"
	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
)

// demo is everything at work.
type demo struct {
	issuer, books, radio string // where browsers find them
	configuration        string // the provider's configuration file
	log                  *slog.Logger
	google               *upstreamtest.Google
	facebook             *upstreamtest.Facebook

	failed chan error     // what a part ended with that should not have ended
	stops  []func() error // one per part, in the order of starting
}

// stopTimeout is how long requests under way may finish.
const stopTimeout = 5 * time.Second

// start starts all parts, each after those it needs, and returns when all of them answer.
func start(ctx context.Context, l listeners, dir string, log *slog.Logger) (_ *demo, err error) {
	d := &demo{
		issuer: "http://localhost:" + port(l.provider), books: baseURL(l.books), radio: baseURL(l.radio),
		log: log, failed: make(chan error, 5),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.stop())
		}
	}()
	simulators := make(chan func(), 1)
	go func() { simulators <- d.makeSimulators(l) }() // makes keys, which takes as long as all the rest
	cfg, err := d.configure(dir, l)
	if err != nil {
		return nil, err
	}
	secrets, err := d.registerClients(ctx, cfg)
	if err != nil {
		return nil, err
	}
	node, err := app.New(ctx, cfg, app.Options{Log: log})
	if err != nil {
		return nil, err
	}
	startSimulators := <-simulators
	startSimulators()
	d.startProvider(ctx, node, l.provider)
	if err := d.startPartners(l, secrets); err != nil {
		return nil, err
	}
	return d, d.answers(ctx)
}

// wait returns when ctx ends, or with the error of the first part that fails.
func (d *demo) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-d.failed:
		return err
	}
}

// stop stops all parts, the last one started first: a partner may still be asking the provider.
func (d *demo) stop() error {
	var errs []error
	for _, stop := range slices.Backward(d.stops) {
		errs = append(errs, stop())
	}
	d.stops = nil
	return errors.Join(errs...)
}

// serve serves h on l as one part of the demo.
func (d *demo) serve(name string, l net.Listener, h http.Handler) {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second,
		ErrorLog: slog.NewLogLogger(d.log.Handler(), slog.LevelWarn),
	}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			d.failed <- fmt.Errorf("%s: %w", name, err)
		}
	}()
	d.stops = append(d.stops, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			return server.Close() // a simulated upstream may be told to hang
		}
		return nil
	})
}

// answers waits for every part to answer a request.
func (d *demo) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for _, page := range []string{d.issuer + "/readyz", d.books, d.radio} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return fmt.Errorf("not ready: %w", err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("not ready: %s answers %s", page, res.Status)
		}
	}
	return nil
}
