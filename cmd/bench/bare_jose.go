package main

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// bareKeys signs and seals with the standard library alone.
type bareKeys struct {
	access   *ecdsa.PrivateKey
	identity *rsa.PrivateKey
	aead     cipher.AEAD
	headers  map[string]string // by typ, encoded once
}

var raw64 = base64.RawURLEncoding

func newBareKeys() (*bareKeys, error) {
	access, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	identity, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	header := func(alg, typ string) string {
		return raw64.EncodeToString([]byte(`{"alg":"` + alg + `","kid":"` + strings.Repeat("k", 43) + `","typ":"` + typ + `"}`))
	}
	return &bareKeys{access, identity, aead, map[string]string{"at+jwt": header("ES256", "at+jwt"), "JWT": header("RS256", "JWT")}}, nil
}

// sign returns a JWS in compact form: ES256 for access tokens, RS256 for ID tokens.
func (k *bareKeys) sign(typ string, claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	input := k.headers[typ] + "." + raw64.EncodeToString(payload)
	digest := sha256.Sum256([]byte(input))
	var signature []byte
	if typ == "JWT" {
		signature, err = k.identity.Sign(rand.Reader, digest[:], crypto.SHA256)
	} else {
		signature, err = k.signES256(digest[:])
	}
	return input + "." + raw64.EncodeToString(signature), err
}

func (k *bareKeys) signES256(digest []byte) ([]byte, error) {
	der, err := k.access.Sign(rand.Reader, digest, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	input, inner := cryptobyte.String(der), cryptobyte.String(nil)
	r, s, signature := new(big.Int), new(big.Int), make([]byte, 64)
	if !input.ReadASN1(&inner, asn1.SEQUENCE) || !inner.ReadASN1Integer(r) || !inner.ReadASN1Integer(s) {
		return nil, errors.New("not a signature")
	}
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signature, nil
}

// verify returns the payload of an ES256 token.
func (k *bareKeys) verify(token string) ([]byte, error) {
	dot := strings.LastIndexByte(token, '.')
	header, payload, ok := strings.Cut(token[:max(dot, 0)], ".")
	signature, err := raw64.DecodeString(token[dot+1:])
	if !ok || header != k.headers["at+jwt"] || err != nil || len(signature) != 64 {
		return nil, errors.New("not a token")
	}
	digest := sha256.Sum256([]byte(token[:dot]))
	if !ecdsa.Verify(&k.access.PublicKey, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		return nil, errors.New("wrong signature")
	}
	return raw64.DecodeString(payload)
}

func (k *bareKeys) seal(text string) string {
	return raw64.EncodeToString(k.aead.Seal(nil, nil, []byte(text), nil))
}

func (k *bareKeys) open(sealed string) (string, error) {
	raw, err := raw64.DecodeString(sealed)
	if err != nil {
		return "", err
	}
	text, err := k.aead.Open(nil, nil, raw, nil)
	return string(text), err
}

// bareAccessClaims are what the real access token says.
type bareAccessClaims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  string   `json:"aud"`
	ExpiresAt int64    `json:"exp"`
	IssuedAt  int64    `json:"iat"`
	ID        string   `json:"jti"`
	ClientID  string   `json:"client_id"`
	Scope     string   `json:"scope"`
	SessionID string   `json:"sid,omitempty"`
	AuthTime  int64    `json:"auth_time,omitempty"`
	AMR       []string `json:"amr,omitempty"`
	Status    struct {
		StatusList struct {
			Index int64  `json:"idx"`
			URI   string `json:"uri"`
		} `json:"status_list"`
	} `json:"status"`
}

func (b *bare) accessClaims(id, scope string) bareAccessClaims {
	now := time.Now().Unix()
	c := bareAccessClaims{
		Issuer: b.issuer, Subject: strings.Repeat("a", 22), Audience: b.issuer, ExpiresAt: now + 600, IssuedAt: now, ID: id,
		ClientID: strings.Repeat("c", 22), Scope: scope,
	}
	c.Status.StatusList.Index, c.Status.StatusList.URI = 123456, b.issuer+"/oauth2/status/0"
	if strings.Contains(id, ".") {
		c.SessionID, c.AuthTime, c.AMR = strings.Repeat("s", 22), now, []string{"fed"}
	}
	return c
}

func (b *bare) idClaims() any {
	now := time.Now().Unix()
	return map[string]any{
		"iss": b.issuer, "sub": strings.Repeat("a", 22), "aud": strings.Repeat("c", 22), "exp": now + 3600, "iat": now, "auth_time": now,
		"nonce": "n-0S6_WzA2Mj", "sid": strings.Repeat("s", 22), "at_hash": strings.Repeat("h", 22),
	}
}

// randomText returns n random bytes as base64url.
func randomText(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails, crypto/rand says
	return raw64.EncodeToString(b)
}
