package adminapi

import (
	_ "embed"
	"net/http"
)

//go:embed openapi.json
var openAPI []byte

// serveOpenAPI answers the description of this API (OpenAPI 3.1), kept by hand and compared with Routes by a test.
func (a *API) serveOpenAPI(w http.ResponseWriter, r *http.Request) error {
	if _, err := readQuery(r); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(openAPI) //nolint:errcheck // the caller has gone
	return nil
}
