package upstream

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// metadata is what we need of an OpenID provider's configuration. OIDC Discovery §3, RFC 9207 §3.
type metadata struct {
	Issuer                string `json:"issuer"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
	JWKSURI               string `json:"jwks_uri"`
	UserInfoEndpoint      string `json:"userinfo_endpoint"`
	IssuerParameter       bool   `json:"authorization_response_iss_parameter_supported"`
}

// Endpoints replaces endpoints of an upstream's discovery document. Empty members come from there. With the first three set, discovery is not asked.
type Endpoints struct {
	Authorization string
	Token         string
	JWKS          string
	UserInfo      string
}

func (e Endpoints) complete() bool {
	return e.Authorization != "" && e.Token != "" && e.JWKS != ""
}

// check reports every endpoint that we may not use.
func (e Endpoints) check(allowLoopbackHTTP bool) []error {
	var errs []error
	for _, endpoint := range []struct{ name, url string }{
		{"authorization endpoint", e.Authorization}, {"token endpoint", e.Token}, {"JWKS URI", e.JWKS}, {"userinfo endpoint", e.UserInfo},
	} {
		if endpoint.url == "" {
			continue
		}
		if err := checkEndpoint(endpoint.name, endpoint.url, allowLoopbackHTTP); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// merge puts the configured endpoints over the discovered ones.
func (e Endpoints) merge(m metadata) metadata {
	for _, over := range []struct {
		configured string
		member     *string
	}{
		{e.Authorization, &m.AuthorizationEndpoint}, {e.Token, &m.TokenEndpoint}, {e.JWKS, &m.JWKSURI}, {e.UserInfo, &m.UserInfoEndpoint},
	} {
		if over.configured != "" {
			*over.member = over.configured
		}
	}
	return m
}

// discover fetches and checks the configuration of the issuer.
func (c *OIDC) discover(ctx context.Context) (metadata, time.Duration, error) {
	if c.endpoints.complete() {
		return c.endpoints.merge(metadata{Issuer: c.issuers[0]}), maxLifetime, nil
	}
	var m metadata
	lifetime, err := getJSON(ctx, c.client, strings.TrimSuffix(c.issuers[0], "/")+"/.well-known/openid-configuration", &m)
	if err != nil {
		return metadata{}, 0, fmt.Errorf("discovery: %w", err)
	}
	// OIDC Discovery §4.3: the document must be the issuer's own
	if m.Issuer != c.issuers[0] {
		return metadata{}, 0, fmt.Errorf("discovery: %w: the document is of another issuer than the configured one", ErrMisconfigured)
	}
	m = c.endpoints.merge(m)
	if m.AuthorizationEndpoint == "" || m.TokenEndpoint == "" || m.JWKSURI == "" {
		return metadata{}, 0, fmt.Errorf("discovery: %w: document without authorization, token or JWKS endpoint", ErrMisconfigured)
	}
	found := Endpoints{Authorization: m.AuthorizationEndpoint, Token: m.TokenEndpoint, JWKS: m.JWKSURI, UserInfo: m.UserInfoEndpoint}
	if errs := found.check(c.allowLoopbackHTTP); len(errs) > 0 {
		return metadata{}, 0, fmt.Errorf("discovery: %w: %w", ErrMisconfigured, errs[0])
	}
	return m, lifetime, nil
}

// signingAlgs returns the algorithms we accept by default: asymmetric ones only. OIDC Core §3.1.3.7 and RFC 8725 §3.1.
func signingAlgs() []string {
	return []string{string(jose.RS256), string(jose.PS256), string(jose.ES256), string(jose.EdDSA)}
}

// checkAlgs reports an algorithm that is not one of signingAlgs: "none" and HS256 can never be allowed.
func checkAlgs(algs []string) error {
	for _, alg := range algs {
		if !slices.Contains(signingAlgs(), alg) {
			return fmt.Errorf("signing algorithm %q is not one of %s", alg, strings.Join(signingAlgs(), ", "))
		}
	}
	return nil
}
