package loginui

import (
	"errors"
	"net/http"
	"time"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/upstream"
	"github.com/symbolon-id/symbolon/provider/web"
)

// serveCallback takes the person back from an upstream: the proof becomes an account, the account a session, and the decision is made again.
func (u *UI) serveCallback(w http.ResponseWriter, r *http.Request) error {
	info, ok := u.Upstreams.Info(r.PathValue("upstream"))
	if !ok {
		return &web.PageError{Kind: web.PageNotFound}
	}
	web.Annotate(r.Context(), "upstream", info.ID)
	if err := readForm(r); err != nil {
		return err
	}
	completion, err := u.Upstreams.Complete(r.Context(), info.ID, r.Form, u.Interactions.BrowserHash(r))
	if err != nil && !errors.Is(err, upstream.ErrSpent) {
		return u.upstreamFailed(w, r, info, completion, err)
	}
	spent := err != nil
	i, err := u.Interactions.InteractionOf(r.Context(), completion.Interaction, r)
	if err != nil {
		return pageError(err)
	}
	if spent {
		// The person went back, or reloaded. What the upstream said then counts no more, but the request goes on from where it stands.
		goOn(w, u.Interactions.ResumeURL(i))
		return nil
	}
	return u.signIn(w, r, i, completion)
}

// upstreamFailed takes the person back to the login page, which says what happened. The address of the callback, with what the upstream put in
// it, is left behind.
func (u *UI) upstreamFailed(w http.ResponseWriter, r *http.Request, info upstream.Info, c upstream.Completion, err error) error {
	if errors.Is(err, upstream.ErrAttempt) && c.Interaction == "" {
		if u.Interactions.BrowserHash(r) == nil {
			return &web.PageError{Kind: web.PageOtherBrowser, Err: err}
		}
		return &web.PageError{Kind: web.PageLinkUsed, Err: err}
	}
	notice := noticeOf(err)
	switch {
	case notice == "":
		return unavailable(err)
	case c.Interaction == "":
		return &web.PageError{Kind: web.PageLinkInvalid, Err: err}
	}
	web.Annotate(r.Context(), "upstream_failure", notice)
	if notice != "cancelled" {
		web.Fail(r.Context(), err)
	}
	goOn(w, loginURL(c.Interaction, "notice", notice, "at", info.ID))
	return nil
}

func (u *UI) signIn(w http.ResponseWriter, r *http.Request, i *provider.Interaction, c upstream.Completion) error {
	now := time.Now()
	who, err := account.Resolve(r.Context(), u.Accounts, c.Proof, now)
	switch {
	case errors.Is(err, account.ErrBlocked):
		u.errorPage(w, r, &web.PageError{Kind: web.PageBlocked, Client: u.partnerOf(i, languageOf(r, i.UILocales)).Name, Err: err},
			link{loginURL(i.Sealed, "switch", "1"), "other"})
		return nil
	case errors.Is(err, account.ErrAudience):
		web.Fail(r.Context(), err)
		goOn(w, loginURL(i.Sealed, "notice", "misconfigured", "at", c.Proof.Connector))
		return nil
	case err != nil:
		return unavailable(err)
	}
	old, err := u.Sessions.Current(r)
	if err != nil && !errors.Is(err, session.ErrNotFound) {
		return unavailable(err)
	}
	_, err = u.Sessions.Start(w, r, session.StartParams{
		AccountID: who.ID, Upstream: c.Proof.Connector, AMR: c.Proof.AMR, ACR: c.Proof.ACR,
		AuthTime: authTime(c, old, who.ID, now),
	})
	if err != nil {
		return unavailable(err)
	}
	rememberUpstream(w, c.Proof.Connector)
	goOn(w, u.Interactions.ResumeURL(i))
	return nil
}

// goOn sends the browser on from a callback. The fragment that an upstream left at its address (Facebook's is "#_=_") would go along with every
// redirect up to the partner's page (RFC 9110 §10.2.2): an empty one takes its place.
func goOn(w http.ResponseWriter, location string) { web.SeeOther(w, location+"#") }

// authTime is when the person proved themselves, as far as anybody knows. A new proof that was asked for and that the upstream does not vouch for
// is none: the old moment stays, so that a client that compares it with max_age is not told of a log-in that did not happen.
//
// OIDC Core §2: auth_time is the time when the End-User authentication occurred.
func authTime(c upstream.Completion, old session.Session, accountID string, now time.Time) time.Time {
	switch {
	case !c.Proof.AuthTime.IsZero() && c.Proof.AuthTime.Before(now):
		return c.Proof.AuthTime
	case c.Proof.AuthTime.IsZero() && c.Reauthenticate && old.AccountID == accountID:
		return old.AuthTime
	}
	return now
}
