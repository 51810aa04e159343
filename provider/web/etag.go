package web

import (
	"net/http"
	"strings"
)

// NoneMatch reports whether the client already has what etag names (RFC 9110 §13.1.2): the answer is then 304 without a body.
func NoneMatch(r *http.Request, etag string) bool {
	for tag := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag == etag || tag == "*" {
			return true
		}
	}
	return false
}
