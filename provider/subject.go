package provider

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/symbolon-id/symbolon/clients"
)

// subject is who the account is to the client: the "sub" of everything that the client gets to see of a person (OIDC Core §8). A pairwise one is
// the same for all clients of a sector and tells clients of other sectors nothing. No account is ever looked up by it.
func (p *Provider) subject(c *clients.Client, accountID string) string {
	if c.Metadata.SubjectType != clients.SubjectPairwise {
		return accountID
	}
	return p.pairwise("sub", c, accountID)
}

// sid names the session to the client. Were it the same for all, clients could find out by it what pairwise subjects hide.
func (p *Provider) sid(c *clients.Client, sessionID string) string {
	if c.Metadata.SubjectType != clients.SubjectPairwise || sessionID == "" {
		return sessionID
	}
	return p.pairwise("sid", c, sessionID)
}

// pairwise is an HMAC-SHA-256 (OIDC Core §8.1) in base64url: 43 characters. Its key belongs to the installation and outlives every root secret:
// with another one, every person would be a stranger to every pairwise client.
func (p *Provider) pairwise(kind string, c *clients.Client, id string) string {
	h := hmac.New(sha256.New, p.config.PairwiseSalt)
	for _, part := range []string{kind, c.Metadata.Sector(), id} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part)))) // so that no two lists of parts look alike
		h.Write([]byte(part))
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}
