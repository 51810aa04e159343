package loginui

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/upstream"
	"github.com/symbolon-id/symbolon/provider/web"
)

// loginView is the own part of the login page.
type loginView struct {
	Partner   partner
	I         string // the sealed interaction
	Again     bool   // the client asks for a new proof
	Switch    bool   // the person wants another account
	Notice    string // what happened at an upstream, in the person's language
	RequestID string // stands with a notice that the operator may be asked about
	Choices   []choice
	LastUsed  bool // the first choice is the one used last
}

// choice is one upstream's button.
type choice struct {
	ID, Label string
	Look      string // google, facebook or oidc: whose rules the button follows
	Named     bool   // the label is the owner's own name, whose wording the catalogue has
}

// showLogin shows the upstreams. Who comes without an interaction comes for their own sake.
func (u *UI) showLogin(w http.ResponseWriter, r *http.Request) error {
	if r.URL.RawQuery == "" {
		web.SeeOther(w, provider.AccountPath)
		return nil
	}
	i, err := u.interaction(r)
	if err != nil {
		return err
	}
	return u.loginPage(w, r, i)
}

func (u *UI) loginPage(w http.ResponseWriter, r *http.Request, i *provider.Interaction) error {
	lang := languageOf(r, i.UILocales)
	infos, known := byLastUse(r, u.Upstreams.Infos())
	v := loginView{
		Partner: u.partnerOf(i, lang), I: i.Sealed, Again: i.Reauthenticate, Switch: r.FormValue("switch") != "", LastUsed: known,
	}
	targets := []string{i.RedirectURI}
	for _, info := range infos {
		v.Choices = append(v.Choices, choiceOf(info))
		targets = append(targets, info.Origins...)
	}
	status, err := u.notice(r, lang, &v)
	if err != nil {
		return err
	}
	title := "login.title"
	switch {
	case v.Switch:
		title = "login.switch"
	case v.Again:
		title = "login.again"
	}
	return u.render(w, answer{
		name: "login", status: status, lang: lang, title: []string{title, "client", v.Partner.Name}, page: v, targets: targets, opened: i.Popup,
	})
}

func choiceOf(info upstream.Info) choice {
	c := choice{ID: info.ID, Label: label(info), Look: "oidc"}
	if info.Type == "google" || info.Type == "facebook" {
		c.Look = info.Type
	}
	c.Named = c.Look == "google" && c.Label == "Google" || c.Look == "facebook" && c.Label == "Facebook"
	return c
}

// noticeStatus is the status of a login page that tells of a failure at an upstream, by the name of the notice.
func noticeStatus(name string) (status int, ok bool) {
	switch name {
	case "cancelled":
		return http.StatusOK, true
	case "unavailable":
		return http.StatusServiceUnavailable, true
	case "misconfigured", "protocol":
		return http.StatusBadGateway, true
	}
	return http.StatusOK, false
}

// notice reads what the callback has to say. Names that are not ours, and upstreams that are not there, say nothing.
func (u *UI) notice(r *http.Request, lang string, v *loginView) (status int, err error) {
	name := r.FormValue("notice")
	status, ok := noticeStatus(name)
	info, found := u.Upstreams.Info(r.FormValue("at"))
	if !ok || !found {
		return http.StatusOK, nil
	}
	if status != http.StatusOK {
		v.RequestID = web.RequestID(r.Context())
	}
	v.Notice, err = u.texts.text(lang, "login."+name, "upstream", label(info), "brand", u.Brand.Name)
	return status, err
}

// loginURL returns the login page of an interaction; pairs are further parameters.
func loginURL(sealed string, pairs ...string) string {
	query := url.Values{"i": {sealed}}
	for n := 0; n+1 < len(pairs); n += 2 {
		query.Set(pairs[n], pairs[n+1])
	}
	return "/login?" + query.Encode()
}

func (u *UI) submitCancel(w http.ResponseWriter, r *http.Request) error {
	i, err := u.interaction(r)
	if err != nil {
		return err
	}
	web.SeeOther(w, u.Interactions.DenyURL(i))
	return nil
}

// submitLogin starts an attempt at the upstream whose button was pressed.
func (u *UI) submitLogin(w http.ResponseWriter, r *http.Request) error {
	i, err := u.interaction(r)
	if err != nil {
		return err
	}
	info, ok := u.Upstreams.Info(r.PathValue("upstream"))
	if !ok {
		return &web.PageError{Kind: web.PageNotFound}
	}
	web.Annotate(r.Context(), "upstream", info.ID)
	location, err := u.Upstreams.Start(r.Context(), info.ID, upstream.StartRequest{
		Interaction:    i.Sealed,
		BrowserHash:    u.Interactions.BrowserHash(r),
		Reauthenticate: i.Reauthenticate,
		SelectAccount:  i.SelectAccount || r.FormValue("switch") != "",
		UILocales:      i.UILocales,
	})
	switch {
	case errors.Is(err, upstream.ErrUnavailable), errors.Is(err, upstream.ErrMisconfigured), errors.Is(err, upstream.ErrProtocol):
		web.Fail(r.Context(), err)
		web.SeeOther(w, loginURL(i.Sealed, "notice", noticeOf(err), "at", info.ID))
		return nil
	case err != nil:
		return unavailable(err)
	}
	web.SeeOther(w, location)
	return nil
}

// noticeOf names the notice of an upstream's failure; "" for a failure of our own.
func noticeOf(err error) string {
	switch {
	case errors.Is(err, upstream.ErrCancelled):
		return "cancelled"
	case errors.Is(err, upstream.ErrUnavailable):
		return "unavailable"
	case errors.Is(err, upstream.ErrMisconfigured):
		return "misconfigured"
	case errors.Is(err, upstream.ErrProtocol), errors.Is(err, upstream.ErrAttempt):
		return "protocol"
	}
	return ""
}
