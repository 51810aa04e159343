package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/keys"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/web"
)

// logoutLifetime is how long the confirmation page of a log-out may stay open.
const logoutLifetime = 10 * time.Minute

// sealedLogout is what "l" says, as a CBOR map (see sealedCode).
type sealedLogout struct {
	ClientID    string `cbor:"1,keyasint,omitempty"`
	RedirectURI string `cbor:"2,keyasint,omitempty"` // registered, but looked at again when it is used
	State       string `cbor:"3,keyasint,omitempty"`
	HasState    bool   `cbor:"4,keyasint,omitempty"`
	// Unproven: only client_id says who asks. The person may go to RedirectURI, but is not sent there (OIDC RP-Logout §3).
	Unproven bool `cbor:"5,keyasint,omitempty"`
	// Frontchannel: the session has ended, and these are still to be loaded.
	Frontchannel []string `cbor:"6,keyasint,omitempty"`
	UILocales    string   `cbor:"7,keyasint,omitempty"`
}

// Logout is a log-out that a client asked for and the person has yet to confirm. The zero value is a log-out that no client asked for.
type Logout struct {
	Sealed      string // the value of "l"
	ClientName  string
	RedirectURL string // where to go afterwards; may be empty
	// Unproven: nobody has proven that the client asks. RedirectURL is for a link, and the browser is not sent there (OIDC RP-Logout §3).
	Unproven  bool
	UILocales string // BCP 47 tags, space-separated
	// Frontchannel are the addresses that the page after the log-out loads, so that other clients end their sessions too (OIDC Front-Channel
	// Logout §2). They are there once the session has ended.
	Frontchannel []string

	redirectURI string // RedirectURL without the client's state
}

// serveEndSession is the end-session endpoint (OIDC RP-Logout §2), by GET and by POST. A client that shows an ID token of this very session
// ends it at once; everybody else has to let the person confirm, since a link to log out is easily planted.
func (p *Provider) serveEndSession(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ParseForm(r)
	if err != nil {
		return errParameters(err)
	}
	if r.Method == http.MethodPost && len(form.Encode()) > maxParameters {
		return &web.PageError{Kind: web.PageTooLarge, Detail: "The log-out request is longer than 4 KiB."}
	}
	if r.Method == http.MethodPost {
		// A post from the client's site comes without our cookies; once around by GET brings them along.
		web.SeeOther(w, "/oauth2/logout?"+form.Encode())
		return nil
	}
	client, hint, err := p.logoutClient(r.Context(), form)
	if err != nil {
		return err
	}
	l, err := logoutRequest(client, hint, form)
	if err != nil {
		return err
	}
	current, err := p.config.Sessions.Current(r)
	if err != nil && !errors.Is(err, session.ErrNotFound) {
		return &fault{err}
	}
	noSession := errors.Is(err, session.ErrNotFound)
	if noSession && client != nil && client.SelfRegistered && !p.trustsRedirect(l.RedirectURI) {
		l.RedirectURI = "" // nobody has looked at the client: a link of ours must not lead anybody anywhere (RFC 9700 §4.11.2)
	}
	if hint != nil && (noSession || client != nil && p.sid(client, current.ID) == hint.SessionID) {
		location, err := p.endSession(w, r, l)
		if err != nil {
			return err
		}
		web.SeeOther(w, location)
		return nil
	}
	web.SeeOther(w, "/logout?l="+url.QueryEscape(p.sealLogout(l)))
	return nil
}

// logoutClient finds the client by its ID token, or by its id alone: then it is a mere claim. It is nil when neither names one: a plain log-out.
func (p *Provider) logoutClient(ctx context.Context, form url.Values) (*clients.Client, *idClaims, error) {
	id, token := form.Get("client_id"), form.Get("id_token_hint")
	var hint *idClaims
	if token != "" {
		claims, err := p.verifyIDTokenHint(ctx, token)
		switch {
		case err == nil && (id == "" || id == claims.Audience):
			hint, id = claims, claims.Audience
		case err == nil:
			return nil, nil, &web.PageError{Kind: web.PageBadRequest, Detail: "The id_token_hint was issued to another client than client_id names."}
		case !errors.Is(err, keys.ErrToken):
			return nil, nil, err
		}
		// A hint that does not verify is as good as none: the person is asked, and sent nowhere.
	}
	c, err := p.clientFor(ctx, id, form)
	if err != nil {
		return nil, nil, err
	}
	return c, hint, nil
}

// logoutRequest checks where to go afterwards: only a registered URI, and only for a client that is known by its ID token or its id.
func logoutRequest(c *clients.Client, hint *idClaims, form url.Values) (sealedLogout, error) {
	l := sealedLogout{RedirectURI: form.Get("post_logout_redirect_uri"), State: form.Get("state"), HasState: form.Has("state"), UILocales: form.Get("ui_locales")}
	if c == nil {
		return sealedLogout{UILocales: l.UILocales}, nil
	}
	l.ClientID = c.ID
	if l.RedirectURI == "" {
		return l, nil
	}
	if !slices.Contains(c.Metadata.PostLogoutRedirectURIs, l.RedirectURI) {
		return l, &web.PageError{
			Kind: web.PageBadRedirectURI, Client: c.Metadata.ClientName,
			Detail: "The post_logout_redirect_uri is not one of those registered for the client. They are compared character by character.",
		}
	}
	l.Unproven = hint == nil
	return l, nil
}

// EndSession ends the browser's session after the person has confirmed l, and returns where the browser goes next. Its errors are *web.PageError,
// or a storage fault.
func (p *Provider) EndSession(w http.ResponseWriter, r *http.Request, l *Logout) (location string, err error) {
	var asked sealedLogout
	if l.Sealed != "" {
		if asked, err = p.openLogout(l.Sealed); err != nil {
			return "", err
		}
	}
	asked.RedirectURI = l.redirectURI
	return p.endSession(w, r, asked)
}

// endSession ends the session: back to the client then, or first to a page of ours where clients are told by way of the browser.
func (p *Provider) endSession(w http.ResponseWriter, r *http.Request, l sealedLogout) (location string, err error) {
	current, err := p.config.Sessions.Current(r)
	if err != nil && !errors.Is(err, session.ErrNotFound) {
		return "", &fault{err}
	}
	if err == nil {
		if l.Frontchannel, err = p.frontchannel(r.Context(), current); err != nil {
			return "", err
		}
		web.Annotate(r.Context(), "session", current.ID)
	}
	if err := p.config.Sessions.End(w, r); err != nil {
		return "", &fault{err}
	}
	web.Annotate(r.Context(), "next", "logged out")
	if target := l.redirectURL(); target != "" && !l.Unproven && len(l.Frontchannel) == 0 {
		return target, nil
	}
	return "/logout?l=" + url.QueryEscape(p.sealLogout(l)), nil
}

// frontchannel returns the log-out addresses of the clients that the person signed in to with the session.
func (p *Provider) frontchannel(ctx context.Context, s session.Session) ([]string, error) {
	ids, err := p.config.Grants.ClientsOf(ctx, s.AccountID, s.ID)
	if err != nil {
		return nil, &fault{err}
	}
	var addresses []string
	for _, id := range ids {
		c, err := p.client(ctx, id)
		if err != nil {
			return nil, err
		}
		if c == nil || c.Metadata.FrontchannelLogoutURI == "" || len(addresses) == maxFrontchannel {
			continue
		}
		addresses = append(addresses, withParameters(c.Metadata.FrontchannelLogoutURI, url.Values{"iss": {p.config.Issuer}, "sid": {p.sid(c, s.ID)}}))
	}
	return addresses, nil
}

// maxFrontchannel bounds how many clients one page tells.
const maxFrontchannel = 20

// redirectURL is where the browser goes after the log-out, with the client's state.
func (l sealedLogout) redirectURL() string {
	if l.RedirectURI == "" || !l.HasState {
		return l.RedirectURI
	}
	return withParameters(l.RedirectURI, url.Values{"state": {l.State}})
}

func (p *Provider) sealLogout(l sealedLogout) string {
	plain, err := cbor.Marshal(l)
	if err != nil {
		panic(err) // our own type always encodes
	}
	return p.logouts.SealToken(plain, nil, time.Now().Add(logoutLifetime))
}

// Logout opens the parameter "l" of r: the log-out that a client asked for, or the zero Logout when there is none. Its errors are
// *web.PageError, or a storage fault.
func (p *Provider) Logout(r *http.Request) (*Logout, error) {
	sealed := r.FormValue("l")
	if sealed == "" {
		return &Logout{}, nil
	}
	l, err := p.openLogout(sealed)
	if err != nil {
		return nil, err
	}
	c, err := p.client(r.Context(), l.ClientID)
	if err != nil || c == nil {
		return &Logout{Sealed: sealed, Frontchannel: l.Frontchannel, UILocales: l.UILocales}, err
	}
	if !slices.Contains(c.Metadata.PostLogoutRedirectURIs, l.RedirectURI) {
		l.RedirectURI = "" // taken from the client in between
	}
	return &Logout{
		Sealed: sealed, ClientName: c.Metadata.ClientName, RedirectURL: l.redirectURL(), redirectURI: l.RedirectURI, Unproven: l.Unproven, Frontchannel: l.Frontchannel, UILocales: l.UILocales,
	}, nil
}

func (p *Provider) openLogout(sealed string) (l sealedLogout, err error) {
	plain, err := p.logouts.OpenToken(sealed, nil)
	if err != nil {
		return l, &web.PageError{Kind: web.PageLinkExpired, Err: err}
	}
	if err := cbor.Unmarshal(plain, &l); err != nil {
		return l, &web.PageError{Kind: web.PageLinkInvalid, Err: err}
	}
	return l, nil
}
