package interop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/cmd/internal/load"
	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// built is what the tests share: the binary and what package managers have installed, each made once.
var built struct {
	once      sync.Once
	dir, path string
	err       error

	node, python, nimbus, spring lazy
}

// lazy is an installation that the first test to need it makes.
type lazy struct {
	once sync.Once
	path string
	err  error
}

// workshop returns the directory that lives as long as the tests do, and builds the binary in it.
func workshop(t *testing.T) string {
	t.Helper()
	if testing.Short() || !wanted() {
		t.Skip("installs and starts other people's software: set SYMBOLON_TEST_REQUIRE=interop, without -short")
	}
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "symbolon-interop"); built.err == nil {
			built.path, built.err = load.Build(context.Background(), built.dir)
		}
	})
	must(t, built.err)
	return built.dir
}

// deployment is the built binary on a new SQLite database, with a simulated Google as its upstream.
type deployment struct {
	t      *testing.T
	issuer string
	config string // the file
	node   *load.Node
	client *http.Client
}

// deploy starts the binary, with more lines of configuration in extra.
func deploy(t *testing.T, extra ...string) *deployment {
	t.Helper()
	return deployAt(t, "http", load.NewClient(8), extra...)
}

// deployAt is deploy with the scheme of the issuer and the HTTP client that reaches it.
func deployAt(t *testing.T, scheme string, client *http.Client, extra ...string) *deployment {
	t.Helper()
	workshop(t)
	dir := t.TempDir()
	base, address := freeBase(t)
	d := &deployment{t: t, issuer: scheme + strings.TrimPrefix(base, "http"), config: filepath.Join(dir, "symbolon.yaml"), client: client}
	google := upstreamtest.NewGoogle(upstreamtest.Options{RedirectURIs: []string{d.issuer + "/login/google/callback"}})
	must(t, google.Start("127.0.0.1:0"))
	t.Cleanup(func() { google.Close() })
	g := google.Config("google", nil)
	lines := append([]string{
		"issuer: " + d.issuer, "listen: " + address, "database: sqlite:" + filepath.Join(dir, "symbolon.db"), "upstreams:",
		"  - { id: google, type: google, client_id: " + g.ClientID + ", client_secret: " + g.ClientSecret + ", issuer: \"" + g.Issuer + "\", allow_private_network: true }",
	}, extra...)
	must(t, os.WriteFile(d.config, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	var err error
	d.node, err = load.Start(filepath.Join(dir, "symbolon.log"), nil, built.path, "serve", "-c", d.config)
	must(t, err)
	t.Cleanup(d.node.Kill)
	d.awaitReady(d.node, d.issuer+"/readyz")
	return d
}

// awaitReady waits until url is answered.
func (d *deployment) awaitReady(node *load.Node, url string) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	must(d.t, node.AwaitReady(ctx, d.client, url))
}

// registration is what a partner gets when it is registered.
type registration struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

// register registers a partner at base by the command line: with refresh tokens, and what flags add.
func (d *deployment) register(base string, flags ...string) registration {
	d.t.Helper()
	args := append([]string{
		"client", "create", "-c", d.config, "-o", "json", "--client-name", "Sunny Books", "--redirect-uri", base + "/callback",
		"--post-logout-redirect-uri", base + "/signed-out", "--grant-type", "authorization_code", "--grant-type", "refresh_token",
	}, flags...)
	cmd := exec.CommandContext(d.t.Context(), built.path, args...)
	cmd.Env = []string{"HOME=/nonexistent"}
	var problem strings.Builder
	cmd.Stderr = &problem
	out, err := cmd.Output()
	if err != nil {
		d.t.Fatalf("symbolon client create: %v\n%s", err, problem.String())
	}
	var r registration
	must(d.t, json.Unmarshal(out, &r))
	return r
}

// freeBase returns an http address on loopback where nothing listens, and the host:port to listen at.
func freeBase(t *testing.T) (base, address string) {
	t.Helper()
	address, err := load.FreeAddress()
	must(t, err)
	return "http://localhost:" + strings.TrimPrefix(address, "127.0.0.1:"), address
}

// wanted reports whether SYMBOLON_TEST_REQUIRE names interop.
func wanted() bool {
	return slices.Contains(strings.Split(os.Getenv("SYMBOLON_TEST_REQUIRE"), ","), "interop")
}

// missing skips the test for want of something, or fails it when interop is required.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	reason := fmt.Sprintf(format, args...)
	if wanted() {
		t.Fatal("SYMBOLON_TEST_REQUIRE names interop: " + reason)
	}
	t.Skip(reason)
}

// program returns the path of one of the programs; the test is skipped when none is there.
func program(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, "there is no %s on PATH", strings.Join(names, " or "))
	return ""
}

// installed makes the installation l once in dir/name, a copy of the folder of that name, by running the command there. The test is skipped when that
// fails: then the registry is not reached.
func installed(t *testing.T, l *lazy, name string, command ...string) string {
	t.Helper()
	dir := filepath.Join(workshop(t), name)
	l.once.Do(func() {
		l.path = dir
		if l.err = os.CopyFS(dir, os.DirFS(name)); l.err == nil {
			l.err = run(dir, 5*time.Minute, command...)
		}
	})
	if l.err != nil {
		missing(t, "the packages of %s are not installed: %v", name, l.err)
	}
	return l.path
}

// run runs a command in dir, with the caller's environment: package managers have their settings there.
func run(dir string, limit time.Duration, command ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.WaitDelay = dir, 5*time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, out)
	}
	return nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
