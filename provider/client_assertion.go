package provider

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json" // exact names, and no member twice

	"github.com/symbolon-id/symbolon/clients"
)

// assertionType is the client_assertion_type of a JWT (RFC 7523 §2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

const (
	// maxAssertion bounds an assertion, in bytes.
	maxAssertion = 8 << 10
	// maxAssertionLifetime is how far ahead an assertion's exp may be. For so long its jti is remembered.
	maxAssertionLifetime = 5 * time.Minute
	// assertionSkew is how far a client's clock may be from ours. FAPI 2.0 §5.3.2.1 asks for 10 s and forbids 60 s.
	assertionSkew = 30 * time.Second
	// maxTries bounds the signature checks of one assertion.
	maxTries = 4
)

// assertionAlgorithms are the algorithms of private_key_jwt, sharedAlgorithms those of client_secret_jwt. A client's method decides which list
// its assertions are held against, so a public key is never taken for a shared secret (RFC 8725 §3.1).
var (
	assertionAlgorithms = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA}
	sharedAlgorithms    = []jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512}
)

// assertionHeader is the JOSE header of an assertion. What only tells us where a key might be is there to be refused.
type assertionHeader struct {
	Algorithm jose.SignatureAlgorithm `json:"alg"`
	KeyID     string                  `json:"kid"`
	Type      string                  `json:"typ"`
	Critical  json.RawMessage         `json:"crit"`
	B64       json.RawMessage         `json:"b64"`
	Key       json.RawMessage         `json:"jwk"`
	KeyURL    json.RawMessage         `json:"jku"`
	CertURL   json.RawMessage         `json:"x5u"`
}

// assertionClaims are the claims of an assertion (RFC 7523 §3, OIDC Core §9). A NumericDate may have a fraction.
type assertionClaims struct {
	Issuer    string            `json:"iss"`
	Subject   string            `json:"sub"`
	Audience  assertionAudience `json:"aud"`
	ExpiresAt *float64          `json:"exp"`
	NotBefore *float64          `json:"nbf"`
	IssuedAt  *float64          `json:"iat"`
	ID        string            `json:"jti"`
}

// assertionAudience is an "aud" claim of one value: a string, or an array around it. More is refused: an assertion for another server too could be
// that server's to use here.
type assertionAudience struct {
	value string
	array bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *assertionAudience) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &a.value) == nil {
		return nil
	}
	var list []string
	if err := json.Unmarshal(b, &list); err != nil || len(list) != 1 {
		return errors.New("aud is not one value")
	}
	*a = assertionAudience{list[0], true}
	return nil
}

// assertion is a client assertion that parses. Nothing in it is proven yet.
type assertion struct {
	header assertionHeader
	claims assertionClaims
	jws    *jose.JSONWebSignature
	tried  bool // a signature was checked
}

// parseAssertion reads a compact JWS; nil when it is none that any client of ours could have made. It knows no client, so it says nothing of which
// ones there are.
func parseAssertion(text string) *assertion {
	header, payload, ok := splitJWS(text, maxAssertion)
	var a assertion
	if !ok || json.Unmarshal(header, &a.header) != nil || json.Unmarshal(payload, &a.claims) != nil {
		return nil
	}
	h := &a.header
	if h.Critical != nil || h.B64 != nil || h.Key != nil || h.KeyURL != nil || h.CertURL != nil {
		return nil
	}
	// RFC 8725 §3.11: an access token, a DPoP proof or a log-out token that the client's key has signed is no assertion.
	if t := strings.ToLower(h.Type); t != "" && t != "jwt" && t != "client-authentication+jwt" {
		return nil
	}
	jws, err := jose.ParseSignedCompact(text, slices.Concat(assertionAlgorithms, sharedAlgorithms))
	if err != nil {
		return nil
	}
	a.jws = jws
	return &a
}

// splitJWS cuts a compact JWS of at most limit bytes into its segments, each in its only spelling: base64url without padding, line breaks or stray
// bits (RFC 7515 §2).
func splitJWS(text string, limit int) (header, payload []byte, ok bool) {
	if len(text) > limit || strings.Count(text, ".") != 2 || strings.ContainsAny(text, "\r\n") {
		return nil, nil, false
	}
	var decoded [3][]byte
	for i, segment := range strings.Split(text, ".") {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(segment)
		if err != nil || len(raw) == 0 {
			return nil, nil, false
		}
		decoded[i] = raw
	}
	return decoded[0], decoded[1], true
}

// proveByAssertion says whether the assertion authenticates c. c is nil when there is no such client: that takes as long.
func (p *Provider) proveByAssertion(ctx context.Context, r *http.Request, c *clients.Client, a *assertion) (bool, error) {
	signed, err := p.assertionSigned(ctx, c, a)
	if err != nil {
		return false, err
	}
	if !signed {
		tellWhy(ctx, c, "the assertion is not signed with a key and an algorithm that are registered for the client")
		return false, nil
	}
	if misfit := p.assertionMisfit(r, c, a.claims); misfit != "" {
		tellWhy(ctx, c, "the assertion: "+misfit)
		return false, nil
	}
	// CA-05: each assertion is good once, on all nodes.
	used := sha256.Sum256([]byte("client assertion\x00" + c.ID + "\x00" + a.claims.ID))
	fresh, err := p.config.Replays.UseOnce(ctx, used[:], numericDate(*a.claims.ExpiresAt).Add(assertionSkew))
	if err != nil {
		return false, &fault{err}
	}
	if !fresh {
		tellWhy(ctx, c, "the assertion: jti was used before")
	}
	return fresh, nil
}

// assertionSigned checks the signature. It costs one check at the least, whoever asks.
func (p *Provider) assertionSigned(ctx context.Context, c *clients.Client, a *assertion) (bool, error) {
	signed, err := p.assertionSignedBy(ctx, c, a)
	if !a.tried {
		a.signedBy(p.decoys)
	}
	return signed, err
}

// assertionSignedBy checks the signature with the keys of c's method only.
func (p *Provider) assertionSignedBy(ctx context.Context, c *clients.Client, a *assertion) (bool, error) {
	method, alg := "", ""
	if c != nil {
		method, alg = c.Metadata.TokenEndpointAuthMethod, c.Metadata.TokenEndpointAuthSigningAlg
	}
	registered := alg == "" || alg == string(a.header.Algorithm)
	switch {
	case method == clients.AuthMethodSecretJWT && registered && slices.Contains(sharedAlgorithms, a.header.Algorithm):
		for _, key := range c.SharedKeys(p.clientSecrets) {
			if _, err := a.jws.Verify(key); err == nil {
				return true, nil
			}
		}
		return false, nil
	case method == clients.AuthMethodPrivateKeyJWT && registered && slices.Contains(assertionAlgorithms, a.header.Algorithm) && p.maySignWith(c, a.header.Algorithm):
		return p.clientKeys.verify(ctx, c, a.signedBy)
	}
	return false, nil
}

// signedBy says whether one of the keys made the signature. Only those are tried that are for signing and for the algorithm, and are called by the
// header's kid; a key without a name may be any.
func (a *assertion) signedBy(keys []jose.JSONWebKey) bool {
	tries := 0
	for _, k := range keys {
		named := a.header.KeyID == "" || k.KeyID == "" || k.KeyID == a.header.KeyID
		meant := (k.Use == "" || k.Use == "sig") && (k.Algorithm == "" || k.Algorithm == string(a.header.Algorithm))
		if !named || !meant || !goodKey(k.Key, string(a.header.Algorithm)) {
			continue
		}
		if tries++; tries > maxTries {
			return false
		}
		a.tried = true
		if _, err := a.jws.Verify(k.Key); err == nil {
			return true
		}
	}
	return false
}

// assertionMisfit returns what is wrong with what the assertion says (RFC 7523 §3), or "".
func (p *Provider) assertionMisfit(r *http.Request, c *clients.Client, claims assertionClaims) string {
	now := time.Now()
	notLater := func(date *float64, limit time.Time) bool {
		return date == nil || sane(*date) && !numericDate(*date).After(limit)
	}
	switch {
	case claims.Issuer != c.ID || claims.Subject != c.ID:
		return "iss and sub are not both the client_id"
	case claims.ID == "" || len(claims.ID) > 256:
		return "jti is missing or too long"
	case claims.ExpiresAt == nil || !sane(*claims.ExpiresAt) || !numericDate(*claims.ExpiresAt).After(now):
		return "exp is missing or has passed"
	case !notLater(claims.ExpiresAt, now.Add(maxAssertionLifetime+assertionSkew)):
		return "exp is too far ahead"
	case !notLater(claims.NotBefore, now.Add(assertionSkew)), !notLater(claims.IssuedAt, now.Add(assertionSkew)):
		return "nbf or iat is ahead"
	case !p.assertionForUs(r, c, claims.Audience):
		return "aud is not this server, in the way that the client has to name it"
	}
	return ""
}

// assertionForUs checks the audience (RFC 7521 §5.2, RFC 8725 §3.9): this server alone, by its issuer or, as older libraries have it, by the address of the token endpoint
// (OIDC Core §9) or of the one at hand (RFC 9126 §2).
func (p *Provider) assertionForUs(r *http.Request, c *clients.Client, aud assertionAudience) bool {
	if p.highAssurance(c) { // FAPI 2.0 §5.3.2.1
		return aud.value == p.config.Issuer && !aud.array
	}
	return aud.value == p.config.Issuer || aud.value == p.config.Issuer+"/oauth2/token" || aud.value == p.config.Issuer+r.URL.Path
}

// sane leaves out what is no time in seconds, such as one in milliseconds.
func sane(date float64) bool { return date > 0 && date < 1e11 }

func numericDate(seconds float64) time.Time {
	return time.UnixMilli(int64(seconds * 1000))
}

// newDecoys returns keys that nothing was signed with, one for each kind of algorithm. A client that is not there costs a signature check too.
func newDecoys() []jose.JSONWebKey {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // only a failing source of randomness
	}
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // only a failing source of randomness
	}
	modulus := make([]byte, 256) // checking a signature does not ask for its factors
	rand.Read(modulus)           // never fails, crypto/rand says
	modulus[0], modulus[255] = modulus[0]|0x80, modulus[255]|1
	return []jose.JSONWebKey{{Key: ec.Public()}, {Key: ed}, {Key: &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: 65537}}}
}
