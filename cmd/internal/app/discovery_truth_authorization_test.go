package app_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// authorizationChecks are those of what a request at the authorization endpoint may say.
func authorizationChecks() map[string]discoveryCheck {
	return map[string]discoveryCheck{
		"scopes_supported":                 eachOf("openid,profile,email,offline_access,address,phone,symbolon:admin,reports:read,everything", worksScope),
		"response_types_supported":         eachOf("code,id_token,id_token token,code id_token,code token,code id_token token,token,none,device", worksResponseType),
		"response_modes_supported":         eachOf("query,fragment,form_post,jwt,query.jwt,fragment.jwt,form_post.jwt,web_message,okp,direct_post", worksResponseMode),
		"prompt_values_supported":          eachOf("none,login,consent,select_account,create,signup,admin_consent", worksPrompt),
		"code_challenge_methods_supported": eachOf("S256,plain,S512", worksChallenge),
		"ui_locales_supported":             eachOf("en,ko,de,fr,ja,zh-CN", worksLocale),
		"claims_supported":                 checkClaimsSupported,
		"claims_parameter_supported": func(d *disclosure, member string) {
			r := d.tokens(d.partner, "scope", "openid", "claims", `{"id_token":{"email":null}}`)
			d.same(member, readJWT(d.t, r.text("id_token")).claims["email"] != nil)
		},
		"authorization_response_iss_parameter_supported": func(d *disclosure, member string) {
			good, bad := d.ask(d.partner, d.browser), d.ask(d.partner, d.browser, "prompt", "none", "max_age", "0")
			if good.Get("code") == "" || bad.Get("error") != "login_required" {
				d.t.Errorf("%v, %v", good.Values, bad.Values)
			}
			d.same(member, good.Get("iss") == d.issuer && bad.Get("iss") == d.issuer)
		},
		"require_pushed_authorization_requests": func(d *disclosure, member string) {
			pg := d.partner.ask(d.browser)
			if pg.came() == nil {
				d.t.Errorf("%d %s", pg.status, pg.body)
			}
			d.same(member, pg.came().Get("error") == "invalid_request")
		},
		"request_parameter_supported":           checkRequestParameter,
		"request_uri_parameter_supported":       checkRequestURI,
		"require_request_uri_registration":      checkRequestURIRegistration,
		"authorization_details_types_supported": eachOf("payment_initiation,https://scheme.example.org/reports,account_information", worksDetailsType),
	}
}

// eachOf is disclosure.each as a check.
func eachOf(others string, works func(d *disclosure, value string) bool) discoveryCheck {
	return func(d *disclosure, member string) { d.each(member, others, works) }
}

// expect fails unless the request was refused with one of the codes.
func (a outcome) expect(d *disclosure, codes ...string) {
	d.t.Helper()
	if !slices.Contains(codes, a.Get("error")) || a.Get("code") != "" {
		d.t.Errorf("%v, want %v", a.Values, codes)
	}
}

// worksScope: a client that asked for no scopes when it registered has those that there are.
func worksScope(d *disclosure, scope string) bool {
	p := d.partner
	a := d.ask(p, d.browser, "scope", "openid "+scope)
	if a.Get("code") == "" {
		a.expect(d, "invalid_scope")
		return false
	}
	token := readJWT(d.t, p.redeem(a.Get("code")).text("access_token"))
	return hasWord(token.text("scope"), scope)
}

func worksResponseType(d *disclosure, kind string) bool {
	a := d.ask(d.partner, d.browser, "response_type", kind)
	_, registered := d.may(`"response_types":[`+quoted(kind)+`]`, `"grant_types":["authorization_code","implicit"]`)
	if kind == "code" {
		_, registered = d.may(`"response_types":["code"]`)
	}
	works := a.Get("error") == ""
	if !works {
		a.expect(d, "unsupported_response_type")
	}
	for member, word := range map[string]string{"code": "code", "access_token": "token", "id_token": "id_token"} {
		if (works && hasWord(kind, word)) != a.Has(member) {
			d.t.Errorf("%s: %v", member, a.Values)
		}
	}
	if works != registered {
		d.t.Errorf("works: %t, can be registered: %t", works, registered)
	}
	return works
}

// worksResponseMode tries the mode with every response type. Tokens never travel in a query (OAuth Response Types §3).
func worksResponseMode(d *disclosure, mode string) bool {
	works := false
	for _, kind := range d.list("response_types_supported") {
		a := d.ask(d.partner, d.browser, "response_type", kind, "response_mode", mode)
		carrier, jwt := strings.CutSuffix("."+mode, ".jwt")
		if carrier = strings.TrimPrefix(carrier, "."); carrier == "" {
			if carrier = "query"; kind != "code" {
				carrier = "fragment"
			}
		} else if carrier == "query" && kind != "code" {
			a.expect(d, "invalid_request")
			continue
		}
		if a.Get("error") != "" {
			a.expect(d, "invalid_request")
			if works {
				d.t.Errorf("%s does not have the mode", kind)
			}
			continue
		}
		works = true
		if a.carrier != carrier || (a.response != "") != jwt || a.Get("state") != "s1" {
			d.t.Errorf("%s: in %s %v", kind, a.carrier, a.Values)
		}
		d.ask(d.partner, d.browser, "response_type", kind, "response_mode", mode, "prompt", "none", "max_age", "0").expect(d, "login_required")
	}
	return works
}

// worksPrompt: OIDC Core §3.1.2.1, OIDC Prompt Create §4.1. The page asks corp for the same.
func worksPrompt(d *disclosure, prompt string) bool {
	a := d.ask(d.partner, d.browser, "prompt", prompt)
	if a.Get("error") == "invalid_request" {
		return false
	}
	switch prompt {
	case "none":
		d.ask(d.partner, newBrowser(d.t), "prompt", "none").expect(d, "login_required")
		return a.Get("code") != ""
	case "consent":
		return a.page.has("consent-allow")
	case "login", "select_account", "create":
		if !a.page.has("login-corp") {
			return false
		}
		d.browser.stopAt = d.door
		u, err := url.Parse(a.page.press("login-corp").location)
		d.must(err)
		if got, want := u.Query().Get("prompt"), map[string]string{"login": "login"}[prompt]; want != "" && got != want || want == "" && got != "select_account" {
			d.t.Errorf("corp is asked for %q", got)
		}
		return true
	}
	return a.Get("code") == ""
}

// worksChallenge: RFC 7636 §4.6. The verifier is looked at.
func worksChallenge(d *disclosure, method string) bool {
	challenge := testVerifier
	if method == "S256" {
		sum := sha256.Sum256([]byte(testVerifier))
		challenge = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	a := d.ask(d.partner, d.browser, "code_challenge_method", method, "code_challenge", challenge)
	if a.Get("code") == "" {
		a.expect(d, "invalid_request")
		return false
	}
	other := d.ask(d.partner, d.browser, "code_challenge_method", method, "code_challenge", challenge)
	d.partner.redeem(other.Get("code"), "code_verifier", strings.Repeat("x", 50)).expect(d.t, 400, "invalid_grant")
	return d.partner.redeem(a.Get("code")).status == 200
}

// worksLocale: the pages are in the language, though the browser would rather have another.
func worksLocale(d *disclosure, locale string) bool {
	other := "ko"
	if locale == "ko" {
		other = "en"
	}
	b, spoken := newBrowser(d.t), `<html lang="`+locale+`"`
	b.headers.Set("Accept-Language", other)
	login := d.ask(d.partner, b, "ui_locales", locale)
	login.page.expectLogin(d.t)
	works := strings.Contains(login.page.body, spoken)
	d.browser.headers = b.headers
	if consent := d.ask(d.partner, d.browser, "prompt", "consent", "ui_locales", locale); strings.Contains(consent.page.body, spoken) != works {
		d.t.Errorf("login page: %t, consent page: %t", works, !works)
	}
	return works
}

// checkClaimsSupported: what ID tokens and userinfo say of somebody of whom all is known, to a client that asks for everything.
func checkClaimsSupported(d *disclosure, member string) {
	asked := `{"CLAIM":null}`
	for _, name := range strings.Fields("name given_name family_name middle_name nickname preferred_username profile picture website email email_verified gender birthdate zoneinfo " +
		"locale phone_number phone_number_verified address updated_at") {
		asked = strings.Replace(asked, `"CLAIM"`, quoted(name)+`:null,"CLAIM"`, 1)
	}
	request := []string{"scope", "openid profile email offline_access", "claims", `{"id_token":` + asked + `,"userinfo":` + asked + `}`}
	var seen []string
	see := func(claims map[string]any) {
		for name := range claims {
			seen = append(seen, name)
		}
	}
	signed := d.own(`"userinfo_signed_response_alg":"ES256"`)
	for _, p := range []*partner{d.partner, signed} {
		r := d.tokens(p, request...)
		see(readJWT(d.t, r.text("id_token")).claims)
		info := d.get("/oauth2/userinfo", r.text("access_token"))
		if p == signed {
			info.body = readJWT(d.t, info.raw).claims
		} else {
			see(readJWT(d.t, p.refresh(r.text("refresh_token")).text("id_token")).claims)
		}
		see(info.body)
	}
	for _, kind := range d.list("response_types_supported") {
		if hasWord(kind, "id_token") {
			see(readJWT(d.t, d.ask(d.partner, d.browser, append(request, "response_type", kind)...).Get("id_token")).claims)
		}
	}
	d.sameList(seen, d.list(member))
}

// worksDetailsType: RFC 9396 §10. What there is not cannot be registered, and is refused or means nothing.
func worksDetailsType(d *disclosure, kind string) bool {
	objects := map[string]string{"payment_initiation": payment, "https://scheme.example.org/reports": reports}
	object := objects[kind]
	if object == "" {
		object = `{"type":` + quoted(kind) + `}`
	}
	p, ok := d.administratorMay(`"authorization_details_types":[` + quoted(kind) + `]`)
	if !ok {
		if d.doc["authorization_details_types_supported"] == nil {
			r := d.tokens(d.partner, "authorization_details", "["+object+"]")
			return r.body["authorization_details"] != nil
		}
		d.ask(d.partner, d.browser, "authorization_details", "["+object+"]").expect(d, "invalid_authorization_details")
		return false
	}
	r := d.tokens(p, "authorization_details", "["+object+"]")
	return cmp.Equal(r.body["authorization_details"], decoded(d, "["+object+"]"))
}

// decoded returns what a JSON text says.
func decoded(d *disclosure, text string) (value any) {
	d.t.Helper()
	d.decode([]byte(text), &value)
	return value
}
