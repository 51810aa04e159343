// Package upstream is Symbolon as a relying party: the connectors to Google, Facebook and any OpenID provider, and the attempt that binds
// one sign-in there to one browser here.
//
// A connector knows a protocol; it never sees our requests, cookies or database. Flow makes every random value, keeps the attempt and spends
// it once. What comes out is an account.Proof. Package storage implements AttemptStore; upstreamtest simulates the upstreams.
package upstream
