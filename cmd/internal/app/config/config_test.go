package config

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const secretText = "a-root-secret-of-more-than-32-bytes!"

// write puts text into a file of a new folder and returns its path.

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, text string, environ ...string) (*Config, error) {
	t.Helper()
	return Load(write(t, "symbolon.yaml", text), true, environ)
}

// mistakes returns the lines of the error, with the folder of the file cut off.

func mistakes(t *testing.T, err error) []string {
	t.Helper()
	var typed *Error
	if !errors.As(err, &typed) {
		t.Fatalf("error is %T (%v), want *Error", err, err)
	}
	var lines []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if i := strings.Index(line, "symbolon.yaml:"); i > 0 && strings.HasPrefix(line, "/") {
			line = line[i:]
		}
		lines = append(lines, line)
	}
	if len(lines) != len(typed.Mistakes) {
		t.Errorf("%d lines for %d mistakes", len(lines), len(typed.Mistakes))
	}
	return lines
}

func TestDefaults(t *testing.T) {
	c, err := load(t, "issuer: https://id.example.com\n")
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:8080" || c.Brand.Name != "Symbolon" || c.Log.Format != "json" || c.ShutdownTimeout != 20*time.Second {
		t.Errorf("defaults are %+v", c)
	}
	want := Lifetimes{
		SessionIdle: 24 * time.Hour, SessionAbsolute: 720 * time.Hour, AccessToken: 10 * time.Minute, IDToken: time.Hour,
		AuthorizationCode: time.Minute, RefreshToken: 720 * time.Hour, RefreshIdle: 336 * time.Hour, RefreshGraceConfidential: time.Minute,
		RefreshGracePublic: 10 * time.Second, UpstreamAttempt: 10 * time.Minute, DeviceCode: 10 * time.Minute, StatusList: 30 * time.Second, SigningKey: 2160 * time.Hour, Interaction: time.Hour,
	}
	if diff := cmp.Diff(want, c.Lifetimes); diff != "" {
		t.Error(diff)
	}
	if len(c.RootSecrets()) != 0 {
		t.Error("a secret out of nowhere")
	}
}

// The file of design.md section 7, as an operator writes it.

func TestOperatorsFile(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"google": "google-secret\n", "root": secretText + "\r\n\n" + secretText + "-old\n", "logo.svg": `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`,
		"symbolon.yaml": `issuer: https://id.example.com
listen: 127.0.0.1:8080
database: sqlite:data/symbolon.db
secrets_file: root
brand: { name: Example, logo: logo.svg, accent: "#2f5bd7" }
upstreams:
  - { id: google,   type: google,   client_id: g, client_secret_file: google }
  - { id: facebook, type: facebook, client_id: 1234567890123456, client_secret: f }
  - { id: corp,     type: oidc,     issuer: https://sso.corp.example, client_id: c, client_secret: s, email_trust: none }
trusted_proxies: [10.1.2.3/8, "::1"]
log: { level: debug }
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Load(filepath.Join(dir, "symbolon.yaml"), true, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "sqlite:" + dir + "/data/symbolon.db"; c.Database.URL() != want || c.Database.SQLitePath() != want[len("sqlite:"):] {
		t.Errorf("database is %s, want the folder of the file: %s", c.Database.URL(), want)
	}
	if got := c.RootSecrets(); len(got) != 2 || string(got[0]) != secretText {
		t.Errorf("%d root secrets", len(got))
	}
	if c.Brand.LogoType != "image/svg+xml" || len(c.Brand.LogoData) == 0 {
		t.Errorf("logo is %q", c.Brand.LogoType)
	}
	if u := c.Upstreams[0]; u.ClientSecret.Reveal() != "google-secret" || u.Label != "Google" {
		t.Errorf("google is %+v", u)
	}
	if u := c.Upstreams[1]; u.ClientID != "1234567890123456" || u.GraphVersion != "v26.0" {
		t.Errorf("facebook is %+v", u)
	}
	if u := c.Upstreams[2]; u.Label != "corp" || len(u.Scopes) != 3 || u.EmailTrust != "none" || u.AllowPrivateNetwork {
		t.Errorf("corp is %+v", u)
	}
	if diff := cmp.Diff([]string{"10.0.0.0/8", "::1/128"}, []string{c.TrustedProxies[0].String(), c.TrustedProxies[1].String()}); diff != "" {
		t.Error(diff)
	}
	if c.Log.Level != slog.LevelDebug {
		t.Errorf("level is %v", c.Log.Level)
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	_, err := load(t, `issuer: http://id.example.com/
listne: x
listen: [1]
upstreams:
  - id: .Google
    type: googel
    client_secret: hush-hush
    client_secret_file: /nowhere
    secret: y
  - { id: fb, type: facebook, client_id: a, client_secret: hush-hush, issuer: https://x.example, client_id: b }
lifetimes:
  access_token: 2h
  id_token: 60
trusted_proxies: [0.0.0.0/0, ten]
log:
  level:
`, "SYMBOLON_LISTNE=y", "SYMBOLON_BRAND_ACCENT=red", "SYMBOLON_TEST_REQUIRE=postgres", "HOME=/")
	want := []string{
		`SYMBOLON_LISTNE: is no variable of ours: "symbolon config reference" lists them all`,
		`SYMBOLON_BRAND_ACCENT: brand.accent: must be a colour in quotes, such as "#2f5bd7"`,
		`symbolon.yaml:1:9: issuer: must be https; http is only for localhost, 127.0.0.1 and [::1]`,
		`symbolon.yaml:2:1: unknown key "listne"; allowed are issuer, listen, database, database_file, secrets, secrets_file, brand, upstreams, metrics_listen, trusted_proxies, egress_allow, legacy_response_types, require_pushed_authorization_requests, request_uri_parameter, dpop_nonce, session_management, tls, client_certificates, registration, client_id_metadata_documents, trusted_issuers, scopes, authorization_details_types, lifetimes, log, shutdown_delay, shutdown_timeout`,
		`symbolon.yaml:3:9: listen: must be a single value`,
		`symbolon.yaml:5:5: upstreams[0].client_id: is missing: register Symbolon at the upstream and write the client id here`,
		`symbolon.yaml:5:9: upstreams[0].id: must be 1 to 2048 of the characters A-Z, a-z, 0-9, -, ., _ and ~, the first a letter or digit`,
		`symbolon.yaml:6:11: upstreams[0].type: must be google, facebook or oidc`,
		`symbolon.yaml:8:25: upstreams[0].client_secret_file: and upstreams[0].client_secret are both there: remove one`,
		`symbolon.yaml:9:5: upstreams[0]: unknown key "secret"; allowed are id, type, label, client_id, client_secret, client_secret_file, issuer, scopes, email_trust, trusted_domains, hosted_domain, graph_version, endpoints, allow_private_network`,
		`symbolon.yaml:10:79: upstreams[1].issuer: is only for the type oidc or google: remove it`,
		`symbolon.yaml:10:98: upstreams[1].client_id: is there twice, first in line 10: remove one`,
		`symbolon.yaml:12:17: lifetimes.access_token: must be from 1s to 1h`,
		`symbolon.yaml:13:13: lifetimes.id_token: must be a duration with its unit, such as 90s, 10m or 24h`,
		`symbolon.yaml:14:19: trusted_proxies[0]: would let anyone choose their own address: name your proxies`,
		`symbolon.yaml:14:30: trusted_proxies[1]: must be an address range in CIDR notation, such as 10.0.0.0/8`,
		`symbolon.yaml:16:9: log.level: has no value: give one, or remove the line`,
	}
	if diff := cmp.Diff(want, mistakes(t, err)); diff != "" {
		t.Error(diff)
	}
}

func TestFileThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "symbolon.yaml")
	if _, err := Load(missing, true, []string{"SYMBOLON_ISSUER=https://id.example.com"}); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("explicit and missing: %v", err)
	}
	if c, err := Load(missing, false, []string{"SYMBOLON_ISSUER=https://id.example.com"}); err != nil || c.Issuer == "" {
		t.Errorf("the default file may be absent: %v", err)
	}
	if _, err := Load(dir, false, nil); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Load(missing, false, nil); err == nil || !strings.HasPrefix(err.Error(), "issuer: is missing: set issuer in") {
		t.Errorf("nothing at all: %v", err)
	}
}

func TestSyntax(t *testing.T) {
	for text, want := range map[string]string{
		"issuer: a: b":                   "symbolon.yaml:1:10: is not valid YAML: mapping values are not allowed in this context",
		"secrets: *hush-hush":            "symbolon.yaml:1:10: is not valid YAML: a value that starts with * needs quotes",
		"- issuer":                       "symbolon.yaml:1:1: must be a mapping with the keys",
		"brand: x":                       "symbolon.yaml:1:8: brand: must be a mapping with the keys name, logo, accent",
		"upstreams: {a: b}":              "symbolon.yaml:1:12: upstreams: must be a list",
		"issuer: https://a.b\n---\nb: 1": "symbolon.yaml:2:1: has more than one document",
		"issuer: \"a\\u0001\"":           "symbolon.yaml:1:9: issuer: must be one line without control characters",
		"listen: \x01":                   "is not valid YAML: a control character",
		"upstreams: [{allow_private_network: 'true'}]": "symbolon.yaml:1:37: upstreams[0].allow_private_network: must be true or false",
		"upstreams: [{allow_private_network: yes}]":    "symbolon.yaml:1:37: upstreams[0].allow_private_network: must be true or false",
	} {
		_, err := load(t, text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// A mistake in a file or a variable is told as such, whatever stands there.
func FuzzLoad(f *testing.F) {
	f.Add("issuer: https://id.example.com\nsecrets: [a]\n", "LISTEN", "x")
	f.Add(Reference(), "UPSTREAMS_0_CLIENT_SECRET", "a")
	f.Add("upstreams: [&a {id: *a}, *a]\n<<: *a", "UPSTREAMS", "[{id: &a [*a]}]")
	path := filepath.Join(f.TempDir(), "symbolon.yaml")
	f.Fuzz(func(t *testing.T, text, name, value string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(path, true, []string{"SYMBOLON_" + name + "=" + value})
		var typed *Error
		switch {
		case err == nil && (c.Issuer == "" || c.Listen == ""):
			t.Error("accepted without issuer or listen")
		case err != nil && (!errors.As(err, &typed) || len(typed.Mistakes) == 0):
			t.Errorf("error is %#v", err)
		}
	})
}
