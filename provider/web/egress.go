package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"
)

// ErrEgress says that an outgoing request was refused because of where it would have gone.
var ErrEgress = errors.New("web: outgoing request refused: the address is private or not allowed")

// Egress is the guard before outgoing requests. The zero value allows public addresses over https only.
type Egress struct {
	// AllowPrivate lets requests go to private and loopback addresses, and over http to loopback. Only the operator's own word sets it.
	AllowPrivate bool
	// AllowPrivateHosts lets requests to these host names, and to no others, go to private addresses. The scheme stays https.
	AllowPrivateHosts []string
	// Timeout bounds one whole request, answer included. Zero: 10 s.
	Timeout time.Duration
}

// Client returns an HTTP client behind the guard. The decision is made on the address that is dialled, so a name that changes its mind between
// look-up and connection gains nothing. Redirects are not followed. It uses no proxy from the environment and keeps no cookies.
func (e Egress) Client() *http.Client {
	if e.Timeout == 0 {
		e.Timeout = 10 * time.Second
	}
	return &http.Client{
		Timeout: e.Timeout,
		Transport: guarded{egress: e, next: &http.Transport{
			DialContext:            e.dial,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    8,
			IdleConnTimeout:        90 * time.Second,
			TLSHandshakeTimeout:    5 * time.Second,
			ResponseHeaderTimeout:  e.Timeout,
			MaxResponseHeaderBytes: 64 << 10,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// guarded checks scheme and host before the transport resolves anything.
type guarded struct {
	egress Egress
	next   http.RoundTripper
}

// RoundTrip refuses what the guard forbids.
func (g guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := g.egress.checkURL(r); err != nil {
		return nil, err
	}
	return g.next.RoundTrip(r)
}

func (e Egress) checkURL(r *http.Request) error {
	host := strings.ToLower(r.URL.Hostname())
	switch {
	case r.URL.User != nil:
		return fmt.Errorf("%w: credentials in the URL", ErrEgress)
	case r.URL.Scheme != "https" && !(e.AllowPrivate && r.URL.Scheme == "http" && isLoopbackHost(host)):
		return fmt.Errorf("%w: scheme %q", ErrEgress, r.URL.Scheme)
	}
	return nil
}

// dial connects to address, "host:port".
func (e Egress) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrEgress, err)
	}
	if !e.AllowPrivate && !slices.Contains(e.AllowPrivateHosts, strings.ToLower(host)) {
		dialer.Control = refusePrivate
	}
	return dialer.DialContext(ctx, network, address)
}

// refusePrivate sees the address that is about to be dialled.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	addr, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrEgress, err)
	}
	if !isPublic(addr.Addr().Unmap()) {
		return ErrEgress
	}
	return nil
}

// notPublic are the special-purpose blocks (RFC 6890 and its updates) that netip has no predicate for.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("5f00::/16"), netip.MustParsePrefix("fec0::/10"),
}

func isPublic(ip netip.Addr) bool {
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	return !slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// isLoopbackHost reports whether host names this machine: localhost or a loopback literal.
func isLoopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
