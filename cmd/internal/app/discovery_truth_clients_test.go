package app_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/symbolon-id/symbolon/clients"
)

// clientChecks are those of how clients authenticate, what they may be granted, and how they are told of people.
func clientChecks() map[string]discoveryCheck {
	const (
		methods = "client_secret_basic,client_secret_post,client_secret_jwt,private_key_jwt,tls_client_auth,self_signed_tls_client_auth,none,attest_jwt_client_auth"
		grants  = "authorization_code,refresh_token,client_credentials,implicit,password,urn:openid:params:grant-type:ciba,urn:ietf:params:oauth:grant-type:saml2-bearer," +
			deviceCodeGrant + "," + exchangeGrant + "," + bearerGrant
	)
	checks := map[string]discoveryCheck{
		"grant_types_supported":                      eachOf(grants, worksGrant),
		"subject_types_supported":                    eachOf("public,pairwise,ephemeral", worksSubjectType),
		"tls_client_certificate_bound_access_tokens": checkBoundTokens,
		"client_id_metadata_document_supported": func(d *disclosure, member string) {
			a := d.ask(d.as(publish(d.t).id, ""), d.browser)
			seen := a.page.has("consent-allow")
			if !seen && a.Get("error") != "invalid_client" { // where it has to be pushed
				a.page.expectLocalError(d.t)
			}
			d.same(member, seen)
		},
	}
	// The metadata of the token endpoint are those of the endpoints that have none of their own (RFC 8628 §4, RFC 9126 §5).
	for prefix, paths := range map[string][]string{
		"token_endpoint": {"/oauth2/token", "/oauth2/par", "/oauth2/device_authorization"}, "revocation_endpoint": {"/oauth2/revoke"}, "introspection_endpoint": {"/oauth2/introspect"},
	} {
		checks[prefix+"_auth_methods_supported"] = eachOf(methods, func(d *disclosure, method string) bool {
			return everywhere(d, paths, func(path string) bool { return worksMethod(d, path, method) })
		})
		checks[prefix+"_auth_signing_alg_values_supported"] = eachOf(signatureAlgorithms, func(d *disclosure, alg string) bool {
			return everywhere(d, paths, func(path string) bool { return worksAssertion(d, path, alg) })
		})
	}
	return checks
}

// everywhere is what works says of each path, which must be the same.
func everywhere(d *disclosure, paths []string, works func(path string) bool) bool {
	d.t.Helper()
	first := works(paths[0])
	for _, path := range paths[1:] {
		if works(path) != first {
			d.t.Errorf("%s: %t, %s: %t", paths[0], first, path, !first)
		}
	}
	return first
}

// formAt is a form that is right but for the client's authentication. A public client has nothing to show at the token endpoint.
func (p *partner) formAt(path, method string) url.Values {
	switch path {
	case "/oauth2/par":
		return p.form()
	case "/oauth2/device_authorization":
		return url.Values{"scope": {"openid"}}
	case "/oauth2/token":
		if method == "none" {
			return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}
		}
		return url.Values{"grant_type": {"client_credentials"}}
	}
	return url.Values{"token": {"x"}}
}

// proven says whether the answer comes after the client was authenticated. If not, it is the refusal that there is for that.
func (d *disclosure) proven(r reply, method string) bool {
	d.t.Helper()
	if r.status == 200 || r.status == 201 || method == "none" && r.text("error") == "invalid_grant" {
		return true
	}
	r.expect(d.t, 401, "invalid_client")
	return false
}

// worksMethod registers a client for the method, and has it prove itself.
func worksMethod(d *disclosure, path, method string) bool {
	self, issued := newIdentity(d.t, nil, nil), newIdentity(d.t, d.authority, nil)
	grants := `"grant_types":["authorization_code","refresh_token","client_credentials","` + deviceCodeGrant + `"]`
	members := []string{`"token_endpoint_auth_method":` + quoted(method)}
	switch method {
	case "none":
		grants = `"grant_types":["authorization_code","refresh_token","` + deviceCodeGrant + `"]`
	case "private_key_jwt":
		members = append(members, `"jwks":`+jwksOf(d.t, d.keys.p256))
	case "self_signed_tls_client_auth":
		members = append(members, `"jwks":`+self.jwks(d.t))
	case "tls_client_auth":
		members = append(members, `"tls_client_auth_subject_dn":"CN=client,O=Example\\, Inc.,C=KR"`)
	}
	p, ok := d.may(append(members, grants)...)
	if !ok {
		return false
	}
	form, header := merged(p.formAt(path, method), "client_id", p.id), http.Header{}
	switch method {
	case "client_secret_basic":
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(p.id+":"+p.secret)))
	case "client_secret_post":
		form.Set("client_secret", p.secret)
	case "client_secret_jwt":
		form = asserted(form, d.assertion(p, "HS256"))
	case "private_key_jwt":
		form = asserted(form, d.assertion(p, "ES256"))
	case "self_signed_tls_client_auth":
		header = certHeader(self.header())
	case "tls_client_auth":
		header = certHeader(issued.header())
	}
	return d.proven(d.forwarded(path, form, "", header), method)
}

// assertion is what the client proves itself with.
func (d *disclosure) assertion(p *partner, alg string) string {
	d.t.Helper()
	return d.signedBy(alg, p.secret, map[jose.HeaderKey]any{"typ": "JWT"}, (&asserter{w: d.world, id: p.id}).claims())
}

// worksAssertion registers a client for the algorithm and another for none in particular, and has both prove themselves.
func worksAssertion(d *disclosure, path, alg string) bool {
	members := []string{`"grant_types":["authorization_code","client_credentials","` + deviceCodeGrant + `"]`}
	if strings.HasPrefix(alg, "HS") {
		members = append(members, `"token_endpoint_auth_method":"client_secret_jwt"`)
	} else {
		members = append(members, `"token_endpoint_auth_method":"private_key_jwt"`, `"jwks":`+jwksOf(d.t, d.keyFor(alg)))
	}
	free, ok := d.may(members...)
	if !ok {
		d.t.Fatal("not registered")
	}
	accepted := d.proven(d.forwarded(path, asserted(free.formAt(path, ""), d.assertion(free, alg)), "", nil), "")
	pinned, registered := d.may(append(members, `"token_endpoint_auth_signing_alg":`+quoted(alg))...)
	if registered {
		registered = d.proven(d.forwarded(path, asserted(pinned.formAt(path, ""), d.assertion(pinned, alg)), "", nil), "")
	}
	if registered != accepted {
		d.t.Errorf("%s: registered: %t, not registered: %t", path, registered, accepted)
	}
	return accepted
}

// worksGrant redeems something of each kind.
func worksGrant(d *disclosure, grant string) bool {
	p := d.partner
	var r reply
	switch grant {
	case "authorization_code":
		r = p.redeem(d.ask(p, d.browser).Get("code"))
	case "refresh_token":
		r = p.refresh(d.tokens(p).text("refresh_token"))
	case "implicit":
		a := d.ask(p, d.browser, "response_type", "id_token")
		return a.Get("id_token") != ""
	case deviceCodeGrant:
		device := p.device()
		d.browser.open(device.text("verification_uri_complete")).press("device-continue").press("device-allow")
		r = p.poll(device)
	case exchangeGrant:
		backend := d.backend("")
		front := d.front(backend, `,"skip_consent":true`)
		r = backend.exchange(d.tokens(front).text("access_token"))
	case bearerGrant:
		m, err := clients.DecodeMetadata([]byte(`{"client_name":"Reports","grant_types":["` + bearerGrant + `"],"scope":"email","skip_consent":true}`))
		d.must(err)
		c, secret, err := d.clients.Create(d.t.Context(), m, clients.CreateOptions{ID: "reports"})
		d.must(err)
		r = d.as(c.ID, secret).post("/oauth2/token", "grant_type", grant, "assertion", d.corp.sign("sub", d.subjectAtCorp()))
	default:
		r = p.post("/oauth2/token", "grant_type", grant, "username", "ada", "password", "x", "assertion", "x", "auth_req_id", "x")
	}
	if r.status != 200 {
		r.expect(d.t, 400, "unsupported_grant_type")
	}
	return r.status == 200 && r.text("access_token") != ""
}

// subjectAtCorp is what corp calls the person who is signed in.
func (d *disclosure) subjectAtCorp() string {
	d.t.Helper()
	identities, err := d.stores.DB.Identities(d.t.Context(), d.account("minji.kim@gmail.com").ID)
	d.must(err)
	return identities[0].Subject
}

// worksSubjectType: OIDC Core §8. A public subject is the same for two clients, a pairwise one is not.
func worksSubjectType(d *disclosure, kind string) bool {
	member := `"subject_type":` + quoted(kind)
	p, ok := d.may(member)
	if !ok {
		return false
	}
	other := d.own(member, `"sector_identifier_uri":"`+sectorDocument(d.t, redirectURI)+`"`)
	first, second := readJWT(d.t, d.tokens(p).text("id_token")).text("sub"), readJWT(d.t, d.tokens(other).text("id_token")).text("sub")
	return first != "" && (first == second) == (kind == "public")
}

// checkBoundTokens: RFC 8705 §3.3. Where there are no certificates, no token is issued to a client that needs one.
func checkBoundTokens(d *disclosure, member string) {
	own := newIdentity(d.t, nil, nil)
	p, ok := d.may(`"tls_client_certificate_bound_access_tokens":true`, `"token_endpoint_auth_method":"client_secret_post"`, `"grant_types":["client_credentials"]`)
	if !ok {
		d.t.Fatal("not registered")
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {p.id}, "client_secret": {p.secret}}
	d.forwarded("/oauth2/token", form, "", nil).expect(d.t, 400, "invalid_request")
	r := d.forwarded("/oauth2/token", form, "", certHeader(own.header()))
	seen := false
	if r.status == 200 {
		cnf, _ := readJWT(d.t, r.text("access_token")).claims["cnf"].(map[string]any)
		seen = cnf["x5t#S256"] == own.thumbprint()
	}
	d.same(member, seen)
}

// sessionChecks are those of log-out.
func sessionChecks() map[string]discoveryCheck {
	return map[string]discoveryCheck{
		"backchannel_logout_supported":          func(d *disclosure, member string) { d.same(member, d.told("sub")) },
		"backchannel_logout_session_supported":  func(d *disclosure, member string) { d.same(member, d.told("sid")) },
		"frontchannel_logout_supported":         func(d *disclosure, member string) { d.same(member, d.framed("src=\"https://partner.example/fc")) },
		"frontchannel_logout_session_supported": func(d *disclosure, member string) { d.same(member, d.framed("sid=")) },
	}
}

// told says whether a client is told of a log-out with the claim, as its ID token has it (OIDC Back-Channel Logout §2.2).
func (d *disclosure) told(claim string) bool {
	d.t.Helper()
	e := newEar(d.t)
	p, b := d.own(`"backchannel_logout_uri":"`+e.URL+`/bc"`, `"backchannel_logout_session_required":true`), d.signedIn()
	id := readJWT(d.t, p.redeem(d.ask(p, b).Get("code")).text("id_token"))
	b.open(d.issuer + "/logout").press("logout-confirm")
	var claims map[string]any
	d.decode(d.verified(e.heard(d.t, 1)), &claims)
	return claims["iss"] == d.issuer && claims["aud"] == p.id && claims[claim] == id.text(claim)
}

// framed says whether the page after a log-out loads the client's own (OIDC Front-Channel Logout §2).
func (d *disclosure) framed(text string) bool {
	d.t.Helper()
	p, b := d.own(`"frontchannel_logout_uri":"https://partner.example/fc"`, `"frontchannel_logout_session_required":true`), d.signedIn()
	p.redeem(d.ask(p, b).Get("code")).expect(d.t, 200, "")
	return strings.Contains(b.open(d.issuer+"/logout").press("logout-confirm").body, text)
}
