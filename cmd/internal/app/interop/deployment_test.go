package interop_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/cmd/internal/load"
	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
)

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
	return deployAt(t, "http", load.NewClient(8), nil, extra...)
}

// deployAt is deploy with the scheme of the issuer, the HTTP client that reaches it, and the environment of the binary.
func deployAt(t *testing.T, scheme string, client *http.Client, environ []string, extra ...string) *deployment {
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
	d.node, err = load.Start(filepath.Join(dir, "symbolon.log"), environ, built.path, "serve", "-c", d.config)
	must(t, err)
	t.Cleanup(d.node.Kill)
	d.awaitReady(d.node, d.issuer+"/readyz")
	return d
}

// awaitReady waits until url is answered.
func (d *deployment) awaitReady(node *load.Node, url string) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 3*time.Minute)
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
