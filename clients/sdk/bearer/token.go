package bearer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"
)

// Token is a verified access token (RFC 9068 §2.2). Issuer and Subject together name who acts; Subject alone is only unique at one issuer, and no
// other claim names anybody at all: an e-mail address can change hands.
type Token struct {
	Issuer        string
	Subject       string // the person; for a client acting for itself, the client
	ClientID      string
	Audience      []string
	Scope         string // space-separated; ask HasScope
	ID            string // "jti"
	SessionID     string // "sid": the sign-in that the token comes from; may be empty
	IssuedAt      time.Time
	ExpiresAt     time.Time
	AuthTime      time.Time // when the person signed in; zero: not said
	ACR           string
	AMR           []string
	KeyThumbprint string // "cnf.jkt": the client's key that the request was proven with (RFC 9449 §6.1); empty: not bound

	notBefore time.Time
	status    statusReference
	claims    string
	verifier  *Verifier
}

// HasScope says whether the token has the scope, letter for letter: "read" is neither in "readwrite" nor in "read:all".
func (t *Token) HasScope(scope string) bool {
	rest, found := t.Scope, false
	for rest != "" && !found {
		var one string
		one, rest, _ = strings.Cut(rest, " ")
		found = one == scope && one != ""
	}
	return found
}

// Claims decodes all claims into v, as encoding/json would, save that member names must match exactly.
func (t *Token) Claims(v any) error {
	if t.claims == "" {
		return errors.New("bearer: the token was not verified")
	}
	return json.Unmarshal([]byte(t.claims), v)
}

type contextKey struct{}

// FromContext returns the token that the request was accepted with. It is the only thing in a request that says who is calling: headers such as
// X-User-Id are whatever the client wrote.
func FromContext(ctx context.Context) (*Token, bool) {
	t, ok := ctx.Value(contextKey{}).(*Token)
	return t, ok
}

// maxNumericDate is the last second of the year 9999. It makes milliseconds an error and not a date far away.
const maxNumericDate = 253402300799

// numericDate reads a NumericDate (RFC 7519 §2) in whole seconds.
func (r *reader) numericDate() time.Time {
	n := r.integer()
	if n == 0 || n > maxNumericDate {
		r.fail("not a date")
		return time.Time{}
	}
	return time.Unix(n, 0)
}

// parseToken reads the claims of an access token. Each is either absent or of its type; no wrong type becomes a zero value.
func parseToken(claims string) (*Token, error) {
	t := &Token{claims: claims}
	var m members
	r := reader{text: claims}
	r.object()
	for {
		name, ok := r.next(&m)
		if !ok {
			break
		}
		t.readClaim(&r, name)
	}
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	// RFC 9068 §2.2: these are required.
	if t.Issuer == "" || t.Subject == "" || t.ClientID == "" || t.ID == "" || len(t.Audience) == 0 || t.ExpiresAt.IsZero() || t.IssuedAt.IsZero() {
		return nil, errors.New("claims: one of iss, sub, aud, exp, iat, jti and client_id is missing or empty")
	}
	return t, nil
}

func (t *Token) readClaim(r *reader, name string) {
	switch name {
	case "iss":
		t.Issuer = r.string()
	case "sub":
		t.Subject = r.string()
	case "client_id":
		t.ClientID = r.string()
	case "aud":
		t.Audience = r.stringOrStrings()
	case "scope":
		t.Scope = r.string()
	case "jti":
		t.ID = r.string()
	case "sid":
		t.SessionID = r.string()
	case "iat":
		t.IssuedAt = r.numericDate()
	case "exp":
		t.ExpiresAt = r.numericDate()
	case "nbf":
		t.notBefore = r.numericDate()
	case "auth_time":
		t.AuthTime = r.numericDate()
	case "acr":
		t.ACR = r.string()
	case "amr":
		t.AMR = r.strings()
	case "cnf":
		t.KeyThumbprint = r.confirmation()
	case "status":
		t.status = r.statusReference()
	default:
		r.skip()
	}
}

// confirmation reads the "cnf" claim. A binding that we cannot check, such as one to a certificate (RFC 8705 §3.1), makes the token unusable
// here: accepting it as a plain bearer token would be a downgrade.
func (r *reader) confirmation() (thumbprint string) {
	var m members
	r.object()
	for {
		name, ok := r.next(&m)
		if !ok {
			break
		}
		if name != "jkt" {
			r.fail("cnf is not a key's thumbprint")
			break
		}
		thumbprint = r.string()
	}
	if thumbprint == "" {
		r.fail("cnf has no jkt")
	}
	return thumbprint
}

// check compares the claims with what the verifier expects (RFC 9068 §4).
func (t *Token) check(c *Config, now time.Time) error {
	switch {
	case t.Issuer != c.Issuer:
		return fmt.Errorf("issuer is %q", t.Issuer)
	case !slices.Contains(t.Audience, c.Audience):
		return fmt.Errorf("audience is %q", t.Audience)
	case !now.Before(t.ExpiresAt.Add(c.ClockSkew)):
		return ErrExpired
	case now.Before(t.IssuedAt.Add(-c.ClockSkew)):
		return errors.New("issued in the future")
	case !t.notBefore.IsZero() && now.Before(t.notBefore.Add(-c.ClockSkew)):
		return errors.New("not valid yet")
	case t.ExpiresAt.Sub(t.IssuedAt) > c.MaxTokenLifetime:
		return fmt.Errorf("lives for %s, longer than %s", t.ExpiresAt.Sub(t.IssuedAt), c.MaxTokenLifetime)
	}
	return nil
}
