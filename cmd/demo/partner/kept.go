package partner

import (
	"fmt"
	"time"

	"golang.org/x/oauth2"
)

// farewell is what the demo leaves behind of a session that has ended: a copy of its access token, as a thief might have, so that a visitor can see
// what it is still worth. A real app keeps nothing.
type farewell struct {
	at        time.Time
	elsewhere bool // the app was told; nobody pressed its button
	token     *oauth2.Token
}

// afterLogOut is what becomes of the session: nobody is signed in.
func (s session) afterLogOut(elsewhere bool) session {
	kept := oauth2.Token{AccessToken: s.token.AccessToken, Expiry: s.token.Expiry}
	return session{seenAt: s.seenAt, farewell: &farewell{at: time.Now(), elsewhere: elsewhere, token: &kept}}
}

// accessToken returns the session's token, or the copy that has been kept. Without either it is empty.
func (s session) accessToken() string {
	switch {
	case s.person != nil:
		return s.token.AccessToken
	case s.farewell != nil:
		return s.farewell.token.AccessToken
	}
	return ""
}

// when says how long after the log-out it is; during a session it is empty.
func (s session) when() string {
	if s.farewell == nil {
		return ""
	}
	return fmt.Sprintf("%.1f s after the log-out", time.Since(s.farewell.at).Seconds())
}
