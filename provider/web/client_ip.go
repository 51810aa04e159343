package web

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the addresses whose X-Forwarded-For is believed. The zero value believes nobody.
type Proxies struct {
	prefixes []netip.Prefix
}

// NewProxies returns the set of trusted proxies.
func NewProxies(prefixes []netip.Prefix) *Proxies { return &Proxies{prefixes: prefixes} }

// ClientIP returns the address of the client: the peer's, or, as long as the peer is a trusted proxy, the address that it says it answers for,
// read from the right. Nothing else of the headers is believed: issuer, URLs and cookies come from the configuration only.
func (p *Proxies) ClientIP(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	ip := peer.Addr().Unmap()
	if p == nil || !p.trusted(ip) {
		return ip
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		ip = next.Unmap().WithZone("") // a zone means something on the proxy only, and may be any text
		if !p.trusted(ip) {
			break
		}
	}
	return ip
}

// Trusted reports whether the peer of r is one of the proxies, so that its headers are believed.
func (p *Proxies) Trusted(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && p != nil && p.trusted(peer.Addr().Unmap())
}

func (p *Proxies) trusted(ip netip.Addr) bool {
	return slices.ContainsFunc(p.prefixes, func(prefix netip.Prefix) bool { return prefix.Contains(ip) })
}

type clientIPKey struct{}

func withClientIP(ctx context.Context, ip netip.Addr) context.Context {
	return context.WithValue(ctx, clientIPKey{}, ip)
}

// ClientIP returns the client's address as Serve found it; the zero Addr when unknown.
func ClientIP(ctx context.Context) netip.Addr {
	ip, _ := ctx.Value(clientIPKey{}).(netip.Addr)
	return ip
}
