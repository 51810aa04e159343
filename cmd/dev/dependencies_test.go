package main

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

func TestDependenciesOfThisRepository(t *testing.T) {
	nothingFound(t, checkDependencies, thisRepository())
}

func TestDependenciesCanFail(t *testing.T) {
	tests := []struct{ name, goMod, table, want string }{
		{"agree", "require a.example/x v1.2.3\n", "| `a.example/x` | v1.2.3 | because |", ""},
		{"indirect ones need no reason", "require (\n\ta.example/x v1.2.3 // indirect\n)\n", "", ""},
		{"no reason at all", "require (\n\ta.example/x v1.2.3\n)\n", "", "a.example/x has no reason"},
		{"an empty reason", "require a.example/x v1.2.3\n", "| `a.example/x` | v1.2.3 | |", "not module, version, reason"},
		{"another version", "require a.example/x v1.2.3\n", "| `a.example/x` | v1.2.2 | because |", "is v1.2.3 in go.mod"},
		{"gone from go.mod", "", "| `a.example/x` | v1.2.3 | because |", "not a direct requirement"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			repo := dependencyRepo(test.goMod, test.table)
			if test.want == "" {
				nothingFound(t, checkDependencies, repo)
				return
			}
			foundText(t, checkDependencies, repo, test.want)
		})
	}
}

func TestDependenciesAreFewerThanThirty(t *testing.T) {
	var goMod, table strings.Builder
	for i := range maxDependencies + 1 {
		fmt.Fprintf(&goMod, "require a.example/x%d v1.0.0\n", i)
		fmt.Fprintf(&table, "| `a.example/x%d` | v1.0.0 | because |\n", i)
	}
	foundText(t, checkDependencies, dependencyRepo(goMod.String(), table.String()), "30 direct dependencies")
}

func dependencyRepo(goMod, table string) fstest.MapFS {
	return fstest.MapFS{
		"go.mod":         {Data: []byte("module m.example\n\ngo 1.26.0\n\n" + goMod)},
		dependenciesPath: {Data: []byte("| module | version | reason |\n|---|---|---|\n" + table)},
	}
}
