package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/cmd/internal/app/config"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/keys"
	"github.com/symbolon-id/symbolon/provider/seal"
	"github.com/symbolon-id/symbolon/storage"
)

// Migration is one step of the schema, for the commands, which do not know the storage.
type Migration = storage.Migration

// Stores is the open database with what works on it. Close it after use.
type Stores struct {
	DB      *storage.DB
	Secrets [][]byte // the root secrets, the current one first
	Clients *clients.Registry
}

// Close closes the database.
func (s *Stores) Close() error { return s.DB.Close() }

// schema says what opening may do to the schema.
type schema int

const (
	leaveSchema schema = iota // nothing: one that is behind is an error
	makeSchema                // make it in an embedded database that has none yet
	raiseSchema               // apply every pending migration
)

// Open opens the configured database for a command, beside a running server or not. It makes nothing: the database must be there and its
// schema must be this program's (storage.ErrSchemaBehind and its siblings otherwise).
func Open(ctx context.Context, cfg *config.Config) (*Stores, error) {
	return open(ctx, cfg, storage.Config{URL: cfg.Database.URL(), MustExist: true}, leaveSchema)
}

// OpenOrCreate is Open, but an embedded database that does not exist yet is made, with its root secret, and migrated.
func OpenOrCreate(ctx context.Context, cfg *config.Config) (*Stores, error) {
	return open(ctx, cfg, storage.Config{URL: cfg.Database.URL()}, makeSchema)
}

// openForServing opens the database for a node. An embedded database is made and migrated; PostgreSQL only where migrate says so. observe is
// storage.Config.Observe.
func openForServing(ctx context.Context, cfg *config.Config, migrate bool, observe func(kind string)) (*Stores, error) {
	may := leaveSchema
	if migrate || cfg.Database.SQLitePath() != "" {
		may = raiseSchema
	}
	return open(ctx, cfg, storage.Config{URL: cfg.Database.URL(), Observe: observe}, may)
}

func open(ctx context.Context, cfg *config.Config, sc storage.Config, may schema) (*Stores, error) {
	// The secret comes first: a database is never there without the secret that opens it.
	secrets, err := rootSecrets(cfg, isFresh(cfg) && !sc.MustExist)
	if err != nil {
		return nil, err
	}
	db, err := storage.Open(ctx, sc)
	if err != nil {
		return nil, err
	}
	s, err := newStores(ctx, cfg, db, secrets, may)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

func newStores(ctx context.Context, cfg *config.Config, db *storage.DB, secrets [][]byte, may schema) (*Stores, error) {
	if may == makeSchema && cfg.Database.SQLitePath() != "" {
		// Not by the file: another process may have made it just now, and be at the migrations still.
		all, err := db.Status(ctx)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(all, func(m Migration) bool { return !m.AppliedAt.IsZero() }) {
			may = raiseSchema
		}
	}
	if may == raiseSchema {
		if _, err := db.Migrate(ctx); err != nil {
			return nil, err
		}
	}
	if err := settled(ctx, cfg, db); err != nil {
		return nil, err
	}
	keyring, err := seal.New(secrets)
	if err != nil {
		return nil, fmt.Errorf("root secrets: %w", err)
	}
	return &Stores{DB: db, Secrets: secrets, Clients: newRegistry(cfg, db, nil, keyring)}, nil
}

// settled is db.Check, and gives another process that is just making the embedded database a moment to finish.
func settled(ctx context.Context, cfg *config.Config, db *storage.DB) error {
	for deadline := time.Now().Add(3 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		err := db.Check(ctx)
		if err == nil || cfg.Database.SQLitePath() == "" || !errors.Is(err, storage.ErrSchemaBehind) || time.Now().After(deadline) {
			return err
		}
	}
}

// isFresh reports whether the embedded database is still to be made.
func isFresh(cfg *config.Config) bool {
	path := cfg.Database.SQLitePath()
	return path != "" && !hasContent(path)
}

// publishAhead is how long a signing key is published before it signs. The key set is cacheable for five minutes; partners keep it longer.
const publishAhead = time.Hour

// OpenKeys opens the signing keys, and makes those that are missing or due.
func OpenKeys(ctx context.Context, cfg *config.Config, s *Stores) (*keys.Ring, error) {
	secrets, err := seal.New(s.Secrets)
	if err != nil {
		return nil, fmt.Errorf("root secrets: %w", err)
	}
	return keys.Open(ctx, keys.RingConfig{
		Store: s.DB, Sealer: secrets.Box("signing key"), Algorithms: provider.Algorithms(), PublishAhead: publishAhead,
		Lifetime: cfg.Lifetimes.SigningKey,
		// An ID token is a hint for as long as its session lives, expired or not (OIDC RP-Logout §2).
		TokenLifetime: max(cfg.Lifetimes.IDToken, cfg.Lifetimes.SessionAbsolute, provider.MaxAccessTokenLifetime),
	})
}

// Migrate applies the pending migrations and returns them. An embedded database that does not exist yet is made, with its root secret.
func Migrate(ctx context.Context, cfg *config.Config) ([]Migration, error) {
	if isFresh(cfg) {
		if _, err := rootSecrets(cfg, true); err != nil {
			return nil, err
		}
	}
	db, err := storage.Open(ctx, storage.Config{URL: cfg.Database.URL()})
	if err != nil {
		return nil, err
	}
	done, err := db.Migrate(ctx)
	return done, errors.Join(err, db.Close())
}

// MigrationStatus lists all migrations, applied and pending. It makes nothing.
func MigrationStatus(ctx context.Context, cfg *config.Config) ([]Migration, error) {
	db, err := storage.Open(ctx, storage.Config{URL: cfg.Database.URL(), MustExist: true})
	if err != nil {
		return nil, err
	}
	all, err := db.Status(ctx)
	return all, errors.Join(err, db.Close())
}
