package upstream

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

const (
	// clockSkew is how far an upstream's clock may run ahead of ours.
	clockSkew = time.Minute
	// maxSubject is in bytes. OIDC Core §2 allows 255; an identity of more is somebody all the same, and is kept by its hash.
	maxSubject = 2048
	// maxAudiences bounds the list; nobody shares an ID token with more.
	maxAudiences = 16
)

// expectedToken is what the ID token of one sign-in must say.
type expectedToken struct {
	issuers     []string
	clientID    string
	nonce       string
	accessToken string
}

// verifyIDToken returns the claims of an ID token that is genuine, for us, and of this sign-in. go-oidc checks signature and expiry; the rest it leaves to us.
func verifyIDToken(ctx context.Context, keys *keySet, raw string, want expectedToken) (claims, error) {
	if len(raw) > maxToken {
		return nil, fmt.Errorf("%w: ID token too long", ErrProtocol)
	}
	// First, because go-oidc's error would not tell keys we could not fetch from a signature that does not verify.
	if _, err := keys.keys.get(ctx); err != nil {
		return nil, fmt.Errorf("%w: keys: %w", ErrUnavailable, err)
	}
	token, err := oidc.NewVerifier(want.issuers[0], keys, &oidc.Config{
		ClientID:             want.clientID,
		SupportedSigningAlgs: keys.algNames(),
		SkipIssuerCheck:      true, // check compares with every spelling the connector accepts
	}).Verify(ctx, raw)
	if err != nil {
		return nil, verifyError(ctx, err)
	}
	var payload rawPayload
	if err := token.Claims(&payload); err != nil {
		return nil, fmt.Errorf("%w: ID token: %w", ErrProtocol, err)
	}
	c, err := parseClaims(payload)
	if err == nil {
		err = want.check(c, time.Now())
	}
	// OIDC Core §3.1.3.8: at_hash ties the access token to the ID token
	if err == nil && c.has("at_hash") {
		err = token.VerifyAccessToken(want.accessToken)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: ID token: %w", ErrProtocol, err)
	}
	return c, nil
}

// rawPayload receives the token's payload as it was signed.
type rawPayload []byte

// UnmarshalJSON keeps data.
func (p *rawPayload) UnmarshalJSON(data []byte) error {
	*p = slices.Clone(data)
	return nil
}

// verifyError drops the text of go-oidc, which may quote the token's claims.
func verifyError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
	if _, expired := errors.AsType[*oidc.TokenExpiredError](err); expired {
		return fmt.Errorf("%w: ID token has expired", ErrProtocol)
	}
	return fmt.Errorf("%w: ID token: signature, algorithm, form or audience", ErrProtocol)
}

// check is OIDC Core §3.1.3.7, in its order, on claims read by their exact names.
func (want expectedToken) check(c claims, now time.Time) error {
	if iss, _ := c.text("iss"); iss == "" || !slices.Contains(want.issuers, iss) {
		return errors.New("iss")
	}
	if err := want.checkAudience(c); err != nil {
		return err
	}
	if exp, ok := c.time("exp"); !ok || !now.Before(exp) {
		return errors.New("exp")
	}
	if iat, ok := c.time("iat"); !ok || iat.After(now.Add(clockSkew)) {
		return errors.New("iat")
	}
	if c.has("nbf") {
		if nbf, ok := c.time("nbf"); !ok || nbf.After(now.Add(clockSkew)) {
			return errors.New("nbf")
		}
	}
	if nonce, _ := c.text("nonce"); subtle.ConstantTimeCompare([]byte(nonce), []byte(want.nonce)) != 1 || want.nonce == "" {
		return errors.New("nonce")
	}
	if c.has("auth_time") {
		if at, ok := c.time("auth_time"); !ok || at.After(now.Add(clockSkew)) {
			return errors.New("auth_time")
		}
	}
	if sub, _ := c.text("sub"); !isSubject(sub) {
		return errors.New("sub")
	}
	return nil
}

func (want expectedToken) checkAudience(c claims) error {
	aud, ok := c.audience()
	if !ok || len(aud) > maxAudiences || !slices.Contains(aud, want.clientID) {
		return errors.New("aud")
	}
	// OIDC Core §3.1.3.7: with several audiences the token says whom it was issued to, and that must be us
	azp, _ := c.text("azp")
	if (len(aud) > 1 || c.has("azp")) && azp != want.clientID {
		return errors.New("azp")
	}
	return nil
}

func isSubject(s string) bool {
	return s != "" && len(s) <= maxSubject && !hasControl(s)
}
