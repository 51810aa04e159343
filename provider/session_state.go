package provider

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/symbolon-id/symbolon/provider/session"
)

// sessionStateOf returns the session_state of the answer to a request that ended in the session (OIDC Session Management §2). It is "" when
// session management is off, when the request is not one of OpenID Connect, and when the answer leads to an app, which has no origin.
func (p *Provider) sessionStateOf(a authorization, s session.Session) string {
	origin := originOf(a.redirectURI)
	if !p.config.Sessions.SharesState() || origin == "" || !has(strings.Fields(a.form.Get("scope")), "openid") {
		return ""
	}
	return sessionState(a.client.ID, origin, p.config.Sessions.BrowserState(s), randomText(16))
}

// sessionState binds the browser's state to a client and its origin (OIDC Session Management §3.2). The salt keeps two clients, or two answers,
// from being told to be of one browser. check_session.js computes the same.
func sessionState(clientID, origin, browserState, salt string) string {
	sum := sha256.Sum256([]byte(clientID + " " + origin + " " + browserState + " " + salt))
	return base64.RawURLEncoding.EncodeToString(sum[:]) + "." + salt
}

// originOf returns the origin of a web page's address as browsers write it: in lower case, without the scheme's own port (RFC 6454 §6.2). It is
// "" when the address is none of a web page.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	host := strings.ToLower(u.Host)
	switch u.Scheme + ":" + u.Port() {
	case "https:443", "http:80", "https:", "http:":
		host = strings.TrimSuffix(host, ":"+u.Port())
	}
	return u.Scheme + "://" + host
}
