package storagetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/symbolon-id/symbolon/storage"
	"github.com/symbolon-id/symbolon/storage/storagetest/pgserver"
)

// templateName is the database with the schema that the tests' databases are copies of.
const templateName = "template_symbolon"

// server is a private PostgreSQL with the template in it.
type server struct {
	*pgserver.Server
	admin *sql.DB
	next  int
}

// startServer starts a PostgreSQL that is quick rather than safe, and makes the template.
func startServer(ctx context.Context) (*server, error) {
	postgres, err := pgserver.Start(ctx, "fsync=off", "full_page_writes=off", "max_connections=300", "shared_buffers=16MB", "autovacuum=off")
	if err != nil {
		return nil, err
	}
	s := &server{Server: postgres}
	if err := s.makeTemplate(ctx); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *server) makeTemplate(ctx context.Context) (err error) {
	if s.admin, err = sql.Open("pgx", s.URL("postgres")); err != nil {
		return err
	}
	if _, err := s.admin.ExecContext(ctx, "CREATE DATABASE "+templateName); err != nil {
		return err
	}
	db, err := storage.Open(ctx, storage.Config{URL: s.URL(templateName)})
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

func (s *server) stop() {
	if s.admin != nil {
		_ = s.admin.Close()
	}
	s.Stop()
}
