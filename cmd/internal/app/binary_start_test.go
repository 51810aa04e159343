package app_test

import (
	"errors"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/cmd/internal/load"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// refused waits for a start that cannot work, and returns its only line of complaint.
func (d *deployment) refused(node *load.Node) string {
	d.t.Helper()
	var exit *exec.ExitError
	if err := node.Wait(20 * time.Second); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		d.t.Fatalf("exit: %v, want status 1\n%s", err, node.Log())
	}
	var complaints []string
	for line := range strings.Lines(node.Log()) {
		if !strings.HasPrefix(line, "{") {
			complaints = append(complaints, line)
		}
	}
	if len(complaints) != 1 || !strings.HasPrefix(complaints[0], "symbolon: ") {
		d.t.Fatalf("want one line of complaint:\n%s", node.Log())
	}
	return complaints[0]
}

// A port in use is an error of one line that says so.
func TestBinaryPortInUse(t *testing.T) {
	t.Parallel()
	d := deploy(t, storagetest.SQLite(t), "")
	l, err := net.Listen("tcp", d.address)
	d.must(err)
	defer l.Close()
	if line := d.refused(d.start()); !strings.Contains(line, d.address) || !strings.Contains(line, "in use") {
		t.Errorf("got %q", line)
	}
}

// serve refuses a PostgreSQL whose schema is behind, and names the command to run; then it starts.
func TestBinarySchemaBehind(t *testing.T) {
	t.Parallel()
	d := deploy(t, storagetest.EmptyPostgres(t), "")
	if line := d.refused(d.start()); !strings.Contains(line, "symbolon migrate up") {
		t.Errorf("got %q", line)
	}
	d.command("migrate", "up")
	d.serve()
}

// Six nodes that start at once on an empty database make one schema and one set of keys between them.
func TestBinarySixStartAtOnce(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{"sqlite": storagetest.SQLite, "postgres": storagetest.EmptyPostgres} {
		t.Run(name, func(t *testing.T) {
			first := deploy(t, url(t), "")
			nodes, deployments := []*load.Node{}, []*deployment{}
			for range 6 {
				d := first.sibling()
				deployments, nodes = append(deployments, d), append(nodes, d.start("--migrate"))
			}
			for i, d := range deployments {
				d.awaitReady(nodes[i])
			}
			d := deployments[0]
			if n := d.count("keys"); n != d.count("(SELECT DISTINCT algorithm FROM keys) k") || n == 0 {
				t.Errorf("%d signing keys", n)
			}
			if out := d.command("migrate", "status", "-o", "table"); strings.Contains(out, "pending") {
				t.Errorf("the schema:\n%s", out)
			}
			sets := map[string]bool{}
			for i, d := range deployments {
				sets[d.getAt(d.address, "/oauth2/jwks")] = true
				if err := nodes[i].Stop(); err != nil || strings.Contains(nodes[i].Log(), `"level":"ERROR"`) {
					t.Errorf("node %d: %v\n%s", i, err, nodes[i].Log())
				}
			}
			if len(sets) != 1 {
				t.Errorf("the nodes publish %d key sets", len(sets))
			}
		})
	}
}

// sibling is another node of the same deployment, with an address of its own.
func (d *deployment) sibling() *deployment {
	d.t.Helper()
	w := *d.world
	other := &deployment{world: &w}
	other.listenElsewhere()
	other.stderr = filepath.Join(d.t.TempDir(), "symbolon.log")
	other.writeConfig(d.config.Database.URL(), "listen: "+other.address)
	return other
}

// getAt returns what GET path answers at an address.
func (d *deployment) getAt(address, path string) string {
	d.t.Helper()
	body, err := (&load.Partner{Issuer: "http://" + address, Client: plainClient}).Document(d.t.Context(), path)
	d.must(err)
	return body
}
