package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRegistration(t *testing.T) {
	c, err := load(t, "issuer: https://id.example.com\n")
	if err != nil {
		t.Fatal(err)
	}
	want := Registration{
		Mode: "off", Scopes: []string{"openid", "profile", "email", "offline_access"}, GrantTypes: []string{"authorization_code", "refresh_token"},
		RequirePKCE: true, MaxClients: 1000, PerHour: 20, UnusedFor: 720 * time.Hour, RotateToken: "update",
	}
	if d := cmp.Diff(want, c.Registration); d != "" || c.ClientDocuments.Enabled {
		t.Errorf("DR-01: by default (-want +got):\n%s", d)
	}
	for text, mistake := range map[string]string{
		"registration: { mode: yes }":                                                          "must be off, token or open",
		"registration: { grant_types: [refresh_token] }":                                       "must have authorization_code",
		"registration: { grant_types: [authorization_code, password] }":                        "must be authorization_code",
		"registration: { grant_types: [authorization_code, implicit] }":                        "needs legacy_response_types",
		"registration: { mode: open, grant_types: [authorization_code, client_credentials] }":  "is not for mode open",
		"registration: { scopes: [\"symbolon:admin\"] }":                                       "none of this server's administration",
		"registration: { redirect_hosts: [\"https://a.example\"] }":                            "must be a host name",
		"registration: { redirect_hosts: [\"*\"] }":                                            "must be a host name",
		"registration: { redirect_hosts: [\"*.com\"] }":                                        "must be a host name",
		"registration: { audience: [mcp] }":                                                    "must be an absolute URI",
		"registration: { audience: [\"https://mcp.example/mcp#x\"] }":                          "without a fragment",
		"registration: { audience: [\"https://mcp.example/mcp\"] }":                            "",
		"registration: { max_clients: 0 }":                                                     "must be a whole number",
		"registration: { per_hour: many }":                                                     "must be a whole number",
		"client_id_metadata_documents: { enabled: true, hosts: [\"A.example\"] }":              "must be a host name",
		"registration: { mode: token, grant_types: [authorization_code, client_credentials] }": "",
		"registration: { redirect_hosts: [a.example, \"*.b.example\", localhost, \"[::1]\"] }": "",
	} {
		_, err := load(t, "issuer: https://id.example.com\n"+text+"\n")
		if mistake == "" && err != nil || mistake != "" && (err == nil || !strings.Contains(err.Error(), mistake)) {
			t.Errorf("%s: %v, want %q", text, err, mistake)
		}
	}
}
