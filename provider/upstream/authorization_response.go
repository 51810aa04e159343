package upstream

import (
	"fmt"
	"net/url"
	"slices"
)

// issuerParameter says what a connector expects of the "iss" parameter of a callback.
type issuerParameter struct {
	allowed  []string
	required bool // the upstream announces authorization_response_iss_parameter_supported
}

// authorizationCode returns the code of a callback, or the error that the upstream answered with.
func authorizationCode(q url.Values, iss issuerParameter) (string, error) {
	// RFC 6749 §3.1: no parameter more than once
	for _, name := range []string{"code", "error", "iss"} {
		if len(q[name]) > 1 {
			return "", fmt.Errorf("%w: %s more than once in the callback", ErrProtocol, name)
		}
	}
	// RFC 9207 §2.4: compared before anything else of the answer is believed, errors included
	if got := q.Get("iss"); got == "" && iss.required || got != "" && !slices.Contains(iss.allowed, got) {
		return "", fmt.Errorf("%w: iss parameter of the callback", ErrProtocol)
	}
	code, failed := q.Get("code"), q.Get("error")
	switch {
	case failed != "":
		return "", authorizationError(failed)
	case code == "":
		return "", fmt.Errorf("%w: neither code nor error in the callback", ErrProtocol)
	}
	return code, nil
}

// authorizationError gives an error code of RFC 6749 §4.1.2.1 or OIDC Core §3.1.2.6 one of our sentinels.
func authorizationError(code string) error {
	var kind error
	switch code {
	case "access_denied",
		// The person was asked for something and did not do it; we never send prompt=none.
		"login_required", "interaction_required", "account_selection_required", "consent_required":
		kind = ErrCancelled
	case "server_error", "temporarily_unavailable":
		kind = ErrUnavailable
	case "invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope", "invalid_client", "redirect_uri_mismatch":
		kind = ErrMisconfigured
	default:
		kind = ErrProtocol
	}
	return fmt.Errorf("%w: callback error %s", kind, errorCode(code))
}

// errorCode makes an error code from outside fit for the log. Descriptions are left out: they may repeat what we sent.
func errorCode(s string) string {
	if len(s) == 0 || len(s) > 64 {
		return "(none)"
	}
	for _, c := range []byte(s) {
		if c != '_' && (c < 'a' || c > 'z') {
			return "(odd)"
		}
	}
	return s
}
