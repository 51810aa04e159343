package adminapi

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

// problem is an error with its RFC 9457 document. Detail and Errors are for the caller and hold nothing secret; Err is for the log.
type problem struct {
	Status int
	Code   string // the end of the type URI; stable
	Detail string // one or two sentences
	Errors []clients.Problem
	Err    error
}

func (p *problem) Error() string {
	if p.Err != nil {
		return p.Code + ": " + p.Err.Error()
	}
	return p.Code + ": " + p.Detail
}

func (p *problem) Unwrap() error { return p.Err }

// problemType begins the type URIs (RFC 9457 §3.1.1). They name, they are not fetched.
const problemType = "urn:symbolon:problem:"

// writeProblem is the one place where errors of this API become answers.
func writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := asProblem(err)
	web.Fail(r.Context(), err)
	body, _ := json.Marshal(struct {
		Type      string            `json:"type"`
		Title     string            `json:"title"`
		Status    int               `json:"status"`
		Detail    string            `json:"detail,omitempty"`
		RequestID string            `json:"request_id,omitempty"`
		Errors    []clients.Problem `json:"errors,omitempty"`
	}{problemType + p.Code, http.StatusText(p.Status), p.Status, p.Detail, web.RequestID(r.Context()), p.Errors}) // strings and numbers always encode
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	w.Write(body) //nolint:errcheck // the caller has gone
}

// asProblem says what an error of the registry means. One that it does not know is a fault of the database: 503, so that the caller tries again
// and nobody takes it for an answer.
func asProblem(err error) *problem {
	var p *problem
	var invalid *clients.MetadataError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &invalid):
		return &problem{
			Status: http.StatusBadRequest, Code: "invalid-client-metadata", Errors: invalid.Problems,
			Detail: "The client metadata has mistakes. Correct what errors lists and try again.",
		}
	case errors.Is(err, clients.ErrNotFound):
		return &problem{Status: http.StatusNotFound, Code: "client-not-found", Detail: "No client has this id.", Err: err}
	case errors.Is(err, clients.ErrExists):
		return &problem{
			Status: http.StatusConflict, Code: "client-exists", Err: err,
			Detail: "The client_id is taken, or was once. Choose another or leave it out.",
		}
	case errors.Is(err, clients.ErrIdempotencyMismatch):
		return &problem{
			Status: http.StatusConflict, Code: "idempotency-key-reused", Err: err,
			Detail: "The Idempotency-Key was used for another client, or that client has changed since. Use a new one.",
		}
	case errors.Is(err, clients.ErrConflict):
		return &problem{
			Status: http.StatusPreconditionFailed, Code: "version-mismatch", Err: err,
			Detail: "The client has changed since. Read it again and repeat the change.",
		}
	case errors.Is(err, clients.ErrNoSecret):
		return &problem{
			Status: http.StatusConflict, Code: "client-has-no-secret", Err: err,
			Detail: "The client's token_endpoint_auth_method uses no secret. Change it first.",
		}
	default:
		return &problem{Status: http.StatusServiceUnavailable, Code: "unavailable", Detail: "The request could not be answered now. Try again.", Err: err}
	}
}

func badRequest(detail string) error {
	return &problem{Status: http.StatusBadRequest, Code: "invalid-request", Detail: detail}
}
