package bearer

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// ConfigError is what New returns for a Config that is incomplete or insecure. It names every mistake, not only the first.
type ConfigError struct{ Mistakes []Mistake }

// Mistake is one thing that is wrong with a Config.
type Mistake struct {
	Field  string // as in "Status.MaxAge"
	Reason string // what is wrong with it, or what to do
}

// Error lists the mistakes, one a line.
func (e *ConfigError) Error() string {
	var b strings.Builder
	b.WriteString("bearer: the configuration is refused:")
	for _, m := range e.Mistakes {
		fmt.Fprintf(&b, "\n  %s %s", m.Field, m.Reason)
	}
	return b.String()
}

func (e *ConfigError) add(field, reason string) {
	if reason != "" {
		e.Mistakes = append(e.Mistakes, Mistake{field, reason})
	}
}

// check returns a *ConfigError, or nil.
func (c *Config) check() error {
	var e ConfigError
	e.add("Issuer", checkURL(c.Issuer, true))
	if strings.Contains(c.Issuer, "?") {
		e.add("Issuer", "has a query (RFC 8414 §2)")
	}
	if c.Audience == "" {
		e.add("Audience", "is empty: without it, a token for any other API would be accepted")
	}
	checkAlgorithms(&e, "Algorithms", c.Algorithms)
	for _, s := range c.RequiredScopes {
		if !isScopeToken(s) {
			e.add("RequiredScopes", fmt.Sprintf("has %q, which is not one scope (RFC 6749 §3.3)", s))
		}
	}
	checkDuration(&e, "ClockSkew", c.ClockSkew, 0, maxClockSkew)
	checkDuration(&e, "MaxTokenLifetime", c.MaxTokenLifetime, time.Second, longestTokenLifetime)
	checkDuration(&e, "KeySetMaxAge", c.KeySetMaxAge, leastKeySetMaxAge, longestKeySetMaxAge)
	c.Status.check(&e, isLoopbackHTTP(c.Issuer))
	c.DPoP.check(&e)
	if len(e.Mistakes) > 0 {
		return &e
	}
	return nil
}

func (p *StatusPolicy) check(e *ConfigError, loopback bool) {
	checkDuration(e, "Status.MaxAge", p.MaxAge, leastStatusMaxAge, longestStatusMaxAge)
	for _, origin := range p.Origins {
		u, err := url.Parse(origin)
		switch reason := checkURL(origin, loopback); {
		case reason != "":
			e.add("Status.Origins", fmt.Sprintf("has %q, which %s", origin, reason))
		case err != nil || u.Path != "" || strings.Contains(origin, "?"):
			e.add("Status.Origins", fmt.Sprintf("has %q, which is more than scheme, host and port", origin))
		}
	}
	if p.DangerouslyIgnoreStatus && (p.Require || p.MaxAge != 0 || p.Origins != nil || p.FreshFromFetch) {
		e.add("Status.DangerouslyIgnoreStatus", "contradicts the other fields of Status: leave one or the others out")
	}
}

func (p *DPoPPolicy) check(e *ConfigError) {
	checkAlgorithms(e, "DPoP.Algorithms", p.Algorithms)
	if p.PublicURL != "" {
		e.add("DPoP.PublicURL", checkURL(p.PublicURL, true))
		if strings.Contains(p.PublicURL, "?") {
			e.add("DPoP.PublicURL", "has a query")
		}
	}
	if p.PublicURL != "" && p.DangerouslyTrustHostHeader {
		e.add("DPoP.DangerouslyTrustHostHeader", "contradicts PublicURL: leave it out")
	}
	if n := len(p.NonceKey); n > 0 && n < leastNonceKey {
		e.add("DPoP.NonceKey", fmt.Sprintf("has %d bytes, fewer than %d", n, leastNonceKey))
	}
	if !p.enabled() && (p.Require || p.Algorithms != nil || p.Replays != nil || p.NonceKey != nil) {
		e.add("DPoP.PublicURL", "is empty: without it, no proof can be checked (RFC 9449 §4.3)")
	}
}

func checkAlgorithms(e *ConfigError, field string, names []string) {
	if names != nil && len(names) == 0 {
		e.add(field, "is an empty list: leave it nil for the default")
	}
	for _, name := range names {
		switch {
		case strings.HasPrefix(name, "HS"):
			e.add(field, fmt.Sprintf("has %q: whoever verifies with a shared secret can also sign", name))
		case algorithmOf(name).family == familyNone:
			e.add(field, fmt.Sprintf("has %q, which is no asymmetric signature algorithm (RFC 7518 §3.1)", name))
		}
	}
}

func checkDuration(e *ConfigError, field string, d, least, most time.Duration) {
	if d != 0 && (d < least || d > most) {
		e.add(field, fmt.Sprintf("is %s: it must be from %s to %s, or 0 for the default", d, least, most))
	}
}

// checkURL returns what is wrong with an absolute https URL; http is good on loopback, where allowed.
func checkURL(s string, loopback bool) string {
	u, err := url.Parse(s)
	switch {
	case s == "":
		return "is empty"
	case err != nil || u.Opaque != "" || u.Hostname() == "":
		return "is not an absolute URL"
	case u.User != nil:
		return "has a user in it"
	case strings.Contains(s, "#"):
		return "has a fragment"
	case u.Scheme == "https", u.Scheme == "http" && loopback && isLoopback(u.Hostname()):
		return ""
	}
	return "is not https: what it serves could be changed on the way"
}

func isLoopbackHTTP(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "http" && isLoopback(u.Hostname())
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// isScopeToken says whether s is one scope (RFC 6749 §3.3).
func isScopeToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}
