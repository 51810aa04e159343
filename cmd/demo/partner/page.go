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
	t, err := template.ParseFS(looks, "looks/page.html", "looks/tools.html", "looks/"+name+"/look.html")
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
	Person    *person // nil: signed out
	Problem   *problem
	SignedOut bool
	Shelf     []book // of Sunny Books

	IDToken       string // decoded
	Expiry        string // of the access token
	CanRefresh    bool
	Refreshed     int
	Call          *apiCall
	Introspection string
}

// serveHome is the app's page: an invitation, or what the person has here.
func (a *App) serveHome(w http.ResponseWriter, r *http.Request) {
	id, s := a.session(r)
	v := view{Person: s.person, Problem: s.problem, Call: s.call, Introspection: s.introspection, Refreshed: s.refreshed, Shelf: shelf()}
	if s.person != nil {
		v.IDToken, v.Expiry, v.CanRefresh = pretty(s.idToken), remaining(s.token.Expiry), s.token.RefreshToken != ""
	}
	if s.problem != nil {
		a.sessions.change(id, func(s *session) { s.problem = nil })
	}
	a.show(w, http.StatusOK, v)
}

// serveSignedOut is where the provider sends the browser after a log-out.
func (a *App) serveSignedOut(w http.ResponseWriter, r *http.Request) {
	if _, s := a.session(r); s.person != nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	a.show(w, http.StatusOK, view{SignedOut: true})
}

// show renders the page before it sends the first byte.
func (a *App) show(w http.ResponseWriter, status int, v view) {
	v.Product = a.config.Product
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
