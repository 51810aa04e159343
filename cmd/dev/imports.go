package main

import (
	"fmt"
	"go/parser"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// checkImports holds the packages of repo against the import matrix and the repository against its layout.
func checkImports(repo fs.FS) ([]finding, error) {
	files, err := goFiles(repo, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	found, err := checkTopLevel(repo)
	if err != nil {
		return nil, err
	}
	found = append(found, checkPackageNames(files)...)
	for _, f := range files {
		found = append(found, checkFileImports(f)...)
	}
	return append(found, checkProductionClosure(files)...), nil
}

// checkFileImports holds the imports of one file against the matrix.
func checkFileImports(f goFile) []finding {
	dir := f.dir()
	allowed, known := allowedImports(dir)
	if !known {
		return []finding{{f.path, 1, fmt.Sprintf("package %s is not in the import matrix (cmd/dev/imports_matrix.go)", dir)}}
	}
	if f.isTestCode() {
		allowed = append(reachable(allowed), testDoubles()...)
	}
	var found []finding
	for _, spec := range f.ast.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // the parser has refused such a file
		}
		line := f.line(spec.Pos())
		if why := confinedAway(imported, dir, f.isTestCode()); why != "" {
			found = append(found, finding{f.path, line, fmt.Sprintf("%s may not import %s: %s", dir, imported, why)})
			continue
		}
		target, ours := ownPackage(imported)
		if ours && target != dir && !matchesAny(allowed, target) {
			found = append(found, finding{f.path, line, fmt.Sprintf("%s may not import %s: not in the import matrix", dir, target)})
		}
	}
	return found
}

// allowedImports returns what the first fitting row of the matrix allows the package in dir, and whether there is such a row.
func allowedImports(dir string) (imports []string, known bool) {
	for _, r := range matrix() {
		if matchesAny(r.importers, dir) {
			return r.imports, true
		}
	}
	return nil, false
}

// reachable returns the patterns and all that the packages they name may import in turn: a test builds what its package is given.
func reachable(patterns []string) []string {
	all := slices.Clone(patterns)
	for i := 0; i < len(all); i++ {
		imports, _ := allowedImports(all[i])
		for _, next := range imports {
			if !slices.Contains(all, next) {
				all = append(all, next)
			}
		}
	}
	return all
}

// confinedAway returns why the package in dir may not import the path, or "". The first confinement that fits counts.
func confinedAway(imported, dir string, test bool) string {
	for _, c := range confinements() {
		if imported != c.path && !strings.HasPrefix(imported, c.path+"/") {
			continue
		}
		if matchesAny(c.only, dir) || c.tests && test {
			return ""
		}
		return c.why
	}
	return ""
}

// ownPackage returns the folder of an import path of ours.
func ownPackage(imported string) (dir string, ours bool) {
	if imported == modulePath {
		return ".", true
	}
	return strings.CutPrefix(imported, modulePath+"/")
}

// checkProductionClosure follows the imports of the production binary: nothing made for tests may be linked into it, however far away.
func checkProductionClosure(files []goFile) []finding {
	imports := map[string][]string{}
	for _, f := range files {
		if f.isTest() {
			continue
		}
		for _, spec := range f.ast.Imports {
			if imported, err := strconv.Unquote(spec.Path.Value); err == nil {
				if dir, ours := ownPackage(imported); ours {
					imports[f.dir()] = append(imports[f.dir()], dir)
				}
			}
		}
	}
	var found []finding
	const binary = "cmd/symbolon"
	via := map[string]string{binary: ""}
	for queue := []string{binary}; len(queue) > 0; queue = queue[1:] {
		dir := queue[0]
		for _, next := range imports[dir] {
			if _, seen := via[next]; seen {
				continue
			}
			via[next] = dir
			queue = append(queue, next)
			if base := path.Base(next); strings.HasSuffix(base, "test") {
				found = append(found, finding{binary, 0, fmt.Sprintf("the production binary links %s through %s", next, dir)})
			}
		}
	}
	return found
}
