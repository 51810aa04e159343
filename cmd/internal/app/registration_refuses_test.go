package app_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/clients/registration"
)

func TestRegistrationRefuses(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, openRegistration)
	with := func(member string) string { return strings.TrimSuffix(selfDocument, "}") + "," + member + "}" }
	uris := func(uri string) string { return `{"redirect_uris":[` + quoted(uri) + `]}` }
	const metadata, redirect = "invalid_client_metadata", "invalid_redirect_uri"
	for name, test := range map[string]struct{ document, code string }{
		"RFC 7591 §3.2.2: no JSON":               {"{", metadata},
		"an array":                               {"[]", metadata},
		"no redirect_uris":                       {"{}", redirect},
		"a member twice":                         {with(`"scope":"openid","scope":"email"`), metadata},
		"DR-02: skip_consent":                    {with(`"skip_consent":true`), metadata},
		"DR-02: audience":                        {with(`"audience":["` + w.issuer + `/admin"]`), metadata},
		"DR-02: access_token_lifetime":           {with(`"access_token_lifetime":3600`), metadata},
		"DR-02: introspect_any":                  {with(`"introspect_any":true`), metadata},
		"DR-02: alg none":                        {with(`"id_token_signed_response_alg":"none"`), metadata},
		"DR-02: administrators' scopes":          {with(`"scope":"symbolon:admin"`), metadata},
		"DR-02: client_credentials":              {`{"redirect_uris":["` + redirectURI + `"],"grant_types":["client_credentials"]}`, metadata},
		"DR-03: javascript: as client_uri":       {with(`"client_uri":"javascript:alert(1)"`), metadata},
		"DR-03: data: as logo_uri":               {with(`"logo_uri":"data:text/html,x"`), metadata},
		"DR-03: http: as tos_uri":                {with(`"tos_uri":"http://rp.example/"`), metadata},
		"DR-03: a user in policy_uri":            {with(`"policy_uri":"https://id.example@evil.example/"`), metadata},
		"DR-03: 10 KiB of client_uri":            {with(`"client_uri":"https://rp.example/` + strings.Repeat("a", 10<<10) + `"`), metadata},
		"DR-03: javascript: after log-out":       {with(`"post_logout_redirect_uris":["javascript:alert(1)"]`), redirect},
		"SS-01: a private address as jwks_uri":   {with(`"jwks_uri":"https://169.254.169.254/"`), metadata},
		"SS-01: a private address as logo_uri":   {with(`"logo_uri":"https://10.0.0.1/x.png"`), metadata},
		"SS-01: another spelling of an address":  {with(`"backchannel_logout_uri":"https://2130706433/"`), metadata},
		"DR-05: a software statement":            {with(`"software_statement":"eyJhbGciOiJSUzI1NiJ9.e30.c2ln"`), "unapproved_software_statement"},
		"DR-05: an unsigned one":                 {with(`"software_statement":"eyJhbGciOiJub25lIn0.e30."`), "invalid_software_statement"},
		"AZ-16: a Greek letter in the name":      {`{"redirect_uris":["` + redirectURI + `"],"client_name":"G\u03bfogle"}`, metadata},
		"AZ-16: a turned reading direction":      {`{"redirect_uris":["` + redirectURI + `"],"client_name":"a\u202eb"}`, metadata},
		"AZ-16: an invisible letter":             {`{"redirect_uris":["` + redirectURI + `"],"client_name":"a\u200bb"}`, metadata},
		"AZ-16: a newline":                       {`{"redirect_uris":["` + redirectURI + `"],"client_name":"a\nb"}`, metadata},
		"AZ-16: 5,000 characters":                {`{"redirect_uris":["` + redirectURI + `"],"client_name":"` + strings.Repeat("a", 5000) + `"}`, metadata},
		"RFC 6749 §3.1.2: a redirect over http":  {uris("http://partner.example/cb"), redirect},
		"RFC 8252 §7.1: javascript: as redirect": {uris("javascript:alert(1)"), redirect},
		"certificates, which nobody looks at":    {with(`"token_endpoint_auth_method":"self_signed_tls_client_auth"`), metadata},
		"tokens bound to them":                   {with(`"tls_client_certificate_bound_access_tokens":true`), metadata},
		"a resource that is not offered":         {with(`"audience":["https://api.example/"]`), metadata},
		"a wildcard":                             {uris("https://*.partner.example/cb"), redirect},
		"a user in a redirect":                   {uris("https://partner.example@evil.example/cb"), redirect},
	} {
		w.test(name, func(t *testing.T, w *world) {
			w.selfRegister("", test.document).expect(t, http.StatusBadRequest, test.code)
		})
	}
	w.test("another media type", func(t *testing.T, w *world) {
		r, err := http.NewRequest("POST", w.issuer+registration.Path, strings.NewReader(selfDocument))
		w.must(err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w.send(r).expect(t, http.StatusUnsupportedMediaType, metadata)
	})
	w.selfRegister("", `{"x":"`+strings.Repeat("a", 64<<10)+`"}`).expect(t, http.StatusRequestEntityTooLarge, metadata)
	if r := w.ask("GET", w.issuer+registration.Path, "", ""); r.status != http.StatusMethodNotAllowed {
		t.Errorf("GET without a client: %d", r.status)
	}
}

func TestRegistrationBounds(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "registration: { mode: open, per_hour: 6, max_clients: 3 }")
	want := []int{201, 201, 201, 503, 503, 503, 429, 429}
	for i, status := range want {
		if r := w.selfRegister("", selfDocument); r.status != status || status != 201 && r.header.Get("Retry-After") == "" {
			t.Errorf("DR-01: registration %d: %d %s, want %d", i+1, r.status, r.raw, status)
		}
	}
}

// DR-01, RFC 7591 §3: with an initial access token only.
func TestInitialAccessToken(t *testing.T) {
	t.Parallel()
	bothWith(t, tokenRegistration, func(t *testing.T, w *world) {
		token := func(uses int, lifetime time.Duration) string {
			token, _, err := registration.NewInitialAccessToken(context.Background(), w.stores.DB, "Sunny Books", uses, lifetime)
			w.must(err)
			return token
		}
		twice, expired := token(2, 0), token(1, time.Millisecond)
		time.Sleep(5 * time.Millisecond)
		if r := w.selfRegister("", selfDocument); r.status != http.StatusUnauthorized || !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Bearer") ||
			strings.Contains(r.header.Get("WWW-Authenticate"), "error") {
			t.Errorf("without a token: %d %v", r.status, r.header)
		}
		w.selfRegister(twice, `{"redirect_uris":[]}`).expect(t, http.StatusBadRequest, "invalid_redirect_uri") // spends no use
		for range 2 {
			if r := w.selfRegister(twice, selfDocument); r.status != http.StatusCreated {
				t.Errorf("with a token: %d %s", r.status, r.raw)
			}
		}
		for name, bad := range map[string]string{"used up": twice, "expired": expired, "unknown": "sym_iat_" + strings.Repeat("A", 43), "no token of ours": "x"} {
			r := w.selfRegister(bad, selfDocument)
			r.expect(t, http.StatusUnauthorized, "invalid_token")
			if !strings.Contains(r.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
				t.Errorf("%s: %v", name, r.header)
			}
		}
		w.selfRegister("one more", selfDocument).expect(t, http.StatusUnauthorized, "invalid_token")
		w.selfRegister("and one", selfDocument).expect(t, http.StatusTooManyRequests, "temporarily_unavailable")
		w.selfRegister(token(1, time.Hour), selfDocument).expect(t, http.StatusTooManyRequests, "temporarily_unavailable")
		if strings.Contains(w.log.String(), twice) {
			t.Error("a token is in the log")
		}
	})
}
