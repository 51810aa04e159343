package provider

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/provider/web"
)

// refuse sends an error back to the client (RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6). A fault of ours becomes a page: the person is here, and can
// try again.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, a authorization, err error) error {
	var f *fault
	if errors.As(err, &f) {
		return err
	}
	e := oauthError(err)
	if e.ErrorField == fosite.ErrServerError.ErrorField {
		return err
	}
	web.Annotate(r.Context(), "oauth_error", e.ErrorField)
	p.redirect(w, r, a, "error", e.ErrorField, "error_description", description(e))
	return nil
}

// redirect sends the browser back to the client with the named parameters, the client's state, and who answers (RFC 9207 §2).
func (p *Provider) redirect(w http.ResponseWriter, r *http.Request, a authorization, pairs ...string) {
	parameters := url.Values{"iss": {p.config.Issuer}}
	for i := 0; i+1 < len(pairs); i += 2 {
		parameters.Set(pairs[i], pairs[i+1])
	}
	if a.form.Has("state") {
		parameters.Set("state", a.form.Get("state"))
	}
	w.Header().Set("Referrer-Policy", "no-referrer")
	// The registered URI stays as it is, its own query too. 303: a POST that carried a choice is never repeated at the client (RFC 9700 §4.12).
	w.Header().Set("Location", withParameters(a.redirectURI, parameters))
	w.WriteHeader(http.StatusSeeOther)
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

// errParameters is the page for a request whose parameters cannot be read.
func errParameters(err error) error {
	if errors.Is(err, web.ErrFormSize) {
		return &web.PageError{Kind: web.PageTooLarge, Err: err}
	}
	return &web.PageError{Kind: web.PageBadRequest, Detail: strings.TrimPrefix(err.Error(), "web: ") + ".", Err: err}
}
