package bearer

import (
	"net/http"
	"slices"
	"time"
)

// Config says whose tokens a Verifier accepts, and under which conditions. Issuer and Audience are required; everything else has a safe default.
type Config struct {
	// Issuer is the issuer identifier of the authorization server, exactly as its tokens say it. https; http only on loopback.
	Issuer string

	// Audience is the name of this API. A token must have it in its "aud" (RFC 9068 §4): a token for another API is refused.
	Audience string

	// Algorithms are the "alg" names that are accepted: nil stands for ES256, EdDSA, RS256 and PS256. Only asymmetric ones are possible. A
	// key verifies with one algorithm only: its own "alg", or the first of these that fits it.
	Algorithms []string

	// RequiredScopes must all be in a token, on every route. Require adds more on single routes.
	RequiredScopes []string

	// HTTPClient fetches metadata, keys and status lists; nil stands for one with the standard transport. The Verifier uses a copy that
	// keeps no cookies and follows redirects only within one origin.
	HTTPClient *http.Client

	// ClockSkew is how far the issuer's clock may be from ours: 0 stands for 10 seconds; at most 5 minutes.
	ClockSkew time.Duration

	// MaxTokenLifetime is the longest time from "iat" to "exp" that is accepted: 0 stands for 24 hours. A log-out that LogoutHandler has
	// received is remembered for as long.
	MaxTokenLifetime time.Duration

	// KeySetMaxAge is the longest time that keys are used before they are fetched again, whatever the issuer's Cache-Control allows: 0
	// stands for 15 minutes; at least 1 minute. A key that the issuer withdraws stops verifying no later.
	KeySetMaxAge time.Duration

	// Status says what a token's status claim means.
	Status StatusPolicy

	// DPoP says whether and how tokens that are bound to a client's key are accepted.
	DPoP DPoPPolicy

	// OnFetch, if not nil, is called after each request to the issuer, for logs and metrics. It must not block.
	OnFetch func(Fetch)

	// OnRefuse, if not nil, is called for each request that is refused, for logs and metrics. The error's cause says more than the client
	// is told; it contains no token.
	OnRefuse func(*http.Request, *Error)
}

// StatusPolicy says how the revocation of tokens is learned from the issuer's status lists (Token Status List §8).
type StatusPolicy struct {
	// Require refuses tokens without a status claim. The default accepts them, because many issuers publish no lists.
	Require bool

	// MaxAge is the age at which a list counts no more if no newer one can be fetched; tokens on it are then refused with 503. The age
	// counts from the list's "iat". 0 stands for twice the list's ttl, and at least a minute. Otherwise at least 10 seconds.
	MaxAge time.Duration

	// Origins are further origins that lists may be fetched from ("https://status.example.com"). The issuer's own is always one.
	Origins []string

	// FreshFromFetch counts a list's ttl from the moment it was fetched and not from its "iat". It is for issuers that sign a list less
	// often than its ttl says. A copy that lay in a proxy for long then counts as new.
	FreshFromFetch bool

	// DangerouslyIgnoreStatus accepts revoked tokens until they expire.
	DangerouslyIgnoreStatus bool
}

// DPoPPolicy says how proofs of possession are checked (RFC 9449 §4.3). As long as PublicURL is empty, bound tokens are refused.
type DPoPPolicy struct {
	// Require refuses tokens that are not bound to a key.
	Require bool

	// PublicURL is where clients see this API: scheme and host, and the path prefix that a proxy takes away, if any. A proof's "htu" must
	// be it and the request's path. https; http only on loopback.
	PublicURL string

	// Algorithms are the "alg" names that proofs may have; nil stands for ES256, EdDSA, RS256 and PS256.
	Algorithms []string

	// Replays remembers proofs; nil stands for a store in memory, which is enough for a single process.
	Replays ReplayStore

	// NonceKey, 32 or more secret bytes that are the same on all nodes, makes proofs carry a nonce of ours (RFC 9449 §9): a proof cannot
	// be made in advance then. Empty: no nonce is asked for.
	NonceKey []byte

	// DangerouslyTrustHostHeader takes the host of "htu" from the request's Host header, instead of PublicURL. A proof made for another
	// server then counts if the request says it is that server.
	DangerouslyTrustHostHeader bool
}

func (p DPoPPolicy) enabled() bool { return p.PublicURL != "" || p.DangerouslyTrustHostHeader }

const (
	defaultClockSkew        = 10 * time.Second
	maxClockSkew            = 5 * time.Minute
	defaultMaxTokenLifetime = 24 * time.Hour
	longestTokenLifetime    = 30 * 24 * time.Hour
	defaultKeySetMaxAge     = 15 * time.Minute
	leastKeySetMaxAge       = time.Minute
	longestKeySetMaxAge     = 24 * time.Hour
	leastStatusMaxAge       = 10 * time.Second
	longestStatusMaxAge     = 7 * 24 * time.Hour
	leastNonceKey           = 32
)

// withDefaults returns a copy that shares nothing with the caller's, with what was left out filled in. The Config is known to be good.
func (c Config) withDefaults() Config {
	c.Algorithms, c.RequiredScopes = slices.Clone(c.Algorithms), slices.Clone(c.RequiredScopes)
	c.DPoP.Algorithms, c.DPoP.NonceKey = slices.Clone(c.DPoP.Algorithms), slices.Clone(c.DPoP.NonceKey)
	if c.Algorithms == nil {
		c.Algorithms = defaultAlgorithms()
	}
	if c.DPoP.Algorithms == nil {
		c.DPoP.Algorithms = defaultAlgorithms()
	}
	if c.ClockSkew == 0 {
		c.ClockSkew = defaultClockSkew
	}
	if c.MaxTokenLifetime == 0 {
		c.MaxTokenLifetime = defaultMaxTokenLifetime
	}
	if c.KeySetMaxAge == 0 {
		c.KeySetMaxAge = defaultKeySetMaxAge
	}
	return c
}
