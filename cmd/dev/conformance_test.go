package main

import (
	"testing"
	"testing/fstest"
)

func TestConformanceRowsCanFail(t *testing.T) {
	tests := []struct{ name, row, want string }{
		{"planned", "| RFC 6749 §4.1: code flow | MUST | planned | | |", ""},
		{"not offered", "| RFC 6749 §4.2: implicit | MAY | not offered | | |", ""},
		{"done", "| RFC 6749 §4.1: code flow | MUST | done | `provider/token.go:server.serveToken` | `provider:TestToken/reuse` |", ""},
		{"done, two places", "| RFC 6749 §4.1: x | MUST NOT | done | `provider/token.go`, `provider:limit` | `provider/token_test.go:TestToken` |", ""},
		{"departs", "| RFC 6749 §5.2: errors | SHOULD | departs | | |", ""},
		{"no citation", "| code flow | MUST | planned | | |", "does not begin with a citation"},
		{"citation without a section", "| RFC 6749: code flow | MUST | planned | | |", "does not begin with a citation"},
		{"unknown section", "| RFC 6749 §40: code flow | MUST | planned | | |", "no such section"},
		{"unknown level", "| RFC 6749 §4.1: code flow | SHALL | planned | | |", `level "SHALL"`},
		{"unknown status", "| RFC 6749 §4.1: code flow | MUST | soon | | |", `status "soon"`},
		{"done without a test", "| RFC 6749 §4.1: x | MUST | done | `provider/token.go` | |", "names its code and its test"},
		{"no such file", "| RFC 6749 §4.1: x | MUST | done | `provider/gone.go` | `provider:TestToken` |", "there is no provider/gone.go"},
		{"no such function", "| RFC 6749 §4.1: x | MUST | done | `provider/token.go:gone` | `provider:TestToken` |", "declares no gone"},
		{"no such test", "| RFC 6749 §4.1: x | MUST | done | `provider/token.go` | `provider:TestGone` |", "declares no TestGone"},
		{"a test that is none", "| RFC 6749 §4.1: x | MUST | done | `provider/token.go` | `provider:serveToken` |", "a test is named"},
		{"a wrong reference of a planned row", "| RFC 6749 §4.1: x | MUST | planned | `provider/gone.go` | |", "there is no provider/gone.go"},
		{"departs in silence", "| RFC 6749 §5.1: x | MUST | departs | | |", "does not name RFC 6749 §5.1"},
		{"too few cells", "| RFC 6749 §4.1: x | MUST | planned |", "3 cells"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			repo := fstest.MapFS{
				"docs/conformance.md": {Data: []byte("# Rows\n\n| requirement | level | status | code | test |\n|---|---|---|---|---|\n" + test.row + "\n")},
				"docs/divergences.md": {Data: []byte("RFC 6749 §5.2: why\n")},
				"provider/token.go": {
					Data: []byte("package provider\n\nconst limit = 1\n\ntype server struct{}\n\nfunc (s *server) serveToken() {}\n"),
				},
				"provider/token_test.go": {Data: []byte("package provider\n\nimport \"testing\"\n\nfunc TestToken(t *testing.T) {}\n")},
			}
			if test.want == "" {
				nothingFound(t, checkCitations, repo)
				return
			}
			foundText(t, checkCitations, repo, test.want)
		})
	}
}
