package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/cmd/internal/app"
	"github.com/symbolon-id/symbolon/cmd/internal/app/config"
	"github.com/symbolon-id/symbolon/cmd/internal/load"
	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
	"github.com/symbolon-id/symbolon/storage/storagetest/pgserver"
)

// bench is what all measurements share.
type bench struct {
	dir      string
	binary   string
	progress io.Writer
	google   *upstreamtest.Google
	closers  []func()
}

func newBench(ctx context.Context, progress io.Writer) (_ *bench, err error) {
	b := &bench{progress: progress}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	if b.dir, err = os.MkdirTemp("", "symbolon-bench"); err != nil {
		return nil, err
	}
	b.defers(func() { os.RemoveAll(b.dir) })
	fmt.Fprintln(progress, "building symbolon …")
	if b.binary, err = load.Build(ctx, b.dir); err != nil {
		return nil, err
	}
	b.google = upstreamtest.NewGoogle(upstreamtest.Options{People: people()})
	if err := b.google.Start("127.0.0.1:0"); err != nil {
		return nil, err
	}
	b.defers(func() { b.google.Close() })
	return b, nil
}

func (b *bench) defers(f func()) { b.closers = append(b.closers, f) }

// close undoes all, the last thing first.
func (b *bench) close() {
	for _, f := range slices.Backward(b.closers) {
		f()
	}
	b.closers = nil
}

// people returns the accounts at the simulated Google. There are few, so that its page of them is short.
func people() []upstreamtest.Person {
	var all []upstreamtest.Person
	for i := range 8 {
		all = append(all, upstreamtest.Person{
			Key: fmt.Sprintf("p%d", i), Subject: fmt.Sprintf("11024849592123898%04d", i), Name: fmt.Sprintf("Person %d", i),
			GivenName: "Person", FamilyName: fmt.Sprint(i), Email: fmt.Sprintf("person%d@gmail.com", i), EmailVerified: true,
		})
	}
	return all
}

// database measures everything on one kind of database. Where there is no PostgreSQL, it says so and measures nothing.
func (b *bench) database(ctx context.Context, kind string, o options) ([]line, error) {
	outer := b.closers
	b.closers = nil
	defer func() { b.close(); b.closers = outer }()
	urls := []string{"sqlite:" + filepath.Join(b.dir, "symbolon.db"), "sqlite:" + filepath.Join(b.dir, "bare.db")}
	postgres := 0
	if kind == "postgres" {
		// As it is installed, but for the number of connections: what is committed is on the disk.
		server, err := pgserver.Start(ctx, "max_connections=100")
		if err != nil {
			fmt.Fprintln(b.progress, "no PostgreSQL:", err)
			return nil, nil
		}
		b.defers(server.Stop)
		if err := createDatabases(ctx, server.URL("postgres"), "symbolon", "bare"); err != nil {
			return nil, err
		}
		urls, postgres = []string{server.URL("symbolon"), server.URL("bare")}, server.PID()
	}
	server, err := b.startServer(ctx, urls[0], slices.Max(o.conns))
	if err != nil {
		return nil, err
	}
	bare, err := b.startBare(ctx, urls[1], slices.Max(o.conns))
	if err != nil {
		return nil, err
	}
	server.postgres, bare.postgres = postgres, postgres
	return b.compareAll(ctx, kind, o, server, bare)
}

func (b *bench) compareAll(ctx context.Context, kind string, o options, server, bare *side) (lines []line, err error) {
	for _, f := range o.flows {
		for _, conns := range o.conns {
			fmt.Fprintf(b.progress, "%s %s with %d connections …\n", kind, f.name, conns)
			l, err := compare(ctx, f, conns, o.duration, server, bare)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.name, err)
			}
			l.Database = kind
			lines = append(lines, l)
		}
	}
	return lines, nil
}

func createDatabases(ctx context.Context, url string, names ...string) (err error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, name := range names {
		if _, err := db.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
			return err
		}
	}
	return nil
}

// startServer starts the real server as an operator would, registers the partner and signs everybody in.
func (b *bench) startServer(ctx context.Context, database string, workers int) (*side, error) {
	address, err := load.FreeAddress()
	if err != nil {
		return nil, err
	}
	_, port, _ := strings.Cut(address, ":")
	issuer, file := "http://localhost:"+port, filepath.Join(b.dir, "symbolon.yaml")
	if err := os.WriteFile(file, []byte(b.configuration(issuer, address, database)), 0o600); err != nil {
		return nil, err
	}
	node, err := load.Start(filepath.Join(b.dir, "symbolon.log"), environment(), b.binary, "serve", "-c", file, "--migrate")
	if err != nil {
		return nil, err
	}
	b.defers(func() { node.Stop() })
	client := load.NewClient(workers)
	if err := awaitReady(ctx, node, client, issuer+"/readyz"); err != nil {
		return nil, err
	}
	partner, service, err := register(ctx, file)
	if err != nil {
		return nil, err
	}
	for _, p := range []*load.Partner{partner, service} {
		p.Issuer, p.Client = issuer, client
	}
	s := &side{node: node, metrics: partner, workers: newWorkers(partner, service, workers)}
	return s, each(s.workers, func(w *worker) error {
		_, err := w.partner.SignIn(ctx, w.browser, w.person)
		return err
	})
}

func (b *bench) configuration(issuer, address, database string) string {
	g := b.google.Config("google", nil)
	return fmt.Sprintf(`issuer: %s
listen: %s
database: %s
secrets: [ secret-of-the-bench-which-is-no-secret ]
upstreams:
  - { id: google, type: google, client_id: %q, client_secret: %q, issuer: %q, allow_private_network: true }
`, issuer, address, database, g.ClientID, g.ClientSecret, g.Issuer)
}

// register registers the clients as symbolon client create does, beside the running server.
func register(ctx context.Context, file string) (partner, service *load.Partner, err error) {
	cfg, err := config.Load(file, true, nil)
	if err != nil {
		return nil, nil, err
	}
	stores, err := app.Open(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, stores.Close()) }()
	partner, err = create(ctx, stores.Clients, clients.Metadata{
		ClientName: "Bench", RedirectURIs: []string{load.RedirectURI}, GrantTypes: []string{"authorization_code", "refresh_token"},
	})
	if err != nil {
		return nil, nil, err
	}
	service, err = create(ctx, stores.Clients, clients.Metadata{GrantTypes: []string{"client_credentials"}, Scope: "read write"})
	return partner, service, err
}

func create(ctx context.Context, registry *clients.Registry, m clients.Metadata) (*load.Partner, error) {
	c, secret, err := registry.Create(ctx, m, clients.CreateOptions{})
	if err != nil {
		return nil, err
	}
	return &load.Partner{ID: c.ID, Secret: secret}, nil
}

// startBare starts this program as the bare server.
func (b *bench) startBare(ctx context.Context, database string, workers int) (*side, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	address, err := load.FreeAddress()
	if err != nil {
		return nil, err
	}
	node, err := load.Start(filepath.Join(b.dir, "bare.log"), environment(), program, bareCommand, address, database)
	if err != nil {
		return nil, err
	}
	b.defers(node.Kill)
	p := &load.Partner{Issuer: "http://" + address, ID: strings.Repeat("c", 22), Secret: strings.Repeat("s", 50), Client: load.NewClient(workers)}
	return &side{node: node, workers: newWorkers(p, p, workers)}, awaitReady(ctx, node, p.Client, p.Issuer+"/readyz")
}

func newWorkers(partner, service *load.Partner, n int) []*worker {
	workers := make([]*worker, n)
	for i := range workers {
		workers[i] = &worker{partner: partner, service: service, browser: load.NewBrowser(partner.Client), person: fmt.Sprintf("p%d", i%len(people()))}
	}
	return workers
}

// environment hands a GOGC given to the bench on to both servers. Without it each has its own: Go's default for the bare one.
func environment() []string {
	if gogc, ok := os.LookupEnv("GOGC"); ok {
		return []string{"GOGC=" + gogc}
	}
	return nil
}

func awaitReady(ctx context.Context, node *load.Node, client *http.Client, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return node.AwaitReady(ctx, client, url)
}
