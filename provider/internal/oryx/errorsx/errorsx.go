// Package errorsx has the names of github.com/ory/x/errorsx that ory/fosite uses.
package errorsx

import "errors"

// The carriers below are what fosite's RFC6749Error can tell about itself.
type (
	// StatusCodeCarrier has an HTTP status code.
	StatusCodeCarrier interface{ StatusCode() int }
	// RequestIDCarrier has the id of the request that failed.
	RequestIDCarrier interface{ RequestID() string }
	// ReasonCarrier has a reason for the client.
	ReasonCarrier interface{ Reason() string }
	// DebugCarrier has a message for the operator.
	DebugCarrier interface{ Debug() string }
	// StatusCarrier has the text of an HTTP status.
	StatusCarrier interface{ Status() string }
	// DetailsCarrier has further details.
	DetailsCarrier interface{ Details() map[string]any }
)

// WithStack returns err as it is. The original records the call stack, on every request even where nothing went wrong:
// fosite asks each grant handler in turn, and "not mine" is an error.
func WithStack(err error) error { return err }

// Cause returns the innermost error of err's chain.
func Cause(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
