package config

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestIssuer(t *testing.T) {
	for issuer, ok := range map[string]bool{
		"https://id.example.com": true, "https://id.example.com:8443": true, "http://localhost:8080": true, "http://127.0.0.1:1": true, "http://[::1]:8080": true,
		"https://id.example.com/": false, "https://id.example.com/x": false, "https://id.example.com?": false, "https://id.example.com#": false,
		"https://id.example.com?a=b": false, "https://ID.example.com": false, "https://id.example.com:443": false, "http://id.example.com": false,
		"http://localhost.example.com": false, "https://u@id.example.com": false, "https://": false, "id.example.com": false, "ftp://a": false, "https://a:": false,
		"http://127.0.0.1:80": false, "https://id.example.com:0": false, "https://id..example.com": false, "https://id.example.com/%2e": false,
	} {
		if _, err := load(t, fmt.Sprintf("issuer: %q\n", issuer)); (err == nil) != ok {
			t.Errorf("%s: %v", issuer, err)
		}
	}
}

func TestUpstreamRules(t *testing.T) {
	base := "issuer: https://id.example.com\nupstreams:\n  - { id: up, client_id: c, client_secret: s, "
	for tail, want := range map[string]string{
		"type: google }": "",
		"type: google, hosted_domain: corp.example, issuer: 'http://127.0.0.1:9', allow_private_network: true }": "",
		"type: google, issuer: 'http://127.0.0.1:9' }":                                                           "with allow_private_network: true",
		"type: google, issuer: 'http://10.0.0.1', allow_private_network: true }":                                 "must be https",
		"type: google, email_trust: none }":                                                                      "email_trust: is only for the type oidc",
		"type: google, scopes: [openid] }":                                                                       "scopes: is only for the type oidc",
		"type: oidc, issuer: 'https://a.example', scopes: [email] }":                                             "must contain openid",
		"type: oidc, issuer: 'https://a.example', scopes: ['openid email'] }":                                    "must be one scope",
		"type: facebook, graph_version: '26' }":                                                                  "must be a version such as v26.0",
		"type: facebook, endpoints: { jwks: 'https://a.example' } }":                                             "endpoints.jwks: is only for the type oidc or google",
		"type: facebook, endpoints: { graph: 'https://u:p@a.example' } }":                                        "must have no user",
		"type: oidc }": "issuer: is missing",
		"type: oidc, issuer: 'https://a.example', email_trust: authoritative }":                               "needs trusted_domains",
		"type: oidc, issuer: 'https://a.example', trusted_domains: [a.example] }":                             "does nothing without",
		"type: oidc, issuer: 'https://a.example', email_trust: authoritative, trusted_domains: [A.example] }": "trusted_domains[0]: must be a domain",
		"type: oidc, issuer: 'https://a.example', email_trust: authoritative, trusted_domains: [a.example] }": "",
	} {
		_, err := load(t, base+tail+"\n")
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", tail, err, want)
		}
	}
	if _, err := load(t, base+"type: google }\n  - { id: up, type: facebook, client_id: c, client_secret: s }\n"); err == nil || !strings.Contains(err.Error(), "ids are unique") {
		t.Errorf("two upstreams with one id: %v", err)
	}
}

func TestIdleGivesWay(t *testing.T) {
	c, err := load(t, "issuer: https://id.example.com\nlifetimes: { refresh_token: 1h, session_absolute: 2h }\n")
	if err != nil {
		t.Fatal(err)
	}
	if c.Lifetimes.RefreshIdle != time.Hour || c.Lifetimes.SessionIdle != 2*time.Hour {
		t.Errorf("idle lifetimes are %v and %v", c.Lifetimes.RefreshIdle, c.Lifetimes.SessionIdle)
	}
	if _, err := load(t, "issuer: https://id.example.com\nlifetimes: { refresh_token: 1h, refresh_idle: 2h }\n"); err == nil {
		t.Error("idle longer than absolute is accepted")
	}
}

// FAPI 2.0 §5.3.2.2: a code lives for 60 seconds at most, and no configuration gives it more.
func TestCodeLifetimeIsBounded(t *testing.T) {
	const text = "issuer: https://id.example.com\nlifetimes: { authorization_code: %s }\n"
	if c, err := load(t, fmt.Sprintf(text, "60s")); err != nil || c.Lifetimes.AuthorizationCode != time.Minute {
		t.Errorf("60s: %v", err)
	}
	for _, long := range []string{"61s", "60001ms", "2m", "0s", "-1s"} {
		if _, err := load(t, fmt.Sprintf(text, long)); err == nil || !strings.Contains(err.Error(), "lifetimes.authorization_code: must be from 1s to 1m") {
			t.Errorf("%s: %v", long, err)
		}
	}
}
