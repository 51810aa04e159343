package session

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"
)

// StateCookieName is the name of the cookie with the browser's state (OIDC Session Management §3.2). It is for the script of the frame that
// clients put into their pages, so scripts may read it and it goes along to other sites. It says nothing and opens nothing: no request is ever
// decided by it.
const StateCookieName = "__Host-symbolon-state"

// signedOut begins the state of a browser in which nobody is signed in any more. The rest is random: whoever could guess the state could
// find out from any page whether the person is signed in here.
const signedOut = "out."

// SharesState reports whether browsers get the state cookie.
func (s *Sessions) SharesState() bool { return s.config.StateMAC != nil }

// BrowserState returns the state of a browser that has the session, or "" when browsers get no state cookie. It stays when the same person proves
// themselves again, as the session's id does: who is signed in has not changed.
func (s *Sessions) BrowserState(session Session) string {
	if !s.SharesState() {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(s.config.StateMAC([]byte(session.ID)))
}

// ShowState puts the state cookie right when it is not that of current, nil for nobody: the session may have ended far from this browser. A
// browser in which nobody has ever signed in gets none. Nor is it touched when the session cookie has not come along: other sites' pages can make
// such requests, and would have clients believe that the person has left.
func (s *Sessions) ShowState(w http.ResponseWriter, r *http.Request, current *Session) {
	if !s.SharesState() {
		return
	}
	shown := ""
	if cookies := r.CookiesNamed(StateCookieName); len(cookies) == 1 {
		shown = cookies[0].Value
	}
	if current != nil {
		if state := s.BrowserState(*current); shown != state {
			setState(w, state, time.Until(current.ExpiresAt))
		}
		return
	}
	if _, came := tokenOf(r); came && shown != "" && !strings.HasPrefix(shown, signedOut) {
		setState(w, signedOut+randomText(16), s.config.Absolute)
	}
}

func setState(w http.ResponseWriter, value string, lifetime time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: StateCookieName, Value: value, Path: "/", Secure: true, SameSite: http.SameSiteNoneMode, MaxAge: max(1, int(lifetime.Seconds())),
	})
}
