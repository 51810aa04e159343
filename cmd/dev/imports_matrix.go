package main

import "strings"

// modulePath is the module whose packages the matrix is about.
const modulePath = "github.com/symbolon-id/symbolon"

// row is one line of the import matrix: the packages it is for, and the packages of ours they may import. Both are folders from the root;
// "x/..." means x and everything under it.
type row struct {
	importers []string
	imports   []string
}

// matrix returns who may import whom. The first row that fits a package counts; a package that no row fits is refused, so a new package is
// a decision that shows in this file.
func matrix() []row {
	below := []string{"login-ui", "provider", "provider/...", "clients", "clients/...", "migrations"}
	return []row{
		{[]string{"cmd/dev"}, nil},
		{[]string{"cmd/bench"}, append([]string{"cmd/internal/...", "storage/storagetest/pgserver"}, below...)},
		{[]string{"cmd/symbolon"}, append([]string{"cmd/internal/..."}, below...)},
		{[]string{"cmd/demo"}, append([]string{"cmd/internal/...", "cmd/demo/partner"}, below...)},
		{[]string{"cmd/internal/app/interop"}, []string{"cmd/internal/load"}}, // it knows the binary from outside
		{[]string{"cmd/internal/app/..."}, append([]string{"cmd/internal/...", "storage"}, below...)},
		{[]string{"cmd/internal/..."}, append([]string{"cmd/internal/..."}, below...)},
		{[]string{"login-ui"}, []string{"provider", "provider/account", "provider/details", "provider/session", "provider/upstream", "clients", "provider/web"}},
		{[]string{"provider"}, []string{
			"clients", "provider/account", "provider/details", "provider/session", "provider/keys", "provider/seal", "provider/status", "provider/web",
		}},
		{[]string{"clients/adminapi", "clients/registration", "clients/console"}, []string{"clients", "provider/session", "provider/web"}},
		{[]string{"storage"}, storageImports()},
		{[]string{"storage/storagetest"}, append([]string{"storage", "storage/storagetest/pgserver"}, storageImports()...)},
		{[]string{"storage/storagetest/pgserver"}, nil},
		{[]string{"provider/upstream"}, []string{"provider/account", "provider/seal"}},
		{[]string{"provider/upstream/upstreamtest"}, []string{"provider/upstream"}},
		{[]string{"cmd/demo/partner"}, []string{"clients/sdk/bearer"}}, // as somebody outside would write it
		{[]string{
			"provider/account", "provider/details", "provider/session", "provider/keys", "provider/seal", "provider/status",
			"provider/web", "clients", "clients/sdk/bearer", "clients/sdk/button", "migrations",
		}, nil},
	}
}

func storageImports() []string {
	return []string{
		"provider", "clients", "provider/account", "provider/session", "provider/keys", "provider/status", "provider/upstream", "migrations",
	}
}

// testDoubles returns the packages that a test of any package may import on top of the matrix: the real storage on a throw-away database, and
// the simulated upstreams. It may also import what the packages of its row may import, to build them.
func testDoubles() []string {
	return []string{"storage", "storage/storagetest", "provider/upstream/upstreamtest"}
}

// confined names packages, of ours or of others, that only some may import, whatever the matrix says. The import paths include everything
// under them.
type confined struct {
	path  string
	only  []string // folders; "x/..." as in row
	tests bool     // whether tests of every package may import it
	why   string
}

func confinements() []confined {
	return []confined{
		{"github.com/ory/fosite", []string{"provider"}, false, "fosite stays behind package provider (docs/decisions/0003-fosite.md)"},
		{
			"github.com/santhosh-tekuri/jsonschema",
			[]string{"provider/details"},
			false, "JSON Schema stays behind package provider/details (docs/decisions/0013-authorization-details.md)",
		},
		{"gorm.io", []string{"storage", "storage/storagetest"}, false, "gorm stays behind package storage (docs/decisions/0005-storage.md)"},
		{modulePath + "/storage/storagetest/pgserver", []string{"cmd/bench", "storage/..."}, true, "a private PostgreSQL is for tests and the bench"},
		{modulePath + "/storage", []string{"cmd/internal/app/...", "storage/..."}, true, "only the composition root knows the storage"},
		{
			modulePath + "/provider/upstream/upstreamtest",
			[]string{"cmd/demo", "cmd/bench"},
			true, "simulated upstreams sign anybody in: they belong to the demo, the bench and tests",
		},
	}
}

// matches says whether the folder is the pattern, or under it where the pattern ends in "/...".
func matches(pattern, dir string) bool {
	if under, ok := strings.CutSuffix(pattern, "/..."); ok {
		return dir == under || strings.HasPrefix(dir, under+"/")
	}
	return dir == pattern
}

// matchesAny says whether one of the patterns matches the folder.
func matchesAny(patterns []string, dir string) bool {
	for _, p := range patterns {
		if matches(p, dir) {
			return true
		}
	}
	return false
}
