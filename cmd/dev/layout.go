package main

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// topLevel returns the only entries that may stand, and must stand, at the top of the repository beside those that begin with a dot.
func topLevel() []string {
	return []string{
		"go.mod", "go.sum", "cmd", "provider", "login-ui", "clients", "storage", "migrations", "docs", "README.md", "LICENSE",
	}
}

// checkTopLevel compares the top of the repository with topLevel. What .gitignore ignores by a name of its own may lie there.
func checkTopLevel(repo fs.FS) ([]finding, error) {
	entries, err := fs.ReadDir(repo, ".")
	if err != nil {
		return nil, err
	}
	ignored := ignoredNames(repo)
	missing := topLevel()
	var found []finding
	for _, e := range entries {
		name := e.Name()
		if i := slices.Index(missing, name); i >= 0 {
			missing = slices.Delete(missing, i, i+1)
			continue
		}
		if !strings.HasPrefix(name, ".") && !matchesName(ignored, name) {
			found = append(found, finding{name, 0, "does not belong at the top of the repository, which is fixed"})
		}
	}
	for _, name := range missing {
		found = append(found, finding{name, 0, "is missing at the top of the repository"})
	}
	return found, nil
}

// ignoredNames returns the patterns of .gitignore that are about a name at the top: "/name" or a plain "*.ext".
func ignoredNames(repo fs.FS) []string {
	text, err := fs.ReadFile(repo, ".gitignore")
	if err != nil {
		return nil
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		name := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(line), "/"), "/")
		if name != "" && !strings.HasPrefix(name, "#") && !strings.Contains(name, "/") {
			names = append(names, name)
		}
	}
	return names
}

func matchesName(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, name)
		return ok && err == nil
	})
}

// drawerNames returns package names that say nothing of what is in the package.
func drawerNames() []string {
	return []string{"util", "utils", "common", "helper", "helpers", "misc", "shared", "base", "internal"}
}

// checkPackageNames refuses packages that are drawers: by the name of the folder or of the package. A folder "internal" may hold packages,
// under cmd, but is none itself.
func checkPackageNames(files []goFile) []finding {
	var found []finding
	seen := map[string]bool{}
	for _, f := range files {
		dir := f.dir()
		if seen[dir] {
			continue
		}
		seen[dir] = true
		name := strings.TrimSuffix(f.ast.Name.Name, "_test")
		for _, n := range []string{path.Base(dir), name} {
			if slices.Contains(drawerNames(), n) {
				found = append(found, finding{dir, 0, fmt.Sprintf("package name %q says nothing of what is in it", n)})
				break
			}
		}
		if slices.Contains(strings.Split(dir, "/"), "internal") && !strings.HasPrefix(dir, "cmd/internal/") && path.Base(dir) != "internal" {
			found = append(found, finding{dir, 0, "internal packages stand only under cmd/internal"})
		}
	}
	return found
}
