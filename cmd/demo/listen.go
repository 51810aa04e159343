package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// listeners are all open before anything starts, so that a port in use is found at once.
type listeners struct {
	provider, books, radio, google, facebook net.Listener
}

// address is one of the addresses that the command line names.
type address struct {
	flag  string
	value string
}

func (o options) addresses() []address {
	return []address{
		{"-addr", o.provider}, {"-books-addr", o.books}, {"-radio-addr", o.radio}, {"-google-addr", o.google}, {"-facebook-addr", o.facebook},
	}
}

// checkLoopback refuses addresses that others could reach: the simulators let anybody be anybody.
func (o options) checkLoopback() error {
	for _, a := range o.addresses() {
		host, _, err := net.SplitHostPort(a.value)
		if err != nil {
			return fmt.Errorf("%s %s: write it as host:port", a.flag, a.value)
		}
		if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
			return fmt.Errorf("%s %s: the demo lets anybody sign in as anybody, so it listens on loopback only: use 127.0.0.1 or localhost", a.flag, a.value)
		}
	}
	return nil
}

// listen opens all listeners or none.
func listen(o options) (listeners, error) {
	var all []net.Listener
	for _, a := range o.addresses() {
		l, err := net.Listen("tcp", a.value)
		if err == nil {
			all = append(all, l)
			continue
		}
		for _, open := range all {
			open.Close() // nothing has used it
		}
		if errors.Is(err, syscall.EADDRINUSE) {
			host, _, _ := net.SplitHostPort(a.value)
			return listeners{}, fmt.Errorf("%s is in use by another program: stop it, or choose another address, as with %s %s",
				a.value, a.flag, net.JoinHostPort(host, "0"))
		}
		return listeners{}, fmt.Errorf("%s %s: %w", a.flag, a.value, err)
	}
	return listeners{all[0], all[1], all[2], all[3], all[4]}, nil
}

// close closes those that nothing serves; for the others it does nothing any more.
func (l listeners) close() {
	for _, open := range []net.Listener{l.provider, l.books, l.radio, l.google, l.facebook} {
		open.Close()
	}
}

// baseURL is where browsers find what listens there.
func baseURL(l net.Listener) string { return "http://" + l.Addr().String() }

// port returns the port that is listened on.
func port(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String()) // an address of our own is well-formed
	return port
}
