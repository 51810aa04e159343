package provider

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

// credentials is what a request presents to authenticate its client (RFC 6749 §2.3).
type credentials struct {
	method    string // one of clients.AuthMethodBasic, AuthMethodPost and AuthMethodNone, or methodAssertion
	id        string
	secret    string
	assertion *assertion
}

// methodAssertion stands for client_secret_jwt and private_key_jwt: which of them it is, the client's registration says.
const methodAssertion = "assertion"

// authenticateClient returns the client that r proves to come from. One implementation serves every endpoint that clients authenticate at.
// The method must be the registered one. Every refusal is the same invalid_client, and costs the same, so that nobody learns which client ids
// exist.
func (p *Provider) authenticateClient(ctx context.Context, r *http.Request, form url.Values) (*clients.Client, error) {
	presented, err := credentialsOf(r, form)
	if err != nil {
		return nil, err
	}
	c, err := p.client(ctx, presented.id)
	if err != nil {
		return nil, err
	}
	if c != nil { // what names no client may be anything, a secret in the wrong field too: it stays out of the log
		web.Annotate(ctx, "client", c.ID)
	}
	ok, err := p.prove(ctx, r, c, presented)
	switch {
	case err != nil || c == nil:
	case !ok:
		c, ok, err = p.proveAgain(ctx, r, c, presented)
	case !p.isRegisteredFor(c, form): // looked at after the proof only: a wrong secret costs one read, like an unknown client
		method := c.Metadata.TokenEndpointAuthMethod
		c, err = p.clientNow(ctx, c.ID)
		ok = c != nil && c.Metadata.TokenEndpointAuthMethod == method // of another method nothing is proved
	}
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errClient()
	}
	allowOrigin(ctx, c)
	return c, nil
}

// proveAgain judges by the client as it is now, when it is another than the known one: a secret or a key that has just been changed counts at once.
func (p *Provider) proveAgain(ctx context.Context, r *http.Request, known *clients.Client, presented credentials) (*clients.Client, bool, error) {
	c, err := p.clientNow(ctx, known.ID)
	if err != nil || c == nil || c.Version == known.Version {
		return nil, false, err
	}
	ok, err := p.prove(ctx, r, c, presented)
	return c, ok, err
}

// prove says whether what is presented proves to be c, by c's method. c is nil when there is no such client.
func (p *Provider) prove(ctx context.Context, r *http.Request, c *clients.Client, presented credentials) (bool, error) {
	if presented.method == methodAssertion {
		return p.proveByAssertion(ctx, r, c, presented.assertion)
	}
	method := ""
	if c != nil {
		method = c.Metadata.TokenEndpointAuthMethod
	}
	switch {
	case presented.method == clients.AuthMethodNone && (method == clients.AuthMethodTLS || method == clients.AuthMethodSelfSignedTLS):
		ok, err := p.proveByCertificate(ctx, r, c)
		if err == nil && !ok {
			tellWhy(ctx, c, "there is no certificate that is registered for the client")
		}
		return ok, err
	case presented.method != method:
		p.secrets.VerifyAbsent(presented.secret)
		tellWhy(ctx, c, "the request has "+presented.method+", the client is registered for "+method)
		return false, nil
	case method == clients.AuthMethodNone:
		return true, nil
	}
	ok, err := p.secrets.Verify(ctx, c, presented.secret)
	if err == nil && !ok {
		tellWhy(ctx, c, "the secret is wrong")
	}
	return ok, err
}

// tellWhy puts into the log why a known client was refused. The answer is the same for every reason.
func tellWhy(ctx context.Context, c *clients.Client, reason string) {
	if c != nil {
		web.Annotate(ctx, "client_refused", reason)
	}
}

// credentialsOf reads the credentials. A request must use one method only (RFC 6749 §2.3).
func credentialsOf(r *http.Request, form url.Values) (credentials, error) {
	headers := r.Header.Values("Authorization")
	if len(headers) > 1 {
		return credentials{}, fosite.ErrInvalidRequest.WithHint("There is more than one Authorization header.")
	}
	id, secret := form.Get("client_id"), form.Get("client_secret")
	asserts := form.Has("client_assertion") || form.Has("client_assertion_type")
	switch posts := form.Has("client_secret"); {
	case len(headers) == 1 && posts, len(headers) == 1 && asserts, posts && asserts:
		return credentials{}, fosite.ErrInvalidRequest.WithHint("The client authenticates in more than one way at once: Authorization header, client_secret, client_assertion. Use one of them.")
	case asserts:
		return assertionOf(form)
	case posts:
		return credentials{method: clients.AuthMethodPost, id: id, secret: secret}, nil
	case len(headers) == 0:
		return credentials{method: clients.AuthMethodNone, id: id}, nil
	}
	c, err := parseBasic(headers[0])
	if err != nil {
		return credentials{}, err
	}
	if form.Has("client_id") && id != c.id {
		return credentials{}, fosite.ErrInvalidRequest.WithHint("The client_id in the body differs from the one in the Authorization header.")
	}
	return c, nil
}

// assertionOf reads a client assertion (RFC 7521 §4.2). It names the client itself; client_id is optional, and the same where it is there.
func assertionOf(form url.Values) (credentials, error) {
	refused := errClient()
	if form.Get("client_assertion_type") != assertionType {
		return credentials{}, refused
	}
	a := parseAssertion(form.Get("client_assertion"))
	if a == nil || form.Has("client_id") && form.Get("client_id") != a.claims.Subject {
		return credentials{}, refused
	}
	return credentials{method: methodAssertion, id: a.claims.Subject, assertion: a}, nil
}

// parseBasic reads an HTTP Basic header whose two halves are form-encoded (RFC 6749 §2.3.1).
func parseBasic(header string) (credentials, error) {
	malformed := errClient()
	scheme, encoded, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Basic") || strings.ContainsAny(encoded, "\r\n") {
		return credentials{}, malformed
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return credentials{}, malformed
	}
	rawID, rawSecret, ok := strings.Cut(string(raw), ":")
	if !ok {
		return credentials{}, malformed
	}
	id, err := url.QueryUnescape(rawID)
	if err != nil {
		return credentials{}, malformed
	}
	secret, err := url.QueryUnescape(rawSecret)
	if err != nil {
		return credentials{}, malformed
	}
	return credentials{method: clients.AuthMethodBasic, id: id, secret: secret}, nil
}

// clientError is an invalid_client. Its answer has status 401 and names a scheme, however the client tried to authenticate.
type clientError struct{ *fosite.RFC6749Error }

// Unwrap returns the OAuth error.
func (e *clientError) Unwrap() error { return e.RFC6749Error }

func errClient() error {
	return &clientError{fosite.ErrInvalidClient.WithHint("The client is unknown, its secret, assertion or certificate is wrong, or it authenticates with another method than the registered token_endpoint_auth_method.")}
}
