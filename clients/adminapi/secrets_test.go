package adminapi

import (
	"fmt"
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/clients"
)

// DR-07: a secret is shown once, a hash never.
func TestSecretsAreShownOnce(t *testing.T) {
	h := newHarness(t)
	path, secret := h.create(document)
	rotated := h.send("POST", path+"/secrets", `{"overlap_seconds":60}`).want(t, 201, "")
	if rotated.str("client_secret") == secret || !strings.HasPrefix(rotated.str("client_secret"), "sym_cs_") || rotated.Header.Get("ETag") != `"2"` {
		t.Fatalf("%s", rotated.body)
	}
	for _, a := range []answer{h.send("GET", path, ""), h.send("GET", pathClients, ""), h.send("PATCH", path, `{"client_name":"x"}`), h.send("POST", pathClients, fmt.Sprintf(`{"client_id":%q,"redirect_uris":["https://a.example/"]}`, strings.TrimPrefix(path, pathClients+"/")))} {
		body := string(a.body)
		if strings.Contains(body, secret) || strings.Contains(body, "sym_cs_") || strings.Contains(body, "sha256") || strings.Contains(body, "hash") || strings.Contains(body, `"client_secret"`) || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s", a.Request.URL, body)
		}
	}
	list := h.send("GET", path, "").json["client_secrets"].([]any)
	if len(list) != 2 || list[0].(map[string]any)["expires_at"] != float64(0) || list[1].(map[string]any)["expires_at"] == float64(0) {
		t.Errorf("%v", list)
	}
}

// CA-07.
func TestRotateSecret(t *testing.T) {
	h := newHarness(t)
	path, first := h.create(document)
	id := strings.TrimPrefix(path, pathClients+"/")
	verifier := clients.NewSecretVerifier()
	valid := func(secret string) bool {
		c, err := h.db.Client(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		ok, err := verifier.Verify(t.Context(), c, secret)
		return ok && err == nil
	}
	second := h.send("POST", path+"/secrets", "").want(t, 201, "").str("client_secret")
	if !valid(first) || !valid(second) {
		t.Error("both must be valid for a day")
	}
	third := h.send("POST", path+"/secrets", `{}`).want(t, 201, "").str("client_secret")
	if valid(first) || !valid(second) || !valid(third) {
		t.Error("only the newest two may be valid")
	}
	fourth := h.send("POST", path+"/secrets", `{"overlap_seconds":0}`).want(t, 201, "").str("client_secret")
	if valid(second) || valid(third) || !valid(fourth) {
		t.Error("without overlap the old one must end at once")
	}
	for _, body := range []string{`{"overlap_seconds":-1}`, `{"overlap_seconds":2592001}`, `{"overlap_seconds":9223372036854775807}`, `{"overlap_seconds":1e300}`, `{"overlap_seconds":"60"}`, `{"overlap_seconds":1.5}`, `{"overlap_seconds":null}`, `{"Overlap_Seconds":1}`, `{"x":1}`, `{"overlap_seconds":1,"x":1}`, `null`, `[]`, `{`, `{} {}`} {
		h.send("POST", path+"/secrets", body).want(t, 400, "invalid-request")
	}
	h.send("POST", path+"/secrets", "", "If-Match", `"1"`).want(t, 412, "version-mismatch")
	if !valid(fourth) {
		t.Error("a refused rotation changed the secret")
	}
	public, _ := h.create(`{"redirect_uris":["https://a.example/"],"token_endpoint_auth_method":"none"}`)
	h.send("POST", public+"/secrets", "").want(t, 409, "client-has-no-secret")
}
