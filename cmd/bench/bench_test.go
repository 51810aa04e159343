package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be the bare server, as the bench itself is.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == bareCommand {
		exit(runBare(os.Args[2], os.Args[3]))
	}
	os.Exit(m.Run())
}

// Every flow is driven, every answer is right, and what design.md promises about statements holds: no commit for a client-credentials token, an
// introspection, userinfo or an authorization with a live session; one for a redemption, a refresh or a revocation.
func TestEveryFlow(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a real server: not with -short")
	}
	file := filepath.Join(t.TempDir(), "bench.json")
	var table strings.Builder
	if err := run(t.Context(), []string{"-db", "sqlite", "-duration", "100ms", "-conns", "2", "-json", file}, &table, io.Discard); err != nil {
		t.Fatalf("%v\n%s", err, table.String())
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var lines []line
	if err := json.Unmarshal(raw, &lines); err != nil {
		t.Fatal(err)
	}
	if len(lines) != len(flows()) {
		t.Fatalf("%d lines for %d flows", len(lines), len(flows()))
	}
	commits := map[string]float64{"redemption": 1, "refresh": 1, "revocation": 1, "code_sso": 1, "code_fresh": 5}
	for _, l := range lines {
		// What the server does in the background counts too.
		if got, want := l.Server.Commits, commits[l.Flow]; got < want || got > want+.4 {
			t.Errorf("%s: %.2f commits per operation, want %.0f", l.Flow, got, want)
		}
		if l.Server.Operations == 0 || l.Server.P50 <= 0 || l.Server.P99 < l.Server.P50 || l.Server.RSS <= 0 {
			t.Errorf("%s: %+v", l.Flow, l.Server)
		}
		if !strings.Contains(table.String(), l.Flow) {
			t.Errorf("%s is not in the table", l.Flow)
		}
	}
}

func TestCommandLine(t *testing.T) {
	for _, args := range []string{"-db mysql", "-conns 0", "-conns 1,x", "-flows nothing", "-duration never", "-unknown"} {
		if _, err := parse(strings.Fields(args), io.Discard); err == nil {
			t.Errorf("%s is taken", args)
		}
	}
	o, err := parse(strings.Fields("-db postgres -conns 1,8 -flows jwks,refresh"), io.Discard)
	if err != nil || len(o.databases) != 1 || len(o.conns) != 2 || len(o.flows) != 2 || o.flows[1].name != "refresh" || o.duration != 5*time.Second {
		t.Errorf("%+v, %v", o, err)
	}
}

// What the bare server signs, it verifies; what it does not sign, it refuses.
func TestBareTokens(t *testing.T) {
	keys, err := newBareKeys()
	if err != nil {
		t.Fatal(err)
	}
	token, err := keys.sign("at+jwt", map[string]string{"sub": "a"})
	if err != nil {
		t.Fatal(err)
	}
	if payload, err := keys.verify(token); err != nil || string(payload) != `{"sub":"a"}` {
		t.Errorf("%s, %v", payload, err)
	}
	for _, wrong := range []string{"", "a", "a.b", "a.b.c", token[:len(token)-2], strings.Replace(token, ".", ".A", 1)} {
		if _, err := keys.verify(wrong); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

func TestPercentiles(t *testing.T) {
	var all []time.Duration
	for i := range 101 {
		all = append(all, time.Duration(100-i)*time.Millisecond)
	}
	if p50, p95, p99 := percentiles(all); p50 != 50 || p95 != 95 || p99 != 99 {
		t.Errorf("%v %v %v", p50, p95, p99)
	}
}
