package interop_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// apacheConfig is a whole configuration: everything under /books is for people who have signed in. Capitals between @ are filled in.
const apacheConfig = `
ServerName localhost
Listen @ADDRESS@
DefaultRuntimeDir "@DIR@"
PidFile "@DIR@/apache.pid"
ErrorLog "@DIR@/error.log"
LogLevel warn auth_openidc:info
User @USER@
Group @USER@
LoadModule mpm_event_module @MODULES@/mod_mpm_event.so
LoadModule authn_core_module @MODULES@/mod_authn_core.so
LoadModule authz_core_module @MODULES@/mod_authz_core.so
LoadModule authz_user_module @MODULES@/mod_authz_user.so
LoadModule proxy_module @MODULES@/mod_proxy.so
LoadModule proxy_http_module @MODULES@/mod_proxy_http.so
LoadModule auth_openidc_module @MODULES@/mod_auth_openidc.so

OIDCProviderMetadataURL @ISSUER@/.well-known/openid-configuration
OIDCClientID @ID@
OIDCClientSecret @SECRET@
OIDCRedirectURI @BASE@/callback
OIDCCryptoPassphrase "a secret of the partner"
OIDCScope "openid profile email"
OIDCPKCEMethod S256
OIDCHTTPTimeoutShort 60
OIDCRefreshAccessTokenBeforeExpiry 3600

ProxyPass /callback !
ProxyPass / @BACKEND@/
<LocationMatch "^/(books|callback)">
  AuthType openid-connect
  Require valid-user
</LocationMatch>
`

// Debian's mod_auth_openidc: the claims of a signed-in person reach the app behind it, the token is refreshed, and log-out is heard in both
// directions, by back-channel too.
func TestModAuthOpenIDC(t *testing.T) {
	const modules = "/usr/lib/apache2/modules"
	apache := program(t, "apache2", "/usr/sbin/apache2")
	if _, err := os.Stat(filepath.Join(modules, "mod_auth_openidc.so")); err != nil {
		missing(t, "there is no mod_auth_openidc (Debian: libapache2-mod-auth-openidc): %v", err)
	}
	d := deploy(t)
	base, address := freeBase(t)
	p := d.newPartner(base, "--backchannel-logout-uri", base+"/callback?logout=backchannel", "--backchannel-logout-session-required")
	dir := t.TempDir()
	config := filepath.Join(dir, "apache.conf")
	must(t, os.WriteFile(config, []byte(strings.NewReplacer(
		"@ADDRESS@", address, "@DIR@", dir, "@MODULES@", modules, "@USER@", "www-data", "@ISSUER@", d.issuer, "@ID@", p.ID, "@SECRET@", p.Secret,
		"@BASE@", base, "@BACKEND@", backend(t),
	).Replace(apacheConfig)), 0o600))
	p.start(nil, apache, "-f", config, "-D", "FOREGROUND")
	t.Cleanup(func() {
		_ = p.process.Stop() // the children too
		if t.Failed() {
			raw, _ := os.ReadFile(filepath.Join(dir, "error.log"))
			t.Logf("the log of apache:\n%s", raw)
		}
	})

	// The second request refreshes the access token, which always lives less than what the configuration wants to have left.
	for range 2 {
		var books request
		p.walk("/books", &books)
		if books.Header.Get("OIDC_CLAIM_iss") != d.issuer || books.Header.Get("OIDC_CLAIM_sub") == "" || books.Header.Get("OIDC_CLAIM_aud") != p.ID ||
			!strings.Contains(books.Header.Get("OIDC_CLAIM_email"), "@") || books.Header.Get("OIDC_CLAIM_name") == "" {
			t.Fatalf("what reaches the app: %v", books.Header)
		}
	}
	if !strings.Contains(d.node.Log(), `"refresh_token"`) {
		t.Error("nothing was refreshed")
	}

	p.signOut("/callback?logout="+base+"/signed-out", "", "/books")
	var books request
	p.walk("/books", &books)
	p.signOutAtProvider("/books")
}
