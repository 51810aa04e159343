package loginui

import (
	"errors"
	"net/http"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/web"
)

// consentView is the own part of the consent page.
type consentView struct {
	Partner   partner
	I         string // the sealed interaction
	Session   string // names the session that the page was made for
	Person    person
	SwitchURL string
	Details   [][]detailPart
	Digest    string // names what Details says; empty without any
	Scopes    []scopeLine
}

// person is what a page shows of an account.
type person struct {
	Name   string // or the masked address, or ""
	Detail string // the masked address where Name is a name
	// Initial stands in the avatar.
	Initial string
}

// scopeLine says what one scope gives.
type scopeLine struct {
	Text  string // the operator's words for it; empty: those of the catalogue
	Key   string // of the catalogue
	Scope string // the scope itself, where the catalogue has no words for it
	Value string // the person's own, as far as it may be shown
}

func (u *UI) showConsent(w http.ResponseWriter, r *http.Request) error {
	i, err := u.clientInteraction(r)
	if err != nil {
		return err
	}
	current, err := u.Sessions.Current(r)
	switch {
	case errors.Is(err, session.ErrNotFound):
		web.SeeOther(w, u.Interactions.ResumeURL(i))
		return nil
	case err != nil:
		return unavailable(err)
	}
	who, err := u.Accounts.Account(r.Context(), current.AccountID)
	if err != nil {
		return unavailable(err)
	}
	lang := languageOf(r, i.UILocales)
	v := consentView{
		Partner: u.partnerOf(i, lang), I: i.Sealed, Session: formOf(current), Person: personOf(who),
		SwitchURL: loginURL(i.Sealed, "switch", "1"), Scopes: u.scopeLines(lang, i.Scopes, who),
		Details: detailLines(i.Details, lang), Digest: i.DetailsDigest,
	}
	return u.render(w, answer{
		name: "consent", lang: lang, title: []string{"consent.title", "client", v.Partner.Name}, page: v, targets: []string{i.RedirectURI}, opened: i.Popup,
	})
}

// submitConsent records what the person chose. A form that was made for another session, or another account, or that showed other authorization
// details, is shown again as it is now.
func (u *UI) submitConsent(w http.ResponseWriter, r *http.Request) error {
	i, err := u.clientInteraction(r)
	if err != nil {
		return err
	}
	decision := r.PostFormValue("decision")
	web.Annotate(r.Context(), "consent", decision == "allow")
	switch decision {
	case "deny":
		web.SeeOther(w, u.Interactions.DenyURL(i))
		return nil
	case "allow":
		return u.allow(w, r, i)
	}
	return &web.PageError{Kind: web.PageBadRequest}
}

func (u *UI) allow(w http.ResponseWriter, r *http.Request, i *provider.Interaction) error {
	current, err := u.Sessions.Current(r)
	switch {
	case errors.Is(err, session.ErrNotFound), err == nil && !formIs(r.PostFormValue("session"), current), r.PostFormValue("details") != i.DetailsDigest:
		web.SeeOther(w, u.Interactions.ResumeURL(i))
		return nil
	case err != nil:
		return unavailable(err)
	}
	if err := u.Interactions.Allow(r.Context(), i, current.AccountID); err != nil {
		return unavailable(err)
	}
	web.SeeOther(w, u.Interactions.ResumeURL(i))
	return nil
}

func personOf(who account.Account) person {
	email := maskEmail(who.Email)
	p := person{Name: visible(who.Name, maxPersonText), Detail: email}
	if p.Name == "" {
		p.Name, p.Detail = email, ""
	}
	p.Initial = initial(p.Name)
	return p
}

// scopeLines has one line per scope, in the order asked for.
func (u *UI) scopeLines(lang string, scopes []string, who account.Account) []scopeLine {
	var lines []scopeLine
	for _, scope := range scopes {
		line := scopeLine{Key: "consent." + scope}
		switch scope {
		case "openid", "offline_access", "phone", "address":
		case "profile":
			line.Value = visible(who.Name, maxPersonText)
		case "email":
			if line.Value = maskEmail(who.Email); line.Value == "" {
				line.Key = "consent.email.none"
			}
		default:
			line.Key, line.Scope = "consent.other", visible(scope, maxClientName)
			line.Text = u.Scopes[scope][lang]
		}
		lines = append(lines, line)
	}
	return lines
}
