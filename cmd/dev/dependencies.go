package main

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// dependenciesPath is the decision that gives each direct dependency its reason.
const dependenciesPath = "docs/decisions/0002-dependencies.md"

// maxDependencies is how many direct dependencies there may be.
const maxDependencies = 29

// dependency is a direct requirement with the line it stands on.
type dependency struct {
	version string
	line    int
}

// checkDependencies holds the direct requirements of go.mod against the table of reasons: the same modules, the same versions, each with a
// reason, and fewer than thirty.
func checkDependencies(repo fs.FS) ([]finding, error) {
	goMod, err := fs.ReadFile(repo, "go.mod")
	if err != nil {
		return nil, err
	}
	table, err := fs.ReadFile(repo, dependenciesPath)
	if err != nil {
		return nil, err
	}
	required := directRequirements(string(goMod))
	explained, found := explainedDependencies(string(table))
	for module, d := range required {
		e, ok := explained[module]
		switch {
		case !ok:
			found = append(found, finding{"go.mod", d.line, fmt.Sprintf("%s has no reason in %s", module, dependenciesPath)})
		case e.version != d.version:
			found = append(found, finding{dependenciesPath, e.line, fmt.Sprintf("%s is %s in go.mod, not %s", module, d.version, e.version)})
		}
	}
	for module, e := range explained {
		if _, ok := required[module]; !ok {
			found = append(found, finding{dependenciesPath, e.line, fmt.Sprintf("%s is not a direct requirement of go.mod", module)})
		}
	}
	if len(required) > maxDependencies {
		found = append(found, finding{"go.mod", 0, fmt.Sprintf("%d direct dependencies, more than %d", len(required), maxDependencies)})
	}
	return found, nil
}

var requirement = regexp.MustCompile(`^(?:require )?([\w.~-]+\.[\w.~-]+(?:/[\w.~-]+)*) (v\S+)$`)

// directRequirements returns the requirements of a go.mod that are not marked as indirect.
func directRequirements(goMod string) map[string]dependency {
	required := map[string]dependency{}
	number := 0
	for line := range strings.Lines(goMod) {
		number++
		if m := requirement.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			required[m[1]] = dependency{m[2], number}
		}
	}
	return required
}

// explainedDependencies returns the rows "module | version | reason" of the decision's first table, whose module stands in backticks.
func explainedDependencies(text string) (explained map[string]dependency, found []finding) {
	explained = map[string]dependency{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		cells, ok := tableRow(line)
		if !ok || !strings.HasPrefix(cells[0], "`") {
			continue
		}
		if len(cells) != 3 || len(cells[2]) == 0 {
			found = append(found, finding{dependenciesPath, number, "the row is not module, version, reason"})
			continue
		}
		explained[strings.Trim(cells[0], "`")] = dependency{cells[1], number}
	}
	return explained, found
}
