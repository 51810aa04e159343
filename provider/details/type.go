package details

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
)

// Definition is a type as an operator writes it.
type Definition struct {
	Type string // the "type" of its objects (RFC 9396 §2.1): 1 to 200 visible ASCII characters, neither quotes nor backslashes
	// Schema is a JSON Schema (2020-12, unless $schema says otherwise) of the whole object. The member type need not be in it.
	Schema json.RawMessage
	// Consent says what an object allows, by language ("en"): a text with the names of members in braces, "{instructedAmount.amount}". English is
	// needed, and stands for the languages that are left out.
	Consent map[string]string
	// ClientCredentials lets clients have objects for themselves, without a person.
	ClientCredentials bool
}

// Problem is one thing wrong with a definition. The message follows the name of the member: "schema" + "must be an object".
type Problem struct {
	Member  string // "type", "schema", "consent.en" …
	Message string
}

// Type is a registered type. It is read-only.
type Type struct {
	Name              string
	ClientCredentials bool

	schema  *schema
	consent map[string]consentText
}

var typeName = regexp.MustCompile(`^[!#-\[\]-~]{1,200}$`)

// New compiles a definition, or says everything that is wrong with it.
func New(d Definition) (*Type, []Problem) {
	var problems []Problem
	if !typeName.MatchString(d.Type) {
		problems = append(problems, Problem{"type", "must have 1 to 200 ASCII characters, without spaces, quotes and backslashes"})
	}
	s, why := compile(d.Type, d.Schema)
	if why != "" {
		problems = append(problems, Problem{"schema", why})
	}
	t := &Type{Name: d.Type, ClientCredentials: d.ClientCredentials, schema: s, consent: map[string]consentText{}}
	if d.Consent[fallback] == "" {
		problems = append(problems, Problem{"consent." + fallback, "is missing: say what a person allows, such as \"Pay {amount} to {payee}\""})
	}
	for _, language := range slices.Sorted(maps.Keys(d.Consent)) {
		if d.Consent[language] == "" {
			continue
		}
		parsed, why := parseConsent(d.Consent[language], s)
		if why != "" {
			problems = append(problems, Problem{"consent." + language, why})
		}
		t.consent[language] = parsed
	}
	return t, problems
}

// Types are the registered types. None: authorization details are not offered.
type Types []*Type

// Names returns the names, in the operator's order.
func (ts Types) Names() (names []string) {
	for _, t := range ts {
		names = append(names, t.Name)
	}
	return names
}

// named returns the type with the name, or nil. Names are compared character by character (RFC 9396 §12).
func (ts Types) named(name string) *Type {
	for _, t := range ts {
		if t.Name == name {
			return t
		}
	}
	return nil
}
