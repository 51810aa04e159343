package upstreamtest

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

// chooser is the page to pick a person.
type chooser struct {
	Upstream string // "Google"
	App      string // client id
	Action   string // where the form goes
	Request  string // the query of the authorization request, validated again on the way back
	People   []Person
	Hint     string // key of the person that login_hint names
	Email    bool   // an address was asked for: the person may withhold it
	Reason   string // why the page is shown although the browser is signed in
}

func (s *simulator) showChooser(w http.ResponseWriter, c chooser) {
	c.Upstream, c.App = s.name, s.options.ClientID
	w.Header().Set("Cross-Origin-Opener-Policy", "same-origin") // as the real pages have
	s.show(w, http.StatusOK, "chooser.html", c)
}

// refuse shows an error on a page of the upstream's own: the client or its redirect URI is not to be trusted, so nothing is sent there.
func (s *simulator) refuse(w http.ResponseWriter, code, detail string) {
	s.show(w, http.StatusBadRequest, "error.html", struct{ Upstream, Code, Detail string }{s.name, code, detail})
}

func (s *simulator) show(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := s.templates.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'")
	w.Header().Set("Cache-Control", "no-store")
	answer(w, status, "text/html; charset=utf-8", b.Bytes())
}

// photo draws a portrait: the initials on a disc.
func (s *simulator) photo(w http.ResponseWriter, r *http.Request) {
	p, ok := find(s.options.People, strings.TrimSuffix(r.PathValue("key"), ".svg"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	hue := 0
	for _, c := range p.Key {
		hue = (hue*31 + int(c)) % 360
	}
	answer(w, http.StatusOK, "image/svg+xml", fmt.Appendf(nil,
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96"><circle cx="48" cy="48" r="48" fill="hsl(%d 45%% 42%%)"/>`+
			`<text x="48" y="60" font-family="system-ui,sans-serif" font-size="36" fill="#fff" text-anchor="middle">%s</text></svg>`,
		hue, template.HTMLEscapeString(p.Initials())))
}

// The browser's session at the upstream: a cookie of its own with the person's key.

func (s *simulator) cookieName() string { return "simulated_" + strings.ToLower(s.name) }

func (s *simulator) signedIn(r *http.Request) (Person, bool) {
	c, err := r.Cookie(s.cookieName())
	if err != nil {
		return Person{}, false
	}
	return find(s.options.People, c.Value)
}

func (s *simulator) signIn(w http.ResponseWriter, p Person) {
	http.SetCookie(w, &http.Cookie{Name: s.cookieName(), Value: p.Key, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func (s *simulator) signOut(w http.ResponseWriter, _ *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: s.cookieName(), Path: "/", HttpOnly: true, MaxAge: -1})
	w.WriteHeader(http.StatusNoContent)
}

// redirect sends the browser back to the client. fragment is Facebook's.
func redirect(w http.ResponseWriter, to string, q url.Values, fragment string) {
	u, err := url.Parse(to)
	if err != nil {
		http.Error(w, "malformed redirect URI", http.StatusBadRequest)
		return
	}
	own := u.Query()
	for name, values := range q {
		own[name] = values
	}
	u.RawQuery = own.Encode()
	w.Header().Set("Location", u.String()+fragment)
	w.WriteHeader(http.StatusSeeOther)
}
