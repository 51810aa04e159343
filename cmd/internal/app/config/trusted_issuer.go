package config

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// TrustedIssuer is an issuer whose assertions clients may exchange for tokens of people it has linked (RFC 7523).
type TrustedIssuer struct {
	Issuer   string   `yaml:"issuer" example:"https://sso.corp.example" doc:"The \"iss\" of its assertions."`
	Upstream string   `yaml:"upstream" example:"corp" doc:"The id of the upstream that people sign in at with it. Only people whose account is linked to this issuer there get tokens."`
	JWKSURI  string   `yaml:"jwks_uri" example:"https://sso.corp.example/jwks" doc:"Where its public keys are; hosts on private addresses stand in egress_allow."`
	JWKSFile string   `yaml:"jwks_file" example:"/etc/symbolon/corp.jwks" doc:"A file with its public keys, a JWK Set, instead of jwks_uri."`
	Clients  []string `yaml:"clients" example:"[reports]" doc:"The ids of the clients that may bring its assertions. They need the grant type urn:ietf:params:oauth:grant-type:jwt-bearer."`
	Scopes   []string `yaml:"scopes" example:"[reports:read]" doc:"The scopes that a token may have, as far as the client is registered for them."`

	JWKS json.RawMessage `yaml:"-"` // what JWKSFile holds
}

// jwksFiles reads the keys that stand in files.
func (l *loader) jwksFiles(all []TrustedIssuer) {
	for i := range all {
		key := element("trusted_issuers", i) + ".jwks_file"
		if !l.written(key) {
			continue
		}
		if all[i].JWKS = l.read(&all[i].JWKSFile, key, maxSecretFile); all[i].JWKS != nil && !json.Valid(all[i].JWKS) {
			l.mistake(key, "must hold a JWK Set")
		}
	}
}

func (l *loader) trustedIssuers(c *Config) {
	seen := map[string]bool{}
	for i, t := range c.TrustedIssuers {
		key := element("trusted_issuers", i)
		switch {
		case t.Issuer == "":
			l.mistake(key+".issuer", "is missing: write the iss of its assertions")
		case seen[t.Issuer]:
			l.mistake(key+".issuer", "is there twice: one entry for each issuer")
		case t.Issuer == c.Issuer:
			l.mistake(key+".issuer", "is this server itself")
		}
		seen[t.Issuer] = true
		if !slices.ContainsFunc(c.Upstreams, func(u Upstream) bool { return u.ID == t.Upstream }) {
			l.mistake(key+".upstream", "must be the id of one of the upstreams")
		}
		l.issuerKeys(t, key, c.LoopbackIssuer())
		if len(t.Clients) == 0 {
			l.mistake(key+".clients", "is missing: name the clients that may bring its assertions")
		}
		if len(t.Scopes) == 0 {
			l.mistake(key+".scopes", "is missing: name the scopes that a token may have")
		}
		for n, s := range t.Scopes {
			if s == "" || strings.ContainsAny(s, " \"\\") || s == "openid" || s == "offline_access" || strings.HasPrefix(s, "symbolon:") {
				l.mistake(element(key+".scopes", n), "must be one scope: not openid or offline_access, which need the person, and none of this server's administration")
			}
		}
	}
}

func (l *loader) issuerKeys(t TrustedIssuer, key string, loopback bool) {
	fromFile := l.written(key + ".jwks_file")
	if fromFile == (t.JWKSURI != "") {
		l.mistake(key+".jwks_uri", "or jwks_file must be there, and not both")
		return
	}
	if fromFile {
		return
	}
	u, err := url.Parse(t.JWKSURI)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback && isLoopback(u.Hostname())) {
		l.mistake(key+".jwks_uri", "must be an https address")
	}
}
