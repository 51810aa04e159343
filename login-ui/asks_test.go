package loginui

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/web"
)

// asks stands in for the provider: interactions are kept by id and bound to the browser by a cookie. Its decision is: denied, no session, no
// consent, done.
type asks struct {
	sessions *session.Sessions
	mu       sync.Mutex
	byID     map[string]*provider.Interaction
	allowed  map[string]bool // account and client
	logouts  map[string]*provider.Logout
}

const bindingCookie = "binding"

// begin keeps an interaction for the browser that has the value in its cookie.
func (a *asks) begin(i provider.Interaction, browser string) *provider.Interaction {
	a.mu.Lock()
	defer a.mu.Unlock()
	i.ID = base64.RawURLEncoding.EncodeToString(sum(browser + i.RedirectURI)[:8])
	i.Sealed = "sealed-" + i.ID
	i.FirstSeenAt = time.Now()
	a.byID[i.Sealed+"\x00"+string(sum(browser))] = &i
	return &i
}

func sum(s string) []byte {
	h := sha256.Sum256([]byte(s))
	return h[:]
}

func (a *asks) BrowserHash(r *http.Request) []byte {
	c, err := r.Cookie(bindingCookie)
	if err != nil {
		return nil
	}
	return sum(c.Value)
}

func (a *asks) Interaction(r *http.Request) (*provider.Interaction, error) {
	return a.InteractionOf(r.Context(), r.FormValue("i"), r)
}

func (a *asks) InteractionOf(_ context.Context, sealed string, r *http.Request) (*provider.Interaction, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	hash := a.BrowserHash(r)
	if hash == nil {
		return nil, &web.PageError{Kind: web.PageOtherBrowser}
	}
	if i, ok := a.byID[sealed+"\x00"+string(hash)]; ok {
		return i, nil
	}
	return nil, &web.PageError{Kind: web.PageLinkInvalid}
}

func (a *asks) ResumeURL(i *provider.Interaction) string {
	if i.UserCode != "" {
		return "/device?i=" + url.QueryEscape(i.Sealed)
	}
	if i.Client == nil {
		return provider.AccountPath
	}
	return provider.ResumePath + "?i=" + url.QueryEscape(i.Sealed)
}

func (a *asks) DenyURL(i *provider.Interaction) string {
	if i.Client == nil && i.UserCode == "" {
		return "/"
	}
	return a.ResumeURL(i) + "&deny=1"
}

func (a *asks) Allow(_ context.Context, i *provider.Interaction, accountID string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.allowed[accountID+" "+i.Client.ID] = true
	return nil
}

func (a *asks) allows(accountID, clientID string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.allowed[accountID+" "+clientID]
}

func (a *asks) resume(w http.ResponseWriter, r *http.Request) {
	i, err := a.Interaction(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s, err := a.sessions.Current(r)
	switch {
	case r.FormValue("deny") != "":
		web.SeeOther(w, i.RedirectURI+"?error=access_denied")
	case err != nil:
		web.SeeOther(w, loginURL(i.Sealed))
	case !a.allows(s.AccountID, i.Client.ID):
		web.SeeOther(w, "/consent?i="+url.QueryEscape(i.Sealed))
	default:
		web.SeeOther(w, i.RedirectURI+"?code=good")
	}
}

func (a *asks) EndSession(w http.ResponseWriter, r *http.Request, l *provider.Logout) (string, error) {
	if err := a.sessions.End(w, r); err != nil {
		return "", err
	}
	if l.RedirectURL != "" {
		return l.RedirectURL, nil
	}
	return "/logout", nil
}

func (a *asks) Logout(r *http.Request) (*provider.Logout, error) {
	if r.FormValue("l") == "" {
		return &provider.Logout{}, nil
	}
	l, ok := a.logouts[r.FormValue("l")]
	if !ok {
		return nil, &web.PageError{Kind: web.PageLinkInvalid}
	}
	return l, nil
}
