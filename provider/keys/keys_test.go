package keys

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"
)

// shelf is a Store in memory, shared by several rings as a database is by nodes.
type shelf struct {
	mu      sync.Mutex
	records []Record
	fault   error
}

func (s *shelf) Keys(context.Context) ([]Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var alive []Record
	for _, r := range s.records {
		if r.ExpiresAt.IsZero() || r.ExpiresAt.After(time.Now()) {
			alive = append(alive, r)
		}
	}
	return alive, s.fault
}

func (s *shelf) InsertKey(_ context.Context, r Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.records {
		if other.Algorithm == r.Algorithm && other.Generation == r.Generation {
			return ErrExists
		}
	}
	s.records = append(s.records, r)
	return s.fault
}

func (s *shelf) RetireKey(_ context.Context, id string, retiredAt, expiresAt time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.records {
		if s.records[i].ID == id {
			s.records[i].RetiredAt, s.records[i].ExpiresAt = retiredAt, expiresAt
		}
	}
	return s.fault
}

func (s *shelf) ResealKey(_ context.Context, id string, old, resealed []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.records {
		if s.records[i].ID == id && string(s.records[i].Sealed) == string(old) {
			s.records[i].Sealed = resealed
		}
	}
	return s.fault
}

// plainBox seals nothing but checks the associated data.
type plainBox struct{}

func (plainBox) Reseal(sealed, _ []byte) ([]byte, bool) { return sealed, false }

func (plainBox) Seal(plaintext, associated []byte) []byte {
	return append(append([]byte{}, associated...), plaintext...)
}

func (plainBox) Open(sealed, associated []byte) ([]byte, error) {
	rest, ok := strings.CutPrefix(string(sealed), string(associated))
	if !ok {
		return nil, errors.New("another row's key")
	}
	return []byte(rest), nil
}

var fast = []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA}

func openRing(t testing.TB, store Store, change ...func(*RingConfig)) *Ring {
	t.Helper()
	config := RingConfig{
		Store: store, Sealer: plainBox{}, Algorithms: fast, PublishAhead: time.Hour, Lifetime: 90 * 24 * time.Hour, TokenLifetime: 2 * time.Hour,
	}
	for _, f := range change {
		f(&config)
	}
	r, err := Open(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sign(t testing.TB, r *Ring, alg jose.SignatureAlgorithm) string {
	t.Helper()
	k, err := r.Signer(alg)
	if err != nil {
		t.Fatal(err)
	}
	token, err := k.Sign("at+jwt", []byte(`{"sub":"ada"}`))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func published(r *Ring) []string {
	document, _ := r.JWKS()
	var set jose.JSONWebKeySet
	_ = json.Unmarshal(document, &set)
	var ids []string
	for _, k := range set.Keys {
		ids = append(ids, k.KeyID)
	}
	return ids
}

func TestSignedByEveryAlgorithmVerifiesElsewhere(t *testing.T) {
	r := openRing(t, &shelf{}, func(c *RingConfig) {
		c.Algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA}
	})
	document, _ := r.JWKS()
	if strings.Contains(string(document), `"d"`) {
		t.Fatal("the key set holds a private key")
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(document, &set); err != nil {
		t.Fatal(err)
	}
	for _, alg := range []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA} {
		token := sign(t, r, alg)
		jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{alg})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jws.Verify(set); err != nil {
			t.Errorf("%s: go-jose does not verify our signature: %v", alg, err)
		}
		if payload, err := r.Verify(t.Context(), token, "at+jwt"); err != nil || string(payload) != `{"sub":"ada"}` {
			t.Errorf("%s: %s, %v", alg, payload, err)
		}
		if _, err := r.Verify(t.Context(), token, "JWT"); !errors.Is(err, ErrToken) {
			t.Errorf("%s: RFC 8725 §3.11: accepted as another type", alg)
		}
	}
}

// FT-08: six nodes that start at once make one key of each algorithm.
func TestNodesMakeOneKey(t *testing.T) {
	store := &shelf{}
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() { openRing(t, store) })
	}
	wg.Wait()
	if len(store.records) != len(fast) {
		t.Errorf("%d keys, want %d", len(store.records), len(fast))
	}
}

// A key is published before it signs and stays published until its tokens have expired; a token never meets a key set without its key.
func TestRotationTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{}
		r := openRing(t, store)
		old, _ := r.Signer(jose.ES256)

		time.Sleep(90 * 24 * time.Hour)
		if err := r.Maintain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if k, _ := r.Signer(jose.ES256); k.ID != old.ID {
			t.Error("the successor signs before it was published for an hour")
		}
		if len(published(r)) != 2*len(fast) {
			t.Errorf("published: %v", published(r))
		}
		time.Sleep(time.Hour - time.Second)
		lastToken := sign(t, r, jose.ES256)
		time.Sleep(2 * time.Second)
		if k, _ := r.Signer(jose.ES256); k.ID == old.ID {
			t.Error("the old key signs on")
		}
		time.Sleep(2*time.Hour - 10*time.Second)
		if _, err := r.Verify(t.Context(), lastToken, "at+jwt"); err != nil {
			t.Error("the last token of the old key does not verify while it lives")
		}
		time.Sleep(time.Minute)
		if err := r.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Verify(t.Context(), lastToken, "at+jwt"); err == nil || slices.Contains(published(r), old.ID) {
			t.Error("the old key outlives its tokens")
		}
	})
}

// FT-09: withdrawing the signing key takes it out at once, and another one signs at once.
func TestWithdraw(t *testing.T) {
	store := &shelf{}
	r := openRing(t, store)
	token, old := sign(t, r, jose.ES256), published(r)
	k, _ := r.Signer(jose.ES256)
	if err := r.Withdraw(t.Context(), k.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Verify(t.Context(), token, "at+jwt"); !errors.Is(err, ErrToken) {
		t.Error("a withdrawn key verifies")
	}
	if slices.Contains(published(r), k.ID) || len(published(r)) != len(old) {
		t.Errorf("published: %v", published(r))
	}
	if _, err := r.Verify(t.Context(), sign(t, r, jose.ES256), "at+jwt"); err != nil {
		t.Error("nothing signs any more")
	}
	if err := r.Withdraw(t.Context(), "nosuchkey"); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("unknown key: %v", err)
	}
}

// FT-09: withdrawing a key that is published but does not sign yet leaves the one that does alone.
func TestWithdrawTheNextKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := openRing(t, &shelf{})
		old, _ := r.Signer(jose.ES256)
		before := published(r)
		time.Sleep(90 * 24 * time.Hour)
		if err := r.Maintain(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, id := range published(r) {
			if slices.Contains(before, id) {
				continue
			}
			if err := r.Withdraw(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 * 24 { // the old key was to make way: it goes when another one is there, and not before
			time.Sleep(time.Hour)
			if err := r.Maintain(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Verify(t.Context(), sign(t, r, jose.ES256), "at+jwt"); err != nil {
				t.Fatal("nothing signs any more")
			}
		}
		if k, _ := r.Signer(jose.ES256); k.ID == old.ID {
			t.Error("the old key is never replaced")
		}
	})
}

// FT-07: a node meets a key that another node has just made.
func TestUnknownKeyIsReadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{}
		a, b := openRing(t, store), openRing(t, store)
		k, _ := a.Signer(jose.ES256)
		time.Sleep(2 * time.Second)
		if err := a.Withdraw(t.Context(), k.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Verify(t.Context(), sign(t, a, jose.ES256), "at+jwt"); err != nil {
			t.Error("the other node does not know the key")
		}
	})
}

// MW-02: forged key ids do not make the node hammer its database.
func TestForgedKeyIDsReadSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counting := &countingShelf{}
		r := openRing(t, counting)
		before := counting.reads
		header := func(kid string) string {
			return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","typ":"at+jwt","kid":"`+kid+`"}`)) + ".e30.AAAA"
		}
		for range 1000 {
			_, _ = r.Verify(t.Context(), header("forged"), "at+jwt")
			time.Sleep(10 * time.Millisecond)
		}
		if reads := counting.reads - before; reads > 11 {
			t.Errorf("%d reads in 10 s", reads)
		}
	})
}

type countingShelf struct {
	shelf
	reads int
}

func (s *countingShelf) Keys(ctx context.Context) ([]Record, error) {
	s.reads++
	return s.shelf.Keys(ctx)
}

// A fault of the store leaves the keys in use.
func TestStoreFault(t *testing.T) {
	store := &shelf{}
	r := openRing(t, store)
	store.fault = errors.New("down")
	if err := r.Load(t.Context()); err == nil {
		t.Error("the fault is not reported")
	}
	if _, err := r.Verify(t.Context(), sign(t, r, jose.EdDSA), "at+jwt"); err != nil {
		t.Error("the keys are gone")
	}
}

// device is a signer whose private key never leaves it.
type device struct{ key *ecdsa.PrivateKey }

func (d device) Public() crypto.PublicKey { return d.key.Public() }
func (d device) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	return d.key.Sign(r, digest, o)
}

func TestExternalSigner(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r := openRing(t, &shelf{}, func(c *RingConfig) { c.External = []External{{Algorithm: jose.ES256, Signer: device{key}}} })
	token := sign(t, r, jose.ES256)
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jws.Verify(&key.PublicKey); err != nil {
		t.Error("the device did not sign")
	}
	if _, err := r.Verify(t.Context(), token, "at+jwt"); err != nil || !slices.Contains(published(r), jws.Signatures[0].Header.KeyID) {
		t.Error("the device's key is not published")
	}
}

// EN-04: a sealed key of one row does not open as another's.
func TestSwappedKeysDoNotOpen(t *testing.T) {
	store := &shelf{}
	openRing(t, store)
	store.records[0].Sealed, store.records[1].Sealed = store.records[1].Sealed, store.records[0].Sealed
	_, err := Open(t.Context(), RingConfig{Store: store, Sealer: plainBox{}, Algorithms: fast})
	if err == nil {
		t.Error("swapped keys opened")
	}
}

// JW-01, JW-02, JW-04, JW-05, JW-09: what is not signed by one of our keys, as we sign, does not verify.
func TestVerifyRefuses(t *testing.T) {
	r := openRing(t, &shelf{})
	good := sign(t, r, jose.ES256)
	header, payload, signature := parts(good)
	k, _ := r.Signer(jose.ES256)
	encode := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	with := func(h string) string { return encode(h) + "." + payload + "." + signature }
	_, stranger, _ := ed25519.GenerateKey(rand.Reader)
	forged := &Key{ID: k.ID, Algorithm: jose.EdDSA, Public: stranger.Public(), private: stranger}
	byStranger, _ := forged.Sign("at+jwt", []byte(`{}`))

	for name, token := range map[string]string{
		"alg none":            encode(`{"alg":"none","kid":"`+k.ID+`","typ":"at+jwt"}`) + "." + payload + ".",
		"alg none, signed":    with(`{"alg":"none","kid":"` + k.ID + `","typ":"at+jwt"}`),
		"another alg":         with(`{"alg":"HS256","kid":"` + k.ID + `","typ":"at+jwt"}`),
		"another key's alg":   byStranger,
		"key in the header":   with(`{"alg":"ES256","typ":"at+jwt","jwk":{"kty":"EC"}}`),
		"crit":                with(`{"alg":"ES256","kid":"` + k.ID + `","typ":"at+jwt","crit":["x"]}`),
		"b64":                 with(`{"alg":"ES256","kid":"` + k.ID + `","typ":"at+jwt","b64":false}`),
		"zero signature":      header + "." + payload + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64)),
		"padding":             good + "=",
		"line break":          good[:len(good)-3] + "\n" + good[len(good)-3:],
		"another payload":     header + "." + encode(`{"sub":"eve"}`) + "." + signature,
		"four segments":       good + "." + signature,
		"two segments":        header + "." + payload,
		"dots":                strings.Repeat(".", 1<<20),
		"empty":               "",
		"kid is an array":     with(`{"alg":"ES256","kid":["` + k.ID + `"],"typ":"at+jwt"}`),
		"kid is a path":       with(`{"alg":"ES256","kid":"../../dev/null","typ":"at+jwt"}`),
		"other trailing bits": good[:len(good)-1] + string(good[len(good)-1]+1),
	} {
		if _, err := r.Verify(t.Context(), token, "at+jwt"); !errors.Is(err, ErrToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func parts(token string) (header, payload, signature string) {
	s := strings.Split(token, ".")
	return s[0], s[1], s[2]
}

// FT-08: whatever is done, in whatever order and however often, each algorithm has exactly one key that signs, and a living token verifies.
func TestRotationIsSafeInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			store := &shelf{}
			r := openRing(t, store)
			type issued struct {
				token string
				until time.Time
			}
			var alive []issued
			for _, step := range rapid.SliceOfN(rapid.SampledFrom([]string{"sign", "rotate", "maintain", "hour", "month", "reload"}), 1, 25).Draw(rt, "steps") {
				switch step {
				case "sign":
					alive = append(alive, issued{sign(t, r, jose.ES256), time.Now().Add(2*time.Hour - time.Second)})
				case "rotate":
					_ = r.Rotate(t.Context(), jose.ES256)
				case "maintain":
					_ = r.Maintain(t.Context())
				case "hour":
					time.Sleep(time.Hour)
				case "month":
					time.Sleep(30 * 24 * time.Hour)
				case "reload":
					r = openRing(t, store)
				}
				_ = r.Load(t.Context())
				if _, err := r.Signer(jose.ES256); err != nil {
					rt.Fatal(err)
				}
				for _, i := range alive {
					if time.Now().Before(i.until) {
						if _, err := r.Verify(t.Context(), i.token, "at+jwt"); err != nil {
							rt.Fatalf("after %s a living token does not verify", step)
						}
					}
				}
			}
		})
	})
}

func BenchmarkSign(b *testing.B) {
	r := openRing(b, &shelf{})
	for _, alg := range fast {
		b.Run(string(alg), func(b *testing.B) {
			k, _ := r.Signer(alg)
			payload := []byte(strings.Repeat("x", 400))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = k.Sign("at+jwt", payload)
			}
		})
	}
}
