package details

import (
	"encoding/json"
	"testing"
)

// RFC 9396 §3: a value of another shape than the text expects does not pass as one that is left out. A schema without type: object lets a text stand
// where an object was meant, and the person would read a dash.
func TestValueOfAnotherShape(t *testing.T) {
	d := Definition{
		Type: "transfer", Consent: map[string]string{"en": "Send {sum.amount} to {payee.name}", "ko": "{payee.name}"},
		Schema: json.RawMessage(`{"additionalProperties":false,"properties":{
			"sum":{"additionalProperties":false,"required":["amount"],"properties":{"amount":{"type":"string"}}},
			"payee":{"additionalProperties":false,"properties":{"name":{"type":"array","prefixItems":[true],"items":{"type":"string"}}}}}}`),
	}
	ts := types(t, d)
	right := []string{
		`{"type":"transfer","sum":{"amount":"5"},"payee":{"name":["A"]}}`,
		`{"type":"transfer","sum":{"amount":"5"},"payee":{}}`,
		`{"type":"transfer","sum":{"amount":"5"}}`,
		`{"type":"transfer"}`,
	}
	wrong := []string{
		`{"type":"transfer","sum":"1000000 EUR"}`,
		`{"type":"transfer","sum":1000000}`,
		`{"type":"transfer","sum":["1000000"]}`,
		`{"type":"transfer","sum":null}`,
		`{"type":"transfer","sum":{"amount":"5"},"payee":"Thief"}`,
		`{"type":"transfer","payee":{"name":[{"iban":"X"},"A"]}}`,
	}
	for _, object := range right {
		if _, err := ts.Parse("[" + object + "]"); err != nil {
			t.Errorf("%s: %v", object, err)
		}
	}
	for _, object := range wrong {
		if _, err := ts.Parse("[" + object + "]"); err == nil {
			t.Errorf("%s is taken", object)
		}
	}
}

// RFC 9396 §3: two values that look the same are the same. What joins or varies letters is let pass where it can be seen.
func TestValuesThatLookAlike(t *testing.T) {
	ts := types(t, payment())
	for name, wrong := range map[string]bool{
		"Merchant\u200dA": true, "Mer\u200cchant": true, "\u200dMerchant": true, "Merchant\ufe0f": true, "\ufe00Merchant": true, "Merchant \U000e0100A": true,
		"Αθήνα\u200d": true, "Банк\ufe01": true, "100\u200c0": true,
		"1\u28000": true, "Merchant  A": true, "Merchant\u2003\u2003A": true, "A\u0336\u0336\u0336\u0336": true, "Merchant\u00a0A": false, "Việt\u0302\u0323": false,
		"می\u200cخواهم": false, "क्\u200dष बैंक": false, "葛\U000e0100飾商店": false, "Café ❤\ufe0f": true, "Café ❤": true, "✓ verified": true, "\U0001f512 Bank": true, "100★000": true, "Acme® & Söhne™ №1 20° + 5 %": false,
	} {
		value, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ts.Parse("[" + edit(`"Merchant A"`, string(value)) + "]"); (err != nil) != wrong {
			t.Errorf("%+q: %v", name, err)
		}
	}
}
