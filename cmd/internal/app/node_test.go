package app_test

import "strings"

// second starts another node on the same database and configuration, and returns the world as seen through it.
func (w *world) second() *world {
	w.t.Helper()
	listener := w.listen()
	other := *w
	other.node = listener.Addr().String()
	other.run(listener)
	return &other
}

// host returns host:port of the issuer: where browsers keep its cookies.
func (w *world) host() string { return strings.TrimPrefix(w.issuer, "http://") }

// at returns the partner with all its requests sent to the node of w.
func (p *partner) at(w *world) *partner {
	own := *p
	own.w = w
	return &own
}

// use sends the browser's requests for the issuer to the node of w from now on.
func (b *browser) use(w *world) {
	b.nodes = map[string]string{w.host(): w.node}
	if w.node == "" {
		b.nodes = nil
	}
}

// copy returns another browser with the same cookies, as a thief or a second window may have them.
func (b *browser) copy() *browser {
	other := newBrowser(b.t)
	for host, jar := range b.cookies {
		other.cookies[host] = map[string]string{}
		for name, value := range jar {
			other.cookies[host][name] = value
		}
	}
	return other
}
