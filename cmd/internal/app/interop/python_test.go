package interop_test

import (
	"path/filepath"
	"testing"
)

// Authlib's Flask client: discovery, PKCE, client_secret_basic; the ID token by its own JOSE.
func TestAuthlib(t *testing.T) {
	python := program(t, "python3")
	dir := installed(t, &built.python, "python", "sh", "-c",
		`"$0" -m venv venv && exec venv/bin/pip install -q --no-deps --require-hashes --only-binary :all: -r requirements.txt`, python)
	p := deploy(t).startPartner(nil, nil, filepath.Join(dir, "venv", "bin", "python"), filepath.Join(dir, "authlib_partner.py"))
	p.expectWholeLife(p.signIn("/login"))
	p.signOut("/logout", "?state=bye", "/login")
}
