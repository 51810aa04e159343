package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"io/fs"
	"strings"
)

// The sizes that nothing may exceed. What hurts a reader is never the median: it is the largest file, the widest interface.
const (
	maxFileLines        = 300
	maxTestFileLines    = 500 // tests are tables of requirements
	maxFunctionLines    = 45
	maxInterfaceMethods = 6
)

// sizeAllowPath lists what may be larger, one a line: "path reason" or "path:Name reason", with Name a function, Type.Method or interface.
const sizeAllowPath = ".tools/size-allow.txt"

// checkSize returns the files, functions and interfaces that are too large and not allowed to be, and the allowances that allow nothing.
// Generated files are left out; the functions of tests, which hold tables, are too.
func checkSize(repo fs.FS) ([]finding, error) {
	allowed, found, err := readAllowances(repo)
	if err != nil {
		return nil, err
	}
	files, err := goFiles(repo, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, f := range files {
		for _, o := range oversized(f) {
			key := strings.TrimSuffix(f.path+":"+o.name, ":")
			if _, ok := allowed[key]; ok {
				used[key] = true
				continue
			}
			found = append(found, finding{f.path, o.line, o.text})
		}
	}
	for key, line := range allowed {
		if !used[key] {
			found = append(found, finding{sizeAllowPath, line, fmt.Sprintf("%s is not too large, or not there: remove the line", key)})
		}
	}
	return found, nil
}

// oversize is one thing in a file that is too large: the file itself when name is empty.
type oversize struct {
	name string
	line int
	text string
}

// oversized returns what is too large in the file.
func oversized(f goFile) (found []oversize) {
	if ast.IsGenerated(f.ast) {
		return nil
	}
	limit := maxFileLines
	if f.isTestCode() {
		limit = maxTestFileLines
	}
	if n := bytes.Count(f.text, []byte("\n")); n > limit {
		found = append(found, oversize{"", 1, fmt.Sprintf("%d lines, more than %d: split it by what the spec names", n, limit)})
	}
	for _, decl := range f.ast.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			n := f.line(decl.End()) - f.line(decl.Pos()) + 1
			if n > maxFunctionLines && !f.isTestCode() {
				name := functionName(decl)
				found = append(found, oversize{name, f.line(decl.Pos()), fmt.Sprintf("%s has %d lines, more than %d", name, n, maxFunctionLines)})
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				if o, ok := wideInterface(f, spec); ok {
					found = append(found, o)
				}
			}
		}
	}
	return found
}

// wideInterface returns the interface in spec if it asks for too many methods. An embedded interface counts as one: it is a name, not a list.
func wideInterface(f goFile, spec ast.Spec) (oversize, bool) {
	t, ok := spec.(*ast.TypeSpec)
	if !ok {
		return oversize{}, false
	}
	i, ok := t.Type.(*ast.InterfaceType)
	if !ok || i.Methods.NumFields() <= maxInterfaceMethods {
		return oversize{}, false
	}
	text := fmt.Sprintf("interface %s has %d methods, more than %d", t.Name.Name, i.Methods.NumFields(), maxInterfaceMethods)
	return oversize{t.Name.Name, f.line(t.Pos()), text}, true
}

// readAllowances returns the allowances with the line that each stands on. One without a reason is a finding.
func readAllowances(repo fs.FS) (allowed map[string]int, found []finding, err error) {
	allowed = map[string]int{}
	text, err := fs.ReadFile(repo, sizeAllowPath)
	if errors.Is(err, fs.ErrNotExist) {
		return allowed, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, reason, _ := strings.Cut(line, " ")
		if strings.TrimSpace(reason) == "" {
			found = append(found, finding{sizeAllowPath, number, fmt.Sprintf("%s is allowed without a reason", key)})
		}
		allowed[key] = number
	}
	return allowed, found, nil
}
