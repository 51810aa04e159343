package loginui

import (
	"errors"
	"net/http"

	"github.com/symbolon-id/symbolon/provider/session"
)

// homeView is the own part of the home page.
type homeView struct {
	SignedIn bool
	Person   person
}

func (u *UI) showHome(w http.ResponseWriter, r *http.Request) error {
	a := answer{name: "home", lang: languageOf(r, ""), title: []string{"home.out.title"}, page: homeView{}}
	current, err := u.Sessions.Current(r)
	switch {
	case errors.Is(err, session.ErrNotFound):
		return u.render(w, a)
	case err != nil:
		return unavailable(err)
	}
	who, err := u.Accounts.Account(r.Context(), current.AccountID)
	if err != nil {
		return unavailable(err)
	}
	a.title, a.page = []string{"home.title"}, homeView{SignedIn: true, Person: personOf(who)}
	return u.render(w, a)
}
