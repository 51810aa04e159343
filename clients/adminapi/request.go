package adminapi

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/symbolon-id/symbolon/clients"
)

// readBody returns the body of a request that has one of the media types.
func readBody(w http.ResponseWriter, r *http.Request, types ...string) ([]byte, error) {
	unsupported := func(detail string) error {
		if r.Method == http.MethodPatch {
			w.Header().Set("Accept-Patch", strings.Join(types, ", ")) // RFC 5789 §2.2
		} else {
			w.Header().Set("Accept-Post", strings.Join(types, ", "))
		}
		return &problem{Status: http.StatusUnsupportedMediaType, Code: "unsupported-media-type", Detail: detail}
	}
	if len(r.Header.Values("Content-Encoding")) > 0 {
		return nil, unsupported("Send the body without a Content-Encoding.")
	}
	mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || !slices.Contains(types, mediaType) || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return nil, unsupported("Send the body as " + strings.Join(types, " or ") + ", in UTF-8.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, clients.MaxDocument))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &problem{Status: http.StatusRequestEntityTooLarge, Code: "too-large", Detail: "The body is larger than 65,536 bytes."}
	case err != nil:
		return nil, &problem{Status: http.StatusBadRequest, Code: "invalid-request", Detail: "The body could not be read.", Err: err}
	}
	return body, nil
}

// readQuery returns the query parameters. One that is unknown or repeated is a mistake: a filter that is passed over would list too much.
func readQuery(r *http.Request, known ...string) (url.Values, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badRequest("The query is malformed.")
	}
	for name, values := range query {
		if !slices.Contains(known, name) || len(values) > 1 {
			return nil, badRequest("The query has a parameter that is unknown or repeated. Known here: " + strings.Join(known, ", ") + ".")
		}
	}
	return query, nil
}

// ifMatch returns the versions that If-Match allows (RFC 9110 §13.1.1); any when there is no If-Match, or it is "*". Weak tags and tags that are
// none of ours match nothing.
func ifMatch(r *http.Request) (versions []int64, anyVersion bool, err error) {
	headers := r.Header.Values("If-Match")
	if len(headers) == 0 {
		return nil, true, nil
	}
	for _, tag := range strings.Split(strings.Join(headers, ","), ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" {
			return nil, true, nil
		}
		text, weak := strings.CutPrefix(tag, "W/")
		if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
			return nil, false, badRequest(`If-Match is malformed: send the ETag as it was received, like "3".`)
		}
		version, err := strconv.ParseInt(text[1:len(text)-1], 10, 64)
		if err == nil && !weak && version > 0 && etag(version) == text {
			versions = append(versions, version)
		}
	}
	return versions, false, nil
}

func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// precondition checks If-Match against the client and returns the version that a change must find, 0 for any.
func (a *API) precondition(r *http.Request, id string) (int64, error) {
	versions, anyVersion, err := ifMatch(r)
	if anyVersion || err != nil {
		return 0, err
	}
	c, err := a.cfg.Registry.Get(r.Context(), id)
	switch {
	case err != nil:
		return 0, err
	case !slices.Contains(versions, c.Version):
		return 0, clients.ErrConflict
	}
	return c.Version, nil
}

// writeJSON answers with v. A client's version goes along as its ETag.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if r, ok := v.(clients.Registration); ok {
		w.Header().Set("ETag", etag(r.Client.Version))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body) //nolint:errcheck // the caller has gone
	return nil
}
