package main

import (
	"io/fs"
	"maps"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// thisRepository is the checkout that the test runs in.
func thisRepository() fs.FS { return os.DirFS("../..") }

func TestImportsOfThisRepository(t *testing.T) { nothingFound(t, checkImports, thisRepository()) }

func TestImportMatrixCanFail(t *testing.T) {
	ours := modulePath + "/"
	tests := []struct {
		name  string
		files map[string]string // path to what it imports, separated by spaces
		want  string            // in a finding; "" for none
	}{
		{"login-ui reads a session", map[string]string{"login-ui/login.go": ours + "provider/session"}, ""},
		{"a subpackage of clients is known before it exists", map[string]string{"clients/console/page.go": ours + "clients"}, ""},
		{"sdk imports nothing of ours", map[string]string{"clients/sdk/bearer/a.go": ours + "clients"}, "clients/sdk/bearer may not import clients"},
		{"session imports nothing of ours", map[string]string{"provider/session/a.go": ours + "provider/account"}, "may not import provider/account"},
		{"provider does not know the upstreams", map[string]string{"provider/a.go": ours + "provider/upstream"}, "may not import provider/upstream"},
		{"the tool imports nothing of ours", map[string]string{"cmd/dev/a.go": ours + "clients"}, "cmd/dev may not import clients"},
		{"an unknown package", map[string]string{"provider/manager/a.go": "fmt"}, "not in the import matrix"},
		{"fosite outside provider", map[string]string{"clients/a.go": "github.com/ory/fosite"}, "fosite stays behind"},
		{"fosite in a test outside provider", map[string]string{"login-ui/a_test.go": "github.com/ory/fosite/token/jwt"}, "fosite stays behind"},
		{"fosite in provider", map[string]string{"provider/a.go": "github.com/ory/fosite/handler/oauth2"}, ""},
		{"a module whose name begins like fosite's", map[string]string{"clients/a.go": "github.com/ory/fosite-example"}, ""},
		{"gorm outside storage", map[string]string{"provider/a.go": "gorm.io/gorm"}, "gorm stays behind"},
		{"gorm in storage", map[string]string{"storage/a.go": "gorm.io/driver/postgres"}, ""},
		{"storage in the production code of provider", map[string]string{"provider/a.go": ours + "storage"}, "only the composition root"},
		{"storage in a command", map[string]string{"cmd/symbolon/a.go": ours + "storage"}, "only the composition root"},
		{"storage in the composition root", map[string]string{"cmd/internal/app/a.go": ours + "storage"}, ""},
		{"storage and its suite in a test", map[string]string{"provider/a_test.go": ours + "storage " + ours + "storage/storagetest"}, ""},
		{"a test builds what its package is given", map[string]string{"login-ui/a_test.go": ours + "provider/seal"}, ""},
		{"a test goes no further", map[string]string{"clients/sdk/bearer/a_test.go": ours + "provider/keys"}, "may not import provider/keys"},
		{"simulated upstreams in the demo", map[string]string{"cmd/demo/a.go": ours + "provider/upstream/upstreamtest"}, ""},
		{"simulated upstreams in a test", map[string]string{"login-ui/a_test.go": ours + "provider/upstream/upstreamtest"}, ""},
		{"simulated upstreams in the product", map[string]string{"cmd/symbolon/a.go": ours + "provider/upstream/upstreamtest"}, "belong to the demo"},
		{"simulated upstreams in the composition root", map[string]string{"cmd/internal/app/a.go": ours + "provider/upstream/upstreamtest"}, "belong to the demo"},
		{
			"test code linked into the product through another package",
			map[string]string{
				"cmd/symbolon/a.go": ours + "cmd/internal/app", "cmd/internal/app/a.go": ours + "cmd/internal/apptest",
				"cmd/internal/apptest/a.go": "fmt",
			},
			"links cmd/internal/apptest through cmd/internal/app",
		},
		{"a drawer by folder", map[string]string{"provider/util/a.go": "fmt"}, `"util" says nothing`},
		{"a drawer named internal", map[string]string{"cmd/internal/a.go": "fmt"}, `"internal" says nothing`},
		{"internal outside cmd", map[string]string{"provider/internal/box/a.go": "fmt"}, "only under cmd/internal"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			repo := houseOnly()
			for name, imports := range test.files {
				repo[name] = &fstest.MapFile{Data: []byte(sourceImporting(strings.Fields(imports)))}
			}
			if test.want == "" {
				nothingFound(t, checkImports, repo)
				return
			}
			foundText(t, checkImports, repo, test.want)
		})
	}
}

func TestNestedModulesAreOutsideTheMatrix(t *testing.T) {
	repo := houseOnly()
	repo["provider/internal/oryx/go.mod"] = &fstest.MapFile{Data: []byte("module github.com/ory/x\n")}
	repo["provider/internal/oryx/util/util.go"] = &fstest.MapFile{Data: []byte("package util\n\nimport _ \"gorm.io/gorm\"\n")}
	repo["storage/testdata/bad.go"] = &fstest.MapFile{Data: []byte("not Go at all")}
	nothingFound(t, checkImports, repo)
}

func TestTopLevelIsFixed(t *testing.T) {
	repo := houseOnly()
	repo["pkg/a.txt"] = &fstest.MapFile{}
	foundText(t, checkImports, repo, "pkg: does not belong")

	repo = houseOnly()
	delete(repo, "LICENSE")
	foundText(t, checkImports, repo, "LICENSE: is missing")

	repo = houseOnly()
	repo[".gitignore"] = &fstest.MapFile{Data: []byte("# built and run here\n/symbolon\n*.db\n")}
	repo["symbolon"], repo["symbolon.db"] = &fstest.MapFile{}, &fstest.MapFile{}
	nothingFound(t, checkImports, repo)
}

// houseOnly is a repository with the right top level and no package.
func houseOnly() fstest.MapFS {
	repo := fstest.MapFS{}
	for _, name := range topLevel() {
		repo[name] = &fstest.MapFile{Mode: 0o644}
		if !strings.Contains(name, ".") && name != "LICENSE" {
			repo[name] = &fstest.MapFile{Mode: fs.ModeDir | 0o755}
		}
	}
	return maps.Clone(repo)
}

func sourceImporting(imports []string) string {
	var b strings.Builder
	b.WriteString("package p\n")
	for _, path := range imports {
		b.WriteString("import _ \"" + path + "\"\n")
	}
	return b.String()
}

func nothingFound(t *testing.T, check rule, repo fs.FS) {
	t.Helper()
	found, err := check(repo)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
}

func foundText(t *testing.T, check rule, repo fs.FS, want string) {
	t.Helper()
	found, err := check(repo)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if strings.Contains(f.String(), want) {
			return
		}
	}
	t.Errorf("no finding says %q; found %v", want, found)
}
