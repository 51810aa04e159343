//go:build unix

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// nobody is a user without rights, for a test that runs as root.
const nobody = 65534

// FT-04: without the rights to its files the command says so, with status 1, and makes nothing.
func TestWithoutRights(t *testing.T) {
	dir, err := os.MkdirTemp("", "symbolon-rights-") // below it, t.TempDir's parent is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o700); os.RemoveAll(dir) })
	command := filepath.Join(dir, "symbolon")
	copyFile(t, os.Args[0], command)
	closed := filepath.Join(dir, "closed.db")
	if err := errors.Join(os.WriteFile(closed, []byte("x"), 0o400), os.WriteFile(closed+".secret", []byte("x"), 0), os.Chmod(dir, 0o555)); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		environ, args string
		want          string
	}{
		"a folder that may not be written": {"SYMBOLON_DATABASE=sqlite:new.db", "client create --client-name x --redirect-uri https://a.example/cb", "make the folder writable, or set secrets"},
		"a secret that may not be read":    {"SYMBOLON_DATABASE=sqlite:closed.db", "client list", "permission denied"},
		"a database that may not be read":  {"SYMBOLON_DATABASE=sqlite:closed.db SYMBOLON_SECRETS=0123456789abcdef0123456789abcdef", "serve", "permission denied"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), command, strings.Fields(test.args)...)
			cmd.Dir = dir
			cmd.Env = append(strings.Fields(test.environ), "SYMBOLON_ISSUER=https://id.example.com")
			if os.Getuid() == 0 {
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
			}
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != statusFailed || stdout.Len() > 0 {
				t.Errorf("ended with %v, stdout %q", err, stdout.String())
			}
			if got := stderr.String(); !strings.Contains(got, test.want) || strings.Count(got, "\n") != 1 {
				t.Errorf("stderr is %q, want one line with %q", got, test.want)
			}
		})
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 3 {
		t.Errorf("the folder has %v", left)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}
