package app_test

import (
	"bytes"
	"context"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/cmd/internal/app"
	"github.com/symbolon-id/symbolon/cmd/internal/app/config"
	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// TestMain lets more tests run at once than there are processors: most of their time is waiting, for disks, sleeps and deadlines.
func TestMain(m *testing.M) {
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		parallel.Value.Set(strconv.Itoa(3 * runtime.GOMAXPROCS(0)))
	}
	storagetest.Main(m, removeBinary)
}

// world is a node as an operator would run it, on a real listener, with simulated upstreams: configuration file, database, everything.
type world struct {
	t        *testing.T
	issuer   string
	file     string // the configuration
	config   *config.Config
	app      *app.App
	clients  *clients.Registry
	stores   *app.Stores // a second handle on the database, as a command has one
	google   *upstreamtest.Google
	facebook *upstreamtest.Facebook
	log      *logBuffer
	node     string // host:port that requests of the world go to, where it is not the issuer's
}

// both runs a test on SQLite and on PostgreSQL, at the same time.
func both(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	bothWith(t, "", test)
}

// bothWith is both with more in the configuration file.
func bothWith(t *testing.T, extra string, test func(t *testing.T, w *world)) {
	t.Helper()
	storagetest.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		test(t, newWorld(t, url, extra))
	})
}

// embeddedWorld starts a node on SQLite, for what does not depend on the database.
func embeddedWorld(t *testing.T, extra string) *world {
	t.Helper()
	return newWorld(t, storagetest.SQLite(t), extra)
}

// newWorld starts a node on the database. extra is appended to its configuration file. people, if any, are those that Google knows.
func newWorld(t *testing.T, database, extra string, people ...upstreamtest.Person) *world {
	t.Helper()
	w := &world{t: t, log: &logBuffer{}, google: upstreamtest.NewGoogle(upstreamtest.Options{People: people}), facebook: upstreamtest.NewFacebook(upstreamtest.Options{})}
	w.must(w.google.Start("127.0.0.1:0"))
	t.Cleanup(func() { w.google.Close() })
	w.must(w.facebook.Start("127.0.0.1:0"))
	t.Cleanup(func() { w.facebook.Close() })
	listener := w.listen()
	w.issuer = "http://localhost:" + port(listener)
	w.writeConfig(database, extra)
	w.run(listener)
	stores, err := app.Open(context.Background(), w.config)
	w.must(err)
	t.Cleanup(func() { stores.Close() })
	w.stores, w.clients = stores, stores.Clients
	return w
}

func (w *world) writeConfig(database, extra string) {
	w.t.Helper()
	g, f := w.google.Config("google", nil), w.facebook.Config("facebook", nil)
	text := strings.Join([]string{
		"issuer: " + w.issuer,
		"database: " + database,
		"secrets: [ 0123456789abcdef0123456789abcdef-test ]",
		"upstreams:",
		"  - { id: google, type: google, client_id: " + g.ClientID + ", client_secret: " + g.ClientSecret + ", issuer: \"" + g.Issuer + "\", allow_private_network: true }",
		"  - { id: facebook, type: facebook, client_id: \"" + f.ClientID + "\", client_secret: " + f.ClientSecret +
			", endpoints: { authorization: \"" + f.DialogURL + "\", graph: \"" + f.GraphURL + "\" }, allow_private_network: true }",
		strings.ReplaceAll(extra, "@google@", g.Issuer), "",
	}, "\n")
	w.file = filepath.Join(w.t.TempDir(), "symbolon.yaml")
	w.must(os.WriteFile(w.file, []byte(text), 0o600))
	cfg, err := config.Load(w.file, true, nil)
	w.must(err)
	w.config = cfg
}

// run starts a node on listener, and stops it when the test ends.
func (w *world) run(listener net.Listener) *app.App {
	w.t.Helper()
	node, err := app.New(context.Background(), w.config, app.Options{Log: slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	w.must(err)
	w.app = node
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- node.Run(ctx, listener) }()
	w.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			w.t.Errorf("run: %v", err)
		}
		if err := node.Close(); err != nil {
			w.t.Errorf("close: %v", err)
		}
	})
	return node
}

func (w *world) listen() net.Listener {
	w.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	return listener
}

// client registers a client as an administrator would, and returns its id and secret.
func (w *world) client(metadata string) (id, secret string) {
	w.t.Helper()
	m, err := clients.DecodeMetadata([]byte(metadata))
	w.must(err)
	c, secret, err := w.clients.Create(context.Background(), m, clients.CreateOptions{})
	w.must(err)
	return c.ID, secret
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func port(l net.Listener) string {
	_, p, _ := net.SplitHostPort(l.Addr().String())
	return p
}

// logBuffer keeps the node's log for tests that read it.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String returns the log so far.
func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// plainClient makes requests without cookies and follows no redirect.
var plainClient = &http.Client{
	Timeout:       20 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}
