package app_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/symbolon-id/symbolon/clients/registration"
)

// endpointChecks are those of addresses: each answers there, by its methods and no others, and does its work. One that is left out is not there.
func endpointChecks() map[string]discoveryCheck {
	return map[string]discoveryCheck{
		"issuer": func(d *disclosure, member string) {
			id := readJWT(d.t, d.tokens(d.partner).text("id_token"))
			if d.doc[member] != d.issuer || id.text("iss") != d.issuer {
				d.t.Errorf("%v, in ID tokens %s", d.doc[member], id.text("iss"))
			}
		},
		"authorization_endpoint":                endpoint("/oauth2/authorize", "GET POST", answersAuthorization),
		"token_endpoint":                        endpoint("/oauth2/token", "POST", answersToken),
		"userinfo_endpoint":                     endpoint("/oauth2/userinfo", "GET POST", answersUserInfo),
		"jwks_uri":                              endpoint("/oauth2/jwks", "GET", answersKeys),
		"registration_endpoint":                 endpoint("/oauth2/register", "POST", answersRegistration),
		"introspection_endpoint":                endpoint("/oauth2/introspect", "POST", answersIntrospection),
		"revocation_endpoint":                   endpoint("/oauth2/revoke", "POST", answersRevocation),
		"device_authorization_endpoint":         endpoint("/oauth2/device_authorization", "POST", answersDevice),
		"pushed_authorization_request_endpoint": endpoint("/oauth2/par", "POST", answersPush),
		"status_list_aggregation_endpoint":      endpoint("/oauth2/status", "GET", answersStatusLists),
		"end_session_endpoint":                  endpoint("/oauth2/logout", "GET POST", answersLogout),
		"check_session_iframe": func(d *disclosure, member string) {
			endpoint("/oauth2/check_session", "GET", answersCheckSession)(d, member)
			if a := d.ask(d.partner, d.browser); a.Get("code") == "" || a.Has("session_state") != (d.doc[member] != nil) {
				d.t.Errorf("session_state: %v", a.Values)
			}
		},
	}
}

// endpoint checks an address. Where nothing is announced, nothing answers at usual. path is the announced address without the issuer.
func endpoint(usual, methods string, works func(d *disclosure, path string)) discoveryCheck {
	return func(d *disclosure, member string) {
		address, _ := d.doc[member].(string)
		path, own := strings.CutPrefix(address, d.issuer)
		if d.doc[member] != nil && (!own || !strings.HasPrefix(path, "/")) {
			d.t.Fatalf("%v is no address of ours", d.doc[member])
		}
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			target := address
			if address == "" {
				target = d.issuer + usual
			}
			r := d.touch(method, target)
			switch offered := slices.Contains(strings.Fields(methods), method); {
			case address == "" && r.status != 404 && r.status != 405, address != "" && offered && (r.status == 404 || r.status == 405 || r.status >= 500):
				d.t.Errorf("%s %s: %d", method, target, r.status)
			case address != "" && !offered && (r.status != 405 || !slices.Contains(strings.Split(r.header.Get("Allow"), ", "), strings.Fields(methods)[0])):
				d.t.Errorf("%s %s: %d, allowed are %q", method, target, r.status, r.header.Get("Allow"))
			}
		}
		if address != "" {
			works(d, path)
		}
	}
}

// touch sends a request about nothing.
func (d *disclosure) touch(method, address string) reply {
	d.t.Helper()
	r, err := http.NewRequest(method, address, nil)
	d.must(err)
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return d.send(r)
}

func answersAuthorization(d *disclosure, path string) {
	for _, method := range []string{"GET", "POST"} {
		form := d.partner.form()
		if d.doc["require_pushed_authorization_requests"] == true {
			form = url.Values{"client_id": {d.partner.id}, "request_uri": {d.partner.pushed()}}
		}
		d.browser.stopAt = redirectURI
		target, body := d.issuer+path, form
		if method == "GET" {
			target, body = target+"?"+form.Encode(), nil
		}
		if a := d.answer(d.browser.do(method, target, body, "cross-site")); a.Get("code") == "" {
			d.t.Errorf("%s: %v\n%s", method, a.Values, a.page.body)
		}
	}
}

func answersToken(d *disclosure, path string) {
	form := codeForm(d.ask(d.partner, d.browser).Get("code"))
	if r := d.partner.postForm(path, form); r.status != 200 || r.text("access_token") == "" || r.text("id_token") == "" {
		d.t.Errorf("%d %s", r.status, r.raw)
	}
}

func answersUserInfo(d *disclosure, path string) {
	r := d.tokens(d.partner)
	for _, method := range []string{"GET", "POST"} {
		if a := d.world.ask(method, d.issuer+path, r.text("access_token"), ""); a.status != 200 || a.text("sub") != readJWT(d.t, r.text("id_token")).text("sub") {
			d.t.Errorf("%s: %d %s", method, a.status, a.raw)
		}
	}
}

func answersKeys(d *disclosure, path string) {
	r := d.tokens(d.partner)
	var set jose.JSONWebKeySet
	d.decode([]byte(d.get(path, "").raw), &set)
	for _, token := range []string{r.text("id_token"), r.text("access_token")} {
		if kid, _ := readJWT(d.t, token).header["kid"].(string); len(set.Key(kid)) != 1 {
			d.t.Errorf("no key %s", kid)
		}
	}
}

func answersRegistration(d *disclosure, path string) {
	without := d.world.ask("POST", d.issuer+path, "", selfDocument)
	if open := d.config.Registration.Mode == "open"; open && without.status != 201 || !open && without.status != 401 {
		d.t.Errorf("without a token: %d %s", without.status, without.raw)
	}
	token, _, err := registration.NewInitialAccessToken(d.t.Context(), d.stores.DB, "Truth", 1, time.Hour)
	d.must(err)
	if r := d.world.ask("POST", d.issuer+path, token, selfDocument); r.status != 201 || r.text("registration_client_uri") != d.issuer+path+"/"+r.text("client_id") {
		d.t.Errorf("with a token: %d %s", r.status, r.raw)
	}
}

func answersIntrospection(d *disclosure, path string) {
	token := d.tokens(d.partner).text("access_token")
	if r := d.partner.post(path, "token", token); r.body["active"] != true {
		d.t.Errorf("%d %s", r.status, r.raw)
	}
}

func answersRevocation(d *disclosure, path string) {
	token := d.tokens(d.partner).text("access_token")
	if r := d.partner.post(path, "token", token); r.status != 200 || d.partner.active(token) {
		d.t.Errorf("%d %s", r.status, r.raw)
	}
}

// RFC 8628 §3.2: the person's page is there too.
func answersDevice(d *disclosure, path string) {
	r := d.partner.post(path, "scope", "openid")
	if r.status != 200 || r.text("device_code") == "" || !d.browser.open(r.text("verification_uri")).has("user-code") {
		d.t.Errorf("%d %s", r.status, r.raw)
	}
}

func answersPush(d *disclosure, path string) {
	r := d.partner.post(path, d.partner.pairsOf("state", "pushed")...)
	if a := d.answer(d.partner.take(d.browser, r.text("request_uri"))); r.status != 201 || a.Get("code") == "" || a.Get("state") != "pushed" {
		d.t.Errorf("%d %s, %v", r.status, r.raw, a.Values)
	}
}

// Token Status List §9.3: the list that a token names is among them.
func answersStatusLists(d *disclosure, path string) {
	list, _ := statusOf(d.t, d.tokens(d.partner).text("access_token"))
	r := d.get(path, "")
	if lists, _ := r.body["status_lists"].([]any); r.status != 200 || !slices.Contains(lists, any(list)) {
		d.t.Errorf("%d %s has no %s", r.status, r.raw, list)
	}
}

// OIDC RP-Logout §2: by both methods, and the person is gone.
func answersLogout(d *disclosure, path string) {
	p := d.own(`"post_logout_redirect_uris":["https://partner.example/bye"]`)
	for _, method := range []string{"GET", "POST"} {
		b := d.signedIn()
		hint := p.redeem(d.ask(p, b).Get("code")).text("id_token")
		form := url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {"https://partner.example/bye"}, "state": {"s2"}}
		target, body := d.issuer+path, form
		if method == "GET" {
			target, body = target+"?"+form.Encode(), nil
		}
		b.stopAt = "https://partner.example/bye"
		pg := b.do(method, target, body, "cross-site")
		if pg.location != "https://partner.example/bye?state=s2" || d.ask(p, b, "prompt", "none").Get("error") != "login_required" {
			d.t.Errorf("%s: %d %q\n%s", method, pg.status, pg.location, pg.body)
		}
	}
}

// OIDC Session Management §2, §3.3.
func answersCheckSession(d *disclosure, path string) {
	r := d.get(path, "")
	if r.status != 200 || !strings.HasPrefix(r.header.Get("Content-Type"), "text/html") || !strings.Contains(r.raw, "<script") {
		d.t.Errorf("%d %v %s", r.status, r.header, r.raw)
	}
}
