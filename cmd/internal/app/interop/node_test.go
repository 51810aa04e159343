package interop_test

import (
	"path/filepath"
	"testing"
)

// nodeApp starts the partner app on the file of folder node.
func nodeApp(t *testing.T, d func() *deployment, file string, flags ...string) *partner {
	t.Helper()
	node := program(t, "node")
	dir := installed(t, &built.node, "node", program(t, "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	return d().startPartner(nil, flags, node, filepath.Join(dir, file))
}

// openid-client 6: code with PKCE, then each thing that the metadata announces and the library can do.
func TestOpenIDClient(t *testing.T) {
	p := nodeApp(t, func() *deployment { return deploy(t, "legacy_response_types: true") }, "openid-client.mjs",
		"--response-type", "code", "--response-type", "code id_token", "--grant-type", "implicit")
	for _, features := range []string{"", "?max_age=3600", "?form_post", "?jarm", "?par", "?dpop", "?par&jarm&dpop"} {
		t.Run("login"+features, func(t *testing.T) {
			p := p.in(t)
			r := p.signIn("/login" + features)
			p.expectWholeLife(r)
			if r.IDToken.AuthTime == 0 && features == "?max_age=3600" {
				t.Error("no auth_time for max_age")
			}
		})
	}
	p.signOut()
}

// oauth4webapi 3: a pushed request, DPoP, the JWT access token as a resource server checks it (RFC 9068).
func TestOAuth4WebAPI(t *testing.T) {
	p := nodeApp(t, func() *deployment { return deploy(t) }, "oauth4webapi.mjs", "--dpop-bound-access-tokens", "--audience", "https://api.partner.example")
	r := p.signIn("/login")
	p.expectWholeLife(r)
	if r.TokenType != "dpop" || r.AccessToken == nil || r.AccessToken.Subject != r.IDToken.Subject {
		t.Errorf("token type %q, access token %+v", r.TokenType, r.AccessToken)
	}
	p.signOut()
}

// passport-openidconnect on Express, without discovery and without PKCE: a nonce takes its place (RFC 9700 §2.1.1).
func TestPassport(t *testing.T) {
	p := nodeApp(t, func() *deployment { return deploy(t) }, "passport.mjs")
	p.signIn("/login")
	p.signOut()
}
