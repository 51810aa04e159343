package provider_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// tokenEndpoints are those that clients call.
var tokenEndpoints = []string{"/oauth2/token", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/device_authorization", "/oauth2/par", "/oauth2/userinfo"}

// FuzzToken: whatever is sent to the endpoints that clients call, with whatever credentials and proofs, the answer is JSON, an error is one of those that the
// specifications name, with a description that may be sent (RFC 6749 §5.2), and nothing is a fault of ours.
func FuzzToken(f *testing.F) {
	e := newEndpoints(f)
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("server:secret"))
	const grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3A"
	const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	for _, body := range []string{
		"grant_type=client_credentials&scope=api", "grant_type=client_credentials&scope=openid&resource=https%3A%2F%2Fapi.example%2F", "grant_type=authorization_code&client_id=app&code=sym_ac_AAAA&code_verifier=" + verifier,
		"grant_type=authorization_code&code=x&redirect_uri=y", "grant_type=refresh_token&client_id=app&refresh_token=sym_rt_" + strings.Repeat("A", 70), "grant_type=password&username=a&password=b", "grant_type=", "",
		grant + "device_code&client_id=app&device_code=sym_dc_" + strings.Repeat("A", 43), grant + "token-exchange&subject_token=a.b.c&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token",
		grant + "jwt-bearer&assertion=e30.e30.AA", "token=a.b.c&token_type_hint=access_token", "token=sym_rt_AA", "access_token=sym_at_AAAA", "client_id=app&scope=openid+email",
		"client_id=app&response_type=code&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&scope=openid&code_challenge_method=S256&code_challenge=" + challenge,
		"client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJzZXJ2ZXIifQ.AAAA", "client_id=app&client_secret=%00", "a=%ff", "token=x&token=y",
	} {
		for n := range tokenEndpoints {
			f.Add(byte(n), basic, "", body)
			f.Add(byte(n), "", "e30.e30.AA", body)
		}
	}
	f.Add(byte(0), basic+" ", "", "grant_type=client_credentials")
	f.Add(byte(5), "DPoP a.b.c", "a.b.c", "x=y")
	f.Add(byte(5), "Bearer sym_at_x", "", "")
	f.Fuzz(func(t *testing.T, endpoint byte, authorization, proof, body string) {
		path := tokenEndpoints[int(endpoint)%len(tokenEndpoints)]
		answer := e.send(t, http.MethodPost, path, body, "Authorization", authorization, "DPoP", proof)
		var members map[string]any
		err := json.NewDecoder(answer.Body).Decode(&members)
		if empty := path == "/oauth2/revoke" && answer.StatusCode == 200; (err != nil || answer.Header.Get("Content-Type") != "application/json") && !empty {
			t.Fatalf("%s %q: status %d, %v", path, body, answer.StatusCode, err)
		}
		if answer.StatusCode >= 400 {
			checkError(t, answer, members)
			return
		}
		switch {
		case path == "/oauth2/userinfo", path == "/oauth2/introspect" && members["active"] != false:
			t.Fatalf("%q, %q: nobody has a token, and the answer is %v", authorization, body, members)
		case path == "/oauth2/token" && (members["access_token"] == nil || members["id_token"] != nil || members["refresh_token"] != nil):
			t.Fatalf("%q: %v", body, members)
		}
	})
}

// checkError: RFC 6749 §5.2, RFC 6750 §3.1, RFC 9449 §5, RFC 8628 §3.5, RFC 9126 §2.3.
func checkError(t *testing.T, answer *http.Response, members map[string]any) {
	t.Helper()
	code, _ := members["error"].(string)
	description, _ := members["error_description"].(string)
	known := []string{
		"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope", "invalid_token", "invalid_target", "invalid_dpop_proof", "use_dpop_nonce",
		"expired_token", "slow_down", "authorization_pending", "unsupported_response_type", "invalid_request_object", "invalid_request_uri", "request_uri_not_supported", "registration_not_supported",
		"unsupported_token_type", "invalid_authorization_details",
	}
	challenged := answer.StatusCode == http.StatusUnauthorized
	if !slices.Contains(known, code) && (code != "" || !challenged) || !errorText.MatchString(description) || len(members) > 2 {
		t.Fatalf("status %d: %v", answer.StatusCode, members)
	}
	if challenged && answer.Header.Get("WWW-Authenticate") == "" { // RFC 9110 §15.5.2
		t.Fatalf("status %d: %v", answer.StatusCode, answer.Header)
	}
}
