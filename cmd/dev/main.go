package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
)

// errFound says that a rule found something; the findings have been printed.
var errFound = errors.New("findings")

// errUsage says that the command line is not understood; what is right has been printed.
var errUsage = errors.New("usage")

// repository is the checkout that a task works on.
type repository struct {
	root string // absolute
	out  io.Writer
}

// files returns the repository as the rules read it.
func (r repository) files() fs.FS { return os.DirFS(r.root) }

// task is one subcommand.
type task struct {
	name    string
	usage   string // flags and arguments
	summary string
	run     func(ctx context.Context, r repository, args []string) error
}

// tasks returns the subcommands in the order of the help text.
func tasks() []task {
	return []task{
		{"check", "[-short] [-race]", "all that CI checks; -short without what runs tests, -race with the tests under the race detector", runCheck},
		{"imports", "", "the import matrix and the layout of the repository", ruleTask(checkImports)},
		{"citations", "", "spec citations in comments and the rows of docs/conformance.md", runCitations},
		{"dependencies", "", "the reasons in docs/decisions/0002-dependencies.md cover go.mod", ruleTask(checkDependencies)},
		{"size", "", "files over 300 lines, functions over 45, interfaces over six methods", ruleTask(checkSize)},
		{"golden", "[-check]", "write the golden files anew, or compare with them", runGolden},
		{"new-migration", "NAME", "make the next migration for SQLite and PostgreSQL", runNewMigration},
		{"vuln", "", "known vulnerabilities of the dependencies (asks a database on the internet)", runVuln},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := dispatch(ctx, os.Args[1:], os.Stdout)
	switch {
	case err == nil:
	case errors.Is(err, errUsage):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "dev:", err)
		os.Exit(1)
	}
}

// dispatch runs the task that args name.
func dispatch(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 {
		for _, t := range tasks() {
			if t.name != args[0] {
				continue
			}
			root, err := findRoot()
			if err != nil {
				return err
			}
			return t.run(ctx, repository{root: root, out: out}, args[1:])
		}
	}
	fmt.Fprintln(out, "usage: go run ./cmd/dev TASK")
	for _, t := range tasks() {
		fmt.Fprintf(out, "  %-32s %s\n", t.name+" "+t.usage, t.summary)
	}
	return errUsage
}

// findRoot returns the nearest folder above the current one that holds a go.mod.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod in this folder or above it")
		}
		dir = parent
	}
}
