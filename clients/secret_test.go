package clients

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/argon2"
)

func confidential(secrets ...Secret) *Client {
	return &Client{ID: "c", Metadata: Metadata{TokenEndpointAuthMethod: AuthMethodBasic}, Secrets: secrets}
}

// argon2idPHC is an imported hash, cheap enough for tests.
func argon2idPHC(secret string) string {
	salt := []byte("0123456789abcdef")
	sum := argon2.IDKey([]byte(secret), salt, 1, 64, 1, 32)
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=19$m=64,t=1,p=1$%s$%s", enc.EncodeToString(salt), enc.EncodeToString(sum))
}

func verify(t *testing.T, c *Client, secret string) bool {
	t.Helper()
	ok, err := NewSecretVerifier().Verify(t.Context(), c, secret)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func TestNewSecret(t *testing.T) {
	now := time.Now()
	seen := map[string]bool{}
	for range 100 {
		plaintext, s := NewSecret(now)
		if !regexp.MustCompile(`^sym_cs_[A-Za-z0-9_-]{43}$`).MatchString(plaintext) {
			t.Fatalf("%q is not safe in URLs and forms", plaintext)
		}
		if seen[plaintext] || seen[s.ID] {
			t.Fatal("a secret came twice")
		}
		seen[plaintext], seen[s.ID] = true, true
		sum := sha256.Sum256([]byte(plaintext))
		if s.Hash != "sha256$"+hex.EncodeToString(sum[:]) || strings.Contains(s.Hash+s.ID, plaintext[7:]) || !s.CreatedAt.Equal(now) || !s.ExpiresAt.IsZero() {
			t.Fatalf("%+v", s)
		}
		if c := confidential(s); !verify(t, c, plaintext) || verify(t, c, plaintext+"x") || verify(t, c, plaintext[:49]) || verify(t, c, s.Hash) {
			t.Fatal("verification is wrong")
		}
	}
}

// CA-03: nothing is cut off, neither of our own secrets nor of imported ones.
func TestLongSecretsAreNotTruncated(t *testing.T) {
	long := strings.Repeat("k", 72) + "12345678"
	sum := sha256.Sum256([]byte(long))
	for name, hash := range map[string]string{"argon2id": argon2idPHC(long), "sha256": "sha256$" + hex.EncodeToString(sum[:])} {
		c := confidential(Secret{ID: "1", Hash: hash})
		if !verify(t, c, long) {
			t.Errorf("%s: the right secret fails", name)
		}
		for _, wrong := range []string{long[:72], long[:72] + "abcdefgh", long + "x", long[:79], long + "\x00", strings.Repeat("k", 100000)} {
			if verify(t, c, wrong) {
				t.Errorf("%s: a secret of %d bytes passes", name, len(wrong))
			}
		}
	}
}

// CA-04, also fosite's comparison of an empty hash with an empty secret.
func TestMissingSecretNeverPasses(t *testing.T) {
	empty := sha256.Sum256(nil)
	_, real := NewSecret(time.Now())
	for name, c := range map[string]*Client{
		"no secrets":                    confidential(),
		"empty hash":                    confidential(Secret{ID: "1"}),
		"hash of the empty secret":      confidential(Secret{ID: "1", Hash: "sha256$" + hex.EncodeToString(empty[:])}),
		"argon2id of the empty secret":  confidential(Secret{ID: "1", Hash: argon2idPHC("")}),
		"prefix alone":                  confidential(Secret{ID: "1", Hash: "sha256$"}),
		"what nothing hashes to":        confidential(Secret{ID: "1", Hash: "sha256$" + impossibleHash}),
		"plaintext instead of a hash":   confidential(Secret{ID: "1", Hash: "password"}),
		"bcrypt":                        confidential(Secret{ID: "1", Hash: "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"}),
		"malformed argon2id":            confidential(Secret{ID: "1", Hash: "$argon2id$v=19$m=64,t=1,p=1$$"}),
		"public client with a secret":   {Metadata: Metadata{TokenEndpointAuthMethod: AuthMethodNone}, Secrets: []Secret{real}},
		"expired empty":                 confidential(Secret{ID: "1", ExpiresAt: time.Now().Add(-time.Hour)}),
		"third secret, beyond the two":  confidential(real, real, Secret{ID: "1", Hash: argon2idPHC("password")}),
		"client without any properties": {},
	} {
		for _, secret := range []string{"", " ", "password", "sha256$", impossibleHash, "\x00", c.ID} {
			if secret == c.ID && c.ID == "" {
				continue
			}
			if verify(t, c, secret) {
				t.Errorf("%s: %q passes", name, secret)
			}
		}
	}
}

// CA-07: two secrets are valid during a rotation; the old one ends by itself.
func TestRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := NewSecretVerifier()
		valid := func(c *Client, secret string) bool { ok, _ := v.Verify(t.Context(), c, secret); return ok }
		first, s := NewSecret(time.Now())
		c := confidential(s)

		next, second := c.Rotate(time.Now(), time.Hour)
		if len(c.Secrets) != 1 || !c.Secrets[0].ExpiresAt.IsZero() {
			t.Fatal("Rotate changed the shared client")
		}
		if !valid(next, first) || !valid(next, second) {
			t.Fatal("both secrets must be valid during the overlap")
		}
		time.Sleep(time.Hour - time.Nanosecond)
		if !valid(next, first) {
			t.Fatal("the old secret ended before its time")
		}
		time.Sleep(time.Nanosecond)
		if valid(next, first) || !valid(next, second) {
			t.Fatal("the old secret must end, the new one must not")
		}

		third, thirdSecret := next.Rotate(time.Now(), 24*time.Hour)
		fourth, fourthSecret := third.Rotate(time.Now(), time.Minute)
		if len(fourth.Secrets) != 2 || !valid(fourth, thirdSecret) || !valid(fourth, fourthSecret) || valid(fourth, second) {
			t.Fatalf("only the newest two may be valid: %+v", fourth.Secrets)
		}
		if !fourth.Secrets[0].CreatedAt.After(fourth.Secrets[1].CreatedAt) {
			t.Fatal("the new secret must be the youngest, also within one tick of the clock")
		}
		fifth, fifthSecret := fourth.Rotate(time.Now(), 0)
		if len(fifth.Secrets) != 1 || valid(fifth, fourthSecret) || !valid(fifth, fifthSecret) {
			t.Fatal("without overlap the old secret must end at once")
		}
		soon := confidential(Secret{ID: "1", Hash: s.Hash, ExpiresAt: time.Now().Add(time.Minute)})
		if kept, _ := soon.Rotate(time.Now(), time.Hour); !kept.Secrets[1].ExpiresAt.Equal(time.Now().Add(time.Minute)) {
			t.Fatal("a rotation must not prolong a secret")
		}
	})
}

func TestImportedSecret(t *testing.T) {
	v := NewSecretVerifier()
	c := confidential(Secret{ID: "1", Hash: argon2idPHC("correct horse")})
	for range 3 {
		if ok, err := v.Verify(t.Context(), c, "correct horse"); !ok || err != nil {
			t.Fatalf("right secret: %v, %v", ok, err)
		}
		if ok, err := v.Verify(t.Context(), c, "wrong horse"); ok || err != nil {
			t.Fatalf("wrong secret: %v, %v", ok, err)
		}
	}
	next, plaintext := c.Rotate(time.Now(), time.Hour)
	for _, secret := range []string{plaintext, "correct horse"} {
		if ok, _ := v.Verify(t.Context(), next, secret); !ok {
			t.Errorf("%q fails during the rotation", secret)
		}
	}
	gone := confidential(next.Secrets[0])
	if ok, _ := v.Verify(t.Context(), gone, "correct horse"); ok {
		t.Error("a remembered secret outlives its hash")
	}
}

// DS-09: wrong imported secrets wait for one another and are turned away; a secret that was right before does not wait for them.
func TestImportedSecretsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := NewSecretVerifier()
		c := confidential(Secret{ID: "1", Hash: argon2idPHC("right")})
		if ok, err := v.Verify(t.Context(), c, "right"); !ok || err != nil {
			t.Fatal(ok, err)
		}
		for range cap(v.slots) {
			v.slots <- struct{}{} // as if other requests were hashing
		}
		if ok, err := v.Verify(t.Context(), c, "right"); !ok || err != nil {
			t.Errorf("known secret: %v, %v", ok, err)
		}
		start := time.Now()
		if ok, err := v.Verify(t.Context(), c, "wrong"); ok || !errors.Is(err, ErrBusy) {
			t.Errorf("%v, %v", ok, err)
		}
		if d := time.Since(start); d != v.patient {
			t.Errorf("waited %v", d)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if ok, err := v.Verify(ctx, c, "wrong"); ok || !errors.Is(err, context.Canceled) {
			t.Errorf("%v, %v", ok, err)
		}
		_, ours := NewSecret(time.Now())
		if ok, err := v.Verify(t.Context(), confidential(ours), "wrong"); ok || err != nil {
			t.Errorf("a secret of ours waits: %v, %v", ok, err)
		}
	})
}

func TestVerifyInParallel(t *testing.T) {
	v := NewSecretVerifier()
	c := confidential(Secret{ID: "1", Hash: argon2idPHC("right")})
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			secret := []string{"right", "wrong"}[i%2]
			if ok, err := v.Verify(t.Context(), c, secret); err != nil || ok != (secret == "right") {
				t.Errorf("%s: %v, %v", secret, ok, err)
			}
		})
	}
	wg.Wait()
}

// EN-01: a client that is not there costs what a wrong secret costs. Medians over interleaved samples; the bound leaves room for a busy machine.
func TestAbsentClientTakesAsLong(t *testing.T) {
	v := NewSecretVerifier()
	_, s := NewSecret(time.Now())
	one, two := confidential(s), confidential(s, s)
	guess, _ := NewSecret(time.Now())
	samples := map[string][]time.Duration{}
	measure := func(name string, do func()) {
		start := time.Now()
		for range 50 {
			do()
		}
		samples[name] = append(samples[name], time.Since(start)/50)
	}
	for range 500 {
		measure("absent", func() { v.VerifyAbsent(guess) })
		measure("one", func() { v.Verify(t.Context(), one, guess) })
		measure("two", func() { v.Verify(t.Context(), two, guess) })
	}
	median := func(name string) time.Duration { slices.Sort(samples[name]); return samples[name][250] }
	for _, name := range []string{"one", "two"} {
		if d := (median(name) - median("absent")).Abs(); d > 2*time.Microsecond {
			t.Errorf("absent %v, %s %v", median("absent"), name, median(name))
		}
	}
	t.Logf("absent %v, one secret %v, two secrets %v", median("absent"), median("one"), median("two"))
}

func BenchmarkVerify(b *testing.B) {
	v := NewSecretVerifier()
	plaintext, s := NewSecret(time.Now())
	c := confidential(s)
	b.ReportAllocs()
	for b.Loop() {
		if ok, _ := v.Verify(b.Context(), c, plaintext); !ok {
			b.Fatal()
		}
	}
}
