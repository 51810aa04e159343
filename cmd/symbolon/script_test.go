package main

import (
	"context"
	"encoding/json"
	"errors"
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
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"symbolon": main})
}

// TestScript runs the command as an operator types it. Beside testscript's own commands the scripts have:
//
//	member FILE NAME VAR     sets $VAR to a member of the JSON object in FILE
//	[!] secret ID TEXT       the client's secret is TEXT, according to the database symbolon.db
//	seed DATABASE            puts the account "ada" with an identity and a session into the database
//	fails STATUS ARG…        symbolon ARG… exits with the status, writes nothing to stdout, and one line to stderr; "config" may write more
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Vars = append(e.Vars, "SYMBOLON_ISSUER=https://id.example.com")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"member": member, "secret": secret, "seed": seed, "fails": fails,
		},
	})
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

func open(ts *testscript.TestScript, file string) *storage.DB {
	db, err := storage.Open(context.Background(), storage.Config{URL: "sqlite:" + ts.MkAbs(file), MustExist: true})
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
