package app_test

import (
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// OIDC Core §3.1: the whole code flow, verified by go-oidc.
func TestSignInVerifiedByGoOIDC(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		b := newBrowser(t)
		q := p.signIn(b, "ada")
		if q.Get("state") != "s1" || q.Get("iss") != w.issuer {
			t.Errorf("state or iss (RFC 9207 §2) is wrong: %v", q)
		}
		token, err := p.oauth.Exchange(t.Context(), q.Get("code"), oauth2.VerifierOption(testVerifier))
		w.must(err)
		raw, _ := token.Extra("id_token").(string)
		id, err := p.provider.Verifier(&oidc.Config{ClientID: p.id}).Verify(t.Context(), raw)
		w.must(err)
		w.must(id.VerifyAccessToken(token.AccessToken))
		if id.Nonce != "n1" {
			t.Errorf("nonce: %q", id.Nonce)
		}
		info, err := p.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
		w.must(err)
		var claims struct{ Name string }
		w.must(info.Claims(&claims))
		if info.Subject != id.Subject || claims.Name == "" || info.Email == "" {
			t.Errorf("userinfo: %+v %+v", info, claims)
		}
		t.Logf("code of %d characters", len(q.Get("code")))
	})
}
