package main

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestCitationsOfThisRepository(t *testing.T) { nothingFound(t, checkCitations, thisRepository()) }

func TestCitationsThatAreRight(t *testing.T) {
	tests := map[string][]string{
		"RFC 6749 §4.1.2.1":                              {"RFC 6749 §4.1.2.1"},
		"as RFC 6749 §3.1, §4.1 and §5.2 ask":            {"RFC 6749 §3.1", "RFC 6749 §4.1", "RFC 6749 §5.2"},
		"see RFC 6749 §4.1.":                             {"RFC 6749 §4.1"},
		"(RFC 7636 §B, OIDC Core §3.1.2.1)":              {"RFC 7636 §B", "OIDC Core §3.1.2.1"},
		"OIDC Back-Channel Logout §2.6: no nonce":        {"OIDC Back-Channel Logout §2.6"},
		"OIDC RP-Logout §2":                              {"OIDC RP-Logout §2"},
		"the metadata of RFC 7591":                       {"RFC 7591 §"},
		"JWT per RFC 9068; Token Status List §5.1":       {"RFC 9068 §", "Token Status List §5.1"},
		"FAPI 2.0 §5.3.2.1, FAPI 2.0 Message Signing §5": {"FAPI 2.0 §5.3.2.1", "FAPI 2.0 Message Signing §5"},
		"WCAG 2.2 §1.4.3 asks for 4.5 to 1":              {"WCAG 2.2 §1.4.3"},
		"time.RFC3339 and RFC6749Error are Go names":     nil,
		"docs/architecture.md section 2 tells more":      nil,
		"in OIDC Core, 5 claims are always there":        {"OIDC Core §"},
	}
	g := newGrammar(documents())
	for text, want := range tests {
		cited, wrong := g.parse(text)
		var got []string
		for _, c := range cited {
			got = append(got, c.document+" §"+c.section)
		}
		if !slices.Equal(got, want) || len(wrong) > 0 {
			t.Errorf("%q: cited %q, want %q; mistakes %v", text, got, want, wrong)
		}
	}
}

func TestCitationsThatAreWrong(t *testing.T) {
	tests := map[string]string{
		"RFC6749 4.1":                         `write "RFC 6749"`,
		"RFC6749":                             `write "RFC 6749"`,
		"rfc 6749 §4.1":                       `write "RFC 6749"`,
		"RFC-6749":                            `write "RFC 6749"`,
		"RFC 6749 4.1":                        `write "RFC 6749 §4.1"`,
		"RFC 6749, section 4.1":               `write "RFC 6749 §4.1"`,
		"RFC 6749 section 6":                  `write "RFC 6749 §4.1"`,
		"RFC 6749 § 4.1":                      `write "RFC 6749 §4.1"`,
		"RFC 6749§4.1":                        `write "RFC 6749 §4.1"`,
		"section 4.1.2 of RFC 6749":           "the document before the section",
		"RFC 9999":                            "not a known document",
		"RFC 9999 §1":                         "not a known document",
		"RFC 6749 §13":                        "has no such section",
		"RFC 6749 §0":                         "has no such section",
		"RFC 6749 §4.1.x":                     "has no such section",
		"RFC 6749 §D":                         "has no such section",
		"RFC 6749 §4.1 and §99":               "has no such section",
		"§4.1 alone":                          "no known document",
		"OIDC Nothing §2":                     "no known document",
		"OpenID Connect Core 1.0 section 3.1": `write "OIDC Core`,
		"OIDC Core 3.1.2.1":                   `write "OIDC Core §4.1"`,
	}
	g := newGrammar(documents())
	for text, want := range tests {
		_, wrong := g.parse(text)
		if len(wrong) == 0 || !strings.Contains(wrong[0].text, want) {
			t.Errorf("%q: mistakes %v, want one that says %q", text, wrong, want)
		}
	}
}

func TestCitationsAreReadFromCommentsAndTestNames(t *testing.T) {
	repo := fstest.MapFS{
		"provider/a.go": {Data: []byte("package provider\n\n// A keeps what RFC 6749\n// §4.1 asks for, and\n// RFC 6749 §77 too.\nvar A = \"RFC 9999 §1\"\n")},
		"provider/a_test.go": {
			Data: []byte("package provider\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) {\n\tt.Run(\"OIDC Core §55: no\", nil)\n}\n"),
		},
	}
	cited, found, err := readCitations(repo)
	if err != nil {
		t.Fatal(err)
	}
	if !cited["RFC 6749 §4.1"] {
		t.Errorf("the citation broken over two lines is lost: %v", cited)
	}
	if len(found) != 2 || found[0].String() != `provider/a.go:5: "RFC 6749 §77": RFC 6749 has no such section` || found[1].line != 6 {
		t.Errorf("found %v", found)
	}
}
