package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/oauth2"
)

// redeem exchanges the code for tokens, once. AuthStyle must be set: the default of x/oauth2 would send a code twice. failed gives the upstream's
// error answers their meaning.
func redeem(ctx context.Context, client *http.Client, cfg oauth2.Config, code, verifier string, failed func(*oauth2.RetrieveError) error) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	token, err := cfg.Exchange(context.WithValue(ctx, oauth2.HTTPClient, client), code, oauth2.VerifierOption(verifier))
	if retrieve, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		if err := statusError(retrieve.Response.StatusCode); err != nil {
			return nil, fmt.Errorf("token endpoint: %w", err)
		}
		return nil, fmt.Errorf("token endpoint: %w", failed(retrieve))
	}
	if err != nil {
		return nil, fmt.Errorf("token endpoint: %w: %w", ErrUnavailable, exchangeError(ctx, err))
	}
	// RFC 6749 §7.1: a token of an unknown type is not used
	if !strings.EqualFold(token.Type(), "Bearer") {
		return nil, fmt.Errorf("token endpoint: %w: token type", ErrProtocol)
	}
	return token, nil
}

// exchangeError keeps what net/http says and drops what x/oauth2 says about an answer: it may quote it.
func exchangeError(ctx context.Context, err error) error {
	inner := withoutURL(err)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case inner != err:
		return inner
	}
	return errors.New("answer is not a token response")
}

// statusError gives the statuses that need no body their meaning, and returns nil for the others.
func statusError(status int) error {
	switch {
	case status >= 500, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		return fmt.Errorf("%w: status %d", ErrUnavailable, status)
	case status >= 300 && status < 400:
		return fmt.Errorf("%w: redirect, which we do not follow", ErrProtocol)
	}
	return nil
}

// tokenError is the meaning of an error answer per RFC 6749 §5.2.
func tokenError(e *oauth2.RetrieveError) error {
	kind := ErrProtocol // invalid_grant: the code is not ours, or was used
	switch e.ErrorCode {
	case "invalid_client", "unauthorized_client", "invalid_request", "invalid_scope", "unsupported_grant_type", "redirect_uri_mismatch":
		kind = ErrMisconfigured
	case "server_error", "temporarily_unavailable", "slow_down":
		kind = ErrUnavailable
	}
	return fmt.Errorf("%w: status %d, error %s", kind, e.Response.StatusCode, errorCode(e.ErrorCode))
}
