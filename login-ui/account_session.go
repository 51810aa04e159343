package loginui

import (
	"net/http"
	"slices"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/web"
)

// maxSessions bounds how many sessions one page shows.
const maxSessions = 50

// sessionLine is one browser that the person is signed in with.
type sessionLine struct {
	Handle  string
	Name    string // the browser in plain words
	Phone   bool
	Current bool   // it is this browser
	Started string // when, and with which upstream
	Seen    string
	Apps    string // those that were signed in to there; may be empty
	Idle    bool   // only the apps are: the browser itself was not used for too long

	session session.Session
}

// sessionsOf lists the person's sessions: this browser's, those that are alive, and those that apps are still signed in from. apps is all of
// the person's apps.
func (u *UI) sessionsOf(r *http.Request, h holder) (lines []sessionLine, apps []appLine, err error) {
	if apps, err = u.appsOf(r, h); err != nil {
		return nil, nil, err
	}
	live, idle, err := u.Sessions.Of(r.Context(), h.ID)
	if err != nil {
		return nil, nil, unavailable(err)
	}
	for _, s := range live {
		lines = append(lines, u.sessionLine(h, s, apps))
	}
	slices.SortStableFunc(lines, func(a, b sessionLine) int {
		switch {
		case a.Current:
			return -1
		case b.Current:
			return 1
		}
		return b.session.SeenAt.Compare(a.session.SeenAt)
	})
	for _, s := range idle {
		if line := u.sessionLine(h, s, apps); line.Apps != "" {
			line.Idle = true
			lines = append(lines, line)
		}
	}
	return lines, apps, nil
}

func (u *UI) sessionLine(h holder, s session.Session, apps []appLine) sessionLine {
	name, phone := h.words.browser(s.UserAgent)
	upstream := visible(s.Upstream, maxPersonText)
	if info, ok := u.Upstreams.Info(s.Upstream); ok {
		upstream = label(info)
	}
	line := sessionLine{
		Handle: handleOf("session", h.ID, s.ID), Name: name, Phone: phone, Current: s.ID == h.current.ID,
		Started: h.words.say("account.session.started", "when", h.words.when(s.LoginAt), "upstream", upstream),
		Seen:    h.words.say("account.session.seen", "when", h.words.when(s.SeenAt)), session: s,
	}
	if there := signedInFrom(apps, []sessionLine{line}); len(there) > 0 {
		line.Apps = h.words.say("account.session.apps", "apps", names(there))
	}
	return line
}

// others returns the sessions of other browsers.
func others(lines []sessionLine) []sessionLine {
	return slices.DeleteFunc(slices.Clone(lines), func(l sessionLine) bool { return l.Current })
}

// signedInFrom returns the apps that the person is signed in to from any of the sessions.
func signedInFrom(apps []appLine, lines []sessionLine) []appLine {
	var found []appLine
	for _, app := range apps {
		if slices.ContainsFunc(lines, func(l sessionLine) bool { return slices.Contains(app.sessions, l.session.ID) }) {
			found = append(found, app)
		}
	}
	return found
}

// chosenSession returns the session that the path names, of the person's own; any other is not found.
func (u *UI) chosenSession(r *http.Request, h holder) (line sessionLine, apps []appLine, err error) {
	lines, apps, err := u.sessionsOf(r, h)
	if err != nil {
		return line, nil, err
	}
	at := slices.IndexFunc(lines, func(l sessionLine) bool { return l.Handle == r.PathValue("id") })
	if at < 0 {
		return line, nil, &web.PageError{Kind: web.PageNotFound}
	}
	return lines[at], apps, nil
}

func (u *UI) showEndSession(w http.ResponseWriter, r *http.Request) error {
	h, ok, err := u.holderOf(w, r)
	if err != nil || !ok {
		return err
	}
	line, apps, err := u.chosenSession(r, h)
	switch {
	case err != nil:
		return err
	case line.Current:
		web.SeeOther(w, "/logout") // which asks, too
		return nil
	}
	v := confirmView{Action: r.URL.EscapedPath(), Confirm: "account.session.end", ID: "session-end-confirm"}
	if line.Idle {
		v.Effects = []string{h.words.say("account.session.end.idle")}
	} else {
		v.Effects = []string{h.words.say("account.session.end.effect")}
	}
	v.signsOut(h, apps, []sessionLine{line})
	return u.confirmPage(w, h, v, "account.session.end.title", "browser", line.Name)
}

// signsOut adds which apps end with the sessions, and that access without the person does not.
func (v *confirmView) signsOut(h holder, apps []appLine, lines []sessionLine) {
	if v.Apps = signedInFrom(apps, lines); len(v.Apps) > 0 {
		v.Leads = h.words.counted("account.signs-out", len(v.Apps))
	}
	if slices.ContainsFunc(apps, func(a appLine) bool { return a.offline }) {
		v.Notes = append(v.Notes, h.words.say("account.session.offline"))
	}
}

func (u *UI) submitEndSession(w http.ResponseWriter, r *http.Request) error {
	h, ok, err := u.holderOf(w, r)
	if err != nil || !ok || !u.isOurs(w, r, h) {
		return err
	}
	line, _, err := u.chosenSession(r, h)
	if err != nil {
		return err
	}
	web.Annotate(r.Context(), "ended", line.session.ID)
	if line.Current { // as by the log-out page
		location, err := u.Logouts.EndSession(w, r, &provider.Logout{})
		if err != nil {
			return pageError(err)
		}
		web.SeeOther(w, location)
		return nil
	}
	if err := u.Sessions.EndByID(r.Context(), line.session.ID); err != nil {
		return unavailable(err)
	}
	web.SeeOther(w, accountWith(doneSession))
	return nil
}

func (u *UI) showEndOthers(w http.ResponseWriter, r *http.Request) error {
	h, ok, err := u.holderOf(w, r)
	if err != nil || !ok {
		return err
	}
	lines, apps, err := u.sessionsOf(r, h)
	if err != nil {
		return err
	}
	lines = others(lines)
	if len(lines) == 0 {
		web.SeeOther(w, provider.AccountPath)
		return nil
	}
	v := confirmView{
		Action: r.URL.EscapedPath(), Confirm: "account.session.end", ID: "sessions-end-confirm",
		Effects: []string{h.words.counted("account.sessions.end.effect", len(lines))},
	}
	v.signsOut(h, apps, lines)
	return u.confirmPage(w, h, v, "account.sessions.end.title")
}

func (u *UI) submitEndOthers(w http.ResponseWriter, r *http.Request) error {
	h, ok, err := u.holderOf(w, r)
	if err != nil || !ok || !u.isOurs(w, r, h) {
		return err
	}
	web.Annotate(r.Context(), "ended", "all other sessions")
	if err := u.Sessions.EndOthers(r.Context(), h.current); err != nil {
		return unavailable(err)
	}
	web.SeeOther(w, accountWith(doneSessions))
	return nil
}
