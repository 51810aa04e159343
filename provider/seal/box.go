package seal

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

// Errors of opening. Callers may rely on errors.Is.
var (
	// ErrInvalid: not sealed by us for this purpose and these associated data, or altered since.
	ErrInvalid = errors.New("seal: does not open")
	// ErrExpired: sealed by us, and too old.
	ErrExpired = errors.New("seal: expired")
)

// Box seals and opens for one purpose. It is safe for concurrent use.
//
// A sealed thing is: one byte that names the secret, 24 random bytes of nonce, the ciphertext, 16 bytes of tag (XChaCha20-Poly1305, whose long
// nonce can be drawn at random for as many messages as a provider ever seals).
type Box struct {
	openers []opener
}

type opener struct {
	id   byte
	aead cipher.AEAD
}

// Overhead is how many bytes sealing adds.
const Overhead = 1 + chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead

// Seal encrypts plaintext and binds it to the associated data, which is not part of the result.
func (b *Box) Seal(plaintext, associated []byte) []byte {
	current := b.openers[0]
	sealed := make([]byte, 1+chacha20poly1305.NonceSizeX, Overhead+len(plaintext))
	sealed[0] = current.id
	nonce := sealed[1:]
	rand.Read(nonce) // never fails, crypto/rand says
	return current.aead.Seal(sealed, nonce, plaintext, associated)
}

// Open decrypts what Seal returned. Its only error is ErrInvalid.
func (b *Box) Open(sealed, associated []byte) ([]byte, error) {
	if len(sealed) < Overhead {
		return nil, ErrInvalid
	}
	nonce, ciphertext := sealed[1:1+chacha20poly1305.NonceSizeX], sealed[1+chacha20poly1305.NonceSizeX:]
	for _, o := range b.openers {
		if o.id != sealed[0] {
			continue
		}
		if plaintext, err := o.aead.Open(nil, nonce, ciphertext, associated); err == nil {
			return plaintext, nil
		}
	}
	return nil, ErrInvalid
}

// Reseal seals anew what was sealed under a secret that is no longer the current one, so that the old secret can be taken away some day. changed is
// false for all else, also for what does not open.
func (b *Box) Reseal(sealed, associated []byte) (resealed []byte, changed bool) {
	current := Box{openers: b.openers[:1]}
	if _, err := current.Open(sealed, associated); err == nil {
		return sealed, false
	}
	plaintext, err := b.Open(sealed, associated)
	if err != nil {
		return sealed, false
	}
	return b.Seal(plaintext, associated), true
}

// strictBase64 refuses the second spelling that unused trailing bits allow, so a token has one form only.
var strictBase64 = base64.RawURLEncoding.Strict()

// SealToken seals plaintext with an expiry and returns it as URL-safe text.
func (b *Box) SealToken(plaintext, associated []byte, expires time.Time) string {
	stamped := binary.AppendUvarint(make([]byte, 0, len(plaintext)+binary.MaxVarintLen64), uint64(expires.Unix()))
	return strictBase64.EncodeToString(b.Seal(append(stamped, plaintext...), associated))
}

// OpenToken opens what SealToken returned: ErrInvalid, or ErrExpired from the second of its expiry on.
func (b *Box) OpenToken(token string, associated []byte) ([]byte, error) {
	if strings.ContainsAny(token, "\r\n") { // encoding/base64 skips them
		return nil, ErrInvalid
	}
	sealed, err := strictBase64.DecodeString(token)
	if err != nil {
		return nil, ErrInvalid
	}
	stamped, err := b.Open(sealed, associated)
	if err != nil {
		return nil, err
	}
	expires, n := binary.Uvarint(stamped)
	if n <= 0 {
		return nil, ErrInvalid
	}
	if time.Now().Unix() >= int64(expires) {
		return nil, ErrExpired
	}
	return stamped[n:], nil
}
