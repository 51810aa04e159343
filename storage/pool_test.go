package storage_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/storage"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// FT-05: two connections, two hundred at once, half of them in transactions: nobody waits for a connection while holding one.
func TestPoolExhaustion(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, url string) {
		db, err := storage.Open(t.Context(), storage.Config{URL: url, MaxOpenConns: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		now := time.Now()
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				id := fmt.Sprint(i)
				a := account.Account{ID: id, CreatedAt: now, UpdatedAt: now}
				identity := account.Identity{Connector: "c", Issuer: "i", Subject: id, LinkedAt: now}
				s := session.Session{ID: id, AccountID: id, LoginAt: now, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(time.Hour)}
				hash := fmt.Appendf(nil, "%032d", i)
				for _, err := range []error{
					db.CreateAccount(ctx, a, identity), db.StartSession(ctx, s, hash, nil), db.InsertGrant(ctx, grant(id)), db.EndSession(ctx, id, now),
				} {
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	})
}
