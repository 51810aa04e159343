package loginui

import (
	"net/http"
	"net/url"
	"slices"
)

// formPostView is the own part of the page that posts an authorization response.
type formPostView struct {
	Action string
	Fields []field
}

type field struct{ Name, Value string }

// FormPost answers with a page that posts the parameters to action by itself; without JavaScript by its one button (OAuth Form Post §2). The
// action has been matched with the client's registration.
func (u *UI) FormPost(w http.ResponseWriter, r *http.Request, action, uiLocales string, parameters url.Values) {
	v := formPostView{Action: action}
	for name := range parameters {
		v.Fields = append(v.Fields, field{name, parameters.Get(name)})
	}
	slices.SortFunc(v.Fields, func(a, b field) int { return len(a.Name) - len(b.Name) })
	err := u.render(w, answer{
		name: "form_post", lang: languageOf(r, uiLocales), title: []string{"form_post.title"}, page: v, targets: []string{action}, opened: true, named: true,
	})
	if err != nil {
		u.writeError(w, r, err)
	}
}
