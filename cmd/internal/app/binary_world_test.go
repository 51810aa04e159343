package app_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/cmd/internal/app"
	"github.com/symbolon-id/symbolon/cmd/internal/load"
	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
)

// built is the production binary, built once for all tests of the process.
var built struct {
	once      sync.Once
	dir, path string
	err       error
}

// binary returns the path of the production binary.
func binary(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "symbolon-binary"); built.err == nil {
			built.path, built.err = load.Build(context.Background(), built.dir)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

// removeBinary is for TestMain.
func removeBinary() {
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
}

// deployment is the built binary with its configuration file, on a database. Its world has no node in this process.
type deployment struct {
	*world
	address string // host:port where it listens
	stderr  string // the file of its log
}

// deploy writes the configuration of a node on the database, with more lines in extra. Nothing runs yet.
func deploy(t *testing.T, database, extra string) *deployment {
	t.Helper()
	d := newDeployment(t, "http")
	d.writeConfig(database, "listen: "+d.address+"\n"+extra)
	return d
}

// newDeployment starts the upstreams and chooses an address.
func newDeployment(t *testing.T, scheme string) *deployment {
	t.Helper()
	google, facebook := upstreamtest.NewGoogle(upstreamtest.Options{}), upstreamtest.NewFacebook(upstreamtest.Options{})
	d := &deployment{world: &world{t: t, log: &logBuffer{}, google: google, facebook: facebook}}
	d.must(google.Start("127.0.0.1:0"))
	t.Cleanup(func() { google.Close() })
	d.must(facebook.Start("127.0.0.1:0"))
	t.Cleanup(func() { facebook.Close() })
	d.listenElsewhere()
	d.issuer = scheme + "://localhost:" + strings.TrimPrefix(d.address, "127.0.0.1:")
	d.stderr = filepath.Join(t.TempDir(), "symbolon.log")
	return d
}

// listenElsewhere gives the deployment a free address.
func (d *deployment) listenElsewhere() {
	d.t.Helper()
	address, err := load.FreeAddress()
	d.must(err)
	d.address = address
}

// start runs symbolon serve and does not wait for it. The process is ended with the test.
func (d *deployment) start(args ...string) *load.Node {
	d.t.Helper()
	node, err := load.Start(d.stderr, nil, binary(d.t), append([]string{"serve", "-c", d.file}, args...)...)
	d.must(err)
	d.t.Cleanup(node.Kill)
	return node
}

// awaitReady waits until the node answers, and opens the database beside it.
func (d *deployment) awaitReady(node *load.Node) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 30*time.Second)
	defer cancel()
	d.must(node.AwaitReady(ctx, plainClient, "http://"+d.address+"/readyz"))
	if d.stores == nil {
		stores, err := app.Open(ctx, d.config)
		d.must(err)
		d.t.Cleanup(func() { stores.Close() })
		d.stores, d.clients = stores, stores.Clients
	}
}

// serve is start and awaitReady.
func (d *deployment) serve(args ...string) *load.Node {
	d.t.Helper()
	node := d.start(args...)
	d.awaitReady(node)
	return node
}

// command runs another command of the binary and returns what it prints; it must succeed.
func (d *deployment) command(args ...string) string {
	d.t.Helper()
	cmd := exec.Command(binary(d.t), append(args, "-c", d.file)...)
	cmd.Env = []string{"HOME=/nonexistent"}
	var problem strings.Builder
	cmd.Stderr = &problem
	out, err := cmd.Output()
	if err != nil {
		d.t.Fatalf("symbolon %s: %v\n%s", strings.Join(args, " "), err, problem.String())
	}
	return string(out)
}

// loadPartner registers a client by the command line and returns it as a partner that many may use at once.
func (d *deployment) loadPartner(client *load.Partner) *load.Partner {
	d.t.Helper()
	var registered struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	out := d.command("client", "create", "--client-name", "Sunny Books", "--redirect-uri", load.RedirectURI,
		"--grant-type", "authorization_code", "--grant-type", "refresh_token", "-o", "json")
	d.must(json.Unmarshal([]byte(out), &registered))
	client.Issuer, client.ID, client.Secret = d.issuer, registered.ID, registered.Secret
	return client
}
