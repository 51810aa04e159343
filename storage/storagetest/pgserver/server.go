package pgserver

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Server is a private PostgreSQL that runs.
type Server struct {
	dir    string // holds data, log and socket
	pid    int
	stopIt func()
}

// Start makes and starts a PostgreSQL that listens on its socket only. settings are "name=value" as in postgresql.conf. That there is no
// PostgreSQL on this machine is an error like any other.
func Start(ctx context.Context, settings ...string) (_ *Server, err error) {
	bin, err := findBin()
	if err != nil {
		return nil, err
	}
	s := &Server{}
	defer func() {
		if err != nil {
			s.Stop()
		}
	}()
	// The path of a socket has at most 107 bytes.
	base := os.TempDir()
	if len(base) > 60 {
		base = "/tmp"
	}
	if s.dir, err = os.MkdirTemp(base, "pg"); err != nil {
		return nil, err
	}
	attr, err := giveAway(s.dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(s.dir, "data")
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"),
		"-D", data, "-U", "symbolon", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = attr, s.dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	// The server outlives the context that it was started with: Stop ends it.
	postgres := exec.Command(filepath.Join(bin, "postgres"), arguments(data, s.dir, settings)...)
	postgres.SysProcAttr, postgres.Dir = attr, s.dir
	if err := s.run(postgres); err != nil {
		return nil, err
	}
	return s, s.awaitReady(ctx, data)
}

func arguments(data, socket string, settings []string) []string {
	args := []string{"-D", data, "-k", socket}
	for _, setting := range append([]string{"listen_addresses="}, settings...) {
		args = append(args, "-c", setting)
	}
	return args
}

// findBin returns the directory of the PostgreSQL programs: the newest of the system's, or the one on PATH.
func findBin() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(dirs) == 0 {
		return "", errors.New("initdb is neither on PATH nor under /usr/lib/postgresql/*/bin")
	}
	slices.SortFunc(dirs, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) })
	return filepath.Dir(dirs[len(dirs)-1]), nil
}

// run starts the command on a thread that stays as long as the command: where the system ends a child with its parent (Linux), the parent
// is the thread.
func (s *Server) run(postgres *exec.Cmd) error {
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	postgres.Stdout, postgres.Stderr = log, log
	started, ended := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer close(ended)
		defer log.Close()
		err := postgres.Start()
		started <- err
		if err == nil {
			_ = postgres.Wait()
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	s.pid = postgres.Process.Pid
	s.stopIt = func() {
		_ = postgres.Process.Signal(syscall.SIGQUIT) // the immediate shutdown: nothing here is kept
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = postgres.Process.Kill()
			<-ended
		}
	}
	return nil
}

func (s *Server) awaitReady(ctx context.Context, data string) error {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if b, err := os.ReadFile(filepath.Join(data, "postmaster.pid")); err == nil && bytes.Contains(b, []byte("ready")) {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return fmt.Errorf("postgres did not become ready: %s", log)
}

// URL returns the address of the database with the name. "postgres" is always there.
func (s *Server) URL(name string) string {
	return "postgres:///" + name + "?" + url.Values{"host": {s.dir}, "user": {"symbolon"}}.Encode()
}

// PID returns the process id of the postmaster: the other processes of the server are its children.
func (s *Server) PID() int { return s.pid }

// Stop ends the server and deletes all it has written.
func (s *Server) Stop() {
	if s.stopIt != nil {
		s.stopIt()
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}
