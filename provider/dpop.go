package provider

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json" // exact names, and no member twice
	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
)

// ReplayStore remembers what may be used once. storage implements it.
type ReplayStore interface {
	// UseOnce records key until expires, and says whether it was new: one INSERT, decided by the unique key.
	UseOnce(ctx context.Context, key []byte, expires time.Time) (bool, error)
}

const (
	// dpopWindow is how far a proof's iat may be from our clock, either way.
	dpopWindow = time.Minute
	// maxProof bounds a proof, in bytes.
	maxProof = 4 << 10
	// dpopNonceEvery is how long a nonce of ours is handed out; it is accepted for twice as long.
	dpopNonceEvery = 5 * time.Minute
)

// dpopAlgorithms are the algorithms of proofs (RFC 9449 §5.1): asymmetric ones only.
var dpopAlgorithms = []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA, jose.RS256, jose.PS256}

var (
	errDPoPProof    = &fosite.RFC6749Error{ErrorField: "invalid_dpop_proof", DescriptionField: "The DPoP proof is invalid.", CodeField: http.StatusBadRequest}
	errUseDPoPNonce = &fosite.RFC6749Error{ErrorField: "use_dpop_nonce", DescriptionField: "Repeat the request with a DPoP proof that has the nonce of the DPoP-Nonce header.", CodeField: http.StatusBadRequest}
)

// proofClaims are the claims of a DPoP proof (RFC 9449 §4.2).
type proofClaims struct {
	ID              string `json:"jti"`
	Method          string `json:"htm"`
	URI             string `json:"htu"`
	IssuedAt        int64  `json:"iat"`
	AccessTokenHash string `json:"ath"`
	Nonce           string `json:"nonce"`

	ExpiresAt *float64 `json:"exp"` // no proof needs these, and what is there holds (RFC 7519 §4.1.4, §4.1.5)
	NotBefore *float64 `json:"nbf"`
}

// provenKey is the key that a DPoP proof was made with: its thumbprint and its algorithm. The zero value: there was no proof.
type provenKey struct {
	thumbprint string
	alg        jose.SignatureAlgorithm
}

// dpopKey checks the DPoP proof of r (RFC 9449 §4.3) and returns its key. accessToken is the token the proof has to belong to, empty at the token
// endpoint. Each proof is good once, on all nodes.
func (p *Provider) dpopKey(r *http.Request, accessToken string) (provenKey, error) {
	proofs := r.Header.Values("DPoP")
	if len(proofs) == 0 {
		return provenKey{}, nil
	}
	if len(proofs) > 1 || len(proofs[0]) > maxProof {
		return provenKey{}, errDPoPProof.WithHint("Send one DPoP header with one proof.")
	}
	key, claims, err := parseProof(proofs[0])
	if err != nil {
		return provenKey{}, err
	}
	if err := p.checkProof(r, claims, accessToken); err != nil {
		return provenKey{}, err
	}
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return provenKey{}, errDPoPProof.WithHint("The key of the proof has no thumbprint.")
	}
	thumbprint := base64.RawURLEncoding.EncodeToString(sum)
	used := sha256.Sum256([]byte("dpop\x00" + thumbprint + "\x00" + claims.ID))
	fresh, err := p.config.Replays.UseOnce(r.Context(), used[:], time.Unix(claims.IssuedAt, 0).Add(2*dpopWindow))
	if err != nil {
		return provenKey{}, &fault{err}
	}
	if !fresh {
		return provenKey{}, errDPoPProof.WithHint("The proof has been used before. Make a new one for each request.")
	}
	return provenKey{thumbprint, jose.SignatureAlgorithm(key.Algorithm)}, nil
}

// checkProver refuses a proof that the client must not make.
func (p *Provider) checkProver(c *clients.Client, key provenKey) *fosite.RFC6749Error {
	if !p.maySignWith(c, key.alg) {
		return errDPoPProof.WithHint("A client of the FAPI 2.0 profile makes its proofs with PS256, ES256 or EdDSA.")
	}
	return nil
}

// parseProof checks signature and header. The key in the header is the point of a proof; nothing else in the header is followed. The key is returned
// with the algorithm that it was used with.
func parseProof(proof string) (*jose.JSONWebKey, *proofClaims, error) {
	invalid := func(why string) error { return errDPoPProof.WithHint(why) }
	if _, _, ok := splitJWS(proof, maxProof); !ok {
		return nil, nil, invalid("The proof is not a compact JWS.")
	}
	jws, err := jose.ParseSignedCompact(proof, dpopAlgorithms)
	if err != nil || len(jws.Signatures) != 1 {
		return nil, nil, invalid("The proof is not a JWS with an allowed algorithm.")
	}
	header := jws.Signatures[0].Protected
	if typ, _ := header.ExtraHeaders[jose.HeaderType].(string); !strings.EqualFold(typ, "dpop+jwt") {
		return nil, nil, invalid("The typ of the proof must be dpop+jwt.")
	}
	key := header.JSONWebKey
	if key == nil || !key.Valid() || !key.IsPublic() || !goodKey(key.Key, header.Algorithm) {
		return nil, nil, invalid("The jwk of the proof must be a public key that fits its algorithm: P-256, Ed25519, or RSA of 2048 to 4096 bits.")
	}
	payload, err := jws.Verify(key)
	if err != nil {
		return nil, nil, invalid("The signature of the proof is wrong.")
	}
	var claims proofClaims
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, nil, invalid("The claims of the proof do not parse.")
	}
	key.Algorithm = header.Algorithm
	return key, &claims, nil
}

func goodKey(key any, alg string) bool {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		return alg == string(jose.ES256) && k.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return alg == string(jose.EdDSA)
	case *rsa.PublicKey:
		return (alg == string(jose.RS256) || alg == string(jose.PS256)) && k.N.BitLen() >= 2048 && k.N.BitLen() <= 4096 && k.E >= 3 && k.E < 1<<31
	}
	return false
}

// checkProof checks what the proof was made for.
func (p *Provider) checkProof(r *http.Request, c *proofClaims, accessToken string) error {
	now := time.Now()
	age := now.Sub(time.Unix(c.IssuedAt, 0))
	switch {
	case c.ID == "" || len(c.ID) > 256:
		return errDPoPProof.WithHint("The proof needs a jti of at most 256 characters.")
	case c.Method != r.Method:
		return errDPoPProof.WithHint("The htm of the proof is not the method of the request.")
	case normalURL(c.URI) != normalURL(p.config.Issuer+r.URL.Path):
		return errDPoPProof.WithHint("The htu of the proof is not the address of the endpoint.")
	case age > dpopWindow || age < -dpopWindow:
		return errDPoPProof.WithHint("The iat of the proof is more than a minute away from this server's clock.")
	case c.ExpiresAt != nil && !(sane(*c.ExpiresAt) && numericDate(*c.ExpiresAt).After(now)):
		return errDPoPProof.WithHint("The exp of the proof is over, or no time in seconds.")
	case c.NotBefore != nil && !(sane(*c.NotBefore) && numericDate(*c.NotBefore).Before(now.Add(dpopWindow))):
		return errDPoPProof.WithHint("The nbf of the proof is more than a minute ahead, or no time in seconds.")
	case accessToken != "" && c.AccessTokenHash != accessTokenHash(accessToken):
		return errDPoPProof.WithHint("The ath of the proof is not the hash of the access token.")
	case c.Nonce != "" && !p.validNonce(c.Nonce), c.Nonce == "" && p.config.RequireDPoPNonce:
		return errUseDPoPNonce
	}
	return nil
}

// normalURL is an address as those of proofs are compared: without query and fragment (RFC 9449 §4.3), scheme and host in lower case and without the
// port that the scheme has by default (RFC 3986 §6.2.3). Empty for anything else.
func normalURL(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return ""
	}
	host := strings.ToLower(u.Host)
	switch u.Scheme { // in lower case already
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host + u.EscapedPath()
}

// accessTokenHash is the ath of a proof (RFC 9449 §4.2).
func accessTokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// dpopNonce is the nonce of the moment (RFC 9449 §8). It is computed from the time, so every node knows it.
func (p *Provider) dpopNonce(at time.Time) string {
	bucket := at.Truncate(dpopNonceEvery).UTC().Format(time.RFC3339)
	return base64.RawURLEncoding.EncodeToString(p.nonces.Sum([]byte(bucket))[:16])
}

// offerNonce is a guard that gives clients with DPoP the nonce for their next proof (RFC 9449 §8.2), where proofs need one.
func (p *Provider) offerNonce(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.config.RequireDPoPNonce && len(r.Header.Values("DPoP")) > 0 {
			w.Header().Set("DPoP-Nonce", p.dpopNonce(time.Now()))
		}
		next.ServeHTTP(w, r)
	})
}

func (p *Provider) validNonce(nonce string) bool {
	now := time.Now()
	current := subtle.ConstantTimeCompare([]byte(nonce), []byte(p.dpopNonce(now)))
	previous := subtle.ConstantTimeCompare([]byte(nonce), []byte(p.dpopNonce(now.Add(-dpopNonceEvery))))
	return current|previous == 1
}
