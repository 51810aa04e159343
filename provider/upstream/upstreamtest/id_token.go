package upstreamtest

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// signingKey is one of Google's two.
type signingKey struct {
	id      string
	private *rsa.PrivateKey
}

func newSigningKey() signingKey {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // crypto/rand has no more entropy: nothing works any more
	}
	return signingKey{id: random(), private: private}
}

// RotateKeys makes a new key sign. The keys before it stay published or, without keepOld, are withdrawn.
func (g *Google) RotateKeys(keepOld bool) {
	fresh := newSigningKey()
	g.state.Lock()
	defer g.state.Unlock()
	if keepOld {
		g.keys = append([]signingKey{fresh}, g.keys...)
	} else {
		g.keys = []signingKey{fresh, newSigningKey()}
	}
}

func (g *Google) certs(w http.ResponseWriter, _ *http.Request) {
	var set jose.JSONWebKeySet
	g.state.Lock()
	for _, k := range g.keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.private.Public(), KeyID: k.id, Algorithm: "RS256", Use: "sig"})
	}
	g.state.Unlock()
	w.Header().Set("Cache-Control", "public, max-age=20000, must-revalidate")
	answerCacheable(w, set)
}

// answerCacheable leaves Cache-Control as it is.
func answerCacheable(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, http.StatusOK, "application/json; charset=utf-8", body)
}

// IDToken is an ID token before it is signed.
type IDToken struct {
	Header map[string]any
	Claims map[string]any
	Key    *rsa.PrivateKey
}

// Sign returns the token in compact form, signed with RS256 whatever the header says.
func (t IDToken) Sign() string {
	payload, err := json.Marshal(t.Claims)
	if err != nil {
		panic(err) // a test put something into the claims that is not JSON
	}
	return t.SignPayload(payload)
}

// SignPayload signs a payload that need not be JSON.
func (t IDToken) SignPayload(payload []byte) string {
	input := t.Input(payload)
	sum := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPKCS1v15(rand.Reader, t.Key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err) // the key is one of ours
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// Input is the part of the token that gets signed.
func (t IDToken) Input(payload []byte) string {
	header, err := json.Marshal(t.Header)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
}

// spoiled signs the token with the fault in it.
func (t IDToken) spoiled(f TokenFault) string {
	c := t.Claims
	switch f {
	case TokenMissing:
		return ""
	case TokenWrongNonce:
		c["nonce"] = "of-another-sign-in"
	case TokenNoNonce:
		delete(c, "nonce")
	case TokenWrongAudience:
		c["aud"], c["azp"] = "another-client", "another-client"
	case TokenWrongIssuer:
		c["iss"] = "https://issuer.example"
	case TokenWrongAZP:
		c["aud"], c["azp"] = []any{c["aud"], "another-client"}, "another-client"
	case TokenWrongHash:
		c["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA"
	case TokenExpired:
		c["iat"], c["exp"] = time.Now().Add(-2*time.Hour).Unix(), time.Now().Add(-time.Hour).Unix()
	case TokenFuture:
		c["iat"], c["exp"] = time.Now().Add(time.Hour).Unix(), time.Now().Add(2*time.Hour).Unix()
	case TokenNoSubject:
		delete(c, "sub")
	case TokenOddSubject:
		c["sub"] = "1234\x00admin"
	default:
		return t.forged(f)
	}
	return t.Sign()
}

// forged breaks the form or the signature of the token.
func (t IDToken) forged(f TokenFault) string {
	payload, _ := json.Marshal(t.Claims) // strings, numbers, booleans
	switch f {
	case TokenDuplicate:
		return t.SignPayload(append([]byte(`{"sub":"victim",`), payload[1:]...))
	case TokenAlgNone:
		t.Header["alg"] = "none"
		return t.Input(payload) + "."
	case TokenHS256:
		t.Header["alg"] = "HS256"
		public, _ := x509.MarshalPKIXPublicKey(t.Key.Public()) // an RSA key has this form
		mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
		mac.Write([]byte(t.Input(payload)))
		return t.Input(payload) + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	case TokenUnknownKey:
		t.Header["kid"] = "nobody-knows-it"
	case TokenBadSignature:
		s := t.Sign()
		return s[:len(s)-8] + "AAAAAAAA"
	}
	return t.Sign()
}
