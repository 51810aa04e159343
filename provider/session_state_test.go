package provider

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/provider/session"
)

// OIDC Session Management §2: the origin is that of the authentication response, as a browser writes it (RFC 6454 §6.2).
func TestOriginOf(t *testing.T) {
	for address, want := range map[string]string{
		"https://partner.example/cb":        "https://partner.example",
		"https://Partner.Example:443/cb?a":  "https://partner.example",
		"https://partner.example:/cb":       "https://partner.example",
		"https://partner.example:8443/cb":   "https://partner.example:8443",
		"https://partner.example:80/cb":     "https://partner.example:80",
		"http://127.0.0.1:80/cb":            "http://127.0.0.1",
		"http://[::1]:9000/cb":              "http://[::1]:9000",
		"http://[::1]/cb":                   "http://[::1]",
		"com.partner.app:/cb":               "",
		"https:/cb":                         "",
		"urn:ietf:wg:oauth:2.0:oob":         "",
		"https://partner.example\x7f:1/cb":  "",
		"https://user@partner.example:1/cb": "https://partner.example:1",
	} {
		if got := originOf(address); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

// OIDC Session Management §3.2: each part of what is hashed counts.
func TestSessionStateBindsItsParts(t *testing.T) {
	const want = "JcLJYeLVbva7XBqSMPnv2LSndRO1Phld-sJAUy-Hrz8.salt"
	if got := sessionState("client", "https://partner.example", "state", "salt"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, other := range []string{
		sessionState("client2", "https://partner.example", "state", "salt"), sessionState("client", "https://other.example", "state", "salt"),
		sessionState("client", "https://partner.example", "state2", "salt"), sessionState("client", "https://partner.example", "state", "salt2"),
	} {
		if other == want {
			t.Errorf("%s says the same of something else", other)
		}
	}
}

// The script runs where WebCrypto and ES2015 do not.
func TestCheckSessionScriptIsES5(t *testing.T) {
	code := regexp.MustCompile(`(?m)//.*$`).ReplaceAll(checkSessionScript, nil)
	newer := regexp.MustCompile("=>|`|\\.\\.\\.|\\*\\*|\\?\\.|\\?\\?|\\b(let|const|class|async|await|of|import|export|Promise|Symbol|Map|Set|Uint\\w+|crypto|subtle|TextEncoder|URL|fetch|includes|startsWith|fill|padStart|eval|Function)\\b")
	if found := newer.FindAll(code, -1); found != nil {
		t.Errorf("%q", found)
	}
	if !bytes.Contains(code, []byte("'"+session.StateCookieName+"'")) {
		t.Error("the script reads another cookie than the one that is set")
	}
}

// BR-05: the frame's page runs its own script only, and http pages frame it on a developer's machine only.
func TestCheckSessionPolicy(t *testing.T) {
	for issuer, ancestors := range map[string]string{
		"https://id.example.com": "https:", "http://localhost:8080": "https: http://localhost:* http://127.0.0.1:*",
	} {
		p := &Provider{config: Config{Issuer: issuer}}
		policy := p.checkSessionPolicy()
		if _, got, _ := strings.Cut(policy, "frame-ancestors "); got != ancestors || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "script-src 'self';") {
			t.Errorf("%s: %s", issuer, policy)
		}
	}
}
