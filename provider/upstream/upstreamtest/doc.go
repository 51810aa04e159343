// Package upstreamtest simulates Google and Facebook on loopback, for tests and for the demo: pages to pick a person, tokens, keys, the Graph, and switches
// for everything that can go wrong there.
//
// A simulator keeps all it knows in memory and trusts everybody who reaches it, so it refuses to listen on any other address than loopback. The production
// binary does not contain it. Google simulates an OpenID provider in general, too: a connector of package upstream to its issuer works.
//
// Besides the endpoints of the real thing each simulator has POST /_sim/behaviour (a Behaviour as JSON), POST /_sim/reset, POST /_sim/rotate-keys and
// GET /_sim/journal.
package upstreamtest
