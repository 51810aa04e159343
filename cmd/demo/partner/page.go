package partner

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
)

//go:embed looks
var looks embed.FS

// look is a product's templates and style sheet.
type look struct {
	templates *template.Template
	style     []byte
}

func newLook(name string) (*look, error) {
	t, err := template.ParseFS(looks, "looks/page.html", "looks/account.html", "looks/tools.html", "looks/"+name+"/look.html")
	if err != nil {
		return nil, fmt.Errorf("look %s: %w", name, err)
	}
	l := &look{templates: t}
	for _, file := range []string{"looks/" + name + "/style.css", "looks/tools.css"} {
		css, err := looks.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("look %s: %w", name, err)
		}
		l.style = append(l.style, css...)
	}
	return l, nil
}

func (l *look) serveStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Write(l.style)
}

// view is what a page shows.
type view struct {
	Product   Product
	Neighbour Neighbour
	Reach     string  // "6 s"
	Person    *person // nil: signed out
	Problem   *problem
	SignedOut bool     // the log-out has just been done here
	Elsewhere bool     // the session has ended at the provider, and the app was told
	Shelf     []book   // of Sunny Books
	Account   *account // its page, and not the home page

	IDToken       string // decoded
	HasToken      bool   // the session's access token, or after a log-out the copy
	Expiry        string // of the access token
	CanRefresh    bool
	Refreshed     int
	Calls         []apiCall
	Introspection string
}

// serveHome is the app's page: an invitation, or what the person has here.
func (a *App) serveHome(w http.ResponseWriter, r *http.Request) {
	id, s := a.session(r)
	v := s.view()
	v.Problem = s.problem
	if s.problem != nil {
		a.sessions.change(id, func(s *session) { s.problem = nil })
	}
	a.show(w, http.StatusOK, v)
}

// serveSignedOut is where the provider sends the browser after a log-out.
func (a *App) serveSignedOut(w http.ResponseWriter, r *http.Request) {
	_, s := a.session(r)
	if s.person != nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	v := s.view()
	v.SignedOut, v.Elsewhere = true, false
	a.show(w, http.StatusOK, v)
}

// view is what the session has for the page.
func (s session) view() view {
	v := view{Person: s.person, HasToken: s.accessToken() != "", Calls: s.calls, Introspection: s.introspection, Refreshed: s.refreshed, Shelf: shelf()}
	switch {
	case s.person != nil:
		v.IDToken, v.Expiry, v.CanRefresh = pretty(s.idToken), remaining(s.token.Expiry), s.token.RefreshToken != ""
	case s.farewell != nil:
		v.Elsewhere, v.Expiry = s.farewell.elsewhere, remaining(s.farewell.token.Expiry)
	}
	return v
}

// show renders the page before it sends the first byte.
func (a *App) show(w http.ResponseWriter, status int, v view) {
	v.Product, v.Neighbour, v.Reach = a.config.Product, a.config.Neighbour, fmt.Sprintf("%g s", a.config.Reach.Seconds())
	var b bytes.Buffer
	if err := a.look.templates.ExecuteTemplate(&b, "page", v); err != nil {
		a.config.Log.Error("render", "app", v.Product.Name, "error", err.Error())
		http.Error(w, "This page cannot be shown.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}
