package interop_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/cmd/internal/load"
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

	node, python, nimbus, spring, oauth2Proxy lazy
	installing                                time.Duration // spent on them
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
	asked(t)
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "symbolon-interop"); built.err == nil {
			built.path, built.err = load.Build(context.Background(), built.dir)
		}
	})
	must(t, built.err)
	return built.dir
}

// asked skips the test unless somebody has asked for it: it downloads other people's software.
func asked(t *testing.T) {
	t.Helper()
	if testing.Short() || os.Getenv("SYMBOLON_TEST_INTEROP") == "" && !required() {
		t.Skip("installs and starts other people's software: set SYMBOLON_TEST_INTEROP=1, and leave out -short")
	}
}

// required reports whether SYMBOLON_TEST_REQUIRE names interop.
func required() bool {
	return slices.Contains(strings.Split(os.Getenv("SYMBOLON_TEST_REQUIRE"), ","), "interop")
}

// missing skips the test for want of something, or fails it when interop is required.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	reason := fmt.Sprintf(format, args...)
	if required() {
		t.Fatal("SYMBOLON_TEST_REQUIRE names interop: " + reason)
	}
	t.Skip(reason)
}

// program returns the path of one of the programs; the test is skipped when none is there.
func program(t *testing.T, names ...string) string {
	t.Helper()
	asked(t)
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, "there is no %s on PATH", strings.Join(names, " or "))
	return ""
}

// runtime is program for one that must be of the major version least or later. It says its version by itself.
func runtime(t *testing.T, name string, least int) string {
	t.Helper()
	path := program(t, name)
	out, err := exec.CommandContext(t.Context(), path, "--version").Output()
	if err != nil {
		missing(t, "%s does not say its version: %v", path, err)
	}
	if major, _ := strconv.Atoi(regexp.MustCompile(`\d+`).FindString(string(out))); major < least {
		missing(t, "%s is older than version %d: %s", path, least, out)
	}
	return path
}

// Some seconds are usual for an installation, a minute or two where a big program is compiled. A registry that does not answer holds up the tests
// no longer than this.
const (
	oneInstallation  = 3 * time.Minute
	allInstallations = 5 * time.Minute
)

// installed makes the installation l once, in a copy of the folder name, by running the command there. The test is skipped when that fails or
// takes too long: then the registry is not reached.
func installed(t *testing.T, l *lazy, name string, command ...string) string {
	t.Helper()
	dir := filepath.Join(workshop(t), name)
	l.once.Do(func() {
		l.path = dir
		if l.err = os.CopyFS(dir, os.DirFS(name)); l.err == nil {
			start := time.Now()
			l.err = run(dir, min(oneInstallation, allInstallations-built.installing), command...)
			built.installing += time.Since(start)
			t.Logf("installing the packages of %s took %.1f s", name, time.Since(start).Seconds())
		}
	})
	if l.err != nil {
		missing(t, "the packages of %s are not installed: %v", name, l.err)
	}
	return l.path
}

// run runs a command in dir, with the caller's environment: package managers have their settings and caches there.
func run(dir string, limit time.Duration, command ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.WaitDelay = dir, 5*time.Second
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		err = fmt.Errorf("stopped after %v: %w", limit, err)
	}
	if err != nil {
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
