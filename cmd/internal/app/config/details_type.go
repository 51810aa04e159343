package config

import (
	"encoding/json"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/symbolon-id/symbolon/provider/details"
)

// DetailsType is a type of authorization details (RFC 9396): what clients may ask for, and what a person reads of it.
type DetailsType struct {
	Type              string         `yaml:"type" example:"payment_initiation" doc:"The \"type\" of its objects: a name, or an address that the API's makers own. ASCII."`
	Schema            Document       `yaml:"schema" example:"{ type: object, additionalProperties: false, required: [amount, payee], properties: { amount: { type: string }, payee: { type: string } } }" doc:"A JSON Schema of its objects. Unknown members must be refused: additionalProperties: false. The member type need not be in it. No references to other documents."`
	SchemaFile        string         `yaml:"schema_file" example:"/etc/symbolon/payment.schema.json" doc:"A file with the JSON Schema, in JSON or YAML, instead of schema."`
	Consent           DetailsConsent `yaml:"consent" doc:"What a person reads below \"You allow APP to:\", by language. Names of members stand in braces, \"{instructedAmount.amount}\": texts, numbers or lists of them. One that is left out is a dash: let the schema require what matters."`
	ClientCredentials bool           `yaml:"client_credentials" default:"false" doc:"Let clients have it for themselves, by the grant type client_credentials, without a person."`

	Compiled *details.Type `yaml:"-"`
}

// DetailsConsent is a text in the languages of the pages.
type DetailsConsent struct {
	En string `yaml:"en" example:"Pay {amount} to {payee}" doc:"English. It also stands for languages that are left out."`
	Ko string `yaml:"ko" example:"{payee}에 {amount} 보내기" doc:"Korean."`
}

// schemaFiles reads the schemas that stand in files.
func (l *loader) schemaFiles(all []DetailsType) {
	for i := range all {
		t, key := &all[i], element("authorization_details_types", i)
		if !l.twin(key+".schema", key+".schema_file") {
			continue
		}
		data := l.read(&t.SchemaFile, key+".schema_file", maxSecretFile)
		if data == nil {
			continue
		}
		var doc yaml.Node
		if err := yaml.Load(data, &doc); err != nil || len(doc.Content) == 0 {
			l.mistake(key+".schema_file", "must hold one JSON or YAML document")
			continue
		}
		schema, err := documentOf(doc.Content[0])
		if err != nil {
			l.mistake(key+".schema_file", "the file %v", err)
		}
		t.Schema = schema
	}
}

// detailsTypes compiles the types.
func (l *loader) detailsTypes(c *Config) {
	var names []string
	for i := range c.DetailsTypes {
		t, key := &c.DetailsTypes[i], element("authorization_details_types", i)
		compiled, problems := details.New(details.Definition{
			Type: t.Type, Schema: json.RawMessage(t.Schema), ClientCredentials: t.ClientCredentials,
			Consent: map[string]string{"en": t.Consent.En, "ko": t.Consent.Ko},
		})
		for _, p := range problems {
			at := key + "." + p.Member
			if p.Member == "schema" && l.written(key+".schema_file") {
				at = key + ".schema_file"
			}
			l.mistake(at, "%s", p.Message)
		}
		if slices.Contains(names, t.Type) {
			l.mistake(key+".type", "is there twice: one entry for each type")
		}
		names, t.Compiled = append(names, t.Type), compiled
	}
	for i, name := range c.Registration.DetailsTypes {
		if !slices.Contains(names, name) {
			l.mistake(element("registration.authorization_details_types", i), "must be one of authorization_details_types")
		}
	}
}
