package bearer

import (
	"errors"
	"net/http"
)

// The causes that callers may want to tell apart, with errors.Is on what Verify returns or OnRefuse is given.
var (
	ErrNoToken     = errors.New("no access token was sent")
	ErrExpired     = errors.New("the token has expired")
	ErrRevoked     = errors.New("the token has been revoked, or its session has ended")
	ErrScope       = errors.New("the token lacks a scope")
	ErrUnavailable = errors.New("the issuer's keys or status list cannot be had")
)

// Error codes, from RFC 6750 §3.1 and RFC 9449 §7.1, §9.
const (
	codeInvalidRequest    = "invalid_request"
	codeInvalidToken      = "invalid_token"
	codeInsufficientScope = "insufficient_scope"
	codeInvalidProof      = "invalid_dpop_proof"
	codeUseNonce          = "use_dpop_nonce"
	codeUnavailable       = "temporarily_unavailable"
)

// Error is why a token, or a request, is refused.
type Error struct {
	Status      int    // 400, 401, 403 or 503
	Code        string // "error" of RFC 6750 §3; empty when no token was sent
	Description string // for the client
	Scope       string // the scopes that are needed, with insufficient_scope
	cause       error  // for us
}

// Error returns the description and its cause.
func (e *Error) Error() string {
	if e.cause == nil {
		return "bearer: " + e.Description
	}
	return "bearer: " + e.Description + ": " + e.cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

func invalidToken(cause error) *Error {
	description := "The access token is not valid here. Get a new one."
	switch {
	case errors.Is(cause, ErrExpired):
		description = "The access token has expired. Get a new one."
	case errors.Is(cause, ErrRevoked):
		description = "The access token has been revoked."
	}
	return &Error{Status: http.StatusUnauthorized, Code: codeInvalidToken, Description: description, cause: cause}
}

func invalidRequest(description string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: codeInvalidRequest, Description: description}
}

func invalidProof(cause error) *Error {
	return &Error{Status: http.StatusUnauthorized, Code: codeInvalidProof, Description: "The DPoP proof is not valid for this request.", cause: cause}
}

func noToken() *Error {
	return &Error{Status: http.StatusUnauthorized, Description: "Send an access token in the Authorization header.", cause: ErrNoToken}
}

// unavailable is a fault that is not the client's: the answer is neither yes nor no.
func unavailable(cause error) *Error {
	return &Error{
		Status: http.StatusServiceUnavailable, Code: codeUnavailable, Description: "Access tokens cannot be checked at the moment. Try again.",
		cause: errors.Join(ErrUnavailable, cause),
	}
}
