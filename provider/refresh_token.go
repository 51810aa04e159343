package provider

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/ory/fosite"
)

// refreshPrefix marks refresh tokens, so that a leaked one is recognised.
const refreshPrefix = "sym_rt_"

// tagBytes is the length of the HMAC in a refresh token.
const tagBytes = 32

// refreshToken computes the refresh token of a grant's generation: grant id, generation and an HMAC over both. It is computed, not drawn, so the
// successor of a token is the same however often it is asked for, and nothing usable needs to be stored.
func (p *Provider) refreshToken(grantID string, generation int64) string {
	body := refreshBody(grantID, generation)
	return refreshPrefix + strictBase64URL.EncodeToString(append(body, p.refresh.Sum(body)...))
}

// parseRefreshToken returns what a refresh token of ours names; ok is false for anything else. Nothing is looked up before the HMAC is right.
func (p *Provider) parseRefreshToken(token string) (grantID string, generation int64, ok bool) {
	text, found := strings.CutPrefix(token, refreshPrefix)
	if !found || strings.ContainsAny(text, "\r\n") {
		return "", 0, false
	}
	raw, err := strictBase64URL.DecodeString(text)
	if err != nil || len(raw) <= idBytes+tagBytes {
		return "", 0, false
	}
	body, tag := raw[:len(raw)-tagBytes], raw[len(raw)-tagBytes:]
	if !p.refresh.Valid(body, tag) {
		return "", 0, false
	}
	n, size := binary.Uvarint(body[idBytes:])
	if size <= 0 || size != len(body)-idBytes || int64(n) < 0 {
		return "", 0, false
	}
	return base64.RawURLEncoding.EncodeToString(body[:idBytes]), int64(n), true
}

func refreshBody(grantID string, generation int64) []byte {
	id, err := base64.RawURLEncoding.DecodeString(grantID)
	if err != nil || len(id) != idBytes {
		panic("provider: a grant id is 16 bytes, base64url") // only ours get here
	}
	return binary.AppendUvarint(id, uint64(generation))
}

// GenerateRefreshToken implements oauth2.RefreshTokenStrategy: the first one of a grant.
func (f *codeFlow) GenerateRefreshToken(_ context.Context, requester fosite.Requester) (token, signature string, err error) {
	token = f.provider.refreshToken(requester.GetSession().(*grantSession).grant.ID, 0)
	return token, token, nil
}

// RefreshTokenSignature implements oauth2.RefreshTokenStrategy. Nothing is looked up by it.
func (f *codeFlow) RefreshTokenSignature(_ context.Context, token string) string { return token }

// ValidateRefreshToken implements oauth2.RefreshTokenStrategy. It is not reached: decideRefresh is what checks refresh tokens.
func (f *codeFlow) ValidateRefreshToken(context.Context, fosite.Requester, string) error {
	return fosite.ErrInvalidTokenFormat
}
