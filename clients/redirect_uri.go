package clients

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// RedirectURIAllowed says whether a requested redirect_uri is the client's: an exact string comparison.
//
// RFC 8252 §7.3: the port may differ for an http URI on a loopback address of a native or public client, and for nothing else, "localhost" included.
func (c *Client) RedirectURIAllowed(uri string) bool {
	if slices.Contains(c.Metadata.RedirectURIs, uri) {
		return uri != ""
	}
	if c.Metadata.ApplicationType != ApplicationNative && !c.Public() {
		return false
	}
	host, rest, ok := cutLoopback(uri)
	if !ok {
		return false
	}
	for _, registered := range c.Metadata.RedirectURIs {
		if h, r, ok := cutLoopback(registered); ok && h == host && r == rest {
			return true
		}
	}
	return false
}

// PostLogoutRedirectURIAllowed says whether a requested post_logout_redirect_uri is the client's: an exact string comparison
// (OIDC RP-Logout §3).
func (c *Client) PostLogoutRedirectURIAllowed(uri string) bool {
	return uri != "" && slices.Contains(c.Metadata.PostLogoutRedirectURIs, uri)
}

// Impersonable says whether another program on the person's device could pretend to be the client: a public client whose redirect URI is not
// https, or is on the device itself. No request of such a client is approved silently (RFC 8252 §8.6, RFC 9700 §4.13).
func (c *Client) Impersonable(redirectURI string) bool {
	if !c.Public() {
		return false
	}
	u, reason := splitURI(redirectURI)
	if reason != "" || u.scheme != "https" {
		return true
	}
	host, _, _ := splitHostPort(u.authority)
	return isLoopback(host)
}

// Public says whether the client cannot keep a secret (RFC 6749 §2.1).
func (c *Client) Public() bool { return c.Metadata.TokenEndpointAuthMethod == AuthMethodNone }

// cutLoopback cuts an http URI on a loopback address literal into its host and what follows the port.
func cutLoopback(uri string) (host, rest string, ok bool) {
	after, ok := strings.CutPrefix(uri, "http://")
	if !ok {
		return "", "", false
	}
	end := strings.IndexAny(after, "/?#\\")
	if end < 0 {
		end = len(after)
	}
	host, _, ok = splitHostPort(after[:end])
	return host, after[end:], ok && host != "localhost" && isLoopback(host)
}

// isLoopback knows "localhost" and the canonical address literals.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	if err != nil || addr.Is6() != strings.HasPrefix(host, "[") {
		return false
	}
	_, reason := parseHost(host)
	return reason == "" && addr.IsLoopback()
}

// checkRedirectURI returns what is wrong with a redirect URI, or "". RFC 6749 §3.1.2, RFC 8252 §7, OIDC Registration §2, RFC 9700 §2.1.
func checkRedirectURI(s, applicationType string, r Rules) string {
	u, reason := splitURI(s)
	switch {
	case reason != "":
		return reason
	case strings.Contains(s, "*"):
		return "contains a wildcard: register every URI by itself"
	}
	if reason := checkRedirectQuery(u.query); reason != "" {
		return reason
	}
	switch strings.ToLower(u.scheme) {
	case "https", "http":
		return checkWebRedirectURI(u, applicationType, r)
	default:
		return checkPrivateScheme(u, applicationType, r)
	}
}

func checkWebRedirectURI(u uri, applicationType string, r Rules) string {
	if u.scheme != strings.ToLower(u.scheme) {
		return "has a scheme in capitals: write it in lower case"
	}
	host, _, ok := splitHostPort(u.authority)
	if !ok {
		return "has a malformed host or port"
	}
	if _, reason := parseHost(host); reason != "" {
		return reason
	}
	loopback := isLoopback(host)
	switch {
	case u.scheme == "http" && !loopback:
		return "uses http: only https is allowed, or http on 127.0.0.1, [::1] or localhost"
	// OIDC Registration §2, application_type: web clients that nobody reviewed must not point at the person's own machine.
	case loopback && applicationType != ApplicationNative && !r.Administrator:
		return "is on the person's own machine: only clients with application_type native may use that"
	}
	return ""
}

// checkPrivateScheme admits the private-use schemes of RFC 8252 §7.1: a domain name in reverse, hence with a dot. That leaves out javascript:,
// data:, file: and every other scheme that a browser knows.
func checkPrivateScheme(u uri, applicationType string, r Rules) string {
	first, _, dotted := strings.Cut(strings.ToLower(u.scheme), ".")
	switch {
	case !dotted:
		return "has the scheme " + quote(u.scheme) + ": only https, http on loopback, or a private one like com.example.app is allowed"
	case browserScheme(first) || strings.HasSuffix(u.scheme, ".") || strings.Contains(u.scheme, ".."):
		return "has a scheme that can be taken for another: use a domain name of yours in reverse, like com.example.app"
	case applicationType != ApplicationNative && !r.Administrator:
		return "has a private scheme: only clients with application_type native may use that"
	case u.authority != "":
		host, _, ok := splitHostPort(u.authority)
		if !ok {
			return "has a malformed host or port"
		}
		_, reason := parseHost(host)
		return reason
	}
	return ""
}

// browserScheme lists what no private scheme may begin with.
func browserScheme(s string) bool {
	switch s {
	case "http", "https", "javascript", "data", "vbscript", "blob", "file", "filesystem", "about", "ws", "wss", "view-source", "intent":
		return true
	}
	return false
}

// checkRedirectQuery refuses the parameters that an authorization response carries (RFC 6749 §4.1.2, RFC 9207 §2, JARM): a client that reads
// the first of two would read the registered one.
func checkRedirectQuery(query string) string {
	if query == "" {
		return ""
	}
	for pair := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		escaped, _, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(escaped)
		if err != nil {
			return "has a malformed query"
		}
		switch strings.ToLower(name) {
		case "code", "state", "iss", "error", "error_description", "error_uri", "response", "session_state",
			"id_token", "access_token", "token_type", "expires_in":
			return "has the parameter " + quote(name) + " in its query, which is for the answer: leave it out"
		}
	}
	return ""
}
