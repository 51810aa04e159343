package loginui

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/web"
)

// logoutView is the own part of the log-out pages.
type logoutView struct {
	L       string // the sealed log-out of a client; may be empty
	Session string // names the session that the page was made for
	Client  string // may be empty
	Person  person
	// Frames are the addresses that tell other apps of the log-out; Next is where the person may go on to, and does After so many
	// seconds, unless that is 0; may be empty.
	Frames []string
	Next   string
	After  int
}

// showLogout asks before it ends the session: a link or an image on another site must not log a person out.
//
// OIDC RP-Logout §2: the OP should ask the End-User whether to log out.
func (u *UI) showLogout(w http.ResponseWriter, r *http.Request) error {
	l, err := u.logoutOf(r)
	if err != nil {
		return err
	}
	lang := languageOf(r, l.UILocales)
	v := logoutView{L: l.Sealed, Client: visible(l.ClientName, maxClientName)}
	current, err := u.Sessions.Current(r)
	switch {
	case errors.Is(err, session.ErrNotFound) && len(l.Frontchannel) > 0:
		return u.showLoggingOut(w, lang, v, l)
	case errors.Is(err, session.ErrNotFound) && l.RedirectURL != "" && !l.Unproven:
		web.SeeOther(w, l.RedirectURL)
		return nil
	case errors.Is(err, session.ErrNotFound):
		v.Next = l.RedirectURL
		return u.render(w, answer{name: "logged_out", lang: lang, title: []string{"logout.done"}, page: v})
	case err != nil:
		return unavailable(err)
	}
	who, err := u.Accounts.Account(r.Context(), current.AccountID)
	if err != nil {
		return unavailable(err)
	}
	v.Session, v.Person = formOf(current), personOf(who)
	return u.render(w, answer{name: "logout", lang: lang, title: []string{"logout.title"}, page: v, targets: []string{l.RedirectURL}})
}

// frameTime is how long the page after a log-out waits for other apps before it goes on, in seconds.
const frameTime = 3

// showLoggingOut tells other apps by frames (OIDC Front-Channel Logout §2), then goes on to where the client wants the person. The session has
// ended already: nothing here depends on an app that does not answer.
func (u *UI) showLoggingOut(w http.ResponseWriter, lang string, v logoutView, l *provider.Logout) error {
	v.Frames, v.Next = l.Frontchannel, l.RedirectURL
	if l.RedirectURL != "" && !l.Unproven {
		v.After = frameTime
		w.Header().Set("Refresh", fmt.Sprintf("%d; url=%s", frameTime, l.RedirectURL))
	}
	return u.render(w, answer{name: "logged_out", lang: lang, title: []string{"logout.done"}, page: v, frames: l.Frontchannel})
}

// submitLogout ends the session that the page was made for. The page that follows finds none, and says so.
func (u *UI) submitLogout(w http.ResponseWriter, r *http.Request) error {
	l, err := u.logoutOf(r)
	if err != nil {
		return err
	}
	current, err := u.Sessions.Current(r)
	if err != nil && !errors.Is(err, session.ErrNotFound) {
		return unavailable(err)
	}
	if err == nil && formIs(r.PostFormValue("session"), current) {
		location, err := u.Logouts.EndSession(w, r, l)
		if err != nil {
			return pageError(err)
		}
		web.Annotate(r.Context(), "logout", true)
		web.SeeOther(w, location)
		return nil
	}
	location := "/logout"
	if l.Sealed != "" {
		location += "?" + url.Values{"l": {l.Sealed}}.Encode()
	}
	web.SeeOther(w, location)
	return nil
}

// logoutOf returns the log-out that a client asked for; the zero Logout when the person came by themselves.
func (u *UI) logoutOf(r *http.Request) (*provider.Logout, error) {
	if err := readForm(r); err != nil {
		return nil, err
	}
	l, err := u.Logouts.Logout(r)
	if err != nil {
		return nil, pageError(err)
	}
	return l, nil
}
