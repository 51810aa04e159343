package bearer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
)

// maxSignature is the longest signature in bytes: that of the largest RSA key.
const maxSignature = maxModulus / 8

// verify says whether the signature of the JWS is the key's. It calls the standard library directly, on values that live on the stack.
func (k *key) verify(t jws) bool {
	var room [maxSignature]byte
	if base64.RawURLEncoding.DecodedLen(len(t.signature)) > len(room) {
		return false
	}
	n, err := base64.RawURLEncoding.Strict().Decode(room[:], []byte(t.signature))
	if err != nil {
		return false
	}
	signature := room[:n]
	if k.algorithm.family == familyEdDSA {
		return len(signature) == ed25519.SignatureSize && ed25519.Verify(k.ed25519, []byte(t.signed), signature)
	}
	var digests [sha512.Size]byte
	digest := sum(digests[:0], k.algorithm.hash, t.signed)
	switch k.algorithm.family {
	case familyECDSA:
		// RFC 7518 §3.4: the two numbers side by side, each as long as the curve's order; not ASN.1.
		var der [160]byte
		return n == 2*k.algorithm.size && ecdsa.VerifyASN1(k.ecdsa, digest, appendSignature(der[:0], signature))
	case familyRSA:
		return rsa.VerifyPKCS1v15(k.rsa, k.algorithm.hash, digest, signature) == nil
	case familyPSS:
		// RFC 7518 §3.5: the salt is as long as the hash.
		options := rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
		return rsa.VerifyPSS(k.rsa, k.algorithm.hash, digest, signature, &options) == nil
	}
	return false
}

// sum appends the hash of text.
func sum(to []byte, h crypto.Hash, text string) []byte {
	switch h {
	case crypto.SHA256:
		d := sha256.Sum256([]byte(text))
		return append(to, d[:]...)
	case crypto.SHA384:
		d := sha512.Sum384([]byte(text))
		return append(to, d[:]...)
	default:
		d := sha512.Sum512([]byte(text))
		return append(to, d[:]...)
	}
}

// appendSignature appends a raw ECDSA signature as the ASN.1 SEQUENCE of two INTEGERs that crypto/ecdsa reads.
func appendSignature(to, raw []byte) []byte {
	var room [144]byte
	body := appendInteger(appendInteger(room[:0], raw[:len(raw)/2]), raw[len(raw)/2:])
	to = append(to, 0x30)
	if len(body) > 127 {
		to = append(to, 0x81)
	}
	return append(append(to, byte(len(body))), body...)
}

// appendInteger appends a big-endian number as the shortest ASN.1 INTEGER.
func appendInteger(to, n []byte) []byte {
	for len(n) > 1 && n[0] == 0 {
		n = n[1:]
	}
	sign := 0
	if n[0] >= 0x80 {
		sign = 1
	}
	to = append(to, 0x02, byte(len(n)+sign))
	if sign == 1 {
		to = append(to, 0)
	}
	return append(to, n...)
}
