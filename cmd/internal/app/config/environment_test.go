package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEnvironment(t *testing.T) {
	file := `issuer: https://id.example.com
listen: 5
upstreams:
  - { id: google, type: google, client_id: g, client_secret: s }
trusted_proxies: [10.0.0.0/8]
`
	secretFile := write(t, "s", "from-a-file\n")
	c, err := load(t, file,
		"SYMBOLON_LISTEN=:9000",
		"SYMBOLON_UPSTREAMS_0_CLIENT_SECRET_FILE="+secretFile,
		"SYMBOLON_UPSTREAMS_1_ID=corp", "SYMBOLON_UPSTREAMS_1_TYPE=oidc", "SYMBOLON_UPSTREAMS_1_ISSUER=https://sso.example",
		"SYMBOLON_UPSTREAMS_1_CLIENT_ID=c", "SYMBOLON_UPSTREAMS_1_CLIENT_SECRET=hush=hush", "SYMBOLON_UPSTREAMS_1_SCOPES=openid,email",
		"SYMBOLON_UPSTREAMS_1_ENDPOINTS_TOKEN=https://sso.example/t",
		"SYMBOLON_TRUSTED_PROXIES=192.168.0.0/16, 172.16.0.0/12", "SYMBOLON_SECRETS_1="+secretText+"2", "SYMBOLON_SECRETS_0="+secretText,
		"SYMBOLON_LIFETIMES_ACCESS_TOKEN=5m", "SYMBOLON_DATABASE=sqlite:here.db",
		// What Kubernetes sets beside a Service of our name.
		"SYMBOLON_SERVICE_HOST=10.0.0.1", "SYMBOLON_SERVICE_PORT_HTTP=80", "SYMBOLON_PORT=tcp://10.0.0.1:80", "SYMBOLON_PORT_80_TCP_ADDR=10.0.0.1",
	)
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != ":9000" || c.Upstreams[0].ClientSecret.Reveal() != "from-a-file" || c.Upstreams[1].ClientSecret.Reveal() != "hush=hush" {
		t.Errorf("config is %+v", c)
	}
	if u := c.Upstreams[1]; u.EmailTrust != "none" || u.Endpoints.Token != "https://sso.example/t" || cmp.Diff(u.Scopes, []string{"openid", "email"}) != "" {
		t.Errorf("corp is %+v", u)
	}
	if len(c.TrustedProxies) != 2 || c.TrustedProxies[0] != netip.MustParsePrefix("192.168.0.0/16") {
		t.Errorf("proxies are %v", c.TrustedProxies)
	}
	if got := c.RootSecrets(); len(got) != 2 || string(got[0]) != secretText {
		t.Error("the secrets are not in order")
	}
	if wd, _ := os.Getwd(); c.Database.SQLitePath() != filepath.Join(wd, "here.db") {
		t.Errorf("database is %s, want the working directory", c.Database)
	}
}

func TestEnvironmentAlone(t *testing.T) {
	c, err := Load(filepath.Join(t.TempDir(), "symbolon.yaml"), false, []string{
		"SYMBOLON_ISSUER=https://id.example.com", "SYMBOLON_UPSTREAMS=[{id: fb, type: facebook, client_id: '1', client_secret: s}]",
		"SYMBOLON_SECRETS=" + secretText,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Upstreams) != 1 || c.Upstreams[0].ID != "fb" || len(c.Secrets) != 1 {
		t.Errorf("config is %+v", c)
	}
	for variable, want := range map[string]string{
		"SYMBOLON_UPSTREAMS_1_ID=a":                  "SYMBOLON_UPSTREAMS_1_ID: leaves a gap: there are 0 elements, the next one has the number 0",
		"SYMBOLON_UPSTREAMS_01_ID=a":                 "SYMBOLON_UPSTREAMS_01_ID: is no variable of ours",
		"SYMBOLON_UPSTREAMS_0=a":                     "SYMBOLON_UPSTREAMS_0",
		"SYMBOLON_UPSTREAMS=hush":                    "upstreams: must be a list",
		"SYMBOLON_UPSTREAMS=[{id: a, typ: b}]":       "unknown key \"typ\"",
		"SYMBOLON_SECRETS=hush":                      "SYMBOLON_SECRETS: secrets[0]: number 1 is shorter than 32 bytes",
		"SYMBOLON_LISTEN=":                           "SYMBOLON_LISTEN: listen: must be host:port",
		"SYMBOLON_PORT=80":                           "SYMBOLON_PORT: is no variable of ours",
		"SYMBOLON_DATABASE=postgres://u:hush@h/db":   "secrets: is missing: PostgreSQL needs a secret, the same on every node; make one with \"openssl rand -base64 32\"",
		"SYMBOLON_BRAND_LOGO=/nowhere/hush.svg":      "SYMBOLON_BRAND_LOGO: brand.logo: the file cannot be read: no such file or directory",
		"SYMBOLON_TLS_CERT_FILE=/nowhere/hush":       "tls: needs both cert_file and key_file",
		"SYMBOLON_METRICS_LISTEN=127.0.0.1:8080":     "must differ from listen",
		"SYMBOLON_EGRESS_ALLOW=https://hush.example": "egress_allow[0]: must be a host name",
	} {
		_, err := Load("symbolon.yaml", false, []string{"SYMBOLON_ISSUER=https://id.example.com", variable})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", variable, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: the value is repeated: %v", variable, err)
		}
	}
}
