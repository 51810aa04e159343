package app_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/symbolon-id/symbolon/cmd/internal/load"
	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// The built binary, with a configuration file as an operator would write it, signs somebody in at a partner made of other people's libraries,
// says nothing secret in its log, and stops when it is asked to.
func TestBinarySignsIn(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, database string) {
		d := deploy(t, database, "brand: { name: Example }\nlog: { level: debug }\n")
		node := d.serve()
		for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n"} {
			if r := d.get(path, ""); r.status != http.StatusOK || r.raw != want {
				t.Errorf("%s: %d %q", path, r.status, r.raw)
			}
		}
		p := d.newPartner()
		b := newBrowser(t)
		code := p.code(b, "ada")
		token, err := p.oauth.Exchange(t.Context(), code, oauth2.VerifierOption(testVerifier))
		d.must(err)
		raw, _ := token.Extra("id_token").(string)
		id, err := p.provider.Verifier(&oidc.Config{ClientID: p.id}).Verify(t.Context(), raw)
		d.must(err)
		d.must(id.VerifyAccessToken(token.AccessToken))
		info, err := p.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
		d.must(err)
		if info.Subject != id.Subject {
			t.Errorf("userinfo is about %q, the ID token about %q", info.Subject, id.Subject)
		}
		refreshed := p.refresh(token.RefreshToken)
		refreshed.expect(t, http.StatusOK, "")

		if err := node.Stop(); err != nil {
			t.Errorf("SIGTERM: %v", err)
		}
		secrets := map[string]string{
			"code": code, "access token": token.AccessToken, "refresh token": token.RefreshToken, "ID token": raw,
			"second access token": refreshed.text("access_token"), "second refresh token": refreshed.text("refresh_token"),
			"client secret": p.secret, "code verifier": testVerifier, "root secret": "0123456789abcdef", "e-mail address": info.Email,
			"upstream secret": d.google.Config("google", nil).ClientSecret,
		}
		for host, jar := range b.cookies {
			for name, value := range jar {
				secrets["cookie "+name+" of "+host] = value
			}
		}
		checkLog(t, node.Log(), secrets)
	})
}

// checkLog: each line is a JSON object, there is one for each request, and none holds a secret.
func checkLog(t *testing.T, log string, secrets map[string]string) {
	t.Helper()
	routes := map[string]bool{}
	for line := range strings.Lines(log) {
		var record struct {
			Message string `json:"msg"`
			Route   string `json:"route"`
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil || record.Message == "" {
			t.Errorf("no log line: %q", line)
		}
		routes[record.Route] = true
	}
	for _, route := range []string{"GET /oauth2/authorize", "POST /oauth2/token", "GET /oauth2/userinfo", "GET /login/{upstream}/callback"} {
		if !routes[route] {
			t.Errorf("no line about %s", route)
		}
	}
	for name, value := range secrets {
		// A part is as bad as the whole.
		if value == "" || strings.Contains(log, value[:min(len(value), 40)]) {
			t.Errorf("the log holds the %s, or there is none", name)
		}
	}
}

// A graceful stop lets a slow request finish, takes no new one, and exits with 0.
func TestBinaryStopsGracefully(t *testing.T) {
	d := deploy(t, storagetest.SQLite(t), "")
	node := d.serve()
	slow := d.slowCallback(1500 * time.Millisecond)
	d.must(node.Signal(syscall.SIGTERM))
	d.awaitClosed()
	if err := node.Wait(0); !errors.Is(err, load.ErrRunning) {
		t.Errorf("the process ended before the request: %v", err)
	}
	answer := <-slow
	if answer.err != nil || answer.status != http.StatusSeeOther {
		t.Errorf("the slow request: %d, %v", answer.status, answer.err)
	}
	if err := node.Wait(5 * time.Second); err != nil {
		t.Errorf("exit: %v\n%s", err, node.Log())
	}
}

// What does not finish in time is cut off, and the exit status says so.
func TestBinaryStopIsBounded(t *testing.T) {
	d := deploy(t, storagetest.SQLite(t), "shutdown_timeout: 300ms\n")
	node := d.serve()
	slow := d.slowCallback(20 * time.Second)
	d.must(node.Signal(syscall.SIGTERM))
	var exit *exec.ExitError
	if err := node.Wait(5 * time.Second); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("exit: %v, want status 1\n%s", err, node.Log())
	}
	if answer := <-slow; answer.err == nil {
		t.Errorf("the slow request was answered with %d", answer.status)
	}
}

// A second SIGTERM ends the process at once.
func TestBinarySecondSignal(t *testing.T) {
	d := deploy(t, storagetest.SQLite(t), "")
	node := d.serve()
	slow := d.slowCallback(20 * time.Second)
	d.must(node.Signal(syscall.SIGTERM))
	d.awaitClosed()
	d.must(node.Signal(syscall.SIGTERM))
	var exit *exec.ExitError
	if err := node.Wait(2 * time.Second); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("exit: %v, want the signal's usual effect", err)
	}
	<-slow
}

// callbackAnswer is what became of a callback.
type callbackAnswer struct {
	status int
	err    error
}

// slowCallback signs in at a Google whose token endpoint takes so long, and returns when the callback is under way there.
func (d *deployment) slowCallback(delay time.Duration) <-chan callbackAnswer {
	d.t.Helper()
	p, b := d.newPartner(), newBrowser(d.t)
	b.stopAt = d.issuer + "/login/google/callback"
	callback := b.open(p.url()).press("login-google").press("person-ada").location
	d.google.SetBehaviour(upstreamtest.Behaviour{Delay: upstreamtest.Duration(delay), At: []string{"token"}})
	r, err := http.NewRequest("GET", callback, nil)
	d.must(err)
	for name, value := range b.cookies[d.host()] {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	answered := make(chan callbackAnswer, 1)
	go func() {
		resp, err := plainClient.Do(r)
		if err != nil {
			answered <- callbackAnswer{err: err}
			return
		}
		resp.Body.Close()
		answered <- callbackAnswer{status: resp.StatusCode}
	}()
	d.eventually(func() bool { return len(d.google.Journal("token")) > 0 })
	return answered
}

// awaitClosed waits until nothing listens at the address any more.
func (d *deployment) awaitClosed() {
	d.t.Helper()
	d.eventually(func() bool {
		conn, err := net.Dial("tcp", d.address)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
}

func (d *deployment) eventually(holds func() bool) {
	d.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			d.t.Fatal("it does not come to pass")
		}
	}
}

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
	d := deploy(t, storagetest.EmptyPostgres(t), "")
	if line := d.refused(d.start()); !strings.Contains(line, "symbolon migrate up") {
		t.Errorf("got %q", line)
	}
	d.command("migrate", "up")
	d.serve()
}

// Six nodes that start at once on an empty database make one schema and one set of keys between them.
func TestBinarySixStartAtOnce(t *testing.T) {
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

// With metrics_listen, metrics are there and only there.
func TestBinaryMetricsListen(t *testing.T) {
	address, err := load.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	d := deploy(t, storagetest.SQLite(t), "metrics_listen: "+address)
	d.serve()
	if r := d.get("/metrics", ""); r.status != http.StatusNotFound {
		t.Errorf("/metrics on the main listener: %d", r.status)
	}
	metrics := d.getAt(address, "/metrics")
	for _, want := range []string{`symbolon_http_requests_total{method="GET",route="GET /readyz",status="200"}`, "symbolon_sql_statements_total", "go_goroutines"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s in\n%s", want, metrics)
		}
	}
}

// With tls, the server speaks https by itself: HTTP/2, TLS 1.2 or newer, and plain http is not answered as if it were.
func TestBinaryTLS(t *testing.T) {
	dir := t.TempDir()
	pool := selfSigned(t, dir)
	d := deploy(t, storagetest.SQLite(t), "tls: { cert_file: "+filepath.Join(dir, "tls.crt")+", key_file: "+filepath.Join(dir, "tls.key")+" }")
	d.issuer = strings.Replace(d.issuer, "http:", "https:", 1)
	d.writeConfig(d.config.Database.URL(), "listen: "+d.address+"\ntls: { cert_file: "+filepath.Join(dir, "tls.crt")+", key_file: "+filepath.Join(dir, "tls.key")+" }")
	node := d.start()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}, Timeout: 10 * time.Second}
	d.must(node.AwaitReady(t.Context(), client, "https://"+d.address+"/readyz"))

	resp, err := client.Get(d.issuer + "/.well-known/openid-configuration")
	d.must(err)
	defer resp.Body.Close()
	var metadata struct {
		Issuer string `json:"issuer"`
	}
	d.must(json.NewDecoder(resp.Body).Decode(&metadata))
	if metadata.Issuer != d.issuer || resp.ProtoMajor != 2 || resp.TLS.Version < tls.VersionTLS12 {
		t.Errorf("issuer %q over %s, TLS %x", metadata.Issuer, resp.Proto, resp.TLS.Version)
	}
	old := &tls.Config{RootCAs: pool, ServerName: "localhost", MaxVersion: tls.VersionTLS11}
	if conn, err := tls.Dial("tcp", d.address, old); err == nil {
		conn.Close()
		t.Error("TLS 1.1 is spoken")
	}
	if resp, err := plainClient.Get("http://" + d.address + "/readyz"); err == nil {
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("plain http: %d", resp.StatusCode)
		}
	}
	if err := node.Stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// selfSigned writes tls.crt and tls.key for localhost into dir, and returns who trusts them.
func selfSigned(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"tls.crt": {Type: "CERTIFICATE", Bytes: certificate}, "tls.key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}))
	return pool
}

