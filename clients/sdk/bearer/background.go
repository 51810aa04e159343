package bearer

import (
	"context"
	"errors"
	"sync"
	"time"
)

var (
	errClosed = errors.New("the verifier is closed")
	errStale  = errors.New("what is cached is too old")
)

// background is all the work that does not belong to a request. close ends it and waits until it has ended.
type background struct {
	ctx    context.Context
	cancel context.CancelFunc

	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
}

func newBackground() *background {
	ctx, cancel := context.WithCancel(context.Background())
	return &background{ctx: ctx, cancel: cancel}
}

// run calls f in a goroutine, or returns false after close.
func (b *background) run(f func(context.Context)) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.wg.Go(func() { f(b.ctx) })
	return true
}

// after calls f after d, or returns nil after close.
func (b *background) after(d time.Duration, f func()) *time.Timer {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	return time.AfterFunc(d, f)
}

func (b *background) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.cancel()
	b.wg.Wait()
}
