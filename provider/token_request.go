package provider

import (
	"context"

	"github.com/ory/fosite"
)

// tokenRequest is what one request at the token endpoint has learned so far. It travels in the context, because fosite's handlers ask for the
// same things several times and have no other place to keep them.
type tokenRequest struct {
	dpopKey     string // thumbprint of the key that the request proves; empty without a proof
	certificate string // thumbprint of the certificate that the access token is bound to; empty: to none

	audiences []string // the parameters audience of a token exchange

	code  string
	grant *Grant // that the code becomes

	accessToken string // made last
	idToken     string // made before the grant is inserted: what can fail must fail before a code is spent
	request     fosite.Requester
	err         error
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
