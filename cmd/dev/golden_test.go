package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// goldenModule is a module whose one golden test writes "new".
func goldenModule(t *testing.T) (repository, *bytes.Buffer, string) {
	root := t.TempDir()
	file := filepath.Join(root, "page/testdata/golden/page.html")
	for name, content := range map[string]string{
		"go.mod": "module page.example\n\ngo 1.26.0\n",
		"page/golden_test.go": `package page

import (
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "")

func TestPage(t *testing.T) {
	if *update {
		os.WriteFile("testdata/golden/page.html", []byte("new"), 0o644)
	}
	if got, _ := os.ReadFile("testdata/golden/page.html"); string(got) != "new" {
		t.Errorf("the golden file holds %q", got)
	}
}
`,
		"page/page_test.go":              "package page\n\nimport \"testing\"\n\nfunc TestOther(t *testing.T) { t.Fatal(\"is no golden test\") }\n",
		"page/testdata/golden/page.html": "old",
	} {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out := new(bytes.Buffer)
	return repository{root: root, out: out}, out, file
}

func TestGoldenCheckFailsAndLeavesTheFilesAlone(t *testing.T) {
	r, out, file := goldenModule(t)
	if err := runGolden(t.Context(), r, []string{"-check"}); err == nil || !strings.Contains(out.String(), `holds "old"`) {
		t.Fatalf("%v\n%s", err, out)
	}
	if got, err := os.ReadFile(file); string(got) != "old" || err != nil {
		t.Errorf("the golden file holds %q, %v", got, err)
	}
}

func TestGoldenWritesThenAgrees(t *testing.T) {
	r, out, file := goldenModule(t)
	if err := runGolden(t.Context(), r, nil); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(out.String(), "wrote page/testdata/golden/page.html") {
		t.Error(out)
	}
	if got, err := os.ReadFile(file); string(got) != "new" || err != nil {
		t.Errorf("the golden file holds %q, %v", got, err)
	}
	if err := runGolden(t.Context(), r, []string{"-check"}); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
