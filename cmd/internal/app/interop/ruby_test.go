package interop_test

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// The OpenID Connect strategy of OmniAuth in Debian's package, which is the one of GitLab: discovery, a nonce and no PKCE, client_secret_basic, the
// scope once more at the token endpoint.
func TestOmniAuth(t *testing.T) {
	ruby := program(t, "ruby")
	if out, err := exec.CommandContext(t.Context(), ruby, "-r", "omniauth_openid_connect", "-r", "webrick", "-e", "").CombinedOutput(); err != nil {
		missing(t, "Ruby has no OmniAuth for OpenID Connect (Debian: ruby-omniauth-openid-connect and ruby-webrick): %v\n%s", err, out)
	}
	d := deploy(t)
	base, _ := freeBase(t)
	p := d.newPartner(base, "--redirect-uri", base+"/auth/symbolon/callback")
	script, err := filepath.Abs(filepath.Join("ruby", "omniauth_partner.rb"))
	must(t, err)
	p.start(nil, ruby, script)
	p.expectRefreshed(p.signIn("/auth/symbolon"))
	p.signOut("/logout", "?state=bye", "/auth/symbolon")
}
