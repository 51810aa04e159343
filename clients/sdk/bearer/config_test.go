package bearer

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestMW01RefusesInsecureConfiguration(t *testing.T) {
	good := func() Config { return Config{Issuer: testIssuer, Audience: testAudience} }
	for name, tt := range map[string]struct {
		field  string
		change func(*Config)
	}{
		"empty issuer":              {"Issuer", func(c *Config) { c.Issuer = "" }},
		"http issuer":               {"Issuer", func(c *Config) { c.Issuer = "http://id.example.com" }},
		"http issuer like loopback": {"Issuer", func(c *Config) { c.Issuer = "http://127.0.0.1.example.com" }},
		"issuer with a query":       {"Issuer", func(c *Config) { c.Issuer += "?" }},
		"issuer with a fragment":    {"Issuer", func(c *Config) { c.Issuer += "#" }},
		"issuer with a user":        {"Issuer", func(c *Config) { c.Issuer = "https://u:p@id.example.com" }},
		"issuer without host":       {"Issuer", func(c *Config) { c.Issuer = "https:///x" }},
		"relative issuer":           {"Issuer", func(c *Config) { c.Issuer = "id.example.com" }},
		"empty audience":            {"Audience", func(c *Config) { c.Audience = "" }},
		"empty algorithm list":      {"Algorithms", func(c *Config) { c.Algorithms = []string{} }},
		"HS256":                     {"Algorithms", func(c *Config) { c.Algorithms = []string{"ES256", "HS256"} }},
		"none":                      {"Algorithms", func(c *Config) { c.Algorithms = []string{"none"} }},
		"nOnE":                      {"Algorithms", func(c *Config) { c.Algorithms = []string{"nOnE"} }},
		"unknown algorithm":         {"Algorithms", func(c *Config) { c.Algorithms = []string{"es256"} }},
		"two scopes in one":         {"RequiredScopes", func(c *Config) { c.RequiredScopes = []string{"read write"} }},
		"empty scope":               {"RequiredScopes", func(c *Config) { c.RequiredScopes = []string{""} }},
		"wide clock skew":           {"ClockSkew", func(c *Config) { c.ClockSkew = time.Hour }},
		"negative clock skew":       {"ClockSkew", func(c *Config) { c.ClockSkew = -1 }},
		"eternal tokens":            {"MaxTokenLifetime", func(c *Config) { c.MaxTokenLifetime = 1 << 62 }},
		"eternal keys":              {"KeySetMaxAge", func(c *Config) { c.KeySetMaxAge = 1 << 62 }},
		"keys for a second":         {"KeySetMaxAge", func(c *Config) { c.KeySetMaxAge = time.Second }},
		"eternal status":            {"Status.MaxAge", func(c *Config) { c.Status.MaxAge = 1 << 62 }},
		"status origin with path":   {"Status.Origins", func(c *Config) { c.Status.Origins = []string{"https://s.example.com/x"} }},
		"http status origin":        {"Status.Origins", func(c *Config) { c.Status.Origins = []string{"http://127.0.0.1:80"} }},
		"status required and ignored": {"Status.DangerouslyIgnoreStatus", func(c *Config) {
			c.Status.Require, c.Status.DangerouslyIgnoreStatus = true, true
		}},
		"DPoP without URL":       {"DPoP.PublicURL", func(c *Config) { c.DPoP.Require = true }},
		"http DPoP URL":          {"DPoP.PublicURL", func(c *Config) { c.DPoP.PublicURL = "http://api.example.com" }},
		"DPoP with HS256":        {"DPoP.Algorithms", func(c *Config) { c.DPoP.PublicURL, c.DPoP.Algorithms = testAudience, []string{"HS256"} }},
		"DPoP with both URLs":    {"DPoP.DangerouslyTrustHostHeader", func(c *Config) { c.DPoP.PublicURL, c.DPoP.DangerouslyTrustHostHeader = testAudience, true }},
		"DPoP with a weak nonce": {"DPoP.NonceKey", func(c *Config) { c.DPoP.PublicURL, c.DPoP.NonceKey = testAudience, []byte("short") }},
	} {
		t.Run(name, func(t *testing.T) {
			c := good()
			tt.change(&c)
			v, err := New(c)
			var e *ConfigError
			if v != nil || !errors.As(err, &e) || len(e.Mistakes) != 1 || e.Mistakes[0].Field != tt.field {
				t.Fatalf("New returned %v, %v; want one mistake in %s", v, err, tt.field)
			}
		})
	}
}

func TestMW01ReportsEveryMistakeAtOnce(t *testing.T) {
	_, err := New(Config{Issuer: "http://id.example.com", Algorithms: []string{"HS256", "none"}, ClockSkew: time.Hour})
	var e *ConfigError
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	if len(e.Mistakes) != 5 {
		t.Errorf("%d mistakes, want 5: %v", len(e.Mistakes), err)
	}
	for _, m := range e.Mistakes {
		if !strings.Contains(err.Error(), m.Field+" "+m.Reason) {
			t.Errorf("the text lacks %v", m)
		}
	}
}

func TestNewAcceptsLoopbackAndFetchesNothing(t *testing.T) {
	for _, issuer := range []string{"http://localhost:8080", "http://127.0.0.1:1", "http://[::1]:8080/tenant", "https://id.example.com/"} {
		v, err := New(Config{Issuer: issuer, Audience: "a", HTTPClient: &http.Client{Transport: failing{t}}})
		if err != nil {
			t.Fatal(err)
		}
		v.Close()
	}
}

// failing is a network that must not be used.
type failing struct{ t *testing.T }

func (f failing) RoundTrip(r *http.Request) (*http.Response, error) {
	f.t.Errorf("request to %s", r.URL)
	return nil, http.ErrServerClosed
}

func TestConfigIsCopied(t *testing.T) {
	w := newWorld(t)
	scopes := []string{"read"}
	v := w.verifier(func(c *Config) { c.RequiredScopes = scopes })
	scopes[0] = "nothing"
	if _, err := v.Verify(t.Context(), w.token(nil)); err != nil {
		t.Fatal(err)
	}
}
