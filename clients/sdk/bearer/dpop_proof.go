package bearer

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// maxProofID is the longest "jti" of a proof, in bytes.
const maxProofID = 256

// proof is the claims of a DPoP proof (RFC 9449 §4.2).
type proof struct {
	id        string
	method    string
	uri       string
	issuedAt  time.Time
	tokenHash string
	nonce     string
}

func parseProof(claims string) (*proof, error) {
	var p proof
	var m members
	r := reader{text: claims}
	r.object()
	for {
		name, ok := r.next(&m)
		if !ok {
			break
		}
		switch name {
		case "jti":
			p.id = r.string()
		case "htm":
			p.method = r.string()
		case "htu":
			p.uri = r.string()
		case "iat":
			p.issuedAt = r.numericDate()
		case "ath":
			p.tokenHash = r.string()
		case "nonce":
			p.nonce = r.string()
		default:
			r.skip()
		}
	}
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("proof: %w", err)
	}
	if p.id == "" || len(p.id) > maxProofID || p.method == "" || p.uri == "" || p.issuedAt.IsZero() || p.tokenHash == "" {
		return nil, errors.New("proof: one of jti, htm, htu, iat and ath is missing")
	}
	return &p, nil
}

// checkPublicJWK refuses a key with a private part (RFC 9449 §4.3): who sends it has given it away.
func checkPublicJWK(text string) error {
	if text == "" {
		return errors.New("header has no jwk")
	}
	var m members
	r := reader{text: text}
	r.object()
	for {
		name, ok := r.next(&m)
		if !ok {
			break
		}
		// RFC 7518 §6.2.2, §6.3.2, §6.4.1.
		if slices.Contains([]string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"}, name) {
			r.fail("jwk is not a public key")
		}
		r.skip()
	}
	return r.end()
}

// normalizeURL returns an http or https URL in the normal form of RFC 3986 §6.2.2 and §6.2.3, or "" for anything else. Its query and its
// fragment do not count (RFC 9449 §4.3).
func normalizeURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return ""
	}
	path := normalizeEscapes(u.EscapedPath())
	if path == "" {
		path = "/"
	}
	return originOf(u) + path
}

// normalizeEscapes undoes the percent-encoding of unreserved characters and writes the rest in upper case.
func normalizeEscapes(path string) string {
	if !strings.Contains(path, "%") {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' || i+2 >= len(path) {
			b.WriteByte(path[i])
			continue
		}
		escape := strings.ToUpper(path[i : i+3])
		if c, err := url.PathUnescape(escape); err == nil && isUnreserved(c[0]) {
			escape = c
		}
		b.WriteString(escape)
		i += 2
	}
	return b.String()
}

// isUnreserved says whether c is in RFC 3986 §2.3.
func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}
