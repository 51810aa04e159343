package storage_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider/status"
	"github.com/symbolon-id/symbolon/storage"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// BenchmarkSingleUse measures the INSERT of each DPoP proof, and the UPDATE of each thousandth client-credentials token.
func BenchmarkSingleUse(b *testing.B) {
	for _, database := range []struct {
		name string
		url  func(testing.TB) string
	}{{"sqlite", storagetest.SQLite}, {"postgres", storagetest.Postgres}} {
		b.Run(database.name, func(b *testing.B) {
			db := storagetest.Open(b, database.url(b))
			b.Run("UseOnce", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					useOnce(b, db)
				}
			})
			b.Run("UseOnce/parallel", func(b *testing.B) {
				b.SetParallelism(8)
				b.RunParallel(func(p *testing.PB) {
					for p.Next() {
						useOnce(b, db)
					}
				})
			})
			b.Run("ReserveBlock", func(b *testing.B) { benchReserve(b, db) })
		})
	}
}

func useOnce(b *testing.B, db *storage.DB) {
	key := make([]byte, 32)
	rand.Read(key) // never fails, crypto/rand says
	if fresh, err := db.UseOnce(b.Context(), key, time.Now().Add(time.Minute)); err != nil || !fresh {
		b.Error(fresh, err)
	}
}

func benchReserve(b *testing.B, db *storage.DB) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := db.ReserveBlock(b.Context(), status.KindToken, time.Now(), time.Now().Add(time.Hour)); err != nil {
			b.Fatal(err)
		}
	}
}
