package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

// Observer is told of each finished request; metrics are made of it. pattern is the route's, "" for none.
type Observer func(pattern, method string, status int, took time.Duration)

// Config configures Serve.
type Config struct {
	Log     *slog.Logger
	Proxies *Proxies
	Observe Observer // may be nil
	// Panic answers a request whose handler panicked before writing. It must not panic itself.
	Panic http.HandlerFunc
	// MaxBody is the most bytes read of any request body; routes may set less.
	MaxBody int64
	// Timeout bounds the work on one request: what waits for a database or an upstream longer fails, and is answered as a fault. Zero: none.
	Timeout time.Duration
}

// Serve wraps the whole route list: it gives the request an id, bounds its body, contains a panic, and logs one line when it is done.
func Serve(config Config, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		ctx, event := NewEvent(r.Context())
		if config.Timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, config.Timeout)
			defer cancel()
		}
		r = r.WithContext(withClientIP(ctx, config.Proxies.ClientIP(r)))
		r.Body = http.MaxBytesReader(w, r.Body, config.MaxBody)
		rec := &recorder{ResponseWriter: w}
		rec.Header().Set("X-Request-Id", event.RequestID)
		rec.Header().Set("X-Content-Type-Options", "nosniff")
		if len(r.TransferEncoding) > 0 {
			// RFC 9112 §6.1: after a chunked request the connection is not used again, since a proxy may have read it by another length.
			rec.Header().Set("Connection", "close")
		}
		defer func() {
			if cause := recover(); cause != nil {
				contain(config, rec, r, cause)
			}
			finish(config, event, rec, r, time.Since(start))
		}()
		next.ServeHTTP(rec, r)
	})
}

// contain answers a request whose handler panicked: the client learns the request id, the log learns the stack.
func contain(config Config, rec *recorder, r *http.Request, cause any) {
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
	Fail(r.Context(), fmt.Errorf("panic: %v", cause))
	Annotate(r.Context(), "stack", string(debug.Stack()))
	if rec.status != 0 {
		panic(http.ErrAbortHandler) // half an answer is out: cut the connection, so that nobody takes it for a whole one
	}
	config.Panic(rec, r)
}

func finish(config Config, event *Event, rec *recorder, r *http.Request, took time.Duration) {
	status := rec.status
	if status == 0 {
		status = http.StatusOK
	}
	if config.Observe != nil {
		config.Observe(r.Pattern, r.Method, status, took)
	}
	event.mu.Lock()
	defer event.mu.Unlock()
	level, attrs := slog.LevelInfo, []slog.Attr{
		slog.String("id", event.RequestID),
		slog.String("method", r.Method),
		slog.String("route", r.Pattern), // never the path or query: they may hold a code or a state
		slog.Int("status", status),
		slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.Int64("bytes", rec.bytes),
		slog.String("ip", ClientIP(r.Context()).String()),
	}
	attrs = append(attrs, event.attrs...)
	if event.err != nil {
		attrs = append(attrs, slog.String("error", event.err.Error()))
	}
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	config.Log.LogAttrs(r.Context(), level, "request", attrs...)
}

// recorder notes what a handler answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader notes the status.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes.
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// TooLarge reports whether err comes from a body over its limit.
func TooLarge(err error) bool {
	var tooLarge *http.MaxBytesError
	return errors.As(err, &tooLarge)
}
