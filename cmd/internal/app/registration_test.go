package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/symbolon-id/symbolon/clients/registration"
)

const (
	openRegistration  = "registration: { mode: open, per_hour: 10000 }"
	tokenRegistration = "registration: { mode: token, per_hour: 5 }"
)

// ask sends a JSON document, if any, with a bearer token, if any.
func (w *world) ask(method, address, bearer, document string) reply {
	w.t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(document))
	w.must(err)
	if document != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	return w.send(r)
}

func (w *world) selfRegister(bearer, document string) reply {
	w.t.Helper()
	return w.ask("POST", w.issuer+registration.Path, bearer, document)
}

// registered is a partner that registered itself.
type registered struct {
	*partner
	token, uri string
	answer     reply
}

func (w *world) registered(document string) registered {
	w.t.Helper()
	r := w.selfRegister("", document)
	if r.status != http.StatusCreated {
		w.t.Fatalf("register: %d %s", r.status, r.raw)
	}
	return registered{partner: w.as(r.text("client_id"), r.text("client_secret")), token: r.text("registration_access_token"), uri: r.text("registration_client_uri"), answer: r}
}

// as is a partner that knows its id and secret.
func (w *world) as(id, secret string) *partner {
	w.t.Helper()
	p := &partner{w: w, id: id, secret: secret}
	var err error
	p.provider, err = oidc.NewProvider(w.t.Context(), w.issuer)
	w.must(err)
	p.oauth = oauth2.Config{ClientID: id, ClientSecret: secret, Endpoint: p.provider.Endpoint(), RedirectURL: redirectURI, Scopes: []string{"openid", "profile", "email"}}
	p.oauth.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if secret == "" {
		p.oauth.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return p
}

const selfDocument = `{"client_name":"Sunny Reader","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token"]}`

func TestRegistrationOff(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	if r := w.selfRegister("", selfDocument); r.status != http.StatusNotFound {
		t.Errorf("DR-01: registration is off, and answers %d", r.status)
	}
	if r := w.ask("GET", w.issuer+registration.Path+"/x", "sym_rat_x", ""); r.status != http.StatusNotFound {
		t.Errorf("the client configuration endpoint answers %d", r.status)
	}
	d := w.get("/.well-known/openid-configuration", "").body
	for _, member := range []string{"registration_endpoint", "client_id_metadata_document_supported"} {
		if _, ok := d[member]; ok {
			t.Errorf("discovery announces %s, which is off", member)
		}
	}
	w.as("https://app.example/client", "").ask(newBrowser(t)).expectLocalError(t)
}

// RFC 7591 §3.2.1, and the flow of a client that registered itself, with other people's libraries.
func TestRegistration(t *testing.T) {
	t.Parallel()
	bothWith(t, openRegistration, func(t *testing.T, w *world) {
		if got := w.get("/.well-known/oauth-authorization-server", "").text("registration_endpoint"); got != w.issuer+registration.Path {
			t.Errorf("registration_endpoint %q", got)
		}
		p := w.registered(`{"client_name":"Sunny Reader","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token"],
			"contacts":["a@b.example"],"initiate_login_uri":"https://partner.example/login","unknown_member":{"a":[1]},"client_id":"mine","client_secret":"mine"}`)
		for member, want := range map[string]any{
			"client_name": "Sunny Reader", "token_endpoint_auth_method": "client_secret_basic", "initiate_login_uri": "https://partner.example/login",
			"client_secret_expires_at": 0.0, "application_type": "web", "id_token_signed_response_alg": "RS256", "subject_type": "public",
		} {
			if got := p.answer.body[member]; got != want {
				t.Errorf("%s is %v, want %v", member, got, want)
			}
		}
		for _, member := range []string{"unknown_member", "version", "client_secrets", "self_registered"} {
			if _, ok := p.answer.body[member]; ok {
				t.Errorf("the answer has %s", member)
			}
		}
		if p.id == "mine" || p.secret == "mine" || len(p.secret) < 40 || len(p.token) < 40 || p.answer.body["client_id_issued_at"].(float64) < 1e9 {
			t.Errorf("DR-02: %s", p.answer.raw)
		}
		if p.answer.header.Get("Cache-Control") != "no-store" || p.uri != w.issuer+registration.Path+"/"+p.id {
			t.Errorf("headers %v, registration_client_uri %s", p.answer.header, p.uri)
		}

		b := newBrowser(t)
		b.stopAt = redirectURI
		consent := b.open(p.url()).press("login-google").press("person-ada")
		consent.expectConsent(t)
		if !consent.has("unverified") || !strings.Contains(consent.body, "partner.example") {
			t.Errorf("AZ-16: the consent page does not say that nobody has checked the client:\n%s", consent.body)
		}
		tokens := p.redeem(consent.press("consent-allow").expectCode(t))
		if tokens.status != http.StatusOK {
			t.Fatalf("redeem: %s", tokens.raw)
		}
		if !p.active(tokens.text("access_token")) || p.refresh(tokens.text("refresh_token")).status != http.StatusOK {
			t.Error("its tokens do not work")
		}
		// The consent is remembered for an https redirect URI of a client with a secret.
		p.ask(b, "prompt", "none").expectCode(t)
	})
}

// The module names are those of the OpenID conformance suite.
func TestRegistrationConformanceModules(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, openRegistration)
	refused := func(name, document, code string) {
		w.test(name, func(t *testing.T, w *world) { w.selfRegister("", document).expect(t, http.StatusBadRequest, code) })
	}
	refused("oidcc-redirect-uri-regfrag", `{"redirect_uris":["`+redirectURI+`#f"]}`, "invalid_redirect_uri")
	refused("oidcc-3rd_party-init-login-nohttps", `{"redirect_uris":["`+redirectURI+`"],"initiate_login_uri":"http://rp.example/login"}`, "invalid_client_metadata")
	w.test("oidcc-3rd_party-init-login", func(t *testing.T, w *world) {
		p := w.registered(`{"redirect_uris":["` + redirectURI + `"],"initiate_login_uri":"https://rp.example/login"}`)
		read := w.ask("GET", p.uri, p.token, "")
		if read.status != http.StatusOK || !strings.HasPrefix(read.header.Get("Content-Type"), "application/json") {
			t.Errorf("GET registration_client_uri: %d %v", read.status, read.header)
		}
		for _, r := range []reply{p.answer, read} {
			if r.text("initiate_login_uri") != "https://rp.example/login" {
				t.Errorf("initiate_login_uri is not given back: %s", r.raw)
			}
		}
	})
	for _, alg := range []string{"", "RS256", "ES256"} {
		w.test("oidcc-idtoken-signature "+alg, func(t *testing.T, w *world) {
			document := strings.TrimSuffix(selfDocument, "}") + `,"id_token_signed_response_alg":"` + alg + `"}`
			if alg == "" {
				document = selfDocument
			}
			p := w.registered(document)
			raw := p.tokens(newBrowser(t), "ada").text("id_token")
			want := map[string]string{"": "RS256", "RS256": "RS256", "ES256": "ES256"}[alg]
			v := p.provider.Verifier(&oidc.Config{ClientID: p.id, SupportedSigningAlgs: []string{want}})
			if _, err := v.Verify(t.Context(), raw); err != nil {
				t.Error(err)
			}
		})
	}
	w.test("oidcc-redirect-uri-query", func(t *testing.T, w *world) {
		p := w.registered(`{"redirect_uris":["` + redirectURI + `?foo=bar"]}`)
		b := newBrowser(t)
		if q := p.signIn(b, "ada", "redirect_uri", redirectURI+"?foo=bar"); q.Get("foo") != "bar" || q.Get("code") == "" {
			t.Errorf("query-OK: %v", q)
		}
		p.ask(b, "redirect_uri", redirectURI+"?foo=baz").expectLocalError(t)         // query-mismatch
		p.ask(b, "redirect_uri", redirectURI+"?foo=bar&bar=foo").expectLocalError(t) // query-added
		p.ask(b, "redirect_uri", "").expectLocalError(t)                             // ensure-redirect-uri-in-authorization-request
	})
	w.test("oidcc-registration-logo-uri policy-uri tos-uri", func(t *testing.T, w *world) {
		p := w.registered(`{"redirect_uris":["` + redirectURI + `"],"client_name":"Pages","logo_uri":"https://rp.example/logo.png","policy_uri":"https://rp.example/policy","tos_uri":"https://rp.example/tos"}`)
		page := p.ask(newBrowser(t))
		for _, link := range []string{"https://rp.example/policy", "https://rp.example/tos"} {
			if !strings.Contains(page.body, `href="`+link+`"`) || !strings.Contains(page.body, `rel="noopener noreferrer"`) {
				t.Errorf("DR-03: %s is not linked:\n%s", link, page.body)
			}
		}
		if strings.Contains(page.body, "rp.example/logo.png") || !strings.Contains(page.header.Get("Content-Security-Policy"), "img-src") {
			t.Error("DR-04: the logo's host learns who signs in")
		}
	})
}
