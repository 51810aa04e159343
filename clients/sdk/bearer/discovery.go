package bearer

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"
)

const (
	maxDocument     = 1 << 20 // bytes of metadata, and of a key set
	metadataAge     = time.Hour
	minKeySetMaxAge = 5 * time.Minute
	staleKeys       = time.Hour        // how long keys are used when they cannot be fetched
	unknownKeyPause = 30 * time.Second // between two fetches that unknown kids cause
)

// issuer fetches the authorization server's metadata and keys. Its fields are used by one fetch at a time.
type issuer struct {
	fetcher    *fetcher
	identifier string
	loopback   bool // http is allowed, on loopback
	algorithms []string
	maxAge     time.Duration // upper bound of the key set's lifetime

	keysURL      string
	discoveredAt time.Time
}

// fetchKeys is the fetch of the cached key set.
func (i *issuer) fetchKeys(ctx context.Context, old *keySet) (*keySet, plan, error) {
	if time.Since(i.discoveredAt) > metadataAge {
		// Metadata that cannot be fetched is no reason to leave the keys alone whose place is known.
		if err := i.discover(ctx); err != nil && i.keysURL == "" {
			return nil, plan{}, err
		}
	}
	q := query{url: i.keysURL, accept: "application/jwk-set+json, application/json", limit: maxDocument}
	if old != nil {
		q.etag = old.etag
	}
	set, life := old, minKeySetMaxAge
	err := i.fetcher.get(ctx, "keys", q, func(a answer) (err error) {
		if age, ok := a.maxAge(); ok {
			life = age
		}
		if a.unchanged {
			return nil
		}
		if set, err = parseKeySet([]byte(a.body), i.algorithms); err == nil {
			set.etag = a.header.Get("ETag")
		}
		return err
	})
	if err != nil {
		i.discoveredAt = time.Time{} // the keys may have moved: ask again where they are
		return nil, plan{}, err
	}
	now := time.Now()
	life = min(max(life, minKeySetMaxAge), i.maxAge)
	return set, plan{
		refreshAt: now.Add(life * 9 / 10), freshUntil: now.Add(life), usableUntil: now.Add(life + staleKeys), retry: lastRetry,
	}, nil
}

// discover asks for the metadata where OIDC Discovery §4 says, and then where RFC 8414 §3.1 says.
func (i *issuer) discover(ctx context.Context) error {
	u, err := url.Parse(i.identifier)
	if err != nil {
		return err
	}
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	base := u.Scheme + "://" + u.Host
	first := i.fetchMetadata(ctx, base+path+"/.well-known/openid-configuration")
	if first == nil {
		return nil
	}
	if second := i.fetchMetadata(ctx, base+"/.well-known/oauth-authorization-server"+path); second != nil {
		return errors.Join(first, second)
	}
	return nil
}

func (i *issuer) fetchMetadata(ctx context.Context, at string) error {
	return i.fetcher.get(ctx, "metadata", query{url: at, accept: "application/json", limit: maxDocument}, func(a answer) error {
		var m struct {
			Issuer  string `json:"issuer"`
			KeysURL string `json:"jwks_uri"`
		}
		if err := json.Unmarshal([]byte(a.body), &m); err != nil {
			return fmt.Errorf("parse metadata: %w", err)
		}
		// OIDC Discovery §4.3, RFC 8414 §3.3: else one issuer could speak for another.
		if m.Issuer != i.identifier {
			return fmt.Errorf("metadata is of issuer %q", m.Issuer)
		}
		if reason := checkURL(m.KeysURL, i.loopback); reason != "" {
			return fmt.Errorf("jwks_uri %s", reason)
		}
		i.keysURL, i.discoveredAt = m.KeysURL, time.Now()
		return nil
	})
}
