package bearer

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// maxToken is the longest token that is looked at, in bytes. What is longer would not fit into the headers that most servers accept either.
const maxToken = 8 << 10

var errNotJWS = errors.New("not a JWS in compact form")

// jws is a JWS in compact serialization (RFC 7515 §3.1), cut at its dots; nothing is decoded.
type jws struct {
	header    string
	payload   string
	signature string
	signed    string // header, dot and payload: what the signature is over
}

// splitJWS cuts a token at its dots. There must be exactly two: five parts would be a JWE (RFC 7516 §7.1), which nobody here can read.
func splitJWS(token string) (jws, error) {
	first := strings.IndexByte(token, '.')
	if first <= 0 {
		return jws{}, errNotJWS
	}
	second := first + 1 + strings.IndexByte(token[first+1:], '.')
	if second <= first+1 || second == len(token)-1 || strings.IndexByte(token[second+1:], '.') >= 0 {
		return jws{}, errNotJWS
	}
	// encoding/base64 skips line breaks; a token has none (RFC 7515 §2).
	if strings.IndexByte(token, '\n') >= 0 || strings.IndexByte(token, '\r') >= 0 {
		return jws{}, errNotJWS
	}
	return jws{header: token[:first], payload: token[first+1 : second], signature: token[second+1:], signed: token[:second]}, nil
}

// decode undoes base64url without padding. One text has one encoding: set trailing bits are refused.
func decode(segment string) (string, error) {
	var room [maxToken * 3 / 4]byte
	n := base64.RawURLEncoding.DecodedLen(len(segment))
	if n > len(room) {
		b, err := base64.RawURLEncoding.Strict().DecodeString(segment)
		return string(b), err
	}
	n, err := base64.RawURLEncoding.Strict().Decode(room[:], []byte(segment))
	return string(room[:n]), err
}

// joseHeader is the part of a JOSE header (RFC 7515 §4) that is used here. Members that name or carry keys (jku, jwk, x5u, x5c) are read over in
// tokens: keys come from the issuer's key set and nowhere else (RFC 8725 §3.10).
type joseHeader struct {
	algorithm string
	keyID     string
	typ       string
	jwk       string // JSON text; only DPoP proofs use it
}

func parseHeader(segment string) (joseHeader, error) {
	text, err := decode(segment)
	if err != nil {
		return joseHeader{}, errNotJWS
	}
	var h joseHeader
	var m members
	r := reader{text: text}
	r.object()
	for {
		name, ok := r.next(&m)
		if !ok {
			break
		}
		switch name {
		case "alg":
			h.algorithm = r.string()
		case "kid":
			if h.keyID = r.string(); h.keyID == "" {
				r.fail("empty kid")
			}
		case "typ":
			h.typ = r.string()
		case "jwk":
			h.jwk = r.skip()
		case "crit", "b64":
			// RFC 7515 §4.1.11: an extension that is not understood makes the token invalid, and we understand none; RFC 7797 §3 has b64
			// listed there.
			r.fail(name + " is not supported")
		default:
			r.skip()
		}
	}
	if err := r.end(); err != nil {
		return joseHeader{}, fmt.Errorf("header: %w", err)
	}
	return h, nil
}

// hasType says whether typ names the media type application/{want}. RFC 7515 §4.1.9: the prefix may be left out; media types ignore case.
func (h joseHeader) hasType(want string) bool {
	const prefix = "application/"
	typ := h.typ
	if len(typ) > len(prefix) && strings.EqualFold(typ[:len(prefix)], prefix) {
		typ = typ[len(prefix):]
	}
	return strings.EqualFold(typ, want)
}
