package provider

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/web"
)

// refuse sends an error back to the client (RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6). A fault of ours becomes a page: the person is here, and can
// try again. With prompt none nobody is: a hidden frame of the client waits, and is told temporarily_unavailable.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, a authorization, err error) error {
	var f *fault
	if errors.As(err, &f) {
		if !has(strings.Fields(a.form.Get("prompt")), "none") {
			return err
		}
		web.Fail(r.Context(), err)
	}
	e := oauthError(err)
	if e.ErrorField == fosite.ErrServerError.ErrorField {
		return err
	}
	web.Annotate(r.Context(), "oauth_error", e.ErrorField)
	wait, err := p.mustNotHop(r, a)
	if err != nil {
		return err
	}
	if wait {
		return p.leavePage(a, e)
	}
	return p.respond(w, r, a, url.Values{"error": {e.ErrorField}, "error_description": {description(e)}})
}

// mustNotHop says whether an error must not lead to the client by itself: nobody has looked at the client, and the person has not signed in, so
// that a link of ours would lead anybody anywhere (RFC 7591 §5, RFC 9700 §4.11.2). That goes for prompt=none too: docs/divergences.md.
func (p *Provider) mustNotHop(r *http.Request, a authorization) (bool, error) {
	if !a.client.SelfRegistered || p.trustsRedirect(a.redirectURI) {
		return false, nil
	}
	_, err := p.config.Sessions.Current(r)
	switch {
	case errors.Is(err, session.ErrNotFound):
		return true, nil
	case err != nil:
		return false, &fault{err}
	}
	return false, nil
}

// trustsRedirect says whether the operator vouches for where the address leads.
func (p *Provider) trustsRedirect(uri string) bool {
	return p.config.TrustedRedirect != nil && p.config.TrustedRedirect(uri)
}

// leavePage names the place that the error would have led to, and leaves it to the person to go there.
func (p *Provider) leavePage(a authorization, e *fosite.RFC6749Error) error {
	return &web.PageError{
		Kind: web.PageLeave, Client: a.client.Metadata.ClientName, Detail: e.ErrorField + ": " + description(e),
		Next: p.answerURL(a, "error", e.ErrorField, "error_description", description(e)),
	}
}

// writePageError answers a person. What is not a page error is a fault of ours.
func (p *Provider) writePageError(w http.ResponseWriter, r *http.Request, err error) {
	var page *web.PageError
	var f *fault
	switch {
	case errors.As(err, &page):
	case errors.As(err, &f):
		page = &web.PageError{Kind: web.PageUnavailable, Err: err}
	default:
		page = &web.PageError{Kind: web.PageInternal, Err: causeOf(err)}
	}
	if page.Err != nil {
		web.Fail(r.Context(), page)
	}
	p.config.ErrorPage(w, r, page)
}

// refuseForm answers a request whose parameters do not make a request. A repeated one is told to the client (RFC 6749 §3.1, §4.1.2.1), by what is
// there once; repeated are neither the client nor the place that the answer goes to.
func (p *Provider) refuseForm(w http.ResponseWriter, r *http.Request, form url.Values, why error) (err error) {
	switch {
	case !errors.Is(why, web.ErrFormDuplicate):
		return why
	case len(form["client_id"]) > 1, len(form["redirect_uri"]) > 1:
		return errParameters(why)
	}
	maps.DeleteFunc(form, func(_ string, values []string) bool { return len(values) > 1 })
	a := authorization{form: form}
	if a.client, a.redirectURI, err = p.clientAndRedirectURI(r.Context(), form); err != nil {
		return err
	}
	return p.refuse(w, r, a, why)
}

// refuseReference answers a request whose parameters could not be taken from where it said. The error goes to the client only by a redirect_uri that
// is written in the request and is the client's; there is no other to be sure of.
func (p *Provider) refuseReference(w http.ResponseWriter, r *http.Request, a authorization, cause error) error {
	var page, unknown *web.PageError
	var f *fault
	if errors.As(cause, &page) || errors.As(cause, &f) {
		return cause
	}
	e := oauthError(cause)
	var err error
	a.client, a.redirectURI, err = p.clientAndRedirectURI(r.Context(), a.form)
	switch {
	case e.ErrorField == fosite.ErrServerError.ErrorField:
		return cause
	case err != nil && (!errors.As(err, &unknown) || unknown.Kind == web.PageUnknownClient):
		return err
	case err != nil || !a.form.Has("redirect_uri"):
		web.Annotate(r.Context(), "oauth_error", e.ErrorField)
		kind := web.PageBadRequest
		if e.ErrorField == fosite.ErrTemporarilyUnavailable.ErrorField {
			kind = web.PageUnavailable
		}
		return &web.PageError{Kind: kind, Detail: e.ErrorField + ": " + description(e)}
	}
	return p.refuse(w, r, a, cause)
}

// errUnknownClient is the page for a request that nobody can be told of but the person.
func errUnknownClient() *web.PageError {
	return &web.PageError{Kind: web.PageUnknownClient, Detail: "The client_id is missing or not registered here."}
}

// errParameters is the page for a request whose parameters cannot be read.
func errParameters(err error) error {
	if errors.Is(err, web.ErrFormSize) {
		return &web.PageError{Kind: web.PageTooLarge, Err: err}
	}
	return &web.PageError{Kind: web.PageBadRequest, Detail: strings.TrimPrefix(err.Error(), "web: ") + ".", Err: err}
}
