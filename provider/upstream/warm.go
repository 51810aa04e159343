package upstream

import (
	"context"
	"sync"
	"time"
)

// warmer is a connector that has something to fetch before the first sign-in.
type warmer interface {
	Warm(ctx context.Context) error
}

// Warm fetches the discovery documents and keys of all connectors at once, and tries again, ever more slowly up to once a minute, until each upstream
// has answered or ctx is done. Nothing depends on it: run it in a goroutine of its own after the start. It makes the first sign-in faster, and Info know
// the origin of an authorization endpoint that is not the issuer's.
func (f *Flow) Warm(ctx context.Context) {
	var wg sync.WaitGroup
	for _, id := range f.order {
		if w, ok := f.connectors[id].(warmer); ok {
			wg.Go(func() { warm(ctx, w) })
		}
	}
	wg.Wait()
}

func warm(ctx context.Context, w warmer) {
	for pause := time.Second; w.Warm(ctx) != nil; pause = min(2*pause, time.Minute) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}
