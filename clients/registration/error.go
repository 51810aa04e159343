package registration

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

// problem is an error with its answer (RFC 7591 §3.2.2). Description is for the client's developer, in ASCII; Err is for the log.
type problem struct {
	Status      int
	Code        string
	Description string
	Err         error
}

// Error returns the code and the cause.
func (p *problem) Error() string {
	if p.Err != nil {
		return p.Code + ": " + p.Err.Error()
	}
	return p.Code + ": " + p.Description
}

// Unwrap returns the cause.
func (p *problem) Unwrap() error { return p.Err }

var (
	errNoToken = &problem{
		Status: http.StatusUnauthorized, Code: "invalid_token", Description: "Send a registration token: Authorization: Bearer, and the token.",
	}
	errInvalidToken = &problem{
		Status: http.StatusUnauthorized, Code: "invalid_token", Description: "The token is unknown, expired, used up, or for another client.",
	}
	errTooMany = &problem{
		Status: http.StatusTooManyRequests, Code: "temporarily_unavailable", Description: "Too many requests from this address. Try again in an hour.",
	}
	errFull = &problem{
		Status: http.StatusServiceUnavailable, Code: "temporarily_unavailable",
		Description: "The server takes no more registrations at the moment. Ask its administrator.",
	}
)

// writeError is the one place where errors of this endpoint become answers.
func writeError(w http.ResponseWriter, r *http.Request, err error) {
	p := asProblem(err)
	web.Annotate(r.Context(), "oauth_error", p.Code)
	web.Fail(r.Context(), err)
	switch {
	case p == errNoToken: // RFC 6750 §3.1: no error code when no token was sent
		w.Header().Set("WWW-Authenticate", `Bearer realm="symbolon"`)
	case p.Status == http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="symbolon", error="invalid_token"`)
	case p == errTooMany || p == errFull:
		w.Header().Set("Retry-After", "3600")
	case p.Status == http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "2")
	}
	_ = writeJSON(w, p.Status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{p.Code, ascii(p.Description)}) // two texts always encode
}

// asProblem says what an error means. One that it does not know is a fault of the database: 503, so that the client tries again.
func asProblem(err error) *problem {
	var p *problem
	var invalid *clients.MetadataError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &invalid):
		return &problem{Status: http.StatusBadRequest, Code: invalid.Code(), Description: invalid.Error(), Err: err}
	case errors.Is(err, clients.ErrFull):
		return errFull
	default:
		return &problem{
			Status: http.StatusServiceUnavailable, Code: "temporarily_unavailable", Description: "The request could not be answered now. Try again.", Err: err,
		}
	}
}

// ascii leaves printable ASCII (RFC 7591 §3.2.2), and not more of it than a person reads.
func ascii(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
	return s[:min(len(s), 1000)]
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(body) //nolint:errcheck // the client has gone
	return nil
}
