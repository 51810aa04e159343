package loginui

import (
	"errors"
	"html/template"
	"net/http"

	"github.com/symbolon-id/symbolon/provider/web"
)

// errorView is the own part of the error page.
type errorView struct {
	Kind      string
	Client    string
	Leave     template.URL // where the person may go on, at Host, which is not ours; "" for nowhere
	Host      string
	Detail    string // for the partner's developer, in English
	RequestID string
	Next      link
}

// link is the one next step of a page.
type link struct{ Href, Text string } // Text is a key of the catalogue

// ErrorPage answers r with the page of an error. The cause goes to the request's event.
func (u *UI) ErrorPage(w http.ResponseWriter, r *http.Request, e *web.PageError) {
	u.errorPage(w, r, e, u.nextStep(r, e.Kind))
}

// writeError is the error writer of every route here.
func (u *UI) writeError(w http.ResponseWriter, r *http.Request, err error) {
	var e *web.PageError
	if !errors.As(err, &e) {
		e = internal(err)
	}
	u.ErrorPage(w, r, e)
}

func (u *UI) errorPage(w http.ResponseWriter, r *http.Request, e *web.PageError, next link) {
	web.Annotate(r.Context(), "page_error", string(e.Kind))
	if e.Err != nil {
		web.Fail(r.Context(), e.Err)
	}
	lang := languageOf(r, "")
	client := visible(e.Client, maxClientName)
	if client == "" {
		client = u.texts[lang]["app"]
	}
	if e.Status() == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
	}
	host, _ := redirectHost(e.Next)
	err := u.render(w, answer{
		name: "error", status: e.Status(), lang: lang, title: []string{"error." + string(e.Kind) + ".title"},
		page: errorView{
			Kind: string(e.Kind), Client: client, Detail: visible(e.Detail, 400), RequestID: web.RequestID(r.Context()), Next: next,
			Leave: template.URL(e.Next), Host: host, //nolint:gosec // a registered redirect URI: none has a scheme that a browser runs
		},
	})
	if err != nil {
		web.Fail(r.Context(), errors.Join(err, e))
		http.Error(w, "This page could not be made. Request id: "+web.RequestID(r.Context()), http.StatusInternalServerError)
	}
}

// nextStep chooses the button of an error page; the zero link is none, where the words alone say what to do. "Try again" is the empty address,
// which is the page itself: no text of the request becomes a link.
func (u *UI) nextStep(r *http.Request, kind web.PageErrorKind) link {
	safe := (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.PathValue("upstream") == ""
	switch kind {
	case web.PageUnavailable, web.PageInternal, web.PageTooManyRequests:
		if safe {
			return link{"", "retry"}
		}
	case web.PageNotFound, web.PageMethod:
		return link{"/", "home"}
	case web.PageBlocked:
		if u.Brand.Support != "" {
			return link{u.Brand.Support, "support"}
		}
	}
	return link{}
}
