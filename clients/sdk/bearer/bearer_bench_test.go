package bearer

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// The benchmarks put the whole verification beside the raw signature check that it cannot do without, in one run:
//
//	go test -run '^$' -bench . -benchmem ./clients/sdk/bearer
//
// "Raw" is crypto/ecdsa.Verify, ed25519.Verify or rsa.VerifyPKCS1v15 on the prepared key and the decoded signature, hash included; "RawJSON" is the
// same and one json.Unmarshal into a struct. "Verify" is a token with a status claim: key and list are cached.
//
// What Verify allocates beyond the signature check itself:
//
//	1  the claims as text; all strings of the Token are parts of it
//	1  the Token
//	1  the "aud" slice
//	1  the "amr" slice
//	1  with EdDSA: what is signed, as the bytes that crypto/ed25519 takes
//
// With ECDSA and RSA the digest and the ASN.1 form of the signature take one each; raw ECDSA takes more for its two big numbers.
//
// The middleware adds the two that net/http asks for: the context with the Token, and the shallow copy of the request that carries it.

// BenchmarkVerify is the whole verification.
func BenchmarkVerify(b *testing.B) {
	for _, alg := range []string{"ES256", "EdDSA", "RS256"} {
		b.Run(alg, func(b *testing.B) {
			v, token := benchVerifier(b, alg)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkVerifyParallel shows that verifiers do not wait for each other.
func BenchmarkVerifyParallel(b *testing.B) {
	v, token := benchVerifier(b, "EdDSA")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := v.Verify(b.Context(), token); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkVerifyMiddleware is a request through the middleware.
func BenchmarkVerifyMiddleware(b *testing.B) {
	v, token := benchVerifier(b, "ES256")
	h := v.Require("read")(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r := httptest.NewRequest(http.MethodGet, "/orders", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
	if w.Code != http.StatusOK {
		b.Fatal(w.Code)
	}
}

// BenchmarkRaw is the signature check alone.
func BenchmarkRaw(b *testing.B) { benchRaw(b, false) }

// BenchmarkRawJSON is the signature check, and the claims through encoding/json.
func BenchmarkRawJSON(b *testing.B) { benchRaw(b, true) }

// benchClaims is what a receiver that does everything by hand would decode into.
type benchClaims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"`
	ClientID string   `json:"client_id"`
	Scope    string   `json:"scope"`
	ID       string   `json:"jti"`
	Session  string   `json:"sid"`
	Issued   int64    `json:"iat"`
	Expires  int64    `json:"exp"`
	AuthTime int64    `json:"auth_time"`
	ACR      string   `json:"acr"`
	AMR      []string `json:"amr"`
	Status   struct {
		List struct {
			Index int64  `json:"idx"`
			URI   string `json:"uri"`
		} `json:"status_list"`
	} `json:"status"`
}

func benchRaw(b *testing.B, decodeClaims bool) {
	for _, alg := range []string{"ES256", "EdDSA", "RS256"} {
		b.Run(alg, func(b *testing.B) {
			v, token := benchVerifier(b, alg)
			check := byHand(b, v, token, decodeClaims)
			b.ReportAllocs()
			for b.Loop() {
				check()
			}
		})
	}
}

// BenchmarkRatio does the three in turn and compares the shortest time of each, which a busy machine does not change much. It reports
// the time of Verify as a multiple of the raw check's (x-raw) and of the raw check's with one json.Unmarshal (x-json).
func BenchmarkRatio(b *testing.B) {
	for _, alg := range []string{"ES256", "EdDSA", "RS256"} {
		b.Run(alg, func(b *testing.B) {
			v, token := benchVerifier(b, alg)
			what := []func(){byHand(b, v, token, false), byHand(b, v, token, true), func() {
				if _, err := v.Verify(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}}
			shortest := []time.Duration{time.Hour, time.Hour, time.Hour}
			for b.Loop() {
				for i, do := range what {
					began := time.Now()
					do()
					shortest[i] = min(shortest[i], time.Since(began))
				}
			}
			b.ReportMetric(float64(shortest[0].Nanoseconds()), "raw-ns")
			b.ReportMetric(float64(shortest[1].Nanoseconds()), "json-ns")
			b.ReportMetric(float64(shortest[2].Nanoseconds()), "verify-ns")
			b.ReportMetric(float64(shortest[2])/float64(shortest[0]), "x-raw")
			b.ReportMetric(float64(shortest[2])/float64(shortest[1]), "x-json")
		})
	}
}

// byHand returns the signature check of the token, and the decoding of its claims if asked for.
func byHand(b *testing.B, v *Verifier, token string, decodeClaims bool) func() {
	b.Helper()
	set, err := v.keys.get(b.Context(), time.Now())
	if err != nil {
		b.Fatal(err)
	}
	check := rawCheck(set.keys[0])
	dot := strings.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
	if err != nil {
		b.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		b.Fatal(err)
	}
	signed := []byte(token[:dot])
	return func() {
		if !check(signed, signature) {
			b.Fatal("raw check fails")
		}
		if decodeClaims {
			var c benchClaims
			if err := json.Unmarshal(payload, &c); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func rawCheck(k *key) func(signed, signature []byte) bool {
	switch k.name {
	case "ES256":
		return func(signed, signature []byte) bool {
			hash := sha256.Sum256(signed)
			r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
			return ecdsa.Verify(k.ecdsa, hash[:], r, s)
		}
	case "EdDSA":
		return func(signed, signature []byte) bool { return ed25519.Verify(k.ed25519, signed, signature) }
	}
	return func(signed, signature []byte) bool {
		hash := sha256.Sum256(signed)
		return rsa.VerifyPKCS1v15(k.rsa, k.algorithm.hash, hash[:], signature) == nil
	}
}

// benchVerifier returns a Verifier that has seen the token once.
func benchVerifier(b *testing.B, alg string) (*Verifier, string) {
	b.Helper()
	world := newWorld(b)
	world.use(world.newKey("bench", alg))
	world.lists["/status/1"] = &testList{bits: 1, statuses: make([]byte, 1<<17), ttl: 3600, ids: true}
	v := world.verifier(nil)
	claims := world.claims()
	claims["sid"], claims["acr"], claims["amr"] = rand.Text(), "urn:example:loa:2", []string{"pwd", "otp"}
	claims["status"] = world.status("/status/1", 524_287)
	claims["auth_time"] = claims["iat"]
	token := world.sign("at+jwt", claims)
	if _, err := v.Verify(b.Context(), token); err != nil {
		b.Fatal(fmt.Errorf("first verification: %w", err))
	}
	return v, token
}
