package config

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	minSecret  = 32 // bytes of a root secret
	maxSecrets = 16
	maxName    = 60 // characters of a name that a page shows
)

// makeSecret is how an operator makes a root secret.
const makeSecret = `make one with "openssl rand -base64 32"`

// validate checks the rules between and beyond the types.
func (l *loader) validate(c *Config) {
	l.issuer(c)
	l.address("listen", c.Listen)
	if c.MetricsListen != "" {
		l.address("metrics_listen", c.MetricsListen)
		if c.MetricsListen == c.Listen && !strings.HasSuffix(c.Listen, ":0") {
			l.mistake("metrics_listen", "must differ from listen")
		}
	}
	l.secrets(c)
	l.brand(&c.Brand)
	l.upstreams(c.Upstreams)
	for i, p := range c.TrustedProxies {
		if p.IsValid() && p.Bits() == 0 {
			l.mistake(element("trusted_proxies", i), "would let anyone choose their own address: name your proxies")
		}
	}
	for i, host := range c.EgressAllow {
		if !isHost(host) {
			l.mistake(element("egress_allow", i), "must be a host name or an address, in lower case, without scheme and port")
		}
	}
	if h := c.ClientCertificates.Header; h != "" {
		switch {
		case !regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,63}$`).MatchString(h):
			l.mistake("client_certificates.header", "must be the name of a header, such as Client-Cert")
		case len(c.TrustedProxies) == 0:
			l.mistake("client_certificates.header", "is believed from trusted_proxies only: name them")
		}
	}
	l.scopeWords(c.Scopes)
	l.detailsTypes(c)
	l.registration(&c.Registration, c.LegacyResponseTypes)
	l.hostList("client_id_metadata_documents.hosts", c.ClientDocuments.Hosts)
	l.trustedIssuers(c)
	l.lifetimes(&c.Lifetimes)
}

func (l *loader) issuer(c *Config) {
	if c.Issuer == "" {
		l.mistake("issuer", "is missing: set issuer in %s, or SYMBOLON_ISSUER, to the public address, such as https://id.example.com", l.file)
		return
	}
	u, err := url.Parse(c.Issuer)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		l.mistake("issuer", "must be an https address, such as https://id.example.com")
	case u.Scheme == "http" && !isLoopback(u.Hostname()): // OIDC Core §16.17, RFC 9700 §2.6
		l.mistake("issuer", "must be https; http is only for localhost, 127.0.0.1 and [::1]")
	// OIDC Core §2: the issuer has no query and no fragment. Its endpoints and its cookie live at the root of the host, so it has no path.
	case u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(c.Issuer, "#"):
		l.mistake("issuer", "must be scheme and host only: no user, path, query, fragment or slash at the end")
	case !isHost(u.Hostname()) || !isPort(u.Port(), 1) && u.Port() != "" || strings.HasSuffix(u.Host, ":"):
		l.mistake("issuer", "must have a valid host in lower case, and a valid port if any")
	case u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80":
		l.mistake("issuer", "must not name the default port: clients compare it letter by letter")
	case u.Scheme == "http" && c.TLS.Enabled():
		l.mistake("issuer", "must be https when tls is set")
	}
}

func (l *loader) address(key, addr string) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || !isPort(port, 0) || host != "" && !isHost(host) {
		l.mistake(key, "must be host:port, such as 127.0.0.1:8080 or [::1]:8080, or :8080 for all interfaces")
	}
}

func (l *loader) secrets(c *Config) {
	// PostgreSQL is there for several nodes. A secret that one of them made up would be unknown to the others.
	if c.Database.SQLitePath() == "" && !l.written("secrets") && !l.written("secrets_file") {
		l.mistake("secrets", "is missing: PostgreSQL needs a secret, the same on every node; %s and name it in secrets_file or SYMBOLON_SECRETS", makeSecret)
	}
	if len(c.Secrets) > maxSecrets {
		l.mistake("secrets", "has more than %d secrets: remove the oldest", maxSecrets)
	}
	if l.written("secrets") && !l.written("secrets_file") && len(c.Secrets) == 0 {
		l.mistake("secrets", "is empty: %s, or remove the key", makeSecret)
	}
	seen := map[string]bool{}
	for i, s := range c.Secrets {
		key := element("secrets", i)
		if !l.written(key) {
			key = "secrets_file"
		}
		switch {
		case len(s.Reveal()) < minSecret:
			l.mistake(key, "number %d is shorter than %d bytes: %s", i+1, minSecret, makeSecret)
		case seen[s.Reveal()]:
			l.mistake(key, "number %d is there twice", i+1)
		}
		seen[s.Reveal()] = true
	}
}

func (l *loader) brand(b *Brand) {
	if n := utf8.RuneCountInString(b.Name); n == 0 || n > maxName || strings.TrimSpace(b.Name) != b.Name {
		l.mistake("brand.name", "must have 1 to %d characters, without spaces around them", maxName)
	}
	if b.Support != "" && !strings.HasPrefix(b.Support, "https://") && !strings.HasPrefix(b.Support, "mailto:") {
		l.mistake("brand.support", "must be an https or mailto address")
	}
	if b.Accent != "" && !regexp.MustCompile(`^#[0-9a-fA-F]{6}$`).MatchString(b.Accent) {
		l.mistake("brand.accent", `must be a colour in quotes, such as "#2f5bd7"`)
	}
}

// lifetimes checks that idle is not longer than absolute. A default that is longer gives way.
func (l *loader) lifetimes(t *Lifetimes) {
	pairs := []struct {
		idle           *time.Duration
		absolute       time.Duration
		key, longerKey string
	}{
		{&t.SessionIdle, t.SessionAbsolute, "lifetimes.session_idle", "session_absolute"},
		{&t.RefreshIdle, t.RefreshToken, "lifetimes.refresh_idle", "refresh_token"},
	}
	for _, p := range pairs {
		if *p.idle <= p.absolute {
			continue
		}
		if l.written(p.key) && l.written("lifetimes."+p.longerKey) {
			l.mistake(p.key, "must not be longer than %s", p.longerKey)
		}
		if l.written(p.key) {
			l.mistake(p.key, "must not be longer than %s, which is %s by default", p.longerKey, short(p.absolute))
		}
		*p.idle = p.absolute
	}
}

func isPort(port string, lowest uint64) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n >= lowest
}

// isHost reports whether host is an IP address or a host name in lower case.
func isHost(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Zone() == ""
	}
	return len(host) <= 253 && regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`).MatchString(host)
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && addr.Unmap().IsLoopback()
}
