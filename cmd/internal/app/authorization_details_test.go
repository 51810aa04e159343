package app_test

import (
	"crypto/elliptic"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/clients/sdk/bearer"
)

// RFC 9396 §3, §7, §9, §10: a person allows a payment, and the API sees what was allowed, on both databases and through a refresh.
func TestAuthorizationDetails(t *testing.T) {
	t.Parallel()
	bothWith(t, withDetails, func(t *testing.T, w *world) {
		announced := w.get("/.well-known/oauth-authorization-server", "").body["authorization_details_types_supported"]
		sameJSON(t, "metadata", announced, `["payment_initiation","https://scheme.example.org/reports"]`)
		p, b := w.payer(), newBrowser(t)
		p.signIn(b, "ada") // signed in, and consent on record
		b.headers.Set("Accept-Language", "ko")
		for range 2 { // each payment is another one
			consent := p.ask(b, "authorization_details", "[ "+payment+" ,\n"+reports+"]")
			consent.expectConsent(t)
			if !strings.Contains(consent.body, "<li><bdi>Merchant A</bdi>에 <bdi>123.50</bdi> <bdi>EUR</bdi> 보내기</li>") ||
				!strings.Contains(consent.body, "<li>Work with your reports: <bdi>read</bdi></li>") {
				t.Fatalf("the consent page does not say it:\n%s", consent.body)
			}
			before := w.statements()
			tokens := p.redeem(consent.press("consent-allow").expectCode(t))
			p.expectDetails(t, tokens, "["+payment+","+reports+"]")
			if w.count("grants WHERE authorization_details IS NOT NULL") == 0 || w.statements()["insert"]-before["insert"] > 2 {
				t.Error("the grant's row does not have them") // a consent, and the grant
			}
			p.expectDetails(t, p.refresh(tokens.text("refresh_token")), "["+payment+","+reports+"]")
			sameJSON(t, "the refresh token", p.introspect(tokens.text("refresh_token")).body["authorization_details"], "")
		}
		p.ask(b).expectCode(t) // without details nothing is asked again
		p.expectDetails(t, p.tokens(b, "ada"), "")
	})
}

// Clients without details pay nothing: no write, no member, and a code as short as ever.
func TestAuthorizationDetailsCostNothing(t *testing.T) {
	t.Parallel()
	w, plain := embeddedWorld(t, withDetails), embeddedWorld(t, "")
	lengths := map[*world]int{}
	for _, w := range []*world{w, plain} {
		p, b := w.newPartner(), newBrowser(t)
		p.tokens(b, "ada") // the node has its block of status bits now
		code := p.ask(b).expectCode(t)
		before := w.statements()
		p.redeem(code).expect(t, 200, "")
		after := w.statements()
		if after["insert"]-before["insert"] != 1 || after["commit"]-before["commit"] != 1 {
			t.Errorf("redeeming cost %d inserts and %d commits", after["insert"]-before["insert"], after["commit"]-before["commit"])
		}
		lengths[w] = len(code)
	}
	if lengths[w] != lengths[plain] || lengths[w] > 600 {
		t.Errorf("codes of %d and %d characters", lengths[w], lengths[plain])
	}
}

// RFC 6749 §3.1: where no type is registered, the parameter is one that nobody knows.
func TestAuthorizationDetailsSwitchedOff(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	if w.get("/.well-known/oauth-authorization-server", "").body["authorization_details_types_supported"] != nil {
		t.Error("announced")
	}
	p, b := w.newPartner(), newBrowser(t)
	p.signIn(b, "ada")
	for _, details := range []string{"[" + payment + "]", "{", strings.Repeat("[", 500)} {
		tokens := p.redeem(p.ask(b, "authorization_details", details).expectCode(t), "authorization_details", details)
		p.expectDetails(t, tokens, "")
		p.expectDetails(t, p.refresh(tokens.text("refresh_token"), "authorization_details", details), "")
	}
	if _, _, err := w.register(`{"redirect_uris":["` + redirectURI + `"],"authorization_details_types":["payment_initiation"]}`); err == nil || !strings.Contains(err.Error(), "no type that is offered here") {
		t.Errorf("a client is registered for what is not there: %v", err)
	}
}

// RFC 9396 §5, §12: what is malformed, unknown, not the client's, or not to be shown is refused, wherever it comes in, and no page shows it.
func TestRFC9396Section5(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, withDetails)
	p, b := w.payer(), newBrowser(t)
	tokens := p.tokens(b, "ada")
	stranger := w.partner(`{"redirect_uris":["` + redirectURI + `"],"authorization_details_types":["https://scheme.example.org/reports"]}`)
	public := w.television(`"authorization_details_types":["payment_initiation"]`)
	for name, details := range map[string]string{
		"no JSON":             "{",
		"an object":           payment,
		"nothing":             "[]",
		"no type":             `[{"actions":["read"]}]`,
		"an unknown type":     `[{"type":"payment"}]`,
		"an unknown member":   "[" + strings.Replace(payment, `"type"`, `"debtor":"me","type"`, 1) + "]",
		"a missing member":    "[" + strings.Replace(payment, `"creditorName":"Merchant A",`, "", 1) + "]",
		"a wrong value":       "[" + strings.Replace(payment, `123.50`, `-1`, 1) + "]",
		"a member twice":      "[" + strings.Replace(payment, `"creditorName"`, `"creditorName":"Merchant A","creditorName"`, 1) + "]",
		"bidi characters":     "[" + strings.Replace(payment, `Merchant`, "\u202etnahcreM", 1) + "]",
		"escaped ones":        "[" + strings.Replace(payment, `Merchant`, `\u2067Merchant`, 1) + "]",
		"a line break":        "[" + strings.Replace(payment, `Merchant`, `Merchant\nYour bank: `, 1) + "]",
		"deep nesting":        "[" + strings.Replace(payment, `"type"`, `"remittanceInformation":`+strings.Repeat(`{"a":`, 20)+"1"+strings.Repeat("}", 20)+`,"type"`, 1) + "]",
		"a costly number":     "[" + strings.Replace(payment, `"type"`, `"remittanceInformation":{"a":1e999999999},"type"`, 1) + "]",
		"many objects":        "[" + strings.Repeat(reports+",", 8) + reports + "]",
		"the same again":      "[" + reports + "," + reports + "]",
		"one good, one wrong": "[" + payment + `,{"type":"x"}]`,
		"something behind":    "[" + payment + "] [" + payment + "]",
	} {
		p.ask(b, "authorization_details", details).expectError(t, w.issuer, "invalid_authorization_details")
		p.push("authorization_details", details).expect(t, 400, "invalid_authorization_details")
		p.refresh(tokens.text("refresh_token"), "authorization_details", details).expect(t, 400, "invalid_authorization_details")
		p.post("/oauth2/token", "grant_type", "client_credentials", "authorization_details", details).expect(t, 400, "invalid_authorization_details")
		public.post("/oauth2/device_authorization", "authorization_details", details).expect(t, 400, "invalid_authorization_details")
		if t.Failed() {
			t.Fatal(name)
		}
	}
	p.refresh(tokens.text("refresh_token")).expect(t, 200, "") // no refusal has spent it
	stranger.push("authorization_details", "["+payment+"]").expect(t, 400, "invalid_authorization_details")
	public.post("/oauth2/device_authorization", "scope", "openid", "authorization_details", "["+reports+"]").expect(t, 400, "invalid_authorization_details")
	// RFC 6749 §3.1: and not twice.
	p.raw(b, p.query("authorization_details", "["+payment+"]")+"&authorization_details="+url.QueryEscape("["+reports+"]")).expectError(t, w.issuer, "invalid_request")
	huge := "[" + strings.Replace(payment, `"type"`, `"remittanceInformation":{"a":"`+strings.Repeat("a", 4096)+`"},"type"`, 1) + "]"
	p.push("authorization_details", huge).expect(t, 400, "invalid_request")
}

// RFC 9396 §12: markup in a value is text, on the page and in the token.
func TestAuthorizationDetailsMarkup(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, withDetails)
	p, b := w.payer(), newBrowser(t)
	p.signIn(b, "ada")
	evil := strings.Replace(payment, "Merchant A", `</bdi><script>alert(1)</script>{creditorName} &amp; <b onclick=x>A`, 1)
	consent := p.ask(b, "authorization_details", "["+evil+"]")
	consent.expectConsent(t)
	if strings.Contains(consent.body, "<script>alert") || strings.Contains(consent.body, "<b onclick") || !strings.Contains(consent.body, "&lt;script&gt;alert(1)&lt;/script&gt;{creditorName} &amp;amp; ") {
		t.Errorf("not escaped:\n%s", consent.body)
	}
	p.expectDetails(t, p.redeem(consent.press("consent-allow").expectCode(t)), "["+evil+"]")
}

// RFC 9396 §3: prompt=none never allows a payment. An operator's own client is not asked for.
func TestAuthorizationDetailsWithoutAsking(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, withDetails)
	p, own, b := w.payer(), w.payer(`"skip_consent":true`), newBrowser(t)
	p.tokens(b, "ada", "authorization_details", "["+payment+"]")
	p.ask(b, "prompt", "none", "authorization_details", "["+payment+"]").expectError(t, w.issuer, "consent_required")
	p.ask(b, "prompt", "none").expectCode(t)
	p.ask(b, "authorization_details", "["+payment+"]").press("consent-deny").expectError(t, w.issuer, "access_denied")
	own.expectDetails(t, own.redeem(own.ask(b, "prompt", "none", "authorization_details", "["+payment+"]").expectCode(t)), "["+payment+"]")
}

// What was allowed is what was read: a form that showed something else allows nothing, and neither does another request's answer.
func TestAuthorizationDetailsAreWhatWasRead(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, withDetails)
	p, b := w.payer(), newBrowser(t)
	p.signIn(b, "ada")
	dear := strings.Replace(payment, "123.50", "9999.00", 1)
	cheapPage := p.ask(b, "authorization_details", "["+payment+"]")
	dearPage := p.ask(b, "authorization_details", "["+dear+"]")
	read := fieldsOf(t, cheapPage.body).Get("details")
	dearPage.press("consent-allow", "details", read).expectConsent(t)
	dearPage.press("consent-allow", "details", "").expectConsent(t)
	cheap := cheapPage.press("consent-allow")
	p.expectDetails(t, p.redeem(cheap.expectCode(t)), "["+payment+"]")
	p.ask(b, "authorization_details", "["+dear+"]").expectConsent(t)
	// Parameters beside the sealed interaction count for nothing.
	i := dearPage.url.Query().Get("i")
	b.open(w.issuer + "/oauth2/authorize/resume?i=" + url.QueryEscape(i) + "&authorization_details=" + url.QueryEscape("["+payment+"]")).expectConsent(t)
}

// While nodes are given new types one after the other, a page of an older node, which does not show the payment, allows none.
func TestAuthorizationDetailsOfANodeThatDoesNotKnowThem(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, withDetails)
	plain, older := *w.config, *w
	plain.DetailsTypes = nil
	older.config = &plain
	second := older.second()
	p, b := w.payer(), newBrowser(t)
	p.signIn(b, "ada")
	shown := p.ask(b, "prompt", "consent", "authorization_details", "["+payment+"]")
	b.use(second)
	there := b.open(shown.url.String())
	there.expectConsent(t)
	if strings.Contains(there.body, "Merchant A") {
		t.Fatal("the second node knows the type")
	}
	form := fieldsOf(t, there.body)
	form.Set("decision", "allow")
	allowed := b.once("POST", w.issuer+"/consent", form, "same-origin").location
	b.use(w)
	b.open(w.issuer + allowed).expectConsent(t)
	there.press("consent-allow").expectConsent(t) // its form, sent to the node that knows better
	p.expectDetails(t, p.redeem(shown.press("consent-allow").expectCode(t)), "["+payment+"]")

	code := w.television(`"authorization_details_types":["payment_initiation"]`).device("authorization_details", "["+payment+"]")
	b.use(second)
	second.typeCode(b, code.text("user_code"), "ada").expectNotice(t, "too old")
}

// RFC 9396 §6, §6.1: a token may have less than the person allowed, and never more; the grant keeps what it has.
func TestRFC9396Section6(t *testing.T) {
	t.Parallel()
	bothWith(t, withDetails, func(t *testing.T, w *world) {
		p, b := w.payer(), newBrowser(t)
		all := "[" + payment + "," + reports + "]"
		status := strings.Replace(payment, `"initiate",`, "", 1)
		code := p.code(b, "ada", "authorization_details", all)
		wider := map[string]string{
			"another amount": strings.Replace(payment, "123.50", "123.51", 1),
			"another payee":  strings.Replace(payment, "Merchant A", "Thief", 1),
			"another action": strings.Replace(payment, `"status"`, `"cancel"`, 1),
			"no actions":     strings.Replace(payment, `"actions":["initiate","status"],`, "", 1),
			"one more":       payment + "," + strings.Replace(reports, "read", "write", 1),
			"all of a type":  `{"type":"https://scheme.example.org/reports"}`,
		}
		for name, details := range wider {
			if p.redeem(code, "authorization_details", "["+details+"]").expect(t, 400, "invalid_authorization_details"); t.Failed() {
				t.Fatal(name)
			}
		}
		first := p.redeem(code, "authorization_details", "["+status+"]") // the refusals have not spent the code
		p.expectDetails(t, first, "["+status+"]")
		second := p.refresh(first.text("refresh_token"))
		p.expectDetails(t, second, all)
		for name, details := range wider {
			if p.refresh(second.text("refresh_token"), "authorization_details", "["+details+"]").expect(t, 400, "invalid_authorization_details"); t.Failed() {
				t.Fatal(name)
			}
		}
		p.expectDetails(t, p.refresh(second.text("refresh_token"), "authorization_details", "["+reports+"]"), "["+reports+"]")
	})
	w := embeddedWorld(t, withDetails)
	p := w.payer()
	tokens := p.tokens(newBrowser(t), "ada")
	p.refresh(tokens.text("refresh_token"), "authorization_details", "["+payment+"]").expect(t, 400, "invalid_authorization_details") // none was granted
}

// RFC 9396 §6: a client gets for itself what the operator lets it have without a person.
func TestAuthorizationDetailsClientCredentials(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, withDetails)
	p := w.payer()
	ask := func(details string) reply {
		return p.post("/oauth2/token", "grant_type", "client_credentials", "authorization_details", details)
	}
	p.expectDetails(t, ask("["+reports+"]"), "["+reports+"]")
	p.expectDetails(t, ask(""), "")
	ask("["+payment+"]").expect(t, 400, "invalid_authorization_details")
	ask("["+reports+","+payment+"]").expect(t, 400, "invalid_authorization_details")
}

// RFC 9396 §3, §11.4: pushed, in a request object, with a signed answer; details may be all that is asked for.
func TestAuthorizationDetailsCarriers(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, withDetails)
	p, b := w.payer(), newBrowser(t)
	p.signIn(b, "ada")
	p.expectDetails(t, p.redeem(p.finish(t, p.take(b, p.pushed("authorization_details", "["+payment+"]")), "ada").expectCode(t)), "["+payment+"]")
	p.expectDetails(t, p.redeem(p.finish(t, p.ask(b, "scope", "", "authorization_details", "["+payment+"]"), "ada").expectCode(t)), "["+payment+"]")
	long := strings.Replace(payment, `"type"`, `"remittanceInformation":{"a":"`+strings.Repeat("a", 2900)+`"},"type"`, 1)
	p.expectDetails(t, p.redeem(p.finish(t, p.take(b, p.pushed("authorization_details", "["+long+"]", "login_hint", strings.Repeat("%", 900))), "ada").expectCode(t)), "["+long+"]")

	r := w.requester("ES256", ecKey(t, elliptic.P256()), `"authorization_details_types":["payment_initiation"]`)
	var value any
	if err := json.Unmarshal([]byte("["+payment+"]"), &value); err != nil {
		t.Fatal(err)
	}
	r.expectDetails(t, r.redeem(r.finish(t, r.bring(b, r.object("authorization_details", value)), "ada").expectCode(t)), "["+payment+"]")
	r.bring(b, r.object("authorization_details", map[string]any{"type": "payment_initiation"})).expectError(t, w.issuer, "invalid_authorization_details")
	signed := r.finish(t, r.bring(b, r.object("authorization_details", value, "response_mode", "jwt")), "ada")
	answer := readJWT(t, signed.came().Get("response"))
	r.expectDetails(t, r.redeem(answer.text("code")), "["+payment+"]")
}

// RFC 9396 §3 with RFC 8628 §3.1: the person reads on the device page what the device gets.
func TestAuthorizationDetailsOnDevices(t *testing.T) {
	t.Parallel()
	bothWith(t, withDetails, func(t *testing.T, w *world) {
		tv, api := w.television(`"authorization_details_types":["payment_initiation"]`), w.payer(`"introspect_any":true`)
		code := tv.device("scope", "", "authorization_details", "["+payment+"]")
		confirm := w.connect(newBrowser(t), code, "ada")
		if !strings.Contains(confirm.body, "<li>Pay <bdi>123.50</bdi> <bdi>EUR</bdi> to <bdi>Merchant A</bdi></li>") {
			t.Errorf("the device page does not say it:\n%s", confirm.body)
		}
		confirm.press("device-allow")
		tv.poll(code, "authorization_details", "["+strings.Replace(payment, "123.50", "999.00", 1)+"]").expect(t, 400, "invalid_authorization_details")
		tokens := tv.poll(code, "authorization_details", "["+strings.Replace(payment, `"initiate",`, "", 1)+"]")
		api.expectDetails(t, tokens, "["+strings.Replace(payment, `"initiate",`, "", 1)+"]")
		api.expectDetails(t, tv.refresh(tokens.text("refresh_token")), "["+payment+"]")
	})
}

// RFC 9396 §3.2, §9.1: resource does not choose the details; a token for one API of the sign-in leaves out what is known to be another's.
func TestAuthorizationDetailsAndResource(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, withDetails)
	p, b := w.payer(), newBrowser(t)
	at := func(object string, locations ...string) string {
		return strings.Replace(object, `"type"`, `"locations":["`+strings.Join(locations, `","`)+`"],"type"`, 1)
	}
	pay, report, both := at(payment, "https://pay.example/v1"), at(reports, "https://reports.example"), at(strings.Replace(reports, "read", "list", 1), "https://pay.example", "https://reports.example")
	elsewhere := at(strings.Replace(reports, "read", "print", 1), "https://pay.example.evil.example/")
	all := "[" + strings.Join([]string{pay, report, both, elsewhere}, ",") + "]"
	query := p.query("authorization_details", all) + "&resource=https%3A%2F%2Fpay.example&resource=https%3A%2F%2Freports.example"
	p.signIn(b, "ada")
	tokens := p.redeem(p.finish(t, p.raw(b, query), "ada").expectCode(t))
	p.expectDetails(t, tokens, all)
	p.expectDetails(t, p.refresh(tokens.text("refresh_token"), "resource", "https://pay.example"), "["+strings.Join([]string{pay, both, elsewhere}, ",")+"]")
	p.expectDetails(t, p.refresh(tokens.text("refresh_token"), "resource", "https://reports.example"), "["+strings.Join([]string{report, both, elsewhere}, ",")+"]")
}

// A token exchange hands on what the token has and the backend is registered for, and nothing that only the grant has.
func TestAuthorizationDetailsExchanged(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, withDetails)
	backend := w.backend(`,"authorization_details_types":["https://scheme.example.org/reports"]`)
	front := w.partner(`{"redirect_uris":["` + redirectURI + `"],"scope":"openid email orders:read","audience":[` + quoted(backend.id) + `],"authorization_details_types":["payment_initiation","https://scheme.example.org/reports"]}`)
	front.oauth.Scopes = []string{"openid", "orders:read"}
	code := front.code(newBrowser(t), "ada", "authorization_details", "["+payment+","+reports+"]")
	token := front.redeem(code).text("access_token")
	backend.expectDetails(t, backend.exchange(token), "["+reports+"]")
	backend.exchange(token, "authorization_details", "["+payment+"]").expect(t, 400, "invalid_authorization_details")
	backend.exchange(token, "authorization_details", "["+strings.Replace(reports, "read", "write", 1)+"]").expect(t, 400, "invalid_authorization_details")
	narrow := front.redeem(front.code(newBrowser(t), "ada", "authorization_details", "["+payment+","+reports+"]"), "authorization_details", "["+payment+"]").text("access_token")
	backend.expectDetails(t, backend.exchange(narrow), "")
}

// RFC 9396 §10: clients that register themselves get the types that the operator lists for them. A type that is taken away is gone from the next
// token.
func TestAuthorizationDetailsTypesOfClients(t *testing.T) {
	t.Parallel()
	document := `{"client_name":"App","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token"],"authorization_details_types":["payment_initiation","https://scheme.example.org/reports","x"]}`
	none := embeddedWorld(t, withDetails+openRegistration)
	if c := none.registered(document); c.answer.body["authorization_details_types"] != nil {
		t.Errorf("given without a word of the operator: %s", c.answer.raw)
	}
	w := embeddedWorld(t, withDetails+"registration: { mode: open, per_hour: 10000, authorization_details_types: [ \"https://scheme.example.org/reports\" ] }\n"+withDocuments)
	c := w.registered(document)
	sameJSON(t, "registration", c.answer.body["authorization_details_types"], `["https://scheme.example.org/reports"]`)
	c.ask(newBrowser(t), "authorization_details", "["+payment+"]").expectLocalError(t) // nobody has signed in: it waits on a page of ours
	tokens := c.tokens(newBrowser(t), "ada", "authorization_details", "["+reports+"]")
	c.expectDetails(t, tokens, "["+reports+"]")

	doc := publish(t)
	doc.more.Store(`,"authorization_details_types":["https://scheme.example.org/reports","payment_initiation"]`)
	p := w.as(doc.id, "")
	r := p.tokens(newBrowser(t), "ada", "authorization_details", "["+reports+"]")
	sameJSON(t, "a client with a metadata document", r.body["authorization_details"], "["+reports+"]")
	p.push("authorization_details", "["+payment+"]").expect(t, 400, "invalid_authorization_details")

	admin := w.payer()
	held := admin.tokens(newBrowser(t), "ada", "authorization_details", "["+payment+","+reports+"]")
	row, err := w.clients.Get(t.Context(), admin.id)
	w.must(err)
	_, err = w.clients.Update(t.Context(), row.ID, []byte(`{"authorization_details_types":["https://scheme.example.org/reports"]}`), row.Version)
	w.must(err)
	admin.expectDetails(t, admin.refresh(held.text("refresh_token")), "["+reports+"]")
}

// RFC 9396 §4: an authorization response cannot say what was granted, so no token comes with it.
func TestAuthorizationDetailsInTheFrontChannel(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, withDetails+"legacy_response_types: true\n")
	p := w.partner(`{"redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","implicit"],"response_types":["code","code token","code id_token"],"authorization_details_types":["payment_initiation"]}`)
	b := newBrowser(t)
	p.signIn(b, "ada")
	p.ask(b, "response_type", "code token", "authorization_details", "["+payment+"]").expectError(t, w.issuer, "invalid_request")
	p.ask(b, "response_type", "code id_token", "authorization_details", "["+payment+"]").expectConsent(t)
}

// RFC 9396 §9.1: an API that verifies by itself reads the claim with the middleware.
func TestAuthorizationDetailsOffline(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, withDetails)
	p := w.payer()
	tokens := p.tokens(newBrowser(t), "ada", "authorization_details", "["+payment+"]")
	v, err := bearer.New(bearer.Config{Issuer: w.issuer, Audience: "https://pay.example"})
	w.must(err)
	t.Cleanup(v.Close)
	token, err := v.Verify(t.Context(), tokens.text("access_token"))
	w.must(err)
	var claims struct {
		Details []struct {
			Type   string `json:"type"`
			Amount struct {
				Amount string `json:"amount"`
			} `json:"instructedAmount"`
		} `json:"authorization_details"`
	}
	w.must(token.Claims(&claims))
	if len(claims.Details) != 1 || claims.Details[0].Type != "payment_initiation" || claims.Details[0].Amount.Amount != "123.50" {
		t.Errorf("%+v", claims)
	}
}
