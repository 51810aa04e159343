package bearer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Verifier accepts or refuses access tokens of one issuer for one API. It is safe for concurrent use.
type Verifier struct {
	config Config
	work   *background
	keys   *cached[keySet]
	status *statusLists
	denied *denied
	dpop   *proofChecker // nil: bound tokens are refused
}

// New returns a Verifier, or a *ConfigError with everything that is wrong with c. It fetches nothing: an issuer that is down does not keep an API
// from starting. The first token does that.
func New(c Config) (*Verifier, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	v := &Verifier{config: c, work: newBackground(), denied: &denied{}}
	source := &issuer{
		fetcher: newFetcher(c.HTTPClient, c.OnFetch), identifier: c.Issuer, loopback: isLoopbackHTTP(c.Issuer),
		algorithms: c.Algorithms, maxAge: c.KeySetMaxAge,
	}
	v.keys = &cached[keySet]{fetch: source.fetchKeys, work: v.work}
	v.status = newStatusLists(v, source.fetcher)
	if c.DPoP.enabled() {
		v.dpop = newProofChecker(c.DPoP, c.ClockSkew)
	}
	return v, nil
}

// Close ends the background work and waits for it. A closed Verifier goes on with the keys and lists it has until they are too old.
func (v *Verifier) Close() {
	v.work.close()
	v.keys.stop()
	v.status.stop()
}

// Verify checks a token that came without a request, say as gRPC metadata. A token that is bound to a key is refused: VerifyRequest can check it.
// The error is an *Error.
func (v *Verifier) Verify(ctx context.Context, token string) (*Token, error) {
	now := time.Now()
	t, err := v.authenticate(ctx, token, now)
	switch {
	case err != nil:
		return nil, err
	case t.KeyThumbprint != "":
		return nil, invalidToken(errors.New("the token is bound to a key, and there is no proof"))
	case v.config.DPoP.Require:
		return nil, invalidToken(errors.New("the token is not bound to a key"))
	}
	if err := v.standing(ctx, t, now); err != nil {
		return nil, err
	}
	if err := t.lacks(v.config.RequiredScopes); err != nil {
		return nil, err
	}
	return t, nil
}

// VerifyRequest checks the token of a request: the Authorization header's and nothing else's, never one from the query, the body or a cookie. The
// error is an *Error; Refuse answers with it.
func (v *Verifier) VerifyRequest(r *http.Request) (*Token, error) {
	scheme, token, err := credentials(r)
	if err != nil {
		return nil, err
	}
	if scheme == schemeDPoP && v.dpop == nil {
		return nil, noToken()
	}
	ctx, now := r.Context(), time.Now()
	t, err := v.authenticate(ctx, token, now)
	if err != nil {
		return nil, err
	}
	if err := v.checkBinding(r, scheme, token, t, now); err != nil {
		return nil, err
	}
	if err := v.standing(ctx, t, now); err != nil {
		return nil, err
	}
	if err := t.lacks(v.config.RequiredScopes); err != nil {
		return nil, err
	}
	return t, nil
}

// checkBinding sees to it that a bound token comes with a proof and under the DPoP scheme, and that no other token does.
func (v *Verifier) checkBinding(r *http.Request, scheme, token string, t *Token, now time.Time) error {
	switch {
	// RFC 9449 §7.2: a bound token under the Bearer scheme is a stolen one, or a downgrade.
	case t.KeyThumbprint != "" && scheme != schemeDPoP:
		return invalidToken(errors.New("the token is bound to a key, but was sent as Bearer"))
	case t.KeyThumbprint != "":
		return v.dpop.check(r, token, t.KeyThumbprint, now)
	case scheme == schemeDPoP, v.config.DPoP.Require:
		return invalidToken(errors.New("the token is not bound to a key"))
	}
	return nil
}

// authenticate checks the signature and the claims: all that can be known from the token alone.
func (v *Verifier) authenticate(ctx context.Context, token string, now time.Time) (*Token, error) {
	// Before anything is parsed: what is longer costs only the comparison.
	if len(token) > maxToken {
		return nil, invalidToken(errors.New("longer than any token may be"))
	}
	signed, err := splitJWS(token)
	if err != nil {
		return nil, invalidToken(err)
	}
	set, err := v.keys.get(ctx, now)
	if err != nil {
		return nil, unavailable(err)
	}
	k, learned := set.learned(signed.header), true
	if k == nil {
		learned = false
		if set, k, err = v.keyFor(ctx, set, signed.header, "at+jwt"); err != nil {
			return nil, invalidToken(err)
		}
	}
	if !k.verify(signed) {
		return nil, invalidToken(errSignature)
	}
	if !learned {
		set.learn(signed.header, k)
	}
	claims, err := decode(signed.payload)
	if err != nil {
		return nil, invalidToken(errNotJWS)
	}
	t, err := parseToken(claims)
	if err == nil {
		err = t.check(&v.config, now)
	}
	if err != nil {
		return nil, invalidToken(err)
	}
	t.verifier = v
	return t, nil
}

var errSignature = errors.New("the signature is not the issuer's")

// keyFor returns the key that a header names, and the set it is from. A key that is not in the set may be new: then the set is fetched again, but
// not more often than every unknownKeyPause, however many such tokens come. A bad signature under a known key is no reason to fetch.
func (v *Verifier) keyFor(ctx context.Context, set *keySet, segment, typ string) (*keySet, *key, error) {
	h, err := parseHeader(segment)
	if err != nil {
		return nil, nil, err
	}
	// RFC 9068 §4, RFC 8725 §3.11: an ID token, a log-out token or a status list is signed by the same issuer, and no access token.
	if !h.hasType(typ) {
		return nil, nil, fmt.Errorf("typ is %q and not %q", h.typ, typ)
	}
	if !slices.Contains(v.config.Algorithms, h.algorithm) {
		return nil, nil, fmt.Errorf("algorithm %q is not allowed", h.algorithm)
	}
	k, err := set.find(h)
	if errors.Is(err, errUnknownKey) && v.keys.renew(ctx, unknownKeyPause) {
		if set, err = v.keys.get(ctx, time.Now()); err != nil {
			return nil, nil, err
		}
		k, err = set.find(h)
	}
	return set, k, err
}

// open checks the signature of another JWS of the issuer's, a status list or a log-out token, and returns its claims.
func (v *Verifier) open(ctx context.Context, token, typ string) (claims string, err error) {
	signed, err := splitJWS(token)
	if err != nil {
		return "", err
	}
	set, err := v.keys.get(ctx, time.Now())
	if err != nil {
		return "", err
	}
	_, k, err := v.keyFor(ctx, set, signed.header, typ)
	if err != nil {
		return "", err
	}
	if !k.verify(signed) {
		return "", errSignature
	}
	return decode(signed.payload)
}

// standing says whether a token that is good in itself has been revoked. It comes last, so that no list is fetched for a forged token.
func (v *Verifier) standing(ctx context.Context, t *Token, now time.Time) error {
	if v.denied.has(t, now) {
		return invalidToken(ErrRevoked)
	}
	if v.config.Status.DangerouslyIgnoreStatus {
		return nil
	}
	return v.status.check(ctx, &t.status, now)
}

// lacks returns an error if the token lacks one of the scopes.
func (t *Token) lacks(scopes []string) error {
	for _, s := range scopes {
		if !t.HasScope(s) {
			return &Error{
				Status: http.StatusForbidden, Code: codeInsufficientScope, Description: "The access token lacks a scope.",
				Scope: strings.Join(scopes, " "), cause: fmt.Errorf("%w: %s", ErrScope, s),
			}
		}
	}
	return nil
}
