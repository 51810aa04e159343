package loginui

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"

	"github.com/symbolon-id/symbolon/provider/web"
)

//go:embed templates/*.html
var templateFiles embed.FS

// pages holds one template set per page, by name.
type pages map[string]*template.Template

func loadPages() (pages, error) {
	layout, err := template.ParseFS(templateFiles, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, fmt.Errorf("loginui: layout: %w", err)
	}
	set := pages{}
	for _, name := range []string{"login", "consent", "logout", "logged_out", "home", "form_post", "device", "device_confirm", "device_done", "account", "account_confirm", "error"} {
		page, err := layout.Clone()
		if err == nil {
			page, err = page.ParseFS(templateFiles, "templates/"+name+".html")
		}
		if err != nil {
			return nil, fmt.Errorf("loginui: page %s: %w", name, err)
		}
		set[name] = page
	}
	return set, nil
}

// view is what every template sees.
type view struct {
	texts         catalogue
	Lang          string
	Title         string // of the document; the heading too
	Brand         string
	BrandLogo     bool
	Support       string
	Style, Script string
	Wide          bool // the page is more than one card
	Page          any  // the page's own part
}

// T returns a text of the catalogue. pairs is name, value, name, value …
func (v view) T(key string, pairs ...string) (string, error) {
	return v.texts.text(v.Lang, key, append(pairs, "brand", v.Brand)...)
}

// answer is one page to send.
type answer struct {
	name   string // of the template
	status int    // 0 means 200
	lang   string
	title  []string // key of the heading, then pairs
	page   any
	wide   bool // the page is more than one card
	// targets are the URLs that the page's forms may lead to, besides our own.
	targets []string
	// frames are the URLs that the page shows in frames.
	frames []string
	// opened: the window that has opened this one may keep it in hand: an app that waits for its answer.
	opened bool
	// named: whoever its forms lead to learns by Origin that they come from us.
	named bool
}

// render sends a page. Nothing is written when it returns an error.
func (u *UI) render(w http.ResponseWriter, a answer) error {
	v := view{
		texts: u.texts, Lang: a.lang, Brand: u.Brand.Name, BrandLogo: len(u.Brand.Logo) > 0, Support: u.Brand.Support,
		Style: u.assets.style, Script: u.assets.script, Wide: a.wide, Page: a.page,
	}
	title, err := v.T(a.title[0], a.title[1:]...)
	if err != nil {
		return err
	}
	v.Title = title
	var page bytes.Buffer
	if err := u.pages[a.name].ExecuteTemplate(&page, "layout", v); err != nil {
		return fmt.Errorf("render %s: %w", a.name, err)
	}
	h := w.Header()
	setPageHeaders(h)
	h.Set("Content-Security-Policy", contentSecurityPolicy(a.targets, a.frames))
	if a.named {
		h.Set("Referrer-Policy", "strict-origin")
	}
	if !a.opened { // on pages only: of all in a chain of redirects, one such header would part the windows for good
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", a.lang)
	h.Set("Content-Length", fmt.Sprint(page.Len()))
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, err = page.WriteTo(w)
	return abort(err)
}

// internal is the error page of a fault that has no page of its own.
func internal(err error) *web.PageError { return &web.PageError{Kind: web.PageInternal, Err: err} }

// unavailable is the error page of a storage fault.
func unavailable(err error) *web.PageError {
	return &web.PageError{Kind: web.PageUnavailable, Err: err}
}
