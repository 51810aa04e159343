package status

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// oneInAHundred is a store in memory with one list of which 1 % is revoked.
type oneInAHundred struct {
	Store // the publisher calls the two methods below only
	bits  []int64
	fresh []int64 // what a reading that does not begin at the beginning finds
}

func newOneInAHundred() *oneInAHundred {
	s := &oneInAHundred{}
	for n := range int64(Size / 100) {
		s.bits = append(s.bits, permute([]byte("0123456789abcdef"), n))
	}
	return s
}

// ListExists implements Store.
func (*oneInAHundred) Lists(context.Context, time.Time) ([]int64, error) { return []int64{1}, nil }

func (*oneInAHundred) ListExists(context.Context, int64, time.Time) (bool, error) { return true, nil }

// Revocations implements Store.
func (s *oneInAHundred) Revocations(_ context.Context, _ int64, since, _ time.Time) ([]int64, error) {
	if since.IsZero() {
		return s.bits, nil
	}
	return s.fresh, nil
}

// benchPublisher signs as a node does, with ES256.
func benchPublisher(b *testing.B, store Store, refresh time.Duration) *Publisher {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithType("statuslist+jwt"))
	if err != nil {
		b.Fatal(err)
	}
	return NewPublisher(PublisherConfig{
		Store: store, TTL: 30 * time.Second, Refresh: refresh,
		URI: func(list int64) string { return "https://id.example.com/oauth2/status/" + strconv.FormatInt(list, 10) },
		Sign: func(claims []byte) (string, error) {
			jws, err := signer.Sign(claims)
			if err != nil {
				return "", err
			}
			return jws.CompactSerialize()
		},
	})
}

func list(b *testing.B, p *Publisher) Document {
	b.Helper()
	document, err := p.List(b.Context(), 1)
	if err != nil {
		b.Fatal(err)
	}
	return document
}

// BenchmarkListFromMemory is what a partner's request costs while what the node knows is fresh. Its p50 and p99 are to be well under a millisecond.
func BenchmarkListFromMemory(b *testing.B) {
	p := benchPublisher(b, newOneInAHundred(), time.Hour)
	document := list(b, p)
	var took []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		began := time.Now()
		list(b, p)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
	b.ReportMetric(float64(len(document.JWT)), "bytes")
}

// BenchmarkListRefresh is what the first request of a second costs, without the database: nothing was revoked since (a signature), or something was
// (the list is compressed anew too).
func BenchmarkListRefresh(b *testing.B) {
	for name, change := range map[string]bool{"unchanged": false, "one more": true} {
		b.Run(name, func(b *testing.B) {
			store := newOneInAHundred()
			p := benchPublisher(b, store, time.Nanosecond)
			list(b, p)
			next := int64(Size / 100)
			b.ReportAllocs()
			for b.Loop() {
				if change {
					store.fresh = []int64{permute([]byte("0123456789abcdef"), next%Size)}
					next++
				}
				list(b, p)
			}
		})
	}
}

// BenchmarkEncode compresses a list of which 1 % is revoked.
func BenchmarkEncode(b *testing.B) {
	bits := make([]byte, Size/8)
	for _, i := range newOneInAHundred().bits {
		bits[i/8] |= 1 << (i % 8)
	}
	b.SetBytes(int64(len(bits)))
	for b.Loop() {
		if _, err := encode(bits); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPermute is what an index costs beside its share of a reservation.
func BenchmarkPermute(b *testing.B) {
	seed, n := bytes.Repeat([]byte{7}, 16), int64(0)
	b.ReportAllocs()
	for b.Loop() {
		permute(seed, n%Size)
		n++
	}
}
