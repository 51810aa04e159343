package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/storage"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"symbolon": main})
}

// TestScript runs the command as an operator types it. Beside testscript's own commands the scripts have:
//
//	member FILE NAME VAR     sets $VAR to a member of the JSON object in FILE
//	[!] secret ID TEXT       the client's secret is TEXT, according to the database symbolon.db
//	await URL                waits until the URL, without its scheme, answers 200
//	seed DATABASE            puts the account "ada" with an identity and a session into the database
//	fails STATUS ARG…        symbolon ARG… exits with the status, writes nothing to stdout, and one line to stderr; "config" may write more
func TestScript(t *testing.T) {
	testscript.Run(t, scripts("testdata/script"))
}

// TestPostgres runs the scripts that need an empty PostgreSQL database, $SYMBOLON_DATABASE.
func TestPostgres(t *testing.T) {
	url := storagetest.EmptyPostgres(t)
	testscript.Run(t, scripts("testdata/postgres", "SYMBOLON_DATABASE="+url, "SYMBOLON_SECRETS="+strings.Repeat("0123456789", 4)))
}

func scripts(dir string, environ ...string) testscript.Params {
	return testscript.Params{
		Dir: dir,
		Setup: func(e *testscript.Env) error {
			address, err := freeAddress()
			e.Vars = append(e.Vars, "SYMBOLON_ISSUER=https://id.example.com", "ADDRESS="+address)
			e.Vars = append(e.Vars, environ...)
			return err
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"member": member, "secret": secret, "seed": seed, "fails": fails, "await": await,
		},
	}
}

func member(ts *testscript.TestScript, _ bool, args []string) {
	var object map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &object))
	text, ok := object[args[1]].(string)
	if !ok {
		ts.Fatalf("%s has no text %s", args[0], args[1])
	}
	ts.Setenv(args[2], text)
}

func fails(ts *testscript.TestScript, _ bool, args []string) {
	var exit *exec.ExitError
	if err := ts.Exec("symbolon", args[1:]...); !errors.As(err, &exit) || strconv.Itoa(exit.ExitCode()) != args[0] {
		ts.Fatalf("ended with %v, want exit status %s", err, args[0])
	}
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("stdout has %q", out)
	}
	lines := strings.Split(strings.TrimSuffix(ts.ReadFile("stderr"), "\n"), "\n")
	if len(lines) > 1 && args[1] != "config" || lines[0] == "" {
		ts.Fatalf("stderr has %d lines: %q", len(lines), lines)
	}
}

func await(ts *testscript.TestScript, _ bool, args []string) {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if resp, err := http.Get("http://" + args[0]); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
	}
	ts.Fatalf("%s does not answer", args[0])
}

// freeAddress is a loopback address that nothing listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// open opens the database at a URL, or at a file of the script.
func open(ts *testscript.TestScript, database string) *storage.DB {
	if !strings.Contains(database, "://") {
		database = "sqlite:" + ts.MkAbs(database)
	}
	db, err := storage.Open(context.Background(), storage.Config{URL: database, MustExist: true})
	ts.Check(err)
	ts.Defer(func() { db.Close() })
	return db
}

func secret(ts *testscript.TestScript, neg bool, args []string) {
	c, err := open(ts, "symbolon.db").Client(context.Background(), args[0])
	ts.Check(err)
	ok, err := clients.NewSecretVerifier().Verify(context.Background(), c, args[1])
	ts.Check(err)
	if ok == neg {
		ts.Fatalf("the secret is valid: %v", ok)
	}
}

func seed(ts *testscript.TestScript, _ bool, args []string) {
	db, ctx, now := open(ts, args[0]), context.Background(), time.Now().UTC().Truncate(time.Millisecond)
	ada := account.Account{ID: "ada", Name: "Ada \x1b[31mLovelace", Email: "ada@example.com", CreatedAt: now, UpdatedAt: now}
	id := account.Identity{Connector: "google", Issuer: "https://accounts.google.com", Subject: "1", AccountID: "ada", LinkedAt: now, LastUsedAt: now}
	ts.Check(db.CreateAccount(ctx, ada, id))
	ts.Check(db.StartSession(ctx, session.Session{
		ID: "sid-1", AccountID: "ada", Upstream: "google", AuthTime: now, LoginAt: now, CreatedAt: now, SeenAt: now,
		ExpiresAt: now.Add(time.Hour), UserAgent: "Netscape 4",
	}, []byte(strings.Repeat("h", 32)), nil))
}
