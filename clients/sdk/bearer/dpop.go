package bearer

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// proofWindow is how far the time of a proof may be from ours, before the clock skew is added.
const proofWindow = time.Minute

// proofChecker checks DPoP proofs (RFC 9449 §4.3).
type proofChecker struct {
	policy  DPoPPolicy
	window  time.Duration
	replays ReplayStore
	nonces  *nonces // nil: no nonce is asked for
	public  string  // what comes before the path, normalized
}

func newProofChecker(p DPoPPolicy, skew time.Duration) *proofChecker {
	c := &proofChecker{policy: p, window: proofWindow + skew, replays: p.Replays, public: strings.TrimSuffix(p.PublicURL, "/")}
	if c.replays == nil {
		c.replays = newReplays()
	}
	if len(p.NonceKey) > 0 {
		c.nonces = &nonces{key: p.NonceKey}
	}
	return c
}

// check says whether the request carries a proof for this token, made with the key that the token is bound to, for this request, just now and
// never seen before.
func (c *proofChecker) check(r *http.Request, token, thumbprint string, now time.Time) error {
	proofs := r.Header.Values("DPoP")
	if len(proofs) != 1 {
		return invalidProof(fmt.Errorf("%d proofs instead of one", len(proofs)))
	}
	p, err := c.open(proofs[0], thumbprint)
	if err != nil {
		return invalidProof(err)
	}
	if err := c.compare(p, r, token, now); err != nil {
		return invalidProof(err)
	}
	if c.nonces != nil && !c.nonces.valid(p.nonce, now) {
		return &Error{
			Status: http.StatusUnauthorized, Code: codeUseNonce, Description: "Make the DPoP proof with the nonce from the DPoP-Nonce header.",
			cause: errors.New("nonce is missing, old or not ours"),
		}
	}
	// RFC 9449 §11.1: remembered last, so only good proofs take up room; under its key, so nobody can use up another's ids.
	id := sha256.Sum256([]byte(thumbprint + " " + p.id))
	first, err := c.replays.Use(r.Context(), hex.EncodeToString(id[:]), p.issuedAt.Add(c.window))
	if err != nil {
		return unavailable(err)
	}
	if !first {
		return invalidProof(errors.New("jti was used before"))
	}
	return nil
}

// open checks that the proof is signed with the key in its header, and that this is the key the token is bound to.
func (c *proofChecker) open(text, thumbprint string) (*proof, error) {
	if len(text) > maxToken {
		return nil, errNotJWS
	}
	signed, err := splitJWS(text)
	if err != nil {
		return nil, err
	}
	h, err := parseHeader(signed.header)
	switch {
	case err != nil:
		return nil, err
	case !h.hasType("dpop+jwt"):
		return nil, fmt.Errorf("typ is %q", h.typ)
	case !slices.Contains(c.policy.Algorithms, h.algorithm):
		return nil, fmt.Errorf("algorithm %q is not allowed", h.algorithm)
	}
	if err := checkPublicJWK(h.jwk); err != nil {
		return nil, err
	}
	k, err := parseKey([]byte(h.jwk), []string{h.algorithm})
	if err != nil {
		return nil, err
	}
	// Before the signature, which costs more. A thumbprint is no secret, but this way nobody has to think about it.
	own, err := k.thumbprint()
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(own)), []byte(thumbprint)) != 1 {
		return nil, errors.New("the token is bound to another key")
	}
	if !k.verify(signed) {
		return nil, errors.New("the signature is not the key's")
	}
	claims, err := decode(signed.payload)
	if err != nil {
		return nil, errNotJWS
	}
	return parseProof(claims)
}

// compare compares the proof with the request.
func (c *proofChecker) compare(p *proof, r *http.Request, token string, now time.Time) error {
	if p.method != r.Method {
		return fmt.Errorf("htm is %q", p.method)
	}
	if got, want := normalizeURL(p.uri), normalizeURL(c.requestURL(r)); got == "" || got != want {
		return fmt.Errorf("htu is %q and not %q", p.uri, want)
	}
	if p.issuedAt.Before(now.Add(-c.window)) || p.issuedAt.After(now.Add(c.window)) {
		return errors.New("iat is not now")
	}
	hash := sha256.Sum256([]byte(token))
	if subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(hash[:])), []byte(p.tokenHash)) != 1 {
		return errors.New("ath is of another token")
	}
	return nil
}

// requestURL returns what "htu" must be. The path is the one the client sent: handlers outside of ours may have changed r.URL.
func (c *proofChecker) requestURL(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	if !strings.HasPrefix(path, "/") {
		path = r.URL.EscapedPath()
		// RFC 9112 §3.2.2: a proxy is sent the whole URL.
		if u, err := url.Parse(r.RequestURI); err == nil && u.Host != "" {
			path = u.EscapedPath()
		}
	}
	if c.policy.PublicURL != "" {
		return c.public + path
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return scheme + r.Host + path
}

// offerNonce gives the client the nonce for its next proof (RFC 9449 §8.2), if we ask for nonces.
func (c *proofChecker) offerNonce(w http.ResponseWriter) {
	if c.nonces != nil {
		w.Header().Set("DPoP-Nonce", c.nonces.current(time.Now()))
	}
}
