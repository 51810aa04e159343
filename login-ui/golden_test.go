package loginui

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// steady replaces what differs from run to run: request ids and the names of sessions.
func steady(page string) string {
	page = regexp.MustCompile(`\b[0-9a-f]{16}\b(</code>|</p>)`).ReplaceAllString(page, "0123456789abcdef$1")
	page = regexp.MustCompile(`(name="session" value=")[^"]*`).ReplaceAllString(page, "${1}SESSION")
	page = regexp.MustCompile(`(session-end-|app-disconnect-|/account/sessions/|/account/apps/)[\w-]{16}`).ReplaceAllString(page, "${1}HANDLE")
	return regexp.MustCompile(`/assets/(style|page)-[0-9a-f]+`).ReplaceAllString(page, "/assets/$1-HASH")
}

func TestGoldenPages(t *testing.T) {
	for _, lang := range []string{"en", "ko"} {
		for _, s := range samplePages(t, lang) {
			t.Run(s.name+"."+lang, func(t *testing.T) {
				path := filepath.Join("testdata", "golden", s.name+"."+lang+".html")
				got := steady(s.page.body)
				if *update {
					check(t, os.WriteFile(path, []byte(got), 0o644))
				}
				want, err := os.ReadFile(path)
				check(t, err)
				if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
					t.Errorf("%s (-want +got; -update writes it):\n%s", path, diff)
				}
			})
		}
	}
}
