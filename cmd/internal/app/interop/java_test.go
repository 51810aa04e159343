package interop_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// The Nimbus OAuth 2.0 SDK: private_key_jwt at every endpoint, a pushed request, PKCE.
func TestNimbus(t *testing.T) {
	java, dir := installedJava(t, &built.nimbus, "nimbus")
	private, public := newKey(t, "sig", jose.ES256)
	p := deploy(t).startPartner([]string{"KEY=" + private}, []string{"--token-endpoint-auth-method", "private_key_jwt", "--jwks", `{"keys":[` + public + `]}`},
		java, "-cp", filepath.Join(dir, "lib", "*"), filepath.Join(dir, "NimbusPartner.java"))
	p.expectWholeLife(p.signIn("/login"))
	p.signOut("/logout", "?state=bye", "/login")
}

// Spring Security's oauth2Login with its own defaults: no PKCE but a nonce. It hears of log-out by the back channel.
func TestSpringSecurity(t *testing.T) {
	java, dir := installedJava(t, &built.spring, "spring")
	d := deploy(t)
	base, _ := freeBase(t)
	p := d.newPartner(base, "--backchannel-logout-uri", base+"/logout/connect/back-channel/symbolon", "--backchannel-logout-session-required")
	p.start(nil, java, "-cp", filepath.Join(dir, "lib", "*"), filepath.Join(dir, "SpringPartner.java"))
	p.signIn("/books")
	p.signOutAtProvider("/books")
	p.signIn("/books")
	p.signOut("/logout", "", "/books")
}

// installedJava returns the path of Java, and the copy of the folder with its packages. They ask for Java 17, and java compiles what it runs only
// where a compiler is.
func installedJava(t *testing.T, l *lazy, name string) (java, dir string) {
	t.Helper()
	java = runtime(t, "java", 17)
	program(t, "javac")
	return java, installed(t, l, name, program(t, "mvn"), "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib")
}

// newKey returns a new P-256 key for the use and the algorithm, as JWKs.
func newKey[A ~string](t *testing.T, use string, alg A) (private, public string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	jwk := jose.JSONWebKey{Key: key, KeyID: "partner-" + use, Algorithm: string(alg), Use: use}
	raw, err := json.Marshal(jwk)
	must(t, err)
	open, err := json.Marshal(jwk.Public())
	must(t, err)
	return string(raw), string(open)
}
