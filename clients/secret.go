package clients

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"time"
)

// ErrBusy says that too many imported secrets are being checked at once. The caller answers 503 or 429, not invalid_client.
var ErrBusy = errors.New("clients: too many imported secrets are being checked")

const (
	secretPrefix = "sym_cs_"
	sha256Prefix = "sha256$"
	// maxSecret bounds a presented secret, in bytes. Nothing is cut off: a longer one is simply wrong.
	maxSecret = 1024
	// maxSecrets is how many secrets of a client are valid at a time: the current one and the one it replaced.
	maxSecrets = 2
)

// NewSecret draws a client secret of 256 bits. The plaintext ("sym_cs_" and 43 characters safe in URLs and forms) is shown once; s is what is kept.
func NewSecret(now time.Time) (plaintext string, s Secret) {
	return makeSecret(random, secretSize, now)
}

// source gives n bytes for the purpose named by label: drawn, or computed from an idempotency key.
type source func(label string, n int) []byte

func random(_ string, n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails, crypto/rand says
	return b
}

// secretSize is that of every secret; a client_secret_jwt client gets sharedSize more, so that its text is long enough a key for HS512, which
// wants 64 octets (RFC 7518 §3.2). Both in bytes.
const (
	secretSize = 32
	sharedSize = 16
)

func (c *Client) secretSize() int {
	if c.Metadata.TokenEndpointAuthMethod == AuthMethodSecretJWT {
		return secretSize + sharedSize
	}
	return secretSize
}

func makeSecret(from source, size int, now time.Time) (plaintext string, s Secret) {
	drawn := from("secret", secretSize)
	if size > secretSize {
		drawn = append(drawn, from("more of the secret", size-secretSize)...)
	}
	plaintext = secretPrefix + base64.RawURLEncoding.EncodeToString(drawn)
	sum := sha256.Sum256([]byte(plaintext))
	return plaintext, Secret{
		ID:        base64.RawURLEncoding.EncodeToString(from("secret id", 9)),
		Hash:      sha256Prefix + hex.EncodeToString(sum[:]),
		CreatedAt: now,
	}
}

// Rotate returns a copy of c with a new secret in front. The newest secret until now stays valid for overlap, or for what it had left if that is
// shorter; with no overlap it ends at once. Older ones end.
func (c *Client) Rotate(now time.Time, overlap time.Duration) (next *Client, plaintext string) {
	plaintext, fresh := makeSecret(random, c.secretSize(), now)
	// Secrets are told apart by age: the new one is the youngest even when clocks disagree.
	if len(c.Secrets) > 0 && !fresh.CreatedAt.After(c.Secrets[0].CreatedAt) {
		fresh.CreatedAt = c.Secrets[0].CreatedAt.Add(time.Millisecond)
	}
	rotated := *c
	rotated.Secrets = []Secret{fresh}
	for _, old := range c.Secrets {
		if !old.validAt(now) || overlap <= 0 {
			continue
		}
		if end := now.Add(overlap); old.ExpiresAt.IsZero() || end.Before(old.ExpiresAt) {
			old.ExpiresAt = end
		}
		rotated.Secrets = append(rotated.Secrets, old)
		break
	}
	return &rotated, plaintext
}

func (s Secret) validAt(now time.Time) bool { return s.ExpiresAt.IsZero() || now.Before(s.ExpiresAt) }

// SecretVerifier checks presented client secrets. Secrets of ours cost one SHA-256; imported ones an argon2id that two requests at a time may
// run, and that is run once per process for a secret that was right.
type SecretVerifier struct {
	slots   chan struct{}
	patient time.Duration

	absent Client // has a secret that nobody knows

	key  [32]byte // of this process, for seen
	mu   sync.Mutex
	seen map[string][sha256.Size]byte // PHC string to the MAC of the secret it accepted
}

// NewSecretVerifier returns a verifier. One serves all requests of a process.
func NewSecretVerifier() *SecretVerifier {
	v := &SecretVerifier{slots: make(chan struct{}, 2), patient: 2 * time.Second, seen: map[string][sha256.Size]byte{}}
	_, unknown := NewSecret(time.Time{})
	v.absent.Secrets = []Secret{unknown}
	rand.Read(v.key[:]) // never fails, crypto/rand says
	return v
}

// Verify says whether secret is one of c's valid secrets. A public client, a client without a secret and an empty secret never pass. It compares
// in constant time, and always with as many hashes as a client may have. The error is ErrBusy or ctx's, only ever for imported secrets.
func (v *SecretVerifier) Verify(ctx context.Context, c *Client, secret string) (bool, error) {
	var secrets [maxSecrets]Secret
	now, n := time.Now(), 0
	if c.HasSecret() {
		for _, s := range c.Secrets {
			if n < maxSecrets && s.validAt(now) {
				secrets[n] = s
				n++
			}
		}
	}
	ok := compareAll(secret, &secrets)
	for _, s := range secrets[:n] {
		if ok || !strings.HasPrefix(s.Hash, argon2idPrefix) || secret == "" || len(secret) > maxSecret {
			continue
		}
		var err error
		if ok, err = v.verifyImported(ctx, s.Hash, secret); err != nil {
			return false, err
		}
	}
	return ok, nil
}

// VerifyAbsent spends the time that Verify would, for a client that is not there (or is disabled). The caller then answers as for a wrong secret.
// Imported secrets take longer than either; rotating them to secrets of ours ends that difference.
func (v *SecretVerifier) VerifyAbsent(secret string) {
	v.Verify(context.Background(), &v.absent, secret) //nolint:errcheck // no imported secret, no error
}

// compareAll compares with the SHA-256 hashes among secrets. Those that are none of ours are compared with a hash that nothing has.
func compareAll(secret string, secrets *[maxSecrets]Secret) bool {
	if len(secret) > maxSecret {
		secret = ""
	}
	sum := sha256.Sum256([]byte(secret))
	var text [2 * sha256.Size]byte
	hex.Encode(text[:], sum[:])
	match := 0
	for i := range secrets {
		stored, ours := strings.CutPrefix(secrets[i].Hash, sha256Prefix)
		if !ours || len(stored) != len(text) {
			stored = impossibleHash
		}
		match |= subtle.ConstantTimeCompare(text[:], []byte(stored))
	}
	return match == 1 && secret != ""
}

// impossibleHash is as long as a hash and no hexadecimal text.
const impossibleHash = "----------------------------------------------------------------"

// verifyImported checks a secret against a PHC string, remembering a right one so that the next request does not pay again.
func (v *SecretVerifier) verifyImported(ctx context.Context, hash, secret string) (bool, error) {
	mac := hmac.New(sha256.New, v.key[:])
	mac.Write([]byte(secret))
	tag := [sha256.Size]byte(mac.Sum(nil))
	v.mu.Lock()
	known, ok := v.seen[hash]
	v.mu.Unlock()
	if ok && subtle.ConstantTimeCompare(known[:], tag[:]) == 1 {
		return true, nil
	}
	h, err := parseArgon2id(hash)
	if err != nil {
		return false, nil // a hash that we would not have stored matches nothing
	}
	wait := time.NewTimer(v.patient)
	defer wait.Stop()
	select {
	case v.slots <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	case <-wait.C:
		return false, ErrBusy
	}
	right := h.verify(secret)
	<-v.slots
	if right {
		v.mu.Lock()
		if len(v.seen) >= 1024 {
			clear(v.seen)
		}
		v.seen[hash] = tag
		v.mu.Unlock()
	}
	return right, nil
}
