package main

import (
	"regexp"
	"strconv"
	"strings"
)

// document is a specification that comments may cite, and the shape of its section numbers.
type document struct {
	name       string // as it stands in a citation
	last       int    // its last numbered section
	appendices string // the letters of its appendices
}

// documents returns the specifications that comments may cite. A new one is added here, with the shape of its section numbers, before it is
// cited. Drafts and documents without a number have the short name by which we cite them.
func documents() []document {
	return []document{
		{"RFC 1950", 3, "A"},
		{"RFC 2104", 7, ""},
		{"RFC 3339", 8, "ABCD"},
		{"RFC 3986", 10, "ABCD"},
		{"RFC 4514", 8, "AB"},
		{"RFC 4648", 16, ""},
		{"RFC 5321", 10, "ABCDEFG"},
		{"RFC 5322", 8, "AB"},
		{"RFC 5646", 9, "ABC"},
		{"RFC 5789", 7, "A"},
		{"RFC 5869", 7, "A"},
		{"RFC 6265", 10, "A"},
		{"RFC 6454", 12, "AB"},
		{"RFC 6585", 9, "AB"},
		{"RFC 6749", 12, "ABC"},
		{"RFC 6750", 7, "A"},
		{"RFC 6797", 16, "ABCD"},
		{"RFC 6819", 7, ""},
		{"RFC 6890", 5, ""},
		{"RFC 7009", 7, ""},
		{"RFC 7239", 9, ""},
		{"RFC 7396", 7, "A"},
		{"RFC 7515", 11, "ABCDEFG"},
		{"RFC 7516", 12, "ABCD"},
		{"RFC 7517", 10, "ABCD"},
		{"RFC 7518", 10, "ABCD"},
		{"RFC 7519", 13, "ABC"},
		{"RFC 7521", 10, "A"},
		{"RFC 7523", 9, "A"},
		{"RFC 7591", 7, "AB"},
		{"RFC 7592", 7, "ABC"},
		{"RFC 7617", 6, "AB"},
		{"RFC 7636", 8, "ABC"},
		{"RFC 7638", 8, ""},
		{"RFC 7662", 6, "A"},
		{"RFC 7797", 10, ""},
		{"RFC 8037", 6, "A"},
		{"RFC 8176", 6, "A"},
		{"RFC 8252", 10, "AB"},
		{"RFC 8259", 13, "A"},
		{"RFC 8288", 6, "ABC"},
		{"RFC 8414", 8, "A"},
		{"RFC 8417", 8, "A"},
		{"RFC 8439", 6, "A"},
		{"RFC 8446", 13, "ABCDE"},
		{"RFC 8615", 6, "A"},
		{"RFC 8628", 8, "A"},
		{"RFC 8693", 8, "AB"},
		{"RFC 8705", 10, "AB"},
		{"RFC 8707", 6, "A"},
		{"RFC 8725", 6, "A"},
		{"RFC 8935", 8, "A"},
		{"RFC 8936", 8, "A"},
		{"RFC 9068", 8, ""},
		{"RFC 9101", 14, ""},
		{"RFC 9106", 9, ""},
		{"RFC 9110", 19, "AB"},
		{"RFC 9111", 9, "AB"},
		{"RFC 9112", 13, "ABC"},
		{"RFC 9126", 10, ""},
		{"RFC 9207", 6, "A"},
		{"RFC 9325", 9, "AB"},
		{"RFC 9396", 15, "AB"},
		{"RFC 9440", 6, "ABC"},
		{"RFC 9449", 13, ""},
		{"RFC 9457", 7, "ABCD"},
		{"RFC 9470", 10, ""},
		{"RFC 9493", 10, "A"},
		{"RFC 9651", 7, "ABCD"},
		{"RFC 9700", 7, "A"},
		{"RFC 9701", 10, ""},
		{"RFC 9728", 10, "AB"},
		{"OIDC Core", 19, "ABC"},
		{"OIDC Discovery", 9, "ABC"},
		{"OIDC Registration", 12, "ABC"},
		{"OIDC RP-Logout", 8, "AB"},
		{"OIDC Back-Channel Logout", 7, "AB"},
		{"OIDC Front-Channel Logout", 8, "AB"},
		{"OIDC Session Management", 9, "AB"},
		{"OIDC Prompt Create", 8, "AB"},
		{"OAuth Response Types", 9, "ABC"}, // OAuth 2.0 Multiple Response Type Encoding Practices
		{"OAuth Form Post", 7, "ABC"},      // OAuth 2.0 Form Post Response Mode
		{"JARM", 8, "AB"},                  // JWT Secured Authorization Response Mode
		{"FAPI 2.0 Message Signing", 9, "AB"},
		{"FAPI 2.0", 9, "AB"},
		{"Token Status List", 16, "ABCD"},         // draft-ietf-oauth-status-list
		{"Client ID Metadata Document", 10, "AB"}, // draft-ietf-oauth-client-id-metadata-document
		{"Idempotency-Key", 8, "AB"},              // draft-ietf-httpapi-idempotency-key-header
		{"RISC", 6, "AB"},                         // OpenID RISC Profile
		{"FedCM", 12, ""},
		{"WCAG 2.2", 6, "ABC"},
	}
}

// sectionShape is a section number: "4", "4.1.2.1", or an appendix, "A" and "A.2".
var sectionShape = regexp.MustCompile(`^(?:([1-9][0-9]?)|([A-Z]))(?:\.[1-9][0-9]?){0,4}$`)

// hasSection says whether the document can have a section with that number. It knows the first number only: the deeper ones are for the
// reader to follow.
func (d document) hasSection(section string) bool {
	m := sectionShape.FindStringSubmatch(section)
	if m == nil {
		return false
	}
	if m[2] != "" {
		return strings.Contains(d.appendices, m[2])
	}
	n, err := strconv.Atoi(m[1])
	return err == nil && n <= d.last
}
