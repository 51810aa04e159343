package loginui

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/web"
)

// accountView is the own part of the account page.
type accountView struct {
	Person   person
	Done     string // what was just ended, in the person's language; may be empty
	Sessions []sessionLine
	More     string // that there are sessions beside those; may be empty
	Others   bool   // there are sessions beside this browser's
	Apps     []appLine
	Logins   []loginLine
}

// loginLine is one login of the account at an upstream.
type loginLine struct {
	Look   string // whose logo stands there: google, facebook or oidc
	Label  string
	Detail string // the masked address at the upstream; may be empty
	Used   string // when it was used last; may be empty
}

// handleOf names a session or an app in paths and element ids: the same at every look, of no use to anybody but the account, and not the id itself,
// which partners know.
func handleOf(kind, accountID, id string) string {
	sum := sha256.Sum256([]byte("handle\x00" + kind + "\x00" + accountID + "\x00" + id))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// holder is the person whose account a page is about, and the session that they look at it with.
type holder struct {
	account.Account
	current session.Session
	words   *words
}

// holderOf returns the person who is signed in. Without one it sends the browser to sign in, and ok is false.
func (u *UI) holderOf(w http.ResponseWriter, r *http.Request) (h holder, ok bool, err error) {
	if err := readForm(r); err != nil {
		return h, false, err
	}
	h.current, err = u.Sessions.Current(r)
	switch {
	case errors.Is(err, session.ErrNotFound) && r.URL.Path == provider.AccountPath:
		web.SeeOther(w, u.Connections.StartAccount(w, r))
		return h, false, nil
	case errors.Is(err, session.ErrNotFound):
		web.SeeOther(w, provider.AccountPath)
		return h, false, nil
	case err != nil:
		return h, false, unavailable(err)
	}
	if h.Account, err = u.Accounts.Account(r.Context(), h.current.AccountID); err != nil {
		return h, false, unavailable(err)
	}
	h.words = u.wordsFor(r)
	return h, true, nil
}

// showAccount shows what the account is used for: where the person is signed in, which apps they let in, and how they sign in.
func (u *UI) showAccount(w http.ResponseWriter, r *http.Request) error {
	h, ok, err := u.holderOf(w, r)
	if err != nil || !ok {
		return err
	}
	sessions, apps, err := u.sessionsOf(r, h)
	if err != nil {
		return err
	}
	identities, err := u.Records.Identities(r.Context(), h.ID)
	if err != nil {
		return unavailable(err)
	}
	v := accountView{
		Person: personOf(h.Account), Done: h.words.done(r.FormValue("done")), Sessions: sessions, Others: len(others(sessions)) > 0, Apps: apps,
		Logins: u.loginLines(h, identities),
	}
	if more := len(sessions) - maxSessions; more > 0 {
		v.Sessions, v.More = sessions[:maxSessions], h.words.counted("account.more", more)
	}
	if h.words.err != nil {
		return h.words.err
	}
	return u.render(w, answer{name: "account", lang: h.words.lang, title: []string{"account.title"}, page: v, wide: true})
}

func (u *UI) loginLines(h holder, identities []account.Identity) []loginLine {
	lines := make([]loginLine, 0, len(identities))
	for _, id := range identities {
		line := loginLine{Look: "oidc", Label: visible(id.Connector, maxPersonText), Detail: maskEmail(id.Email)}
		if info, ok := u.Upstreams.Info(id.Connector); ok { // it may have been taken out of the configuration
			line.Look, line.Label = choiceOf(info).Look, label(info)
		}
		if !id.LastUsedAt.IsZero() {
			line.Used = h.words.say("account.login.used", "when", h.words.when(id.LastUsedAt))
		}
		lines = append(lines, line)
	}
	return lines
}

// done returns the words for what a form has just ended. Names that are not ours say nothing.
func (s *words) done(name string) string {
	switch name {
	case doneSession:
		return s.say("account.done.session")
	case doneSessions:
		return s.say("account.done.sessions")
	case doneApp:
		return s.say("account.done.app")
	}
	return ""
}

// The names of what can be ended, as the parameter "done" has them.
const (
	doneSession  = "session"
	doneSessions = "sessions"
	doneApp      = "app"
)

// accountWith is the account page, telling what was ended.
func accountWith(done string) string { return provider.AccountPath + "?done=" + done }

// confirmView is the own part of the page that asks before something is ended.
type confirmView struct {
	Action  string // where the form goes
	Session string // names the session that the page was made for
	Tile    *tile  // of an app; may be nil
	Effects []string
	Leads   string    // what happens to the Apps; empty where there are none
	Apps    []appLine // that the person is signed out of
	Notes   []string
	Confirm string // key of the button's text
	ID      string // of the button
}

// confirmPage asks once, and names the effect.
func (u *UI) confirmPage(w http.ResponseWriter, h holder, v confirmView, title ...string) error {
	if h.words.err != nil {
		return h.words.err
	}
	v.Session = formOf(h.current)
	return u.render(w, answer{name: "account_confirm", lang: h.words.lang, title: title, page: v})
}

// isOurs reports whether the form was made for this session. One that was not is shown again for this one.
func (u *UI) isOurs(w http.ResponseWriter, r *http.Request, h holder) bool {
	if formIs(r.PostFormValue("session"), h.current) {
		return true
	}
	web.SeeOther(w, r.URL.EscapedPath())
	return false
}
