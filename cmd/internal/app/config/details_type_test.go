package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/provider/details"
)

const schemaFile = `{"type":"object","additionalProperties":false,"required":["amount"],"properties":{"amount":{"type":"string"}}}`

// RFC 9396 §11.1: an operator defines types, with a schema here or in a file, and with what a person reads.
func TestDetailsTypes(t *testing.T) {
	const inline = `authorization_details_types:
  - type: payment
    schema:
      type: object
      additionalProperties: false
      required: [amount, payee]
      properties:
        amount: { $ref: "#/$defs/amount" }
        payee: { type: string, maxLength: 70 }
      $defs:
        amount: { type: string, pattern: '^[0-9]+\.[0-9]{2}$' }
    consent:
      en: "Pay {amount} to {payee}"
      ko: "{payee}에 {amount} 보내기"
`
	for text, wrong := range map[string]string{
		inline: "",
		inline + "  - { type: read, schema_file: schema.json, consent: { en: \"Read {amount}\" }, client_credentials: true }\n": "",
		inline + "registration: { authorization_details_types: [payment] }\n":                                                   "",

		inline + "registration: { authorization_details_types: [other] }\n":                                      "registration.authorization_details_types[0]: must be one of",
		inline + "  - { type: payment, schema_file: schema.json, consent: { en: a } }\n":                         "symbolon.yaml:16:13: authorization_details_types[1].type: is there twice",
		inline + "  - { type: a b, schema_file: schema.json, consent: { en: a } }\n":                             "authorization_details_types[1].type: must have 1 to 200",
		inline + "  - { type: a, consent: { en: a } }\n":                                                         "authorization_details_types[1].schema: is missing",
		inline + "  - { type: a, schema: {}, schema_file: schema.json, consent: { en: a } }\n":                   "schema_file: and authorization_details_types[1].schema are both there",
		inline + "  - { type: a, schema_file: none.json, consent: { en: a } }\n":                                 "schema_file: the file cannot be read",
		inline + "  - { type: a, schema_file: wrong.json, consent: { en: a } }\n":                                "schema_file: must hold one JSON or YAML document",
		inline + "  - { type: a, schema_file: open.json, consent: { en: a } }\n":                                 "schema_file: must refuse unknown members at /",
		inline + "  - { type: a, schema_file: schema.json }\n":                                                   "consent.en: is missing",
		inline + "  - { type: a, schema_file: schema.json, consent: { en: a, fr: b } }\n":                        `unknown key "fr"`,
		strings.Replace(inline, "ko: \"{payee}", "ko: \"{payer}", 1):                                             "symbolon.yaml:15:11: authorization_details_types[0].consent.ko: names a member, number 1, that the schema does not have",
		strings.Replace(inline, "additionalProperties: false", "additionalProperties: true", 1):                  "symbolon.yaml:5:7: authorization_details_types[0].schema: must refuse unknown members at /",
		strings.Replace(inline, "#/$defs/amount", "https://schemas.example/amount", 1):                           "schema: refers to another document",
		strings.Replace(inline, "maxLength: 70", "maxLength: .inf", 1):                                           "symbolon.yaml:10:43: authorization_details_types[0].schema: has a value that JSON does not know",
		strings.Replace(inline, "maxLength: 70", "maxLength: 70, maxLength: 71", 1):                              `has the name "maxLength" twice`,
		strings.Replace(inline, "maxLength: 70", "1: 2", 1):                                                      "has a name that is no text",
		strings.Replace(inline, "schema:\n", "schema: &s\n", 1) + "    # none\n" + "  - { type: a, schema: *s }": "consent.en: is missing",
		strings.Replace(inline, "payee: { type", "payee: &p { not: *p, type", 1):                                 "",
	} {
		dir := t.TempDir()
		for name, data := range map[string]string{"schema.json": schemaFile, "wrong.json": "{", "open.json": "{}", "symbolon.yaml": "issuer: https://id.example.com\n" + text} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		t.Chdir(dir)
		_, err := Load("symbolon.yaml", true, nil)
		if strings.Contains(text, "*p") { // an alias within its own anchor: a mistake, whatever it is called
			if err == nil {
				t.Error("an endless schema loads")
			}
			continue
		}
		if wrong == "" && err != nil || wrong != "" && (err == nil || !strings.Contains(err.Error(), wrong)) {
			t.Errorf("%s\n%v, want %q", text, err, wrong)
		}
	}
}

// A schema may be a variable, as everything else.
func TestDetailsTypeFromEnvironment(t *testing.T) {
	c, err := Load("none.yaml", false, []string{
		"SYMBOLON_ISSUER=https://id.example.com", "SYMBOLON_AUTHORIZATION_DETAILS_TYPES_0_TYPE=payment",
		"SYMBOLON_AUTHORIZATION_DETAILS_TYPES_0_SCHEMA=" + schemaFile, "SYMBOLON_AUTHORIZATION_DETAILS_TYPES_0_CONSENT_EN=Pay {amount}",
	})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := (details.Types{c.DetailsTypes[0].Compiled}).Parse(`[{"type":"payment","amount":"1.50"}]`); err != nil || list[0].Line("en")[1].Text != "1.50" {
		t.Errorf("%v, %v", list, err)
	}
}
