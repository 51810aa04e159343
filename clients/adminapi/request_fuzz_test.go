package adminapi

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/provider/web"
)

// FuzzRequest is AD-04: whatever is sent to whatever path below /admin/v1/, the answer is JSON or a problem document of a known type, nothing is a fault
// of ours, and without the right token there is nothing but a refusal.
func FuzzRequest(f *testing.F) {
	api, client := fuzzAPI(f)
	methods := []string{"GET", "POST", "PATCH", "DELETE", "HEAD", "PUT", ""}
	for _, seed := range [][3]string{
		{"clients", "", document},
		{"clients?limit=2", "", ""},
		{"clients?limit=x&after=AAAA", "", ""},
		{"clients?after=%zz", "", "{}"},
		{"clients/" + client, `"1"`, `{"client_name":"B"}`},
		{"clients/" + client, `W/"1", "x", *`, `{"client_name":null,"redirect_uris":[]}`},
		{"clients/" + client + "/secrets", `"0", "-1"`, `{"overlap_seconds":0}`},
		{"clients/" + client + "/secrets", "", `{"overlap_seconds":1e9}`},
		{"clients/%00", `"`, "null"},
		{"clients/%ff%2F..", "\t", "[]"},
		{"clients/../clients//", "", ""},
		{"openapi.json", "", ""},
		{"", "", `{"a":`},
		{"clients/https%3A%2F%2Frp.example%2F", "", strings.Repeat("[", 5000)},
	} {
		for n := range methods {
			f.Add(byte(n), seed[0], "Bearer admin", "application/json", seed[1], seed[2])
		}
		f.Add(byte(0), seed[0], "bearer  reader", "", seed[1], seed[2])
		f.Add(byte(2), seed[0], "Bearer x", "application/merge-patch+json; charset=utf-8", seed[1], seed[2])
	}
	f.Add(byte(1), "clients", "", "text/plain", "", "")
	f.Fuzz(func(t *testing.T, method byte, target, authorization, contentType, condition, body string) {
		r := fuzzRequest(methods[int(method)%len(methods)], target, body)
		if r == nil {
			return
		}
		for name, value := range map[string]string{"Authorization": authorization, "Content-Type": contentType, "If-Match": condition, "Idempotency-Key": condition} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		checkAnswer(t, r, w.Result(), authorization)
	})
}

// fuzzAPI is the API of a harness without its listener, and the id of a client in it.
func fuzzAPI(f *testing.F) (api http.Handler, client string) {
	f.Helper()
	h := newHarness(f)
	path, _ := h.create(document)
	mux := http.NewServeMux()
	web.Mount(mux, h.api.Routes()...)
	return mux, strings.TrimPrefix(path, pathClients+"/")
}

// fuzzRequest is a request as a server reads it; nil where no server would.
func fuzzRequest(method, target, body string) *http.Request {
	u, err := url.ParseRequestURI("/admin/v1/" + target)
	if err != nil {
		return nil
	}
	ctx, _ := web.NewEvent(httptest.NewRequest(http.MethodGet, "/", nil).Context())
	r := &http.Request{Method: method, URL: u, Host: "id.example", Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
	return r.WithContext(ctx)
}

// checkAnswer checks that an answer is one that the API's description knows.
func checkAnswer(t *testing.T, r *http.Request, answer *http.Response, authorization string) {
	t.Helper()
	body, err := io.ReadAll(answer.Body)
	if err != nil || len(body) > 1<<20 || answer.StatusCode >= 500 {
		t.Fatalf("%s %s: status %d, %d bytes, %.1000s, %v", r.Method, r.URL, answer.StatusCode, len(body), body, err)
	}
	if answer.StatusCode >= 300 && answer.StatusCode < 400 { // the mux cleans the path
		return
	}
	scheme, token, _ := strings.Cut(authorization, " ")
	caller, known := tokens[strings.TrimLeft(token, " ")]
	if known = known && strings.EqualFold(scheme, "Bearer"); !known && answer.StatusCode < 400 || known && !slices.Contains(caller.Scopes, ScopeAdmin) && r.Method != http.MethodGet && r.Method != http.MethodHead && answer.StatusCode < 400 {
		t.Fatalf("%s %s with %q: status %d", r.Method, r.URL, authorization, answer.StatusCode)
	}
	if answer.Header.Get("Cache-Control") != "no-store" || strings.ContainsAny(answer.Header.Get("Location")+answer.Header.Get("Link"), "\r\n\x00") {
		t.Fatalf("%s %s: %v", r.Method, r.URL, answer.Header)
	}
	if len(body) == 0 {
		return
	}
	var members map[string]any
	if err := json.Unmarshal(body, &members); err != nil {
		t.Fatalf("%s %s: %.1000s, %v", r.Method, r.URL, body, err)
	}
	if answer.StatusCode < 400 {
		return
	}
	code, ok := strings.CutPrefix(members["type"].(string), problemType)
	if !ok || !slices.Contains(problemCodes, code) || members["status"] != float64(answer.StatusCode) || members["detail"] == "" || answer.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%s %s: %v, %s", r.Method, r.URL, answer.Header, body)
	}
	if challenged := answer.StatusCode == http.StatusUnauthorized; challenged != (code == "no-token" || code == "invalid-token") || challenged && answer.Header.Get("WWW-Authenticate") == "" {
		t.Fatalf("%s %s: %v, %s", r.Method, r.URL, answer.Header, body)
	}
}

// problemCodes are the ends of the types of problems, but for the one that is a fault.
var problemCodes = []string{
	"client-exists", "client-has-no-secret", "client-not-found", "idempotency-key-reused", "insufficient-scope", "invalid-client-metadata", "invalid-request", "invalid-token", "method-not-allowed",
	"no-token", "not-an-administrator", "not-found", "too-large", "unsupported-media-type", "version-mismatch",
}
