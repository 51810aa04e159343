package main

import (
	"bytes"
	"context"
	"fmt"
	"go/parser"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A golden file is what a program once wrote and a person then read and found right. It lies in testdata/golden of its package. The tests that
// compare with it, and write it when they are given the flag -update, stand in files named golden_test.go or *_golden_test.go.

// runGolden writes the golden files anew and names those that changed. With -check it writes nothing: it runs the same tests, which compare.
func runGolden(ctx context.Context, r repository, args []string) error {
	check := slices.Equal(args, []string{"-check"})
	if len(args) > 0 && !check {
		fmt.Fprintf(r.out, "unexpected argument %q\n", args[0])
		return errUsage
	}
	packages, err := goldenPackages(r.files())
	if err != nil {
		return err
	}
	if check {
		return testGolden(ctx, r, packages)
	}
	before, err := goldenFiles(r.files(), packages)
	if err != nil {
		return err
	}
	if err := testGolden(ctx, r, packages, "-update"); err != nil {
		return err
	}
	after, err := goldenFiles(r.files(), packages)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if old, there := before[name]; !there || !bytes.Equal(old, after[name]) {
			fmt.Fprintln(r.out, "wrote", name)
		}
	}
	return nil
}

// goldenPackage is a package with golden files and the names of the tests that write them.
type goldenPackage struct {
	dir   string
	tests []string
}

// goldenPackages finds the folders testdata/golden and the tests beside them.
func goldenPackages(repo fs.FS) ([]goldenPackage, error) {
	files, err := goFiles(repo, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	byDir := map[string]*goldenPackage{}
	var dirs []string
	for _, f := range files {
		dir := f.dir()
		if byDir[dir] == nil {
			if _, err := fs.Stat(repo, path.Join(dir, "testdata/golden")); err != nil {
				continue
			}
			byDir[dir] = &goldenPackage{dir: dir}
			dirs = append(dirs, dir)
		}
		if strings.HasSuffix(f.path, "golden_test.go") {
			for _, decl := range f.ast.Decls {
				for _, name := range declaredNames(decl) {
					if strings.HasPrefix(name, "Test") && name != "TestMain" {
						byDir[dir].tests = append(byDir[dir].tests, name)
					}
				}
			}
		}
	}
	var packages []goldenPackage
	for _, dir := range dirs {
		if len(byDir[dir].tests) == 0 {
			return nil, fmt.Errorf("%s has golden files but no tests in a golden_test.go", dir)
		}
		packages = append(packages, *byDir[dir])
	}
	return packages, nil
}

// testGolden runs the golden tests, package by package: each has flags of its own.
func testGolden(ctx context.Context, r repository, packages []goldenPackage, flags ...string) error {
	for _, p := range packages {
		names := make([]string, len(p.tests))
		for i, t := range p.tests {
			names[i] = regexp.QuoteMeta(t)
		}
		pattern := "^(" + strings.Join(names, "|") + ")$"
		args := append([]string{"test", "-count=1", "-run", pattern, "./" + p.dir}, flags...)
		if err := r.command(ctx, "go", args...); err != nil {
			return err
		}
	}
	return nil
}

// goldenFiles returns the content of all golden files of the packages.
func goldenFiles(repo fs.FS, packages []goldenPackage) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, p := range packages {
		err := fs.WalkDir(repo, path.Join(p.dir, "testdata/golden"), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			files[name], err = fs.ReadFile(repo, name)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}
