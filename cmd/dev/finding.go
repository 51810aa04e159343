package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"slices"
)

// finding is one place that breaks a rule.
type finding struct {
	file string // slash-separated, from the root of the repository
	line int    // from 1; 0 for the file as a whole
	text string // what is wrong and what would be right
}

// String returns the finding as compilers print theirs, so that editors can jump to it.
func (f finding) String() string {
	if f.line == 0 {
		return f.file + ": " + f.text
	}
	return fmt.Sprintf("%s:%d: %s", f.file, f.line, f.text)
}

// rule reads a repository and returns what breaks it. The error is for a repository that cannot be read.
type rule func(repo fs.FS) ([]finding, error)

// report prints the findings in the order of the files, and returns errFound if there are any.
func report(out io.Writer, found []finding) error {
	slices.SortFunc(found, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line), cmp.Compare(a.text, b.text))
	})
	for _, f := range slices.Compact(found) {
		fmt.Fprintln(out, f)
	}
	if len(found) > 0 {
		return fmt.Errorf("%d %w", len(found), errFound)
	}
	return nil
}

// ruleTask makes a task of a rule that takes no arguments.
func ruleTask(check rule) func(context.Context, repository, []string) error {
	return func(_ context.Context, r repository, args []string) error {
		if len(args) > 0 {
			fmt.Fprintf(r.out, "unexpected argument %q\n", args[0])
			return errUsage
		}
		found, err := check(r.files())
		if err != nil {
			return err
		}
		return report(r.out, found)
	}
}
