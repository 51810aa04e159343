package details

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const paymentSchema = `{"type":"object","additionalProperties":false,"required":["instructedAmount","creditorName"],"properties":{
	"actions":{"type":"array","items":{"enum":["initiate","status","cancel"]}},
	"locations":{"type":"array","items":{"type":"string","format":"uri"}},
	"instructedAmount":{"$ref":"#/$defs/amount"},
	"creditorName":{"type":"string","minLength":1},
	"remittanceInformation":{"type":"string"},
	"reference":{"type":"object","additionalProperties":true},
	"priority":{"type":"integer"}},
	"$defs":{"amount":{"type":"object","additionalProperties":false,"required":["currency","amount"],"properties":{
		"currency":{"type":"string","pattern":"^[A-Z]{3}$"},"amount":{"type":"string","pattern":"^[0-9]+(\\.[0-9]{2})?$"}}}}}`

func payment() Definition {
	return Definition{Type: "payment_initiation", Schema: json.RawMessage(paymentSchema), Consent: map[string]string{
		"en": "Pay {instructedAmount.amount} {instructedAmount.currency} to {creditorName} ({remittanceInformation}): {actions}",
		"ko": "{creditorName}에 {instructedAmount.amount} {instructedAmount.currency} 보내기",
	}}
}

func files() Definition {
	return Definition{
		Type: "https://scheme.example.org/files", Schema: json.RawMessage(`{"unevaluatedProperties":false,"properties":{"permissions":{"type":"array"}}}`),
		Consent: map[string]string{"en": "Read your files"},
	}
}

func types(t *testing.T, definitions ...Definition) (ts Types) {
	t.Helper()
	for _, d := range definitions {
		one, problems := New(d)
		if problems != nil {
			t.Fatalf("%s: %v", d.Type, problems)
		}
		ts = append(ts, one)
	}
	return ts
}

const pay = `{"type":"payment_initiation","instructedAmount":{"currency":"EUR","amount":"123.50"},"creditorName":"Merchant A"}`

// edit replaces a part of pay.
func edit(old, replacement string) string { return strings.Replace(pay, old, replacement, 1) }

// RFC 9396 §2: an array of objects, each with a type. RFC 9396 §5: what is unknown, misses a field or has a wrong one is refused.
func TestRFC9396Section5(t *testing.T) {
	ts := types(t, payment(), files())
	for text, wrong := range map[string]string{
		"[" + pay + "]": "",
		"[" + pay + `,{"type":"https://scheme.example.org/files","permissions":[{"path":"/a"}]}]`: "",
		" [ " + pay + "\n]": "",

		pay:                               "must be an array",
		`[]`:                              "must be an array",
		`null`:                            "must be an array",
		`"x"`:                             "must be an array",
		``:                                "not valid JSON",
		`[` + pay:                         "not valid JSON",
		`[` + pay + `]x`:                  "not valid JSON",
		`[` + pay + `,]`:                  "not valid JSON",
		`[{"type":"payment` + "\xff":      "not valid UTF-8",
		`[1]`:                             "number 1: it is no object",
		`[` + pay + `,null]`:              "number 2: it is no object",
		`[{}]`:                            "has no type",
		`[{"type":1}]`:                    "has no type",
		`[{"type":"unknown"}]`:            "unknown type",
		`[{"Type":"payment_initiation"}]`: "has no type",
		`[` + edit(`payment_initiation`, `Payment_initiation`) + `]`:                                                            "unknown type",
		`[` + edit(`payment_initiation`, `payment_initiation `) + `]`:                                                           "unknown type",
		`[` + edit(`"creditorName"`, `"creditor"`) + `]`:                                                                        "at / (", // one field unknown, one missing
		`[` + edit(`"Merchant A"`, `"Merchant A","debtor":"me"`) + `]`:                                                          "at / (additionalProperties)",
		`[` + edit(`"currency":"EUR",`, ``) + `]`:                                                                               "at /instructedAmount (required)",
		`[` + edit(`"123.50"`, `"123.50","cents":1`) + `]`:                                                                      "at /instructedAmount (additionalProperties)",
		`[` + edit(`"123.50"`, `123.50`) + `]`:                                                                                  "at /instructedAmount/amount (type)",
		`[` + edit(`"123.50"`, `"-1"`) + `]`:                                                                                    "at /instructedAmount/amount (pattern)",
		`[` + edit(`"Merchant A"`, `"Merchant A","actions":["admin"]`) + `]`:                                                    "at /actions/0 (enum)",
		`[` + edit(`"Merchant A"`, `"Merchant A","locations":["no uri"]`) + `]`:                                                 "at /locations/0 (format)",
		`[` + edit(`"Merchant A"`, `"Merchant A","creditorName":"Thief"`) + `]`:                                                 "has a member twice",
		`[` + edit(`"Merchant A"`, `"Merchant A","creditor\u004eame":"Thief"`) + `]`:                                            "has a member twice",
		`[` + pay + `,` + pay + `]`:                                                                                             "has an object twice",
		`[` + strings.Repeat(pay+",", 8) + pay + `]`:                                                                            "more than 8 objects",
		`[` + edit(`"Merchant A"`, `"Merchant A","priority":1e400000000`) + `]`:                                                 "exponent",
		`[` + edit(`"Merchant A"`, `"Merchant A","priority":1`+strings.Repeat("0", 32)):                                         "32 characters",
		`[` + edit(`"Merchant A"`, `"Merchant A","reference":`+strings.Repeat(`{"a":`, 7)+`1`+strings.Repeat("}", 7)) + `]`:     "too deep",
		strings.Repeat("[", 4000):                                                                                               "too deep",
		`[` + edit(`"Merchant A"`, `"`+strings.Repeat("a", maxBytes)+`"`) + `]`:                                                 "4 KiB",
		`[` + edit(`"Merchant A"`, `"Merchant A","reference":{"a":"`+strings.Repeat("<", 1000)+`"}`) + `]`:                      "4 KiB",
		`[` + edit(`"Merchant A"`, `"Merchant A","reference":{"a":"`+strings.Repeat("a", 1000)+`","b":{"deep":[1,2,3]}}`) + `]`: "",
	} {
		if _, err := ts.Parse(text); wrong == "" && err != nil || wrong != "" && (err == nil || !strings.Contains(err.Error(), wrong)) {
			t.Errorf("%.200s: %v, want %q", text, err, wrong)
		}
	}
}

// What a person would not read as the client means it is refused: the API gets what was read.
func TestValuesThatCannotBeShown(t *testing.T) {
	ts := types(t, payment())
	for name, test := range map[string]struct{ value, wrong string }{
		"a Korean name":              {"카카오뱅크 주식회사", ""},
		"an Arabic name":             {"متجر السلام", ""},
		"joined Persian letters":     {"می\u200cخواهم", ""},
		"wide letters":               {"ＡＢＣ商店", ""},
		"markup":                     {"<b>Merchant</b> & \"Sons\"", ""}, // the page escapes it
		"blank":                      {"   ", "no letter or digit"},
		"a filler that looks blank":  {"\u3164", "no letter or digit"},
		"signs alone":                {"—…", "no letter or digit"},
		"a line break":               {"Merchant\nA", "control"},
		"a NUL":                      {"Merchant\x00A", "control"},
		"right-to-left override":     {"Merchant \u202eA", "direction"},
		"an isolate":                 {"Merchant \u2067A", "direction"},
		"a right-to-left mark":       {"Merchant \u200fA", "direction"},
		"zero width":                 {"Mer\u200bchant", "invisible"},
		"a tag character":            {"Merchant\U000e0041", "invisible"},
		"private use":                {"Merchant\ue000", "invisible"},
		"a line separator":           {"Merchant\u2028A", "invisible"},
		"so long that it is cut off": {strings.Repeat("a", maxShown+1), "140 characters"},
		"just short enough":          {strings.Repeat("한", maxShown), ""},
	} {
		value, _ := json.Marshal(test.value)
		_, err := ts.Parse("[" + edit(`"Merchant A"`, string(value)) + "]")
		if test.wrong == "" && err != nil || test.wrong != "" && (err == nil || !strings.Contains(err.Error(), "/creditorName") || !strings.Contains(err.Error(), test.wrong)) {
			t.Errorf("%s: %v, want %q", name, err, test.wrong)
		}
	}
	long := `"actions":["initiate"` + strings.Repeat(`,"initiate"`, 20) + `]`
	if _, err := ts.Parse("[" + edit(`"creditorName"`, long+`,"creditorName"`) + "]"); err == nil || !strings.Contains(err.Error(), "140") {
		t.Errorf("a long list: %v", err)
	}
	if _, err := ts.Parse("[" + edit(`"creditorName"`, `"reference":{"note":"line\nline"},"creditorName"`) + "]"); err != nil {
		t.Errorf("a value that nobody is shown: %v", err)
	}
}

// RFC 9396 §3: the consent line, with the client's values apart from the operator's words.
func TestLine(t *testing.T) {
	list, err := types(t, payment()).Parse("[" + edit(`"creditorName"`, `"actions":["initiate","cancel"],"creditorName"`) + "]")
	if err != nil {
		t.Fatal(err)
	}
	value := func(s string) Segment { return Segment{s, true} }
	words := func(s string) Segment { return Segment{Text: s} }
	english := []Segment{
		words("Pay "), value("123.50"), words(" "), value("EUR"), words(" to "), value("Merchant A"), words(" ("), value("–"), words("): "), value("initiate, cancel"),
	}
	for language, want := range map[string][]Segment{
		"en": english, "ja": english,
		"ko": {value("Merchant A"), words("에 "), value("123.50"), words(" "), value("EUR"), words(" 보내기")},
	} {
		if d := cmp.Diff(want, list[0].Line(language)); d != "" {
			t.Errorf("%s: %s", language, d)
		}
	}
}

// What is granted is written in one way, whatever way the client wrote it: no parser downstream reads another object.
func TestOneSpelling(t *testing.T) {
	ts := types(t, payment())
	list, err := ts.Parse("[\n{ \"creditorName\" : \"Merchant \\u0041\",\t\"type\":\"payment_initiation\",\"priority\":1, \"instructedAmount\":{\"amount\":\"123.50\",\"currency\":\"EUR\"}} ]")
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"creditorName":"Merchant A","instructedAmount":{"amount":"123.50","currency":"EUR"},"priority":1,"type":"payment_initiation"}]`
	if list.String() != want {
		t.Errorf("%s", list)
	}
	if again := ts.Restore(want); again.String() != want {
		t.Errorf("restored: %s", again)
	}
	if List(nil).String() != "" || ts.Restore("") != nil || Types(nil).Restore(want) != nil {
		t.Error("nothing is not nothing")
	}
	narrowed := payment()
	narrowed.Schema = json.RawMessage(strings.Replace(paymentSchema, `"minLength":1`, `"maxLength":5`, 1))
	if left := types(t, narrowed, files()).Restore(want); left != nil {
		t.Errorf("an object that does not fit its type any more: %s", left)
	}
}

// RFC 9396 §6.1: narrower is what leaves out values of the common lists, and nothing else.
func TestRFC9396Section6_1(t *testing.T) {
	ts := types(t, payment(), files())
	full := edit(`"creditorName"`, `"actions":["initiate","status"],"locations":["https://a.example","https://b.example"],"creditorName"`)
	file := `{"type":"https://scheme.example.org/files","permissions":["read","write"]}`
	granted, err := ts.Parse("[" + full + "," + file + "]")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		asked string
		want  bool
	}{
		"all of it":                    {full + "," + file, true},
		"one object":                   {file, true},
		"one action":                   {strings.Replace(full, `,"status"`, "", 1), true},
		"one location":                 {strings.Replace(full, `,"https://b.example"`, "", 1), true},
		"in another order":             {strings.Replace(full, `"initiate","status"`, `"status","initiate"`, 1), true},
		"in two halves":                {strings.Replace(full, `"initiate",`, "", 1) + "," + strings.Replace(full, `,"status"`, "", 1), true},
		"another action":               {strings.Replace(full, `"status"`, `"cancel"`, 1), false},
		"one more action":              {strings.Replace(full, `"status"`, `"status","cancel"`, 1), false},
		"no action, which may be all":  {strings.Replace(full, `"actions":["initiate","status"],`, "", 1), false},
		"an empty list":                {strings.Replace(full, `["initiate","status"]`, `[]`, 1), false},
		"another location":             {strings.Replace(full, `https://b.example`, `https://c.example`, 1), false},
		"another amount":               {strings.Replace(full, `123.50`, `123.51`, 1), false},
		"a smaller amount":             {strings.Replace(full, `123.50`, `1.00`, 1), false},
		"another payee":                {strings.Replace(full, `Merchant A`, `Thief`, 1), false},
		"one member more":              {strings.Replace(full, `"creditorName"`, `"priority":1,"creditorName"`, 1), false},
		"fewer in a list of the type":  {strings.Replace(file, `,"write"`, "", 1), false},
		"what was granted and another": {file + "," + strings.Replace(full, `Merchant A`, `Thief`, 1), false},
	} {
		asked, err := ts.Parse("[" + test.asked + "]")
		if (err == nil && asked.Within(granted)) != test.want {
			t.Errorf("%s: want %v", name, test.want)
		}
	}
}

// Every mistake of a definition is found when the server starts.
func TestDefinitionMistakes(t *testing.T) {
	change := func(f func(d *Definition)) Definition {
		d := payment()
		d.Consent = maps.Clone(d.Consent)
		f(&d)
		return d
	}
	schema := func(text string) Definition {
		return change(func(d *Definition) {
			d.Schema, d.Consent = json.RawMessage(text), map[string]string{"en": "Do it"}
		})
	}
	consent := func(text string) Definition { return change(func(d *Definition) { d.Consent["ko"] = text }) }
	for name, test := range map[string]struct {
		d           Definition
		member, why string
	}{
		"no type":                      {change(func(d *Definition) { d.Type = "" }), "type", "1 to 200"},
		"a space in the type":          {change(func(d *Definition) { d.Type = "a b" }), "type", "ASCII"},
		"a look-alike in the type":     {change(func(d *Definition) { d.Type = "pаyment" }), "type", "ASCII"},
		"no schema":                    {schema(""), "schema", "is missing"},
		"no JSON":                      {schema("{"), "schema", "not valid JSON"},
		"no object":                    {schema("true"), "schema", "must be an object"},
		"no schema at all":             {schema(`{"additionalProperties":false,"properties":[]}`), "schema", "no JSON Schema: at /properties (type)"},
		"a wrong keyword":              {schema(`{"additionalProperties":false,"properties":{"a":{"type":"text"}}}`), "schema", "no JSON Schema: at /properties/a/type"},
		"a wrong pattern":              {schema(`{"additionalProperties":false,"properties":{"a":{"pattern":"(?=x)"}}}`), "schema", "pattern"},
		"another document":             {schema(`{"additionalProperties":false,"properties":{"a":{"$ref":"https://schemas.example/a"}}}`), "schema", "another document"},
		"a file":                       {schema(`{"additionalProperties":false,"properties":{"a":{"$ref":"file:///etc/passwd"}}}`), "schema", "another document"},
		"a reference that leads away":  {schema(`{"additionalProperties":false,"properties":{"a":{"$ref":"#/$defs/none"}}}`), "schema", "leads nowhere"},
		"unknown members":              {schema(`{"properties":{}}`), "schema", "unknown members at /:"},
		"unknown members below":        {schema(`{"additionalProperties":false,"properties":{"a":{"properties":{"b":{}}}}}`), "schema", "unknown members at /a:"},
		"unknown members of elements":  {schema(`{"additionalProperties":false,"properties":{"a":{"items":{"properties":{"b":{}}}}}}`), "schema", "unknown members at /a/items:"},
		"no English":                   {change(func(d *Definition) { delete(d.Consent, "en") }), "consent.en", "is missing"},
		"a member that is not there":   {consent("{amount}"), "consent.ko", "does not have"},
		"a member below that":          {consent("{instructedAmount.cents}"), "consent.ko", "does not have"},
		"an object":                    {consent("{instructedAmount}"), "consent.ko", "not of type string"},
		"no member":                    {consent("{}"), "consent.ko", "without a member's name"},
		"an end missing":               {consent("{creditorName"), "consent.ko", "without a member's name"},
		"a beginning missing":          {consent("creditorName}"), "consent.ko", "} without a {"},
		"a text that is far too long":  {consent(strings.Repeat("x", 301)), "consent.ko", "300"},
		"nothing wrong":                {payment(), "", ""},
		"nothing wrong, by reference":  {schema(`{"$ref":"#/$defs/a","unevaluatedProperties":false,"$defs":{"a":{"properties":{"b":true}}}}`), "", ""},
		"nothing wrong, an older form": {schema(`{"$schema":"http://json-schema.org/draft-07/schema#","additionalProperties":false,"properties":{"type":{"const":"payment_initiation"}}}`), "", ""},
	} {
		_, problems := New(test.d)
		hit := slices.ContainsFunc(problems, func(p Problem) bool { return p.Member == test.member && strings.Contains(p.Message, test.why) })
		if test.member == "" && problems != nil || test.member != "" && !hit {
			t.Errorf("%s: %v, want %s: %s", name, problems, test.member, test.why)
		}
	}
}

func FuzzParse(f *testing.F) {
	ts := Types{}
	for _, d := range []Definition{payment(), files()} {
		one, problems := New(d)
		if problems != nil {
			f.Fatal(problems)
		}
		ts = append(ts, one)
	}
	for _, seed := range []string{
		"[" + pay + "]", "[" + edit(`"creditorName"`, `"actions":["initiate"],"locations":["https://a.example"],"priority":3,"creditorName"`) + "]",
		`[{"type":"https://scheme.example.org/files","permissions":[{"path":"/a","access":["read"]},1.50,true,null,"\ud800"]}]`,
		"[" + edit(`Merchant A`, `\u202eMerchant`) + "]", "[" + edit(`"type"`, `"type":"x","type"`) + "]", "[[[[[[[[[[", `[{"type":"payment_initiation"}]`, `[]`, `{}`, "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ts.Parse(text)
		if err != nil {
			return
		}
		if !json.Valid([]byte(text)) {
			t.Fatalf("accepted what is no JSON: %q", text)
		}
		// What encoding/json reads of the text is what stands in ours: nothing was lost or added.
		var theirs, ours any
		if json.Unmarshal([]byte(text), &theirs) != nil || json.Unmarshal([]byte(list.String()), &ours) != nil || !cmp.Equal(theirs, ours) {
			t.Fatalf("%q became %q", text, list)
		}
		again, err := ts.Parse(list.String())
		if err != nil || again.String() != list.String() || !again.Within(list) || !list.Within(again) {
			t.Fatalf("%q read again: %q, %v", list, again, err)
		}
		if restored := ts.Restore(list.String()); restored.String() != list.String() {
			t.Fatalf("%q restored: %q", list, restored)
		}
		for _, o := range list {
			for _, language := range []string{"en", "ko"} {
				for _, segment := range o.Line(language) {
					if strings.ContainsFunc(segment.Text, invisible) || segment.Text == "" {
						t.Fatalf("%q shows %q", list, segment.Text)
					}
				}
			}
		}
	})
}
