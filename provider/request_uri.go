package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

// Times and sizes of fetching a request object.
const (
	requestURITimeout = 5 * time.Second
	// maxRequestURI is what RFC 9101 §5.2 and OIDC Core §6.2 advise, in bytes.
	maxRequestURI = 512
	// A slow host keeps few others waiting. Anybody can start a fetch, but only of what a client has registered.
	maxRequestURIFetches = 16
)

// errRequestURIBusy is what a client gets that comes while too many request objects are being fetched.
var errRequestURIBusy = fosite.ErrTemporarilyUnavailable.WithHint("The server is fetching many request objects right now. Try again in a few seconds, or push the request.")

// takeParameters puts the parameters that a request refers to in the place of the reference: those of a pushed request, or of a request object by
// value or by reference. An error may find a.form as it was or as the client has signed it.
func (p *Provider) takeParameters(ctx context.Context, a *authorization) error {
	uri := a.form.Get("request_uri")
	switch {
	case !a.form.Has("request") && !a.form.Has("request_uri"):
		return nil
	case a.form.Has("request") && a.form.Has("request_uri"): // RFC 9101 §5
		return fosite.ErrInvalidRequest.WithHint("The parameters request and request_uri are both there. Use one.")
	case strings.HasPrefix(uri, pushedPrefix):
		return p.takePushed(ctx, a, uri)
	}
	c, err := p.client(ctx, a.form.Get("client_id"))
	if err != nil {
		return err
	}
	if c == nil {
		return errUnknownClient()
	}
	if a.form.Has("request") {
		return p.takeRequestObject(ctx, a, c, a.form.Get("request"), false)
	}
	object, err := p.fetchRequestObject(ctx, c, uri)
	if err != nil {
		return err
	}
	return p.takeRequestObject(ctx, a, c, object, true)
}

// fetchRequestObject gets the request object at a client's registered request_uri (RFC 9101 §5.2, OIDC Core §6.2). Nothing is cached, and the object
// has to be signed, so that a hash in the fragment only tells addresses apart.
func (p *Provider) fetchRequestObject(ctx context.Context, c *clients.Client, uri string) (string, error) {
	if !p.config.RequestURIs { // OIDC Core §6: said by name
		return "", fosite.ErrRequestURINotSupported.WithHint("The only request_uri offered is one of the pushed_authorization_request_endpoint.")
	}
	if len(uri) > maxRequestURI || !requestURIRegistered(c, uri) {
		return "", fosite.ErrInvalidRequestURI.WithHint("The request_uri is not one of those registered for the client in request_uris.")
	}
	select {
	case p.requestURIFetches <- struct{}{}:
		defer func() { <-p.requestURIFetches }()
	default:
		return "", errRequestURIBusy
	}
	object, err := p.getRequestObject(ctx, uri)
	if err != nil { // for the operator; the browser learns nothing of where our requests get to
		web.Annotate(ctx, "request_uri_error", err.Error())
		return "", fosite.ErrInvalidRequestURI.WithHint("The request_uri could not be fetched, or has no request object of at most 64 KiB.")
	}
	return object, nil
}

// requestURIRegistered compares character by character. An address that was registered without a fragment may be used with one.
func requestURIRegistered(c *clients.Client, uri string) bool {
	base, _, _ := strings.Cut(uri, "#")
	return slices.Contains(c.Metadata.RequestURIs, uri) || slices.Contains(c.Metadata.RequestURIs, base)
}

// getRequestObject makes the request. Redirects are not followed: the client of web.Egress returns them.
func (p *Provider) getRequestObject(ctx context.Context, uri string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, requestURITimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return "", errors.New("the request_uri does not parse")
	}
	r.Header.Set("Accept", "application/oauth-authz-req+jwt, application/jwt")
	r.Header.Set("Accept-Encoding", "identity") // nothing grows while it is read
	resp, err := p.config.HTTPClient.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the request_uri answered with status %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxRequestObject+1))
	switch {
	case err != nil:
		return "", err
	case len(body) > maxRequestObject:
		return "", errors.New("the document at the request_uri is larger than 64 KiB")
	}
	return strings.TrimSpace(string(body)), nil
}
