package config

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Registration says whether and how clients may register themselves (RFC 7591, RFC 7592).
type Registration struct {
	Mode          string        `yaml:"mode" default:"off" enum:"off,token,open" doc:"off: only administrators register clients. token: also whoever has a token of \"symbolon client registration-token create\". open: anybody."`
	RedirectHosts []string      `yaml:"redirect_hosts" example:"[partner.example, \"*.apps.example\", localhost]" doc:"The hosts that redirect URIs of such clients may lead to; *. stands for every name below. Empty: any. A host that is listed is trusted: errors go there without a page in between."`
	Scopes        []string      `yaml:"scopes" example:"[openid, profile, email, offline_access]" doc:"The scopes that such clients may have. These four by default."`
	GrantTypes    []string      `yaml:"grant_types" example:"[authorization_code, refresh_token]" doc:"The grant types that such clients may have. These two by default; client_credentials only with mode token, implicit only with legacy_response_types."`
	Audience      []string      `yaml:"audience" example:"[https://mcp.example.com/mcp]" doc:"Resources that such clients may name to get tokens for them (RFC 8707), MCP servers for example. None by default."`
	DetailsTypes  []string      `yaml:"authorization_details_types" example:"[customer_information]" doc:"The authorization_details_types that such clients may have. None by default."`
	RequirePKCE   bool          `yaml:"require_pkce" default:"true" doc:"false: such clients with a secret or a key may leave PKCE out, as some old ones and a module of the certification do. Public clients never may."`
	MaxClients    Count         `yaml:"max_clients" default:"1000" doc:"The most clients that may have registered with mode open."`
	PerHour       Count         `yaml:"per_hour" default:"20" doc:"Registrations an address may try in an hour with mode open, and wrong tokens with mode token. An IPv6 /64 is one address."`
	UnusedFor     time.Duration `yaml:"unused_for" default:"720h" min:"1h" max:"87600h" doc:"Clients that registered with mode open, and clients with a metadata document, are deleted when nobody has allowed them anything for this long."`
	RotateToken   string        `yaml:"rotate_token" default:"update" enum:"update,always,never" doc:"When a client's registration access token is replaced: when it updates its registration, also when it reads it, or never."`
}

// ClientDocuments says whether a client id may be the address of a metadata document (draft-ietf-oauth-client-id-metadata-document). Scopes,
// grant types, audience and redirect hosts are those of Registration.
type ClientDocuments struct {
	Enabled bool     `yaml:"enabled" default:"false" doc:"Fetch the metadata document of a client whose client_id is an https URL."`
	Hosts   []string `yaml:"hosts" example:"[claude.ai, \"*.partner.example\"]" doc:"The hosts whose documents are fetched; *. stands for every name below. Empty: any public one."`
}

// Count is a whole number from 1 to a million.
type Count int

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Count) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 || n > 1_000_000 {
		return errors.New("must be a whole number from 1 to 1000000")
	}
	*c = Count(n)
	return nil
}

// registration checks the policy, and fills in the lists that were left out. legacy says that implicit is a grant type.
func (l *loader) registration(r *Registration, legacy bool) {
	if len(r.Scopes) == 0 {
		r.Scopes = []string{"openid", "profile", "email", "offline_access"}
	}
	if len(r.GrantTypes) == 0 {
		r.GrantTypes = []string{"authorization_code", "refresh_token"}
	}
	for i, s := range r.Scopes {
		if s == "" || strings.ContainsAny(s, " \"\\") || strings.HasPrefix(s, "symbolon:") {
			l.mistake(element("registration.scopes", i), "must be one scope, and none of this server's administration")
		}
	}
	for i, g := range r.GrantTypes {
		switch {
		case g == "client_credentials" && r.Mode == "open":
			l.mistake(element("registration.grant_types", i), "is not for mode open: anybody would get tokens without a person")
		case g == "implicit" && !legacy:
			l.mistake(element("registration.grant_types", i), "needs legacy_response_types")
		case !slices.Contains([]string{"implicit", "authorization_code", "refresh_token", "client_credentials"}, g):
			l.mistake(element("registration.grant_types", i), "must be authorization_code, refresh_token or client_credentials")
		}
	}
	for i, s := range r.Audience {
		// RFC 8707 §2.
		if u, err := url.Parse(s); err != nil || !u.IsAbs() || strings.ContainsAny(s, "# ") {
			l.mistake(element("registration.audience", i), "must be an absolute URI without a fragment")
		}
	}
	if !slices.Contains(r.GrantTypes, "authorization_code") {
		l.mistake("registration.grant_types", "must have authorization_code")
	}
	l.hostList("registration.redirect_hosts", r.RedirectHosts)
}

// hostList accepts hosts, and "*." before one.
func (l *loader) hostList(key string, hosts []string) {
	for i, host := range hosts {
		name := strings.TrimPrefix(host, "*.")
		if !isHost(strings.Trim(name, "[]")) || name != host && !strings.Contains(name, ".") {
			l.mistake(element(key, i), "must be a host name in lower case, without scheme and port, or *. and a domain")
		}
	}
}
