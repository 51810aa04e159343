package app_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// withDetails registers two types: a payment, which only a person allows, and reports, which a client may have for itself.
const withDetails = `authorization_details_types:
  - type: payment_initiation
    schema:
      type: object
      additionalProperties: false
      required: [instructedAmount, creditorName]
      properties:
        actions: { type: array, items: { enum: [initiate, status, cancel] } }
        locations: { type: array, items: { type: string, format: uri } }
        instructedAmount:
          type: object
          additionalProperties: false
          required: [currency, amount]
          properties: { currency: { type: string, pattern: "^[A-Z]{3}$" }, amount: { type: string, pattern: "^[0-9]+[.][0-9]{2}$" } }
        creditorName: { type: string, maxLength: 70 }
        remittanceInformation: { type: object, additionalProperties: true }
    consent:
      en: "Pay {instructedAmount.amount} {instructedAmount.currency} to {creditorName}"
      ko: "{creditorName}에 {instructedAmount.amount} {instructedAmount.currency} 보내기"
  - type: https://scheme.example.org/reports
    schema: { additionalProperties: false, properties: { actions: { type: array, items: { type: string } }, locations: { type: array, items: { type: string } } } }
    consent: { en: "Work with your reports: {actions}" }
    client_credentials: true
`

const (
	payment = `{"actions":["initiate","status"],"creditorName":"Merchant A","instructedAmount":{"amount":"123.50","currency":"EUR"},"type":"payment_initiation"}`
	reports = `{"actions":["read"],"type":"https://scheme.example.org/reports"}`
)

// payer registers a partner that may ask for both types. Members are added to its metadata.
func (w *world) payer(members ...string) *partner {
	w.t.Helper()
	members = append(members, `"client_name":"Sunny Books","redirect_uris":["`+redirectURI+`"],"grant_types":["authorization_code","refresh_token","client_credentials","`+exchangeGrant+`"],
		"authorization_details_types":["payment_initiation","https://scheme.example.org/reports"],"audience":["https://pay.example","https://reports.example"]`)
	return w.partner("{" + strings.Join(members, ",") + "}")
}

// sameJSON fails unless both are the same JSON.
func sameJSON(t *testing.T, what string, got any, want string) {
	t.Helper()
	var wanted any
	if want != "" {
		if err := json.Unmarshal([]byte(want), &wanted); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(wanted, got); d != "" {
		t.Errorf("%s: %s", what, d)
	}
}

// expectDetails fails unless the answer, its access token and what introspection says of it have these details; "" for none.
func (p *partner) expectDetails(t *testing.T, r reply, want string) {
	t.Helper()
	r.expect(t, 200, "")
	sameJSON(t, "token response", r.body["authorization_details"], want)                                   // RFC 9396 §7
	sameJSON(t, "access token", readJWT(t, r.text("access_token")).claims["authorization_details"], want)  // RFC 9396 §9.1
	sameJSON(t, "introspection", p.introspect(r.text("access_token")).body["authorization_details"], want) // RFC 9396 §9.2
	if r.text("refresh_token") != "" && want != "" && p.introspect(r.text("refresh_token")).body["active"] != true {
		t.Error("the refresh token is dead")
	}
}
