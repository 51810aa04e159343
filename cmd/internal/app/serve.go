package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/symbolon-id/symbolon/cmd/internal/app/config"
)

// ServeOptions are what the command line decides beside the configuration.
type ServeOptions struct {
	Migrate bool
	// Ready is told the address once requests are answered; may be nil.
	Ready func(addr string)
}

// Serve runs a node until ctx ends; requests that are under way may finish then. It returns nil after an orderly stop.
func Serve(ctx context.Context, cfg *config.Config, o ServeOptions) (err error) {
	a, err := New(ctx, cfg, Options{Migrate: o.Migrate})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	listener, err := Listen(cfg.Listen)
	if err != nil {
		return err
	}
	if o.Ready != nil {
		o.Ready(listener.Addr().String())
	}
	return a.Run(ctx, listener)
}

// Listen listens on addr and says what to do when it cannot.
func Listen(addr string) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("the address %s is in use by another program: stop it, or listen elsewhere", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return listener, nil
}

// Run answers requests on listener until ctx ends, and lets those under way finish within the configured time.
func (a *App) Run(ctx context.Context, listener net.Listener) error {
	background, stopBackground := context.WithCancel(context.WithoutCancel(ctx))
	var work sync.WaitGroup
	defer work.Wait()
	defer stopBackground()
	work.Go(func() { a.keys.Run(background, func(err error) { a.log.Error("keys", "error", err.Error()) }) })
	work.Go(func() { a.flow.Warm(background) })
	work.Go(func() {
		a.provider.RunOutbox(background, func(err error) { a.log.Error("outbox", "error", err.Error()) })
	})
	work.Go(func() { a.sweep(background) })

	servers, err := a.servers(listener)
	if err != nil {
		return err
	}
	failed := make(chan error, len(servers))
	for server, l := range servers {
		go func() { failed <- server.Serve(l) }()
	}
	a.log.Info("listening", "address", listener.Addr().String(), "issuer", a.config.Issuer)
	var delay time.Duration // none after a failure
	select {
	case err = <-failed:
	case <-ctx.Done():
		delay = a.config.ShutdownDelay
	}
	a.stopping.Store(true)
	a.log.Info("stopping", "delay", delay.String(), "timeout", a.config.ShutdownTimeout.String())
	time.Sleep(delay)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.config.ShutdownTimeout)
	defer cancel()
	for server := range servers {
		if stop := server.Shutdown(grace); stop != nil {
			err = errors.Join(err, fmt.Errorf("some requests did not finish in time: %w", stop), server.Close())
		}
	}
	return err
}

// servers returns the main server and, where configured, the one for metrics, with their listeners.
func (a *App) servers(main net.Listener) (map[*http.Server]net.Listener, error) {
	server := a.newServer(a.Handler())
	if a.config.TLS.Enabled() {
		main = tls.NewListener(main, a.tlsConfig())
	}
	servers := map[*http.Server]net.Listener{server: main}
	if a.config.MetricsListen != "" {
		l, err := Listen(a.config.MetricsListen)
		if err != nil {
			return nil, err
		}
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", a.metrics.handler())
		servers[a.newServer(mux)] = l
	}
	return servers, nil
}

// tlsConfig is TLS 1.2 with forward secrecy and AES-GCM (RFC 9325 §4.2, which FAPI 2.0 §5.2.1 asks for), or TLS 1.3, whose suites are all good.
func (a *App) tlsConfig() *tls.Config {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, GetCertificate: (&certificate{files: a.config.TLS}).get, NextProtos: []string{"h2", "http/1.1"},
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		},
	}
	if a.config.ClientCertificates.Request {
		// Not verified here: a self-signed one is as good where a client has registered it (RFC 8705 §2.2).
		config.ClientAuth = tls.RequestClientCert
	}
	return config
}

func (a *App) newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
}

// certificate reads the TLS certificate again when its file has changed.
type certificate struct {
	files config.TLS

	mu       sync.Mutex
	modified time.Time
	current  *tls.Certificate
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	info, err := os.Stat(c.files.CertFile)
	if err == nil && info.ModTime().Equal(c.modified) {
		return c.current, nil
	}
	pair, err := tls.LoadX509KeyPair(c.files.CertFile, c.files.KeyFile)
	if err != nil && c.current != nil {
		return c.current, nil // half-written: the old one serves on
	}
	if err != nil {
		return nil, fmt.Errorf("TLS certificate: %w", err)
	}
	c.current, c.modified = &pair, info.ModTime()
	return c.current, nil
}
