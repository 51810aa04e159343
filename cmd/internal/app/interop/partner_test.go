package interop_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/cmd/internal/load"
)

// partner is a running partner app and the browser of somebody who uses it.
type partner struct {
	*deployment
	registration
	base    string
	process *load.Node
	browser *load.Browser
}

// startPartner registers a partner with the flags and runs its program. environ is added to the settings that all apps get.
func (d *deployment) startPartner(environ, flags []string, program string, args ...string) *partner {
	d.t.Helper()
	base, _ := freeBase(d.t)
	p := d.newPartner(base, flags...)
	p.start(environ, program, args...)
	return p
}

// newPartner registers a partner at base with the flags. Its program is still to be started.
func (d *deployment) newPartner(base string, flags ...string) *partner {
	d.t.Helper()
	p := d.unregistered(base)
	p.registration = d.register(base, flags...)
	return p
}

// unregistered is newPartner for one that nobody registers.
func (d *deployment) unregistered(base string) *partner {
	return &partner{deployment: d, base: base, browser: load.NewBrowser(d.client)}
}

// start runs the app's program and waits until it answers.
func (p *partner) start(environ []string, program string, args ...string) {
	p.t.Helper()
	environ = append([]string{"ISSUER=" + p.issuer, "CLIENT_ID=" + p.ID, "CLIENT_SECRET=" + p.Secret, "BASE=" + p.base}, environ...)
	var err error
	p.process, err = load.Start(filepath.Join(p.t.TempDir(), "partner.log"), environ, program, args...)
	must(p.t, err)
	p.t.Cleanup(p.process.Kill)
	p.awaitReady(p.process, p.base+"/")
}

// walk goes to a path of the app as Ada, presses what there is to press, and decodes the JSON at the end.
func (p *partner) walk(path string, into any) {
	p.t.Helper()
	address, document, err := p.browser.Walk(p.t.Context(), p.base+path, "login-google", "person-ada", "consent-allow", "continue", "logout-confirm")
	if err != nil {
		p.t.Fatalf("%s: %v\nthe app's log:\n%s", path, err, p.process.Log())
	}
	if err := json.Unmarshal([]byte(document), into); err != nil {
		p.t.Fatalf("%s led to %s: %v\n%s\nthe app's log:\n%s", path, address, err, document, p.process.Log())
	}
}

// idToken is what a library has verified of an ID token, and userInfo of the answer of the userinfo endpoint.
type idToken struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
	AuthTime any      `json:"auth_time"` // as the library gives it
}

type userInfo struct {
	Subject string `json:"sub"`
	Email   string `json:"email"`
	Name    string `json:"name"`
}

type introspection struct {
	Active   bool   `json:"active"`
	Subject  string `json:"sub"`
	ClientID string `json:"client_id"`
}

// audience is a string or a list, as libraries give it.
type audience []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *audience) UnmarshalJSON(raw []byte) error {
	if strings.HasPrefix(string(raw), "[") {
		return json.Unmarshal(raw, (*[]string)(a))
	}
	*a = audience{""}
	return json.Unmarshal(raw, &(*a)[0])
}

// report is what a partner app says of a sign-in.
type report struct {
	IDToken   idToken  `json:"id_token"`
	UserInfo  userInfo `json:"userinfo"`
	TokenType string   `json:"token_type"`
	Encrypted bool     `json:"encrypted"` // the ID token was
	Refreshed *struct {
		IDToken *idToken `json:"id_token"`
		Rotated bool     `json:"rotated"`
	} `json:"refreshed"`
	Introspection *introspection `json:"introspection"`
	AccessToken   *idToken       `json:"access_token"`
	Revoked       *introspection `json:"revoked"`
	Refused       struct {       // the answer of the userinfo endpoint to a token that is no good
		Status    int    `json:"status"`
		Challenge string `json:"challenge"`
	} `json:"refused"`
}

// signIn signs Ada in at a path of the app and checks what every app reports.
func (p *partner) signIn(path string) report {
	p.t.Helper()
	var r report
	p.walk(path, &r)
	if r.IDToken.Issuer != p.issuer || r.IDToken.Subject == "" || !slices.Equal(r.IDToken.Audience, audience{p.ID}) {
		p.t.Errorf("ID token: %+v", r.IDToken)
	}
	if r.UserInfo.Subject != r.IDToken.Subject || !strings.Contains(r.UserInfo.Email, "@") || r.UserInfo.Name == "" {
		p.t.Errorf("userinfo: %+v", r.UserInfo)
	}
	return r
}

// expectRefreshed checks what an app reports that refreshes.
func (p *partner) expectRefreshed(r report) {
	p.t.Helper()
	if r.Refreshed == nil || !r.Refreshed.Rotated || r.Refreshed.IDToken == nil || r.Refreshed.IDToken.Subject != r.IDToken.Subject {
		p.t.Errorf("refreshed: %+v", r.Refreshed)
	}
}

// expectWholeLife checks what an app reports that also refreshes, introspects and revokes.
func (p *partner) expectWholeLife(r report) {
	p.t.Helper()
	p.expectRefreshed(r)
	if i := r.Introspection; i == nil || !i.Active || i.Subject != r.IDToken.Subject || i.ClientID != p.ID {
		p.t.Errorf("introspection: %+v", i)
	}
	if r.Revoked == nil || r.Revoked.Active {
		p.t.Errorf("after revocation: %+v", r.Revoked)
	}
}

// signOut logs out at the app, which must lead back to it, with what the app had asked to come back, without a question. It ends the session: the
// next sign-in at the path login begins at the buttons.
func (p *partner) signOut(path, back, login string) {
	p.t.Helper()
	address, document, err := p.browser.Walk(p.t.Context(), p.base+path)
	if err != nil || address != p.base+"/signed-out"+back {
		p.t.Fatalf("log-out led to %s: %v\n%s\nthe app's log:\n%s", address, err, document, p.process.Log())
	}
	p.expectSignedOut(login)
}

// expectSignedOut: a sign-in at the path begins at the buttons.
func (p *partner) expectSignedOut(path string) {
	p.t.Helper()
	address, _, err := p.browser.Walk(p.t.Context(), p.base+path)
	if err != nil || !strings.HasPrefix(address, p.issuer+"/login") {
		p.t.Errorf("after log-out a sign-in leads to %s: %v", address, err)
	}
}

// signOutAtProvider logs out there, and waits until the app has heard of it by the back channel: its page at the path wants a sign-in again.
func (p *partner) signOutAtProvider(path string) {
	p.t.Helper()
	_, _, err := p.browser.Walk(p.t.Context(), p.issuer+"/logout", "logout-confirm")
	must(p.t, err)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		address, _, err := p.browser.Walk(p.t.Context(), p.base+path)
		must(p.t, err)
		if strings.HasPrefix(address, p.issuer+"/login") {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("still signed in at %s\nthe app's log:\n%s", address, p.process.Log())
		}
	}
}

// in returns the partner for a subtest.
func (p *partner) in(t *testing.T) *partner {
	d, q := *p.deployment, *p
	d.t, q.deployment = t, &d
	return &q
}
