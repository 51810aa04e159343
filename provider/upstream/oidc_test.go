package upstream_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/upstream"
)

func TestNewOIDCReportsEveryMistake(t *testing.T) {
	_, err := upstream.NewOIDC(upstream.OIDCConfig{
		ID: "Not an id", Issuer: "http://127.0.0.1:1", TokenEndpointAuthMethod: "private_key_jwt", ClientSecret: "s", Scopes: []string{"email"},
		SigningAlgs: []string{"RS256", "HS256"}, Endpoints: upstream.Endpoints{Token: "http://sso.example/token"}, EmailTrust: account.EmailAuthoritative,
		TrustedDomains: []string{"not a domain"},
	})
	for _, want := range []string{"id:", "label", "client id", "HTTP client", "issuer: must be https", "private_key_jwt", "openid", "HS256", "token endpoint", "email trust", "trusted domain"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nlacks %q", err, want)
		}
	}
	good := upstream.OIDCConfig{ID: "corp", Label: "Corp", Issuer: "https://sso.example", ClientID: "id", ClientSecret: "s", HTTPClient: http.DefaultClient}
	if _, err := upstream.NewOIDC(good); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*upstream.OIDCConfig){
		"no secret":                  func(c *upstream.OIDCConfig) { c.ClientSecret = "" },
		"none with a secret":         func(c *upstream.OIDCConfig) { c.TokenEndpointAuthMethod = "none" },
		"alg none":                   func(c *upstream.OIDCConfig) { c.SigningAlgs = []string{"none"} },
		"http where not allowed":     func(c *upstream.OIDCConfig) { c.Issuer = "http://localhost:1" },
		"http elsewhere":             func(c *upstream.OIDCConfig) { c.AllowLoopbackHTTP, c.Issuer = true, "http://sso.example" },
		"user in the issuer (SS-05)": func(c *upstream.OIDCConfig) { c.Issuer = "https://user:pass@sso.example" },
		"file":                       func(c *upstream.OIDCConfig) { c.Issuer = "file:///etc/passwd" },
	} {
		bad := good
		change(&bad)
		if _, err := upstream.NewOIDC(bad); err == nil {
			t.Errorf("%s accepted", name)
		}
	}
}

func TestTrustIsWhatTheOperatorDeclares(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	for _, c := range []struct {
		trust   account.EmailTrust
		domains []string
		person  string
		want    account.EmailTrust
	}{
		{account.EmailUnverified, nil, "ada", account.EmailUnverified},
		{account.EmailVerified, nil, "ada", account.EmailVerified},
		{account.EmailUnverified, []string{"NAVY.example"}, "grace", account.EmailAuthoritative},
		{account.EmailUnverified, []string{"navy.example"}, "ada", account.EmailUnverified},
		{account.EmailVerified, []string{"navy.example"}, "alan", account.EmailVerified},
		{account.EmailVerified, []string{"books.example"}, "mallory", account.EmailUnverified},
	} {
		w.build(t, http.DefaultClient, func(_ *upstream.GoogleConfig, o *upstream.OIDCConfig, _ *upstream.FacebookConfig) {
			o.EmailTrust, o.TrustedDomains = c.trust, c.domains
		})
		done, err := w.signIn(t, newBrowser(c.person), "corp", choice{person: c.person})
		if err != nil || done.Proof.EmailTrust != c.want {
			t.Errorf("%+v: trust %v, %v", c, done.Proof.EmailTrust, err)
		}
	}
}

func TestEveryTokenEndpointAuthMethod(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	for _, method := range []string{"", "client_secret_basic", "client_secret_post"} {
		w.google.Reset()
		w.build(t, http.DefaultClient, func(_ *upstream.GoogleConfig, o *upstream.OIDCConfig, _ *upstream.FacebookConfig) {
			o.TokenEndpointAuthMethod = method
		})
		if _, err := w.signIn(t, newBrowser("ada"), "corp", choice{person: "ada"}); err != nil {
			t.Errorf("%q: %v", method, err)
			continue
		}
		r := w.google.Journal("token")[0]
		basic, post := r.Header.Get("Authorization") != "", strings.Contains(r.Form, "client_secret=")
		if basic == post || post != (method == "client_secret_post") {
			t.Errorf("%q: basic %v, post %v", method, basic, post)
		}
	}
}

func TestDiscoveryOfAnotherIssuer(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	proxy := httptest.NewServer(w.google) // serves a document whose issuer is not the configured one
	defer proxy.Close()
	w.build(t, http.DefaultClient, func(_ *upstream.GoogleConfig, o *upstream.OIDCConfig, _ *upstream.FacebookConfig) {
		o.Issuer = proxy.URL
	})
	_, err := w.flow.Start(t.Context(), "corp", upstream.StartRequest{BrowserHash: newBrowser("ada").hash})
	if !errors.Is(err, upstream.ErrMisconfigured) {
		t.Errorf("got %v", err)
	}
}

func TestConfiguredEndpointsNeedNoDiscovery(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	base := w.google.BaseURL()
	w.build(t, http.DefaultClient, func(g *upstream.GoogleConfig, _ *upstream.OIDCConfig, _ *upstream.FacebookConfig) {
		g.Endpoints = upstream.Endpoints{Authorization: base + "/o/oauth2/v2/auth", Token: base + "/token", JWKS: base + "/oauth2/v3/certs"}
	})
	if _, err := w.signIn(t, newBrowser("ada"), "google", choice{person: "ada"}); err != nil {
		t.Error(err)
	}
	if n := len(w.google.Journal("discovery")); n != 0 {
		t.Errorf("%d discovery requests", n)
	}
	if info, _ := w.flow.Info("google"); !slices.Equal(info.Origins, []string{base}) {
		t.Errorf("origins %v", info.Origins)
	}
}

// thinToken leaves name and address out of ID tokens, as many providers do.
func thinToken(c map[string]any) {
	for _, name := range []string{"name", "given_name", "family_name", "picture", "email", "email_verified"} {
		delete(c, name)
	}
}

func TestUserInfoOnlyWhenNeeded(t *testing.T) {
	verified := func(_ *upstream.GoogleConfig, o *upstream.OIDCConfig, _ *upstream.FacebookConfig) {
		o.EmailTrust = account.EmailVerified
	}
	w := newWorld(t, http.DefaultClient, verified)
	if _, err := w.signIn(t, newBrowser("ada"), "corp", choice{person: "ada"}); err != nil || len(w.google.Journal("userinfo")) != 0 {
		t.Errorf("%v, %d requests", err, len(w.google.Journal("userinfo")))
	}
	w.google.OnIDToken(with(thinToken))
	done, err := w.signIn(t, newBrowser("ada"), "corp", choice{person: "ada"})
	if err != nil || done.Proof.Name != "Ada Lovelace" || done.Proof.EmailTrust != account.EmailVerified || len(w.google.Journal("userinfo")) != 1 {
		t.Errorf("%+v, %v", done.Proof, err)
	}
	// The flag of userinfo does not vouch for the address of the ID token.
	w.google.OnIDToken(with(func(c map[string]any) { thinToken(c); c["email"] = "victim@gmail.com" }))
	done, err = w.signIn(t, newBrowser("ada"), "corp", choice{person: "ada"})
	if err != nil || done.Proof.Email != "victim@gmail.com" || done.Proof.EmailTrust != account.EmailUnverified {
		t.Errorf("%+v, %v", done.Proof, err)
	}
	w.google.OnIDToken(with(func(c map[string]any) { thinToken(c); c["sub"] = "victim" }))
	if _, err := w.signIn(t, newBrowser("ada"), "corp", choice{person: "ada"}); !errors.Is(err, upstream.ErrProtocol) {
		t.Errorf("OIDC Core §5.3.2, userinfo of another subject: %v", err)
	}
	w.build(t, http.DefaultClient, verified, func(_ *upstream.GoogleConfig, o *upstream.OIDCConfig, _ *upstream.FacebookConfig) {
		o.SkipUserInfo = true
	})
	w.google.OnIDToken(with(thinToken))
	w.google.Reset()
	done, err = w.signIn(t, newBrowser("ada"), "corp", choice{person: "ada"})
	if err != nil || done.Proof.Name != "" || len(w.google.Journal("userinfo")) != 0 {
		t.Errorf("%+v, %v", done.Proof, err)
	}
}
