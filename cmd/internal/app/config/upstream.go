package config

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxUpstreamID bounds the id of an upstream.
const maxUpstreamID = 2048

// graphVersion is the Graph API version that Facebook documents as current.
const graphVersion = "v26.0"

func (l *loader) upstreams(all []Upstream) {
	seen := map[string]bool{}
	for i := range all {
		u, key := &all[i], element("upstreams", i)
		switch {
		case !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]*$`).MatchString(u.ID) || len(u.ID) > maxUpstreamID:
			l.mistake(key+".id", "must be 1 to %d of the characters A-Z, a-z, 0-9, -, ., _ and ~, the first a letter or digit", maxUpstreamID)
		case u.ID == "cancel":
			l.mistake(key+".id", "must be another word: /login/cancel is a path of its own")
		case seen[u.ID]:
			l.mistake(key+".id", "is the id of an earlier upstream, too: ids are unique")
		}
		seen[u.ID] = true
		l.upstream(u, key)
	}
}

func (l *loader) upstream(u *Upstream, key string) {
	if u.ClientID == "" {
		l.mistake(key+".client_id", "is missing: register Symbolon at the upstream and write the client id here")
	}
	if u.ClientSecret.Reveal() == "" && !l.written(key+".client_secret_file") {
		l.mistake(key+".client_secret", "is missing: write client_secret or client_secret_file")
	}
	if n := utf8.RuneCountInString(u.Label); n > maxName || strings.TrimSpace(u.Label) != u.Label {
		l.mistake(key+".label", "must have at most %d characters, without spaces around them", maxName)
	}
	switch u.Type {
	case "google":
		l.google(u, key)
	case "facebook":
		l.facebook(u, key)
	case "oidc":
		l.oidc(u, key)
	default:
		l.mistake(key+".type", "is missing: google, facebook or oidc")
		return
	}
	l.endpoints(u, key)
}

// only refuses keys that mean nothing for the upstream's type, because the operator believes that they do something.
func (l *loader) only(key string, types string, names ...string) {
	for _, name := range names {
		if l.written(key + "." + name) {
			l.mistake(key+"."+name, "is only for the type %s: remove it", types)
		}
	}
}

func (l *loader) google(u *Upstream, key string) {
	l.only(key, "oidc", "email_trust", "trusted_domains", "scopes")
	l.only(key, "facebook", "graph_version", "endpoints.graph")
	u.Label = cmp.Or(u.Label, "Google")
	if u.Issuer != "" {
		l.upstreamURL(u, key+".issuer", u.Issuer)
	}
	if u.HostedDomain != "" && u.HostedDomain != "*" && !isHost(u.HostedDomain) {
		l.mistake(key+".hosted_domain", "must be a domain in lower case, such as corp.example")
	}
}

func (l *loader) facebook(u *Upstream, key string) {
	l.only(key, "oidc", "email_trust", "trusted_domains", "scopes")
	l.only(key, "google", "hosted_domain")
	l.only(key, "oidc or google", "issuer", "endpoints.token", "endpoints.jwks", "endpoints.userinfo")
	u.Label = cmp.Or(u.Label, "Facebook")
	u.GraphVersion = cmp.Or(u.GraphVersion, graphVersion)
	if !regexp.MustCompile(`^v[1-9][0-9]{0,2}\.[0-9]{1,2}$`).MatchString(u.GraphVersion) {
		l.mistake(key+".graph_version", "must be a version such as %s", graphVersion)
	}
}

func (l *loader) oidc(u *Upstream, key string) {
	l.only(key, "google", "hosted_domain")
	l.only(key, "facebook", "graph_version", "endpoints.graph")
	u.Label = cmp.Or(u.Label, u.ID)
	if u.Issuer == "" {
		l.mistake(key+".issuer", "is missing: the address below which /.well-known/openid-configuration is found")
	} else {
		l.upstreamURL(u, key+".issuer", u.Issuer)
	}
	l.scopes(u, key)
	switch authoritative := u.EmailTrust == "authoritative"; {
	case authoritative && len(u.TrustedDomains) == 0:
		l.mistake(key+".email_trust", "authoritative needs trusted_domains: the mail domains that this upstream runs")
	case !authoritative && len(u.TrustedDomains) > 0:
		l.mistake(key+".trusted_domains", "does nothing without email_trust: authoritative")
	}
	for i, domain := range u.TrustedDomains {
		if !isHost(domain) || !strings.Contains(domain, ".") {
			l.mistake(element(key+".trusted_domains", i), "must be a domain in lower case, such as corp.example")
		}
	}
}

func (l *loader) scopes(u *Upstream, key string) {
	if len(u.Scopes) == 0 {
		u.Scopes = []string{"openid", "profile", "email"}
		return
	}
	for i, s := range u.Scopes {
		// RFC 6749 §3.3: the characters of a scope token.
		if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '"' || r == '\\' || r > '~' }) {
			l.mistake(element(key+".scopes", i), "must be one scope, without spaces, quotes and backslashes")
		}
	}
	// OIDC Core §3.1.2.1: without the scope openid there is no ID token to verify.
	if !slices.Contains(u.Scopes, "openid") {
		l.mistake(key+".scopes", "must contain openid")
	}
}

func (l *loader) endpoints(u *Upstream, key string) {
	e := u.Endpoints
	all := []struct{ name, url string }{
		{"authorization", e.Authorization}, {"token", e.Token}, {"jwks", e.JWKS}, {"userinfo", e.UserInfo}, {"graph", e.Graph},
	}
	for _, endpoint := range all {
		if endpoint.url != "" {
			l.upstreamURL(u, key+".endpoints."+endpoint.name, endpoint.url)
		}
	}
}

// upstreamURL checks an address at an upstream. Our client secret goes there, so http leaves this machine under no setting.
func (l *loader) upstreamURL(u *Upstream, key, address string) {
	parsed, err := url.Parse(address)
	switch {
	case err != nil || parsed.Hostname() == "" || parsed.Scheme != "https" && parsed.Scheme != "http":
		l.mistake(key, "must be an https address")
	case parsed.User != nil || strings.Contains(address, "#"):
		l.mistake(key, "must have no user and no fragment")
	case strings.HasSuffix(key, ".issuer") && strings.Contains(address, "?"):
		l.mistake(key, "must have no query")
	case parsed.Scheme == "http" && !(isLoopback(parsed.Hostname()) && u.AllowPrivateNetwork):
		l.mistake(key, "must be https; http is only for a loopback host, with allow_private_network: true")
	}
}
