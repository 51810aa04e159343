package interop_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// nodeApp starts the partner app on the file of folder node.
func nodeApp(t *testing.T, d func() *deployment, file string, flags ...string) *partner {
	t.Helper()
	node, dir := installedNode(t)
	return d().startPartner(nil, flags, node, filepath.Join(dir, file))
}

// installedNode returns the path of Node.js, and the copy of folder node with its packages. They ask for Node.js 20.
func installedNode(t *testing.T) (node, dir string) {
	t.Helper()
	node = runtime(t, "node", 20)
	return node, installed(t, &built.node, "node", program(t, "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund")
}

// openid-client 6: code with PKCE, then each thing that the metadata announces and the library can do. By itself it authenticates by
// client_secret_post.
func TestOpenIDClient(t *testing.T) {
	p := nodeApp(t, func() *deployment { return deploy(t, "legacy_response_types: true") }, "openid-client.mjs",
		"--token-endpoint-auth-method", "client_secret_post",
		"--response-type", "code", "--response-type", "code id_token", "--grant-type", "implicit")
	for _, features := range []string{"", "?max_age=3600", "?form_post", "?jarm", "?par", "?dpop", "?par&jarm&dpop", "?hybrid&form_post"} {
		t.Run("login"+features, func(t *testing.T) {
			p := p.in(t)
			r := p.signIn("/login" + features)
			p.expectWholeLife(r)
			if r.IDToken.AuthTime == nil && features == "?max_age=3600" {
				t.Error("no auth_time for max_age")
			}
		})
	}
	p.signOut("/logout", "?state=bye", "/login")
}

// oauth4webapi 3: a pushed request, DPoP, the JWT access token as a resource server checks it (RFC 9068).
func TestOAuth4WebAPI(t *testing.T) {
	p := nodeApp(t, func() *deployment { return deploy(t) }, "oauth4webapi.mjs", "--dpop-bound-access-tokens", "--audience", "https://api.partner.example")
	r := p.signIn("/login")
	p.expectWholeLife(r)
	if r.TokenType != "dpop" || r.AccessToken == nil || r.AccessToken.Subject != r.IDToken.Subject {
		t.Errorf("token type %q, access token %+v", r.TokenType, r.AccessToken)
	}
	p.signOut("/logout", "?state=bye", "/login")
}

// passport-openidconnect on Express, without discovery and without PKCE: a nonce takes its place (RFC 9700 §2.1.1). It knows
// client_secret_post only.
func TestPassport(t *testing.T) {
	p := nodeApp(t, func() *deployment { return deploy(t) }, "passport.mjs", "--token-endpoint-auth-method", "client_secret_post")
	p.signIn("/login")
	p.signOut("/logout", "?state=bye", "/login")
}

// openid-client as FAPI 2.0 asks: private_key_jwt, a pushed and signed request, DPoP, JARM; every answer signed, the ID token encrypted too.
func TestOpenIDClientFAPI(t *testing.T) {
	key, public := newKey(t, "sig", jose.ES256)
	encryption, publicEncryption := newKey(t, "enc", jose.ECDH_ES)
	flags := []string{
		"--token-endpoint-auth-method", "private_key_jwt", "--jwks", `{"keys":[` + public + `,` + publicEncryption + `]}`,
		"--require-pushed-authorization-requests", "--require-signed-request-object", "--dpop-bound-access-tokens",
		"--id-token-signed-response-alg", "ES256", "--id-token-encrypted-response-alg", "ECDH-ES", "--id-token-encrypted-response-enc", "A256GCM",
		"--authorization-signed-response-alg", "ES256", "--introspection-signed-response-alg", "ES256", "--userinfo-signed-response-alg", "ES256",
	}
	node, dir := installedNode(t)
	for name, nonce := range map[string]string{"proofs without nonces": "false", "proofs with nonces": "true"} {
		t.Run(name, func(t *testing.T) {
			p := deploy(t, "dpop_nonce: "+nonce).startPartner([]string{"KEY=" + key, "ENCRYPTION_KEY=" + encryption}, flags, node, filepath.Join(dir, "fapi.mjs"))
			r := p.signIn("/login")
			if r.TokenType != "dpop" || !r.Encrypted || !r.Introspection.Active || r.Refreshed.IDToken.Subject != r.IDToken.Subject || r.Revoked.Active {
				t.Errorf("%+v", r)
			}
		})
	}
}

// openid-client registers itself (RFC 7591) and signs in with what it got.
func TestOpenIDClientRegistersItself(t *testing.T) {
	p := nodeApp(t, func() *deployment { return deploy(t, "registration: { mode: open, redirect_hosts: [localhost] }") }, "register.mjs")
	p.walk("/register", &p.registration)
	p.signIn("/login")
}

// openid-client on a device (RFC 8628), and with a token of its own.
func TestOpenIDClientDevice(t *testing.T) {
	p := nodeApp(t, func() *deployment { return deploy(t) }, "device.mjs", "--grant-type", "client_credentials",
		"--grant-type", "urn:ietf:params:oauth:grant-type:device_code", "--scope", "openid profile email read")
	var own introspection
	p.walk("/own", &own)
	if !own.Active || own.ClientID != p.ID {
		t.Errorf("the client's own token: %+v", own)
	}
	address, document, err := p.browser.Walk(t.Context(), p.base+"/device", "login-google", "person-ada", "device-continue", "device-allow")
	if err != nil || !strings.HasPrefix(address, p.issuer+"/device") {
		t.Fatalf("%s: %v\n%s", address, err, document)
	}
	p.signIn("/television")
}

// express-openid-connect 3: code with PKCE, by form_post.
func TestExpressOpenIDConnect(t *testing.T) {
	p := nodeApp(t, func() *deployment { return deploy(t) }, "express-openid-connect.mjs")
	p.expectRefreshed(p.signIn("/books"))
	p.signOut("/logout", "", "/books")
}

// Auth.js on Express: code with PKCE, state and nonce, client_secret_basic.
func TestAuthJS(t *testing.T) {
	node, dir := installedNode(t)
	d := deploy(t)
	base, _ := freeBase(t)
	p := d.newPartner(base, "--redirect-uri", base+"/auth/callback/symbolon")
	p.start(nil, node, filepath.Join(dir, "auth-js.mjs"))
	p.signIn("/login")
	p.signOut("/logout", "?state=bye", "/login")
}
