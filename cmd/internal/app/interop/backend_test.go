package interop_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
)

// request is what reaches an app behind a proxy that signs people in.
type request struct {
	Path   string      `json:"path"`
	Header http.Header `json:"header"`
}

// backend starts such an app, which answers with what reached it, and returns its address.
func backend(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(request{r.URL.Path, r.Header})
	}))
	t.Cleanup(server.Close)
	return server.URL
}
