package keys

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // RS256, PS256 and ES256 hash with it
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json" // exact names, and no member twice
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// ErrToken says that a token does not verify: malformed, of another type, signed by nobody we know, or altered.
var ErrToken = errors.New("keys: token does not verify")

// MaxToken is the length above which a token is refused unread, in bytes.
const MaxToken = 16 << 10

// Sign returns payload as a compact JWS (RFC 7515 §7.1) of the given type: "at+jwt", "JWT", …
//
// It signs through crypto.Signer, so that the private key may live in another device. Building the compact form here costs a third of what a
// general JOSE library needs around the signature; verification, where the input is hostile, is the library's.
func (k *Key) Sign(typ string, payload []byte) (string, error) {
	header := k.header(typ)
	enc := base64.RawURLEncoding
	buf := make([]byte, 0, len(header)+1+enc.EncodedLen(len(payload))+1+enc.EncodedLen(signatureBytes(k.Public)))
	buf = append(buf, header...)
	buf = append(buf, '.')
	buf = enc.AppendEncode(buf, payload)
	signature, err := k.signature(buf)
	if err != nil {
		return "", fmt.Errorf("sign with %s key %s: %w", k.Algorithm, k.ID, err)
	}
	buf = append(buf, '.')
	return string(enc.AppendEncode(buf, signature)), nil
}

func (k *Key) header(typ string) string {
	header, err := json.Marshal(struct {
		Alg string `json:"alg"`
		Kid string `json:"kid"`
		Typ string `json:"typ"`
	}{string(k.Algorithm), k.ID, typ})
	if err != nil {
		panic(err) // three strings always encode
	}
	return base64.RawURLEncoding.EncodeToString(header)
}

func signatureBytes(public crypto.PublicKey) int {
	if key, ok := public.(*rsa.PublicKey); ok {
		return key.Size()
	}
	return 64
}

func (k *Key) signature(input []byte) ([]byte, error) {
	if k.Algorithm == jose.EdDSA {
		return k.private.Sign(rand.Reader, input, crypto.Hash(0))
	}
	h := crypto.SHA256.New()
	h.Write(input)
	digest := h.Sum(nil)
	switch k.Algorithm {
	case jose.RS256:
		return k.private.Sign(rand.Reader, digest, crypto.SHA256)
	case jose.PS256:
		return k.private.Sign(rand.Reader, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
	case jose.ES256:
		der, err := k.private.Sign(rand.Reader, digest, crypto.SHA256)
		if err != nil {
			return nil, err
		}
		return rawECDSA(der)
	}
	return nil, fmt.Errorf("keys: algorithm %q is not offered", k.Algorithm)
}

// rawECDSA turns the ASN.1 form that crypto.Signer gives into the r || s of RFC 7518 §3.4.
func rawECDSA(der []byte) ([]byte, error) {
	input, inner := cryptobyte.String(der), cryptobyte.String(nil)
	r, s := new(big.Int), new(big.Int)
	if !input.ReadASN1(&inner, asn1.SEQUENCE) || !inner.ReadASN1Integer(r) || !inner.ReadASN1Integer(s) || r.BitLen() > 256 || s.BitLen() > 256 {
		return nil, errors.New("keys: not a P-256 signature")
	}
	raw := make([]byte, 64)
	r.FillBytes(raw[:32])
	s.FillBytes(raw[32:])
	return raw, nil
}

// Verify checks a compact JWS of the given type that one of our own keys signed, and returns its payload. The key's own algorithm is the only
// one accepted; nothing in the header but kid, alg and typ is read (RFC 8725 §3.1, §3.11). Its errors are ErrToken, or a storage fault
// where the key may be one that this node has yet to read.
func (r *Ring) Verify(ctx context.Context, token, typ string) ([]byte, error) {
	if len(token) > MaxToken {
		return nil, ErrToken
	}
	header, err := strictSegments(token)
	if err != nil {
		return nil, ErrToken
	}
	kid, alg, headerTyp, err := parseHeader(header)
	if err != nil || !strings.EqualFold(headerTyp, typ) {
		return nil, ErrToken
	}
	k, err := r.Lookup(ctx, kid)
	if err != nil {
		return nil, err
	}
	if k == nil || string(k.Algorithm) != alg { // RFC 7515 §5.2: the key says which algorithm, not the token
		return nil, ErrToken
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{k.Algorithm})
	if err != nil {
		return nil, ErrToken
	}
	payload, err := signed.Verify(k.Public)
	if err != nil {
		return nil, ErrToken
	}
	return payload, nil
}

// strictSegments checks that the token has three segments in their only spelling: encoding/base64 by itself skips line breaks and ignores the unused
// bits of the last character, so that one token would have several. It returns the decoded header.
func strictSegments(token string) (header []byte, err error) {
	if strings.Count(token, ".") != 2 || strings.ContainsAny(token, "\r\n") {
		return nil, ErrToken
	}
	strict, rest := base64.RawURLEncoding.Strict(), token
	for i := range 3 {
		var segment string
		segment, rest, _ = strings.Cut(rest, ".")
		raw, err := strict.DecodeString(segment)
		if err != nil {
			return nil, ErrToken
		}
		if i == 0 {
			header = raw
		}
	}
	return header, nil
}

func parseHeader(raw []byte) (kid, alg, typ string, err error) {
	var header struct {
		Alg  string          `json:"alg"`
		Kid  string          `json:"kid"`
		Typ  string          `json:"typ"`
		Crit json.RawMessage `json:"crit"`
		B64  json.RawMessage `json:"b64"`
	}
	if err := json.Unmarshal(raw, &header); err != nil {
		return "", "", "", err
	}
	if header.Crit != nil || header.B64 != nil {
		return "", "", "", ErrToken
	}
	return header.Kid, header.Alg, header.Typ, nil
}

// The keys a Ring makes are of these types; an external signer's public key must be one of them too.
var _ = []crypto.PublicKey{(*rsa.PublicKey)(nil), (*ecdsa.PublicKey)(nil), ed25519.PublicKey(nil)}
