package bearer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// logoutEvent is the member of "events" that makes a token a log-out token (OIDC Back-Channel Logout §2.4).
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// openLogout checks a log-out token as OIDC Back-Channel Logout §2.6 demands.
func (v *Verifier) openLogout(ctx context.Context, token, clientID string) (Logout, time.Time, error) {
	if len(token) > maxToken {
		return Logout{}, time.Time{}, errNotJWS
	}
	claims, err := v.open(ctx, token, "logout+jwt")
	if err != nil {
		return Logout{}, time.Time{}, err
	}
	l, err := parseLogout(claims)
	if err != nil {
		return Logout{}, time.Time{}, err
	}
	c, now := &v.config, time.Now()
	switch {
	case l.Issuer != c.Issuer:
		err = fmt.Errorf("issuer is %q", l.Issuer)
	case !slices.Contains(l.audience, clientID):
		err = fmt.Errorf("audience is %q", l.audience)
	case !now.Before(l.expiresAt.Add(c.ClockSkew)):
		err = ErrExpired
	case l.IssuedAt.After(now.Add(c.ClockSkew)):
		err = errors.New("issued in the future")
	case l.expiresAt.Sub(l.IssuedAt) > c.MaxTokenLifetime:
		err = errors.New("lives too long")
	}
	return l.Logout, l.expiresAt, err
}

// logoutClaims are the claims of a log-out token.
type logoutClaims struct {
	Logout
	audience  []string
	expiresAt time.Time
	event     bool
}

func parseLogout(claims string) (*logoutClaims, error) {
	var l logoutClaims
	var m members
	r := reader{text: claims}
	r.object()
	for {
		name, ok := r.next(&m)
		if !ok {
			break
		}
		l.readClaim(&r, name)
	}
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("log-out token: %w", err)
	}
	switch {
	case l.Issuer == "" || len(l.audience) == 0 || l.ID == "" || l.IssuedAt.IsZero() || l.expiresAt.IsZero():
		return nil, errors.New("log-out token: one of iss, aud, iat, exp and jti is missing")
	case !l.event:
		return nil, errors.New("log-out token: no back-channel log-out event")
	case l.Subject == "" && l.SessionID == "":
		return nil, errors.New("log-out token: neither sub nor sid")
	}
	return &l, nil
}

func (l *logoutClaims) readClaim(r *reader, name string) {
	switch name {
	case "iss":
		l.Issuer = r.string()
	case "sub":
		l.Subject = r.string()
	case "sid":
		l.SessionID = r.string()
	case "aud":
		l.audience = r.stringOrStrings()
	case "jti":
		l.ID = r.string()
	case "iat":
		l.IssuedAt = r.numericDate()
	case "exp":
		l.expiresAt = r.numericDate()
	case "nonce":
		// An ID token has one; a log-out token must not, so that neither passes for the other.
		r.fail("nonce in a log-out token")
	case "events":
		l.event = r.events()
	default:
		r.skip()
	}
}

// events reads the "events" claim and says whether the log-out event is in it. Its value is an object.
func (r *reader) events() (logout bool) {
	var m members
	r.object()
	for {
		name, ok := r.next(&m)
		if !ok {
			return logout
		}
		if name != logoutEvent {
			r.skip()
			continue
		}
		logout = true
		if r.peek() != '{' {
			r.fail("log-out event is not an object")
		}
		r.skip()
	}
}
