package app

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/symbolon-id/symbolon/cmd/internal/app/config"
)

// rootSecrets returns the configured root secrets. Without any, an embedded database has its own beside it, in PATH.secret, one a line with
// the current one first; it is made only when makeOne says that there is no database yet. For an existing database a new secret would be worse
// than none: nothing sealed under the old one would open, and nobody would be told.
func rootSecrets(cfg *config.Config, makeOne bool) ([][]byte, error) {
	if secrets := cfg.RootSecrets(); len(secrets) > 0 {
		return secrets, nil
	}
	path := cfg.Database.SQLitePath()
	if path == "" {
		return nil, errors.New("PostgreSQL needs a root secret: set secrets_file or SYMBOLON_SECRETS")
	}
	file := path + ".secret"
	if makeOne {
		if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
			return nil, fmt.Errorf("there is no folder %s: make it, or name another database", filepath.Dir(path))
		}
		if err := makeSecretFile(file); err != nil {
			return nil, fmt.Errorf("make the root secret %s: %w: make the folder writable, or set secrets", file, err)
		}
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) && hasContent(path) {
		return nil, fmt.Errorf("the root secret %s of the database is gone: restore it from the backup, or set secrets", file)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no database %s: start the server or run symbolon migrate up first", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the root secret: %w", err)
	}
	var secrets [][]byte
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" {
			secrets = append(secrets, []byte(line))
		}
	}
	if len(secrets) == 0 {
		return nil, fmt.Errorf("the root secret %s is empty: restore it from the backup, or set secrets", file)
	}
	return secrets, nil
}

// makeSecretFile makes the file with a new secret unless it is there. The file appears whole or not at all, and of two processes that make it
// at once both go on with the same one.
func makeSecretFile(file string) error {
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	temp, err := os.CreateTemp(filepath.Dir(file), ".symbolon-secret-*") // mode 0600
	if err != nil {
		return reason(err)
	}
	defer os.Remove(temp.Name())
	secret := make([]byte, 32)
	rand.Read(secret) // never fails, crypto/rand says
	_, err = temp.WriteString(base64.StdEncoding.EncodeToString(secret) + "\n")
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	// A link, because a rename would replace the file of a faster process.
	if err := os.Link(temp.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return reason(err)
	}
	return syncDir(filepath.Dir(file))
}

// syncDir makes the new name last through a power failure.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// reason returns what went wrong without the name of the temporary file.
func reason(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// hasContent reports whether the database is there. An empty file is what a start that was cut off leaves behind.
func hasContent(path string) bool {
	info, err := os.Stat(path)
	return err != nil && !errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() > 0
}
