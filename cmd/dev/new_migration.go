package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// dialects returns the folders of migrations: one for each database.
func dialects() []string { return []string{"sqlite", "postgres"} }

var (
	migrationName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	migrationFile = regexp.MustCompile(`^([0-9]{4})_[a-z][a-z0-9_]*\.sql$`)
)

// runNewMigration makes migrations/{sqlite,postgres}/NNNN_name.sql with the next number.
func runNewMigration(_ context.Context, r repository, args []string) error {
	if len(args) != 1 || !migrationName.MatchString(args[0]) {
		fmt.Fprintln(r.out, "usage: go run ./cmd/dev new-migration NAME, with NAME of small letters, digits and _")
		return errUsage
	}
	number, err := nextMigration(r.files())
	if err != nil {
		return err
	}
	for _, dialect := range dialects() {
		name := path.Join("migrations", dialect, fmt.Sprintf("%04d_%s.sql", number, args[0]))
		file := filepath.Join(r.root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		const head = "-- Forward only, and the binary before this one must still run on the result: expand, migrate, contract.\n"
		if err := os.WriteFile(file, []byte(head), 0o644); err != nil {
			return err
		}
		fmt.Fprintln(r.out, "made", name)
	}
	return nil
}

// nextMigration returns the number after the last, and refuses folders that do not hold the same migrations.
func nextMigration(repo fs.FS) (int, error) {
	var names [][]string
	for _, dialect := range dialects() {
		entries, err := fs.ReadDir(repo, path.Join("migrations", dialect))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
		var list []string
		for _, e := range entries {
			if migrationFile.MatchString(e.Name()) {
				list = append(list, e.Name())
			} else if strings.HasSuffix(e.Name(), ".sql") {
				return 0, fmt.Errorf("migrations/%s/%s is not named NNNN_name.sql", dialect, e.Name())
			}
		}
		names = append(names, list)
	}
	if !slices.Equal(names[0], names[1]) {
		return 0, fmt.Errorf("migrations/%s and migrations/%s do not hold the same migrations: %v, %v", dialects()[0], dialects()[1], names[0], names[1])
	}
	if len(names[0]) == 0 {
		return 1, nil
	}
	last, err := strconv.Atoi(names[0][len(names[0])-1][:4])
	return last + 1, err
}
