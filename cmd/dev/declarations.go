package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// declarations answers whether a file or folder declares a name. It parses each file once.
type declarations struct {
	repo   fs.FS
	parsed map[string][]string
}

// resolve returns what is wrong with a reference "path", "path:Name" or "path:Type.Method", or "". A test's name is a function TestX, FuzzX,
// ExampleX or BenchmarkX of a _test.go file, and may be followed by "/subtest".
func (d *declarations) resolve(ref string, test bool) string {
	file, name, named := strings.Cut(ref, ":")
	info, err := fs.Stat(d.repo, file)
	if err != nil {
		return fmt.Sprintf("%q: there is no %s", ref, file)
	}
	if test {
		name, _, _ = strings.Cut(name, "/")
		if !regexp.MustCompile(`^(Test|Fuzz|Example|Benchmark)`).MatchString(name) {
			return fmt.Sprintf("%q: a test is named as folder:TestName", ref)
		}
	}
	if !named {
		return ""
	}
	files := []string{file}
	if info.IsDir() {
		pattern := "*.go"
		if test {
			pattern = "*_test.go"
		}
		if files, err = fs.Glob(d.repo, path.Join(file, pattern)); err != nil {
			return fmt.Sprintf("%q: %v", ref, err)
		}
	}
	for _, f := range files {
		if slices.Contains(d.of(f), name) {
			return ""
		}
	}
	return fmt.Sprintf("%q: %s declares no %s", ref, file, name)
}

// of returns the names that a Go file declares at its top level; methods as "Type.Method".
func (d *declarations) of(file string) []string {
	if names, ok := d.parsed[file]; ok {
		return names
	}
	f, err := parseFile(d.repo, file, parser.SkipObjectResolution)
	var names []string
	if err == nil {
		for _, decl := range f.ast.Decls {
			names = append(names, declaredNames(decl)...)
		}
	}
	d.parsed[file] = names
	return names
}

func declaredNames(decl ast.Decl) (names []string) {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		return []string{functionName(decl)}
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, spec.Name.Name)
			case *ast.ValueSpec:
				for _, n := range spec.Names {
					names = append(names, n.Name)
				}
			}
		}
	}
	return names
}
