package provider

import (
	"errors"
	"net/http"
	"strings"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/provider/keys"
)

// bearerError is a refusal of an access token (RFC 6750 §3).
type bearerError struct {
	*fosite.RFC6749Error
	status int
	scope  string // the scope that was missing
}

// Unwrap returns the OAuth error.
func (e *bearerError) Unwrap() error { return e.RFC6749Error }

// challenge is the WWW-Authenticate header. A request without any token is told the scheme only (RFC 6750 §3.1).
func (e *bearerError) challenge() string {
	if e.RFC6749Error == errNoToken {
		return `Bearer realm="symbolon"`
	}
	c := `Bearer realm="symbolon", error="` + e.ErrorField + `", error_description="` + description(e.RFC6749Error) + `"`
	if e.scope != "" {
		c += `, scope="` + e.scope + `"`
	}
	return c
}

var (
	errNoToken      = &fosite.RFC6749Error{ErrorField: "invalid_token", DescriptionField: "Send an access token: Authorization: Bearer …", CodeField: http.StatusUnauthorized}
	errInvalidToken = &fosite.RFC6749Error{ErrorField: "invalid_token", DescriptionField: "The access token is malformed, expired or revoked. Get a new one.", CodeField: http.StatusUnauthorized}
	errScope        = &fosite.RFC6749Error{ErrorField: "insufficient_scope", DescriptionField: "The access token lacks a scope.", CodeField: http.StatusForbidden}
)

// bearerToken returns the access token of r: from the header, or from the form of a POST (RFC 6750 §2.1, §2.2). Never from the query, where it
// would end up in logs, and never from a cookie.
func bearerToken(r *http.Request) (string, error) {
	headers := r.Header.Values("Authorization")
	inBody := r.PostForm.Get("access_token")
	switch {
	case len(headers) == 0 && inBody == "":
		return "", &bearerError{RFC6749Error: errNoToken, status: http.StatusUnauthorized}
	case len(headers) > 1, len(headers) == 1 && inBody != "":
		return "", &bearerError{
			RFC6749Error: fosite.ErrInvalidRequest.WithHint("Send the access token once: in the Authorization header or in the body."),
			status:       http.StatusBadRequest,
		}
	case inBody != "":
		return inBody, nil
	}
	scheme, token, ok := strings.Cut(headers[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", &bearerError{RFC6749Error: errNoToken, status: http.StatusUnauthorized}
	}
	return token, nil
}

// errBearer turns keys.ErrToken into the answer for it, and leaves faults alone.
func errBearer(err error) error {
	if errors.Is(err, keys.ErrToken) {
		return &bearerError{RFC6749Error: errInvalidToken, status: http.StatusUnauthorized}
	}
	return err
}
