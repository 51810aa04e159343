package interop_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// oauth2-proxy in front of an app: discovery, PKCE, the ID token and userinfo, refresh, log-out.
func TestOAuth2Proxy(t *testing.T) {
	dir := installed(t, &built.oauth2Proxy, "oauth2-proxy", program(t, "go"), "build", "-o", "proxy", "github.com/oauth2-proxy/oauth2-proxy/v7")
	d := deploy(t, "lifetimes: { access_token: 1m }")
	base, address := freeBase(t)
	p := d.newPartner(base, "--redirect-uri", base+"/oauth2/callback")
	config := filepath.Join(t.TempDir(), "oauth2-proxy.cfg")
	must(t, os.WriteFile(config, []byte(strings.Join([]string{
		`provider = "oidc"`, `oidc_issuer_url = "` + d.issuer + `"`, `client_id = "` + p.ID + `"`, `client_secret = "` + p.Secret + `"`,
		`redirect_url = "` + base + `/oauth2/callback"`, `scope = "openid profile email"`, `code_challenge_method = "S256"`, `email_domains = ["*"]`,
		`http_address = "` + address + `"`, `upstreams = ["` + backend(t) + `"]`, `skip_auth_routes = ["^/$", "^/signed-out$"]`,
		`skip_provider_button = true`, `pass_access_token = true`, `pass_authorization_header = true`, `whitelist_domains = ["` + strings.TrimPrefix(d.issuer, "http://") + `"]`,
		`cookie_secret = "0123456789abcdef0123456789abcdef"`, `cookie_secure = false`, `cookie_refresh = "1s"`, "",
	}, "\n")), 0o600))
	p.start(nil, filepath.Join(dir, "proxy"), "--config", config)

	var first, second request
	p.walk("/books", &first)
	token := first.Header.Get("X-Forwarded-Access-Token")
	if !strings.Contains(first.Header.Get("X-Forwarded-Email"), "@") || first.Header.Get("X-Forwarded-User") == "" || strings.Count(token, ".") != 2 {
		t.Fatalf("what reaches the app: %v", first.Header)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) { // until its cookie is older than cookie_refresh
		p.walk("/books", &second)
		if next := second.Header.Get("X-Forwarded-Access-Token"); next != "" && next != token {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the access token is not refreshed\n%s", p.process.Log())
		}
	}
	if second.Header.Get("X-Forwarded-User") != first.Header.Get("X-Forwarded-User") {
		t.Errorf("after the refresh: %v", second.Header)
	}

	idToken := strings.TrimPrefix(second.Header.Get("Authorization"), "Bearer ")
	endSession := d.issuer + "/oauth2/logout?" + url.Values{"id_token_hint": {idToken}, "post_logout_redirect_uri": {base + "/signed-out"}}.Encode()
	p.signOut("/oauth2/sign_out?"+url.Values{"rd": {endSession}}.Encode(), "", "/books")
}
