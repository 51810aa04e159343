package provider

import (
	"errors"
	"net/http"
	"strings"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/keys"
)

// bearerError is a refusal of an access token (RFC 6750 §3).
type bearerError struct {
	*fosite.RFC6749Error
	status int
	scope  string // the scope that was missing
	dpop   bool   // the token is, or claims to be, bound to a DPoP key
}

// Unwrap returns the OAuth error.
func (e *bearerError) Unwrap() error { return e.RFC6749Error }

// challenge is the WWW-Authenticate header. A request without any token is told the scheme only (RFC 6750 §3.1).
func (e *bearerError) challenge() string {
	if e.RFC6749Error == errNoToken {
		return `Bearer realm="symbolon"`
	}
	c := `Bearer realm="symbolon"`
	if e.dpop { // RFC 9449 §7.1
		c = `DPoP algs="ES256 EdDSA RS256 PS256"`
	}
	c += `, error="` + e.ErrorField + `", error_description="` + description(e.RFC6749Error) + `"`
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

// presentedToken is an access token as it came.
type presentedToken struct {
	token string
	dpop  bool // with the DPoP scheme
}

// bearerToken returns the access token of r: from the header, or from the form of a POST (RFC 6750 §2.1, §2.2, RFC 9449 §7.1). Never from the
// query, where it would end up in logs, and never from a cookie.
func bearerToken(r *http.Request) (presentedToken, error) {
	headers := r.Header.Values("Authorization")
	inBody := r.PostForm.Get("access_token")
	switch {
	case len(headers) == 0 && inBody == "":
		return presentedToken{}, &bearerError{RFC6749Error: errNoToken, status: http.StatusUnauthorized}
	case len(headers) > 1, len(headers) == 1 && inBody != "":
		return presentedToken{}, &bearerError{
			RFC6749Error: fosite.ErrInvalidRequest.WithHint("Send the access token once: in the Authorization header or in the body."),
			status:       http.StatusBadRequest,
		}
	case inBody != "":
		return presentedToken{token: inBody}, nil
	}
	scheme, token, ok := strings.Cut(headers[0], " ")
	dpop := strings.EqualFold(scheme, "DPoP")
	if !ok || token == "" || !dpop && !strings.EqualFold(scheme, "Bearer") {
		return presentedToken{}, &bearerError{RFC6749Error: errNoToken, status: http.StatusUnauthorized}
	}
	return presentedToken{token: token, dpop: dpop}, nil
}

// checkBinding checks that a token bound to a key comes with a proof of that key, and one that is not bound does not pretend to be (RFC 9449 §7). owner is
// the client that the token was issued to.
func (p *Provider) checkBinding(r *http.Request, presented presentedToken, c *accessClaims, owner *clients.Client) error {
	if c.Confirmation != nil && c.Confirmation.Certificate != "" && c.Confirmation.Certificate != p.config.MutualTLS.certificate(r) { // RFC 8705 §3
		return &bearerError{
			RFC6749Error: errInvalidToken.WithHint("The access token is bound to a certificate: connect with that certificate."),
			status:       http.StatusUnauthorized, dpop: presented.dpop,
		}
	}
	bound := c.Confirmation != nil && c.Confirmation.Thumbprint != ""
	if !bound && !presented.dpop {
		return nil
	}
	refuse := func(e *fosite.RFC6749Error) error {
		return &bearerError{RFC6749Error: e, status: http.StatusUnauthorized, dpop: true}
	}
	if !bound || !presented.dpop {
		return refuse(errInvalidToken.WithHint("A token that is bound to a DPoP key comes with the DPoP scheme and a proof, any other with the Bearer scheme."))
	}
	key, err := p.dpopKey(r, presented.token)
	var e *fosite.RFC6749Error
	switch {
	case errors.As(err, &e):
		return refuse(e)
	case err != nil:
		return err
	case key.thumbprint != c.Confirmation.Thumbprint:
		return refuse(errDPoPProof.WithHint("The DPoP proof is missing, or made with another key than the token is bound to."))
	}
	if e := p.checkProver(owner, key); e != nil {
		return refuse(e)
	}
	return nil
}

// errBearer turns keys.ErrToken into the answer for it, and leaves faults alone.
func errBearer(err error, presented presentedToken) error {
	if errors.Is(err, keys.ErrToken) {
		return &bearerError{RFC6749Error: errInvalidToken, status: http.StatusUnauthorized, dpop: presented.dpop}
	}
	return err
}
