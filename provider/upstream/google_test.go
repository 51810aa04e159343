package upstream_test

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/upstream"
	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
)

func TestGoogleTwoIssuersAreOne(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	for _, bare := range []bool{true, false} {
		w.google.SetBehaviour(upstreamtest.Behaviour{BareIssuer: bare})
		done, err := w.signIn(t, newBrowser("ada"), "google", choice{person: "ada"})
		if err != nil || done.Proof.Issuer != w.google.BaseURL() {
			t.Errorf("bare %v: issuer %q, %v", bare, done.Proof.Issuer, err)
		}
	}
	w.google.SetBehaviour(upstreamtest.Behaviour{BareIssuer: true})
	if _, err := w.signIn(t, newBrowser("ada"), "corp", choice{person: "ada"}); !errors.Is(err, upstream.ErrProtocol) {
		t.Errorf("another provider with a bare issuer: %v", err)
	}
}

func TestGoogleEmailTrust(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	for person, want := range map[string]account.EmailTrust{
		"ada": account.EmailAuthoritative, "grace": account.EmailAuthoritative, "alan": account.EmailVerified, "mallory": account.EmailUnverified,
	} {
		done, err := w.signIn(t, newBrowser(person), "google", choice{person: person})
		if err != nil || done.Proof.EmailTrust != want || done.Proof.Email == "" {
			t.Errorf("%s: %+v, %v; want trust %v", person, done.Proof, err, want)
		}
	}
}

func TestUnverifiedUpstreamEmailFD01(t *testing.T) {
	w := newWorld(t, http.DefaultClient, func(_ *upstream.GoogleConfig, o *upstream.OIDCConfig, _ *upstream.FacebookConfig) {
		o.EmailTrust, o.TrustedDomains = account.EmailVerified, []string{"gmail.com"}
	})
	for name, flag := range map[string]any{"false": false, "string false": "false", "string true": "true", "one": 1, "null": nil, "missing": "missing"} {
		w.google.OnIDToken(with(func(c map[string]any) {
			c["email_verified"] = flag
			if flag == "missing" {
				delete(c, "email_verified")
			}
		}))
		for _, connector := range []string{"google", "corp"} {
			done, err := w.signIn(t, newBrowser("ada"), connector, choice{person: "ada"})
			if err != nil || done.Proof.EmailTrust != account.EmailUnverified {
				t.Errorf("%s, email_verified %s: trust %v, %v", connector, name, done.Proof.EmailTrust, err)
			}
		}
	}
}

func TestGoogleDeniedEmailAndNoPicture(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	done, err := w.signIn(t, newBrowser("ada"), "google", choice{person: "ada", keepEmail: true})
	if err != nil || done.Proof.Email != "" || done.Proof.EmailTrust != account.EmailUnverified || done.Proof.Subject == "" {
		t.Errorf("granular consent: %+v, %v", done.Proof, err)
	}
	done, err = w.signIn(t, newBrowser("edsger"), "google", choice{person: "edsger"})
	if err != nil || done.Proof.Picture != "" {
		t.Errorf("no picture: %+v, %v", done.Proof, err)
	}
	done, err = w.signIn(t, newBrowser("minji"), "google", choice{person: "minji"})
	if err != nil || done.Proof.Name != "김민지" || done.Proof.Locale != "ko" {
		t.Errorf("Korean name: %+v, %v", done.Proof, err)
	}
	done, err = w.signIn(t, newBrowser("long"), "google", choice{person: "long"})
	if n := len([]rune(done.Proof.Name)); err != nil || n > 256 || n < 200 || !strings.Contains(done.Proof.FamilyName, "👩🏽‍🚀 نورة Ångström") {
		t.Errorf("long name: %d runes, %q, %v", n, done.Proof.FamilyName, err)
	}
	if n := len(w.google.Journal("userinfo")); n != 0 {
		t.Errorf("%d userinfo requests; the ID token has all", n)
	}
}

func TestHostedDomainFD10(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	for _, c := range []struct {
		configured, person string
		change             func(map[string]any)
		want               error
	}{
		{"navy.example", "grace", nil, nil},
		{"*", "grace", nil, nil},
		{"*", "ada", nil, upstream.ErrForbidden},
		{"navy.example", "ada", nil, upstream.ErrForbidden},
		{"navy.example", "ada", func(c map[string]any) { c["email"] = "ada@navy.example" }, upstream.ErrForbidden},
		{"navy.example", "ada", func(c map[string]any) { c["email"] = "ada@evil.com@navy.example" }, upstream.ErrForbidden},
		{"navy.example", "grace", func(c map[string]any) { c["hd"] = "NAVY.example" }, upstream.ErrForbidden},
		{"navy.example", "grace", func(c map[string]any) { c["hd"] = "ships.navy.example" }, upstream.ErrForbidden},
		{"navy.example", "grace", func(c map[string]any) { c["hd"] = "navy.example.evil" }, upstream.ErrForbidden},
		{"navy.example", "grace", func(c map[string]any) { c["hd"] = []string{"navy.example"} }, upstream.ErrForbidden},
		{"navy.example", "grace", func(c map[string]any) { delete(c, "hd") }, upstream.ErrForbidden},
		{"navy.example", "grace", func(c map[string]any) { c["email"] = "grace@elsewhere.example" }, nil},
	} {
		w.build(t, http.DefaultClient, func(g *upstream.GoogleConfig, _ *upstream.OIDCConfig, _ *upstream.FacebookConfig) {
			g.HostedDomain = c.configured
		})
		w.google.OnIDToken(nil)
		if c.change != nil {
			w.google.OnIDToken(with(c.change))
		}
		b := newBrowser("x")
		to, err := w.flow.Start(t.Context(), "google", upstream.StartRequest{Interaction: "sealed", BrowserHash: b.hash})
		if err != nil {
			t.Fatal(err)
		}
		if got := parameter(t, to, "hd"); got != c.configured {
			t.Errorf("hd hint %q", got)
		}
		query, err := b.visit(strings.Replace(to, "&hd=", "&ignored=", 1), choice{person: c.person}) // the attacker takes the hint out
		if err != nil {
			t.Fatal(err)
		}
		if done, err := w.flow.Complete(t.Context(), "google", query, b.hash); !errors.Is(err, c.want) || done.Interaction != "sealed" {
			t.Errorf("hosted domain %s, %s: %v; want %v", c.configured, c.person, err, c.want)
		}
	}
}

func parameter(t *testing.T, raw, name string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get(name)
}

func TestAuthorizationURL(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	hash := newBrowser("ada").hash
	for _, c := range []struct {
		connector string
		request   upstream.StartRequest
		want      url.Values // besides the random ones
	}{
		{"google", upstream.StartRequest{}, nil},
		{"google", upstream.StartRequest{Reauthenticate: true}, url.Values{"prompt": {"select_account"}}},
		{"google", upstream.StartRequest{SelectAccount: true, UILocales: "ko en"}, url.Values{"prompt": {"select_account"}, "ui_locales": {"ko en"}}},
		{"corp", upstream.StartRequest{}, nil},
		{"corp", upstream.StartRequest{Reauthenticate: true, SelectAccount: true}, url.Values{"prompt": {"login"}, "max_age": {"0"}}},
		{"corp", upstream.StartRequest{SelectAccount: true}, url.Values{"prompt": {"select_account"}}},
		{"corp", upstream.StartRequest{UILocales: strings.Repeat("x", 5000)}, nil},
		{"facebook", upstream.StartRequest{}, nil},
		{"facebook", upstream.StartRequest{Reauthenticate: true}, url.Values{"auth_type": {"reauthenticate"}}},
		{"facebook", upstream.StartRequest{SelectAccount: true}, nil},
	} {
		c.request.BrowserHash = hash
		to, err := w.flow.Start(t.Context(), c.connector, c.request)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if len(q.Get("state")) != 43 || len(q.Get("code_challenge")) != 43 || c.connector != "facebook" && len(q.Get("nonce")) != 43 {
			t.Errorf("%s: random values: %v", c.connector, q)
		}
		for name, want := range map[string]string{
			"response_type": "code", "code_challenge_method": "S256", "redirect_uri": "http://localhost:8080/login/" + c.connector + "/callback",
		} {
			if q.Get(name) != want {
				t.Errorf("%s: %s is %q", c.connector, name, q.Get(name))
			}
		}
		for _, name := range []string{"state", "code_challenge", "nonce", "response_type", "code_challenge_method", "redirect_uri", "client_id", "scope"} {
			q.Del(name)
		}
		if q.Encode() != c.want.Encode() {
			t.Errorf("%s %+v: %q; want %q", c.connector, c.request, q.Encode(), c.want.Encode())
		}
	}
}

func TestGoogleConnectorDefaults(t *testing.T) {
	c, err := upstream.NewGoogle(upstream.GoogleConfig{ID: "google", ClientID: "id", ClientSecret: "secret", HTTPClient: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	info := c.Info()
	if info.Label != "Google" || info.Type != "google" || !slices.Equal(info.Origins, []string{"https://accounts.google.com"}) {
		t.Errorf("%+v", info)
	}
	if _, err := upstream.NewGoogle(upstream.GoogleConfig{ID: "google", ClientID: "id", ClientSecret: "s", HostedDomain: "Navy.example", HTTPClient: http.DefaultClient}); err == nil {
		t.Error("hosted domain in upper case accepted: it would never match")
	}
}
