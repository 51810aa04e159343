package provider

import (
	"context"

	"github.com/ory/fosite"
)

// tokenRequest is what one request at the token endpoint has learned so far. It travels in the context, because fosite's handlers ask for the
// same things several times and have no other place to keep them.
type tokenRequest struct {
	// What the tokens are bound to (RFC 9700 §2.2.1).
	dpopKey     string // thumbprint of the key that the request proves; empty without a proof
	certificate string // thumbprint of the certificate that the access token is bound to; empty: to none

	audiences []string // the parameters audience of a token exchange

	code  string
	grant *Grant // that a code, device code or assertion becomes

	request fosite.Requester // what the code was issued for, and
	err     error            // what is wrong with the code: it is opened once

	accessToken string // made last
	idToken     string // made before the grant is inserted: what can fail must fail before a code is spent
}

type tokenRequestKey struct{}

func withTokenRequest(ctx context.Context, dpopKey string) (context.Context, *tokenRequest) {
	t := &tokenRequest{dpopKey: dpopKey}
	return context.WithValue(ctx, tokenRequestKey{}, t), t
}

// tokenRequestOf returns the token request at hand; there always is one where tokens are made.
func tokenRequestOf(ctx context.Context) *tokenRequest {
	return ctx.Value(tokenRequestKey{}).(*tokenRequest)
}
