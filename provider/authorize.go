package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/keys"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/web"
)

// maxParameters bounds the parameters of an authorization request, in bytes of a query string.
const maxParameters = 4 << 10

// authorization is one authorization request on its way through the decision.
type authorization struct {
	form        url.Values
	interaction *sealedInteraction // nil at the first visit
	firstSeenAt time.Time          // whole milliseconds, as the database keeps them
	pushed      []byte             // hash of the request_uri that the client got for it (RFC 9126); nil when it was not pushed
	signed      bool               // the form was in a request object (RFC 9101)

	client      *clients.Client
	redirectURI string // matched; errors may be sent there from now on
}

// serveAuthorize is the authorization endpoint (RFC 6749 §3.1).
func (p *Provider) serveAuthorize(w http.ResponseWriter, r *http.Request) error {
	form, err := authorizationForm(r)
	if err != nil {
		return p.refuseForm(w, r, form, err)
	}
	a := authorization{form: form, firstSeenAt: time.Now().Truncate(time.Millisecond)}
	if err := p.takeParameters(r.Context(), &a); err != nil {
		return p.refuseReference(w, r, a, err)
	}
	return p.decide(w, r, a)
}

// serveAuthorizePost takes an authorization request as a form (OIDC Core §3.1.2.1). It comes from another site, so the browser keeps our
// cookies back: going around once by GET brings them along.
func (p *Provider) serveAuthorizePost(w http.ResponseWriter, r *http.Request) error {
	form, err := authorizationForm(r)
	if err != nil && !errors.Is(err, web.ErrFormDuplicate) { // which GET answers
		return err
	}
	web.SeeOther(w, "/oauth2/authorize?"+form.Encode())
	return nil
}

// authorizationForm reads the parameters, by URL or by POST. They travel on in our own links, so their length is measured as it is there. With a
// web.DuplicateError it returns what it has read. Its other errors are *web.PageError.
func authorizationForm(r *http.Request) (url.Values, error) {
	form, err := web.ParseForm(r, "resource")
	switch {
	case err != nil && !errors.Is(err, web.ErrFormDuplicate):
		return nil, errParameters(err)
	case len(form.Encode()) > maxParameters:
		return nil, &web.PageError{Kind: web.PageTooLarge, Detail: "The authorization request is longer than 4 KiB."}
	}
	return form, err
}

// serveResume is where the pages send the browser back to. Everything is validated and decided again.
func (p *Provider) serveResume(w http.ResponseWriter, r *http.Request) error {
	s, err := p.openInteraction(r.URL.Query().Get("i"), r)
	if err != nil {
		return err
	}
	form, err := p.parametersOfInteraction(r.Context(), &s)
	if err != nil {
		return err
	}
	return p.decide(w, r, authorization{form: form, interaction: &s, firstSeenAt: s.firstSeenAt(), pushed: s.Pushed, signed: s.Signed})
}

// decide is the one place that says what happens next to an authorization request: an error, a page, or the code.
func (p *Provider) decide(w http.ResponseWriter, r *http.Request, a authorization) (err error) {
	if a.client, a.redirectURI, err = p.clientAndRedirectURI(r.Context(), a.form); err != nil {
		return err // nobody to send it to: a page of our own (RFC 6749 §4.1.2.1)
	}
	web.Annotate(r.Context(), "client", a.client.ID)
	a.form = p.withDefaultScope(a.client, a.form)
	request, err := p.validate(r, a)
	if err != nil {
		return p.refuse(w, r, a, err)
	}
	q, err := p.ask(r, a, request)
	if err != nil {
		return p.refuse(w, r, a, err)
	}
	p.config.Sessions.ShowState(w, r, q.session)
	need, refusal := requirementOf(q)
	if refusal != nil {
		return p.refuse(w, r, a, refusal)
	}
	switch need {
	case login, selectAccount:
		return p.interact(w, r, a, "/login", need == login && wantsProof(q), need == selectAccount)
	case consentPage:
		return p.interact(w, r, a, "/consent", false, false)
	}
	return p.issueCode(w, r, a, request, q)
}

// clientAndRedirectURI finds the client and the place that an answer may be sent to. Its errors are *web.PageError or a fault: nothing is ever
// sent to an address that has not been matched.
func (p *Provider) clientAndRedirectURI(ctx context.Context, form url.Values) (*clients.Client, string, error) {
	c, err := p.clientFor(ctx, form.Get("client_id"), form)
	if err != nil {
		return nil, "", err
	}
	if c == nil {
		return nil, "", errUnknownClient()
	}
	uri := form.Get("redirect_uri")
	openID := has(strings.Fields(form.Get("scope")), "openid")
	switch {
	case uri == "" && !openID && len(c.Metadata.RedirectURIs) == 1: // RFC 6749 §3.1.2.3
		return c, c.Metadata.RedirectURIs[0], nil
	case uri == "":
		return nil, "", &web.PageError{Kind: web.PageBadRedirectURI, Client: c.Metadata.ClientName, Detail: "The redirect_uri is missing."}
	case !c.RedirectURIAllowed(uri): // RFC 6749 §3.1.2.4
		return nil, "", &web.PageError{
			Kind: web.PageBadRedirectURI, Client: c.Metadata.ClientName,
			Detail: "The redirect_uri is not one of those registered for the client. They are compared character by character.",
		}
	}
	return c, uri, nil
}

// ask gathers what the decision depends on.
func (p *Provider) ask(r *http.Request, a authorization, request fosite.AuthorizeRequester) (question, error) {
	q := question{
		prompts: strings.Fields(a.form.Get("prompt")), maxAge: maxAge(a), firstSeenAt: a.firstSeenAt,
		denied:      a.interaction != nil && a.interaction.Denied,
		skipConsent: !consentRequired(a.client), impersonable: a.client.Impersonable(a.redirectURI),
	}
	q.claims, _ = claimsOfRequest(a.client, a.form.Get("claims"), a.form.Get("scope")) // checkClaims has read it
	q.scopes = withClaimScopes(request.GetRequestedScopes(), q.claims.idToken, q.claims.userInfo)
	var err error
	if q.details, err = p.detailsOf(a.client, a.form); err != nil {
		return q, err
	}
	if hint := a.form.Get("id_token_hint"); hint != "" {
		claims, err := p.verifyIDTokenHint(r.Context(), hint)
		if err != nil && !errors.Is(err, keys.ErrToken) {
			return q, err
		}
		if err != nil || claims.Audience != a.client.ID {
			return q, fosite.ErrInvalidRequest.WithHint("The id_token_hint is not an ID token that this server issued to this client.")
		}
		q.claims.subjects = append(q.claims.subjects, []string{claims.Subject})
	}
	s, err := p.config.Sessions.Current(r)
	if errors.Is(err, session.ErrNotFound) {
		return q, nil
	}
	if err != nil {
		return q, &fault{err}
	}
	q.session, q.subject = &s, p.subject(a.client, s.AccountID)
	q.allowed = a.interaction != nil && a.interaction.AllowedBy == s.AccountID && a.interaction.AllowedDetails == detailsDigest(q.details)
	if q.consent, err = p.config.Consents.Consent(r.Context(), s.AccountID, a.client.ID); err != nil {
		return q, &fault{err}
	}
	return q, nil
}

// interact sends the browser to a page of ours, with the request sealed into the link, and with what the decision wants of the sign-in.
func (p *Provider) interact(w http.ResponseWriter, r *http.Request, a authorization, page string, reauthenticate, selectAccount bool) error {
	s := a.interaction
	if s == nil {
		s = &sealedInteraction{
			ID: randomID(), Browser: p.bindBrowser(w, r), FirstSeenAt: a.firstSeenAt.UnixMilli(), Parameters: a.form.Encode(),
			Pushed: a.pushed, Signed: a.signed,
		}
		if len(s.Parameters) > maxParameters {
			s.Parameters = "" // they stay where they were pushed
		}
	}
	s.Reauthenticate, s.SelectAccount = reauthenticate, selectAccount
	web.Annotate(r.Context(), "next", page)
	web.SeeOther(w, page+"?i="+url.QueryEscape(p.sealInteraction(*s)))
	return nil
}

// issueCode answers with an authorization code (RFC 6749 §4.1.2). Nothing is stored.
func (p *Provider) issueCode(w http.ResponseWriter, r *http.Request, a authorization, request fosite.AuthorizeRequester, q question) error {
	scopes := []string(request.GetRequestedScopes())
	audience, err := p.audienceFor(a.client, a.form["resource"], scopes)
	if err != nil {
		return p.refuse(w, r, a, err)
	}
	grant := Grant{
		ClientID: a.client.ID, AccountID: q.session.AccountID, SessionID: q.session.ID, Scopes: scopes, Audience: audience,
		AuthTime: q.session.AuthTime, AMR: q.session.AMR, ACR: q.session.ACR, NeedsConsent: !q.skipConsent || q.impersonable,
		IDTokenClaims: q.claims.idToken, UserInfoClaims: q.claims.userInfo, AuthorizationDetails: q.details,
	}
	for _, scope := range scopes {
		request.GrantScope(scope)
	}
	if err := p.spendPushed(r.Context(), a); err != nil {
		return p.refuse(w, r, a, err)
	}
	response, err := p.fosite.NewAuthorizeResponse(r.Context(), request, &grantSession{grant: grant})
	if err != nil {
		return p.refuse(w, r, a, err)
	}
	web.Annotate(r.Context(), "next", "code")
	if names := p.repeated.see(a.client.ID, a.form); names != "" {
		web.Annotate(r.Context(), "repeated", names)
	}
	parameters := response.GetParameters()
	if state := p.sessionStateOf(a, *q.session); state != "" {
		parameters.Set("session_state", state)
	}
	return p.respond(w, r, a, parameters)
}
