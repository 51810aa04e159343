package app

import (
	"context"
	"crypto/rand"
	"time"
)

// The sweep deletes expired rows little and often, so that no statement holds locks for long.
const (
	sweepEvery = time.Minute
	sweepBatch = 500
	sweepLease = 5 * time.Minute // longer than any batch; a node that dies holds the others up for so long at most
)

// sweep deletes expired rows until ctx ends: one node at a time, by a lease in the database.
func (a *App) sweep(ctx context.Context) {
	holder, tick := rand.Text(), time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := a.sweepOnce(ctx, holder); err != nil && ctx.Err() == nil {
			a.log.Error("sweep", "error", err.Error())
		}
	}
}

// sweepOnce deletes batch after batch until nothing expired is left, while this node holds the lease.
func (a *App) sweepOnce(ctx context.Context, holder string) error {
	for {
		now := time.Now()
		mine, err := a.stores.DB.TryLease(ctx, "sweep", holder, now, now.Add(sweepLease))
		if err != nil || !mine {
			return err
		}
		n, err := a.stores.DB.Sweep(ctx, now, sweepBatch)
		if err != nil {
			return err
		}
		unused, err := a.stores.DB.SweepRegistrations(ctx, now.Add(-a.config.Registration.UnusedFor), sweepBatch)
		if err != nil || max(n, unused) < sweepBatch {
			return err
		}
	}
}
