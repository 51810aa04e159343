package storage_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/storage"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

func newID() string { return rand.Text()[:22] }

// BenchmarkGrant measures the three statements that tokens cost: one SELECT to look, one INSERT per sign-in, one UPDATE per refresh.
// SQLite syncs each commit to the disk; the private PostgreSQL of the tests does not (fsync=off): its figures are the cost around the disk.
func BenchmarkGrant(b *testing.B) {
	for _, database := range []struct {
		name string
		url  func(testing.TB) string
	}{{"sqlite", storagetest.SQLite}, {"postgres", storagetest.Postgres}} {
		b.Run(database.name, func(b *testing.B) {
			db := storagetest.Open(b, database.url(b))
			b.Run("Grant", func(b *testing.B) { benchGrant(b, db) })
			b.Run("InsertGrant", func(b *testing.B) { benchInsert(b, db) })
			b.Run("InsertGrant/parallel", func(b *testing.B) { benchInsertParallel(b, db) })
			b.Run("RotateGrant", func(b *testing.B) { benchRotate(b, db) })
		})
	}
}

func benchGrant(b *testing.B, db *storage.DB) {
	g := insert(b, db)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := db.Grant(b.Context(), g); err != nil {
			b.Fatal(err)
		}
	}
}

func benchInsert(b *testing.B, db *storage.DB) {
	b.ReportAllocs()
	for b.Loop() {
		insert(b, db)
	}
}

func benchInsertParallel(b *testing.B, db *storage.DB) {
	b.SetParallelism(8)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			insert(b, db)
		}
	})
}

func benchRotate(b *testing.B, db *storage.DB) {
	g := insert(b, db)
	b.ReportAllocs()
	for n := int64(0); b.Loop(); n++ {
		if ok, err := db.RotateGrant(b.Context(), g, n, n+1, time.Now()); err != nil || !ok {
			b.Fatal(ok, err)
		}
	}
}

func insert(b *testing.B, db *storage.DB) string {
	g := grant(newID())
	g.Scopes = []string{"openid", "profile", "email"}
	if err := db.InsertGrant(b.Context(), g); err != nil {
		b.Error(err)
	}
	return g.ID
}
