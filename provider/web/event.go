package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"sync"
)

type eventKey struct{}

// Event collects what one request was about; Serve logs it as one line when the request is done. No secret, code, token, cookie or e-mail
// address goes into it.
type Event struct {
	RequestID string // 64 random bits, hexadecimal; also in the X-Request-Id header and on error pages

	mu    sync.Mutex
	attrs []slog.Attr
	err   error
}

// NewEvent returns an event with a fresh id, and ctx with it.
func NewEvent(ctx context.Context) (context.Context, *Event) {
	var id [8]byte
	rand.Read(id[:]) // never fails, crypto/rand says
	e := &Event{RequestID: hex.EncodeToString(id[:])}
	return context.WithValue(ctx, eventKey{}, e), e
}

// Annotate adds key and value to the request's event. Without an event in ctx it does nothing.
func Annotate(ctx context.Context, key string, value any) {
	if e, ok := ctx.Value(eventKey{}).(*Event); ok {
		e.mu.Lock()
		e.attrs = append(e.attrs, slog.Any(key, value))
		e.mu.Unlock()
	}
}

// Fail records the private cause of a failure for the log line. The error writer of a surface calls it; handlers return the error instead.
func Fail(ctx context.Context, err error) {
	if e, ok := ctx.Value(eventKey{}).(*Event); ok {
		e.mu.Lock()
		e.err = err
		e.mu.Unlock()
	}
}

// RequestID returns the id of the request that ctx belongs to, or "".
func RequestID(ctx context.Context) string {
	if e, ok := ctx.Value(eventKey{}).(*Event); ok {
		return e.RequestID
	}
	return ""
}
