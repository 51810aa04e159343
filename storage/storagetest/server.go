package storagetest

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
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

	"github.com/symbolon-id/symbolon/storage"
)

// templateName is the database with the schema that the tests' databases are copies of.
const templateName = "template_symbolon"

// server is a private PostgreSQL.
type server struct {
	dir    string // holds data, log and socket
	stopIt func()
	admin  *sql.DB
	next   int
}

// startServer makes and starts a PostgreSQL, and the template.
func startServer(ctx context.Context) (_ *server, err error) {
	bin, err := findBin()
	if err != nil {
		return nil, err
	}
	s := &server{}
	defer func() {
		if err != nil {
			s.stop()
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
	// The server outlives the test that needed it first: it does not hang on that test's context.
	postgres := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", s.dir, "-c", "listen_addresses=", "-c", "fsync=off",
		"-c", "full_page_writes=off", "-c", "max_connections=300", "-c", "shared_buffers=16MB", "-c", "autovacuum=off")
	postgres.SysProcAttr, postgres.Dir = attr, s.dir
	if err := s.run(postgres); err != nil {
		return nil, err
	}
	if err := s.awaitReady(ctx, data); err != nil {
		return nil, err
	}
	return s, s.makeTemplate(ctx)
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
func (s *server) run(postgres *exec.Cmd) error {
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

func (s *server) awaitReady(ctx context.Context, data string) error {
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

func (s *server) makeTemplate(ctx context.Context) (err error) {
	if s.admin, err = sql.Open("pgx", s.url("postgres")); err != nil {
		return err
	}
	if _, err := s.admin.ExecContext(ctx, "CREATE DATABASE "+templateName); err != nil {
		return err
	}
	db, err := storage.Open(ctx, storage.Config{URL: s.url(templateName)})
	if err != nil {
		return err
	}
	_, err = db.Migrate(ctx)
	return errors.Join(err, db.Close())
}

func (s *server) createDatabase(ctx context.Context, template string) (string, error) {
	s.next++
	name := fmt.Sprintf("test_%d", s.next)
	_, err := s.admin.ExecContext(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template)
	return name, err
}

// dropDatabase frees the disk while other tests go on; that it fails hurts nobody.
func (s *server) dropDatabase(name string) {
	_, _ = s.admin.Exec("DROP DATABASE " + name + " WITH (FORCE)")
}

func (s *server) url(name string) string {
	return "postgres:///" + name + "?" + url.Values{"host": {s.dir}, "user": {"symbolon"}}.Encode()
}

func (s *server) stop() {
	if s.admin != nil {
		_ = s.admin.Close()
	}
	if s.stopIt != nil {
		s.stopIt()
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}
