// Demo shows the whole of Symbolon on one machine: go run ./cmd/demo. It starts a simulated Google and a simulated Facebook, Symbolon with SQLite
// as an operator would run it, and two partner apps that let people sign in with it, all on loopback and without the network.
//
// The partner apps are in package partner, the simulators in provider/upstream/upstreamtest. What is here puts them together: listen.go,
// simulators.go, provider.go, clients.go and partners.go, in the order in which demo.go starts them.
package main
