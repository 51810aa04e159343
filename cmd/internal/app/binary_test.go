package app_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/symbolon-id/symbolon/cmd/internal/load"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// The built binary, with a configuration file as an operator would write it, signs somebody in at a partner made of other people's libraries,
// says nothing secret in its log, and stops when it is asked to.
func TestBinarySignsIn(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, database string) {
		d := deploy(t, database, "brand: { name: Example }\nlog: { level: debug }\n")
		node := d.serve()
		for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n"} {
			if r := d.get(path, ""); r.status != http.StatusOK || r.raw != want {
				t.Errorf("%s: %d %q", path, r.status, r.raw)
			}
		}
		p := d.newPartner()
		b := newBrowser(t)
		code := p.code(b, "ada")
		token, err := p.oauth.Exchange(t.Context(), code, oauth2.VerifierOption(testVerifier))
		d.must(err)
		raw, _ := token.Extra("id_token").(string)
		id, err := p.provider.Verifier(&oidc.Config{ClientID: p.id}).Verify(t.Context(), raw)
		d.must(err)
		d.must(id.VerifyAccessToken(token.AccessToken))
		info, err := p.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
		d.must(err)
		if info.Subject != id.Subject {
			t.Errorf("userinfo is about %q, the ID token about %q", info.Subject, id.Subject)
		}
		refreshed := p.refresh(token.RefreshToken)
		refreshed.expect(t, http.StatusOK, "")

		if err := node.Stop(); err != nil {
			t.Errorf("SIGTERM: %v", err)
		}
		secrets := map[string]string{
			"code": code, "access token": token.AccessToken, "refresh token": token.RefreshToken, "ID token": raw,
			"second access token": refreshed.text("access_token"), "second refresh token": refreshed.text("refresh_token"),
			"client secret": p.secret, "code verifier": testVerifier, "root secret": "0123456789abcdef", "e-mail address": info.Email,
			"upstream secret": d.google.Config("google", nil).ClientSecret,
		}
		for host, jar := range b.cookies {
			for name, value := range jar {
				if len(value) > 20 { // a shorter one is no secret: the upstream used last
					secrets["cookie "+name+" of "+host] = value
				}
			}
		}
		checkLog(t, node.Log(), secrets)
	})
}

// checkLog: each line is a JSON object, there is one for each request, and none holds a secret.
func checkLog(t *testing.T, log string, secrets map[string]string) {
	t.Helper()
	routes := map[string]bool{}
	for line := range strings.Lines(log) {
		var record struct {
			Message string `json:"msg"`
			Route   string `json:"route"`
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil || record.Message == "" {
			t.Errorf("no log line: %q", line)
		}
		routes[record.Route] = true
	}
	for _, route := range []string{"GET /oauth2/authorize", "POST /oauth2/token", "GET /oauth2/userinfo", "GET /login/{upstream}/callback"} {
		if !routes[route] {
			t.Errorf("no line about %s", route)
		}
	}
	for name, value := range secrets {
		// A part is as bad as the whole.
		if value == "" || strings.Contains(log, value[:min(len(value), 40)]) {
			t.Errorf("the log holds the %s, or there is none", name)
		}
	}
}

// With metrics_listen, metrics are there and only there.
func TestBinaryMetricsListen(t *testing.T) {
	t.Parallel()
	address, err := load.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	d := deploy(t, storagetest.SQLite(t), "metrics_listen: "+address)
	d.serve()
	if r := d.get("/metrics", ""); r.status != http.StatusNotFound {
		t.Errorf("/metrics on the main listener: %d", r.status)
	}
	metrics := d.getAt(address, "/metrics")
	for _, want := range []string{`symbolon_http_requests_total{method="GET",route="GET /readyz",status="200"}`, "symbolon_sql_statements_total", "go_goroutines"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s in\n%s", want, metrics)
		}
	}
}
