package interop_test

import (
	"cmp"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/cmd/internal/load"
)

// A client and a server of the Model Context Protocol, whose only word about each other is the server's address: the client finds Symbolon
// through the server (RFC 9728), asks for a token for it (RFC 8707) with PKCE, and the server verifies the token offline (RFC 9068).
func TestMCP(t *testing.T) {
	node, dir := installedNode(t)
	d := deploy(t)
	base, _ := freeBase(t)
	p := d.newPartner(base, "--token-endpoint-auth-method", "none", "--scope", "books:read", "--audience", base+"/mcp")
	p.start(nil, node, filepath.Join(dir, "mcp.mjs"))
	p.expectMCP(p.ID)
}

// The same client registers itself (RFC 7591).
func TestMCPRegistersItself(t *testing.T) {
	node, dir := installedNode(t)
	base, _ := freeBase(t)
	d := deploy(t, "registration: { mode: open, scopes: [books:read], redirect_hosts: [localhost], audience: [\""+base+"/mcp\"] }")
	p := d.unregistered(base)
	p.start(nil, node, filepath.Join(dir, "mcp.mjs"))
	p.expectMCP("")
}

// The same client has published a document about itself instead (Client ID Metadata Document).
func TestMCPClientDocument(t *testing.T) {
	node, dir := installedNode(t)
	base, _ := freeBase(t)
	server := newCertificate(t)
	document := publish(t, server, base)
	d := deployAt(t, "http", load.NewClient(8), []string{"SSL_CERT_FILE=" + server.file},
		"client_id_metadata_documents: { enabled: true }", "registration: { scopes: [books:read], audience: [\""+base+"/mcp\"] }")
	p := d.unregistered(base)
	p.start([]string{"CLIENT_DOCUMENT=" + document}, node, filepath.Join(dir, "mcp.mjs"))
	p.expectMCP(document)
}

// publish serves the metadata document of a public client at base by https, and returns its address.
func publish(t *testing.T, c certificate, base string) string {
	t.Helper()
	var address string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"client_id": address, "client_name": "Sunny Inspector", "redirect_uris": []string{base + "/callback"},
			"grant_types": []string{"authorization_code", "refresh_token"}, "token_endpoint_auth_method": "none",
		})
	}))
	pair, err := tls.LoadX509KeyPair(c.file, c.keyFile)
	must(t, err)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	t.Cleanup(server.Close)
	address = strings.Replace(server.URL, "127.0.0.1", "localhost", 1) + "/inspector.json"
	return address
}

// mcpReport is what an MCP server says of who asked it, before and after a refresh.
type mcpReport struct {
	caller
	Refreshed struct {
		caller
		Rotated bool `json:"rotated"`
	} `json:"refreshed"`
}

type caller struct {
	ClientID string   `json:"client_id"`
	Subject  string   `json:"sub"`
	Scopes   []string `json:"scopes"`
}

// expectMCP signs Ada in, and expects the server to know her and the client: by any id when that is "".
func (p *partner) expectMCP(clientID string) {
	p.t.Helper()
	var r mcpReport
	p.walk("/login", &r)
	if r.ClientID != cmp.Or(clientID, r.ClientID) || r.Subject == "" || !slices.Equal(r.Scopes, []string{"books:read"}) {
		p.t.Errorf("the server's caller: %+v", r.caller)
	}
	if r.Refreshed.ClientID != r.ClientID || r.Refreshed.Subject != r.Subject || !r.Refreshed.Rotated {
		p.t.Errorf("after a refresh: %+v", r.Refreshed)
	}
}
