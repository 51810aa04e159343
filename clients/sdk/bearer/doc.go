// Package bearer protects an API with OAuth 2.0 access tokens, without asking the authorization server about each of them.
//
//	v, err := bearer.New(bearer.Config{Issuer: "https://id.example.com", Audience: "https://api.example.com"})
//	…
//	mux.Handle("GET /orders", v.Require("orders:read")(listOrders))
//
// In the handler, FromContext returns the Token; its Issuer and Subject say who is calling. Nothing else in a request does: neither a header such
// as X-User-Id, which anybody can send, nor an e-mail address, which can change hands.
//
// # What is checked
//
// A token is a JWT as RFC 9068 profiles it, of any issuer that keeps to it: typ "at+jwt", signed with a key of the issuer's, under the one
// algorithm of that key; issuer, audience, times and scopes as Config demands; every claim of the right type, and no member twice. It is taken
// from the Authorization header only. Answers are those of RFC 6750: 401, 403, 400; and 503 where the fault is not the client's.
//
// # Keys
//
// New fetches nothing, so an API starts while its issuer is down. The first token makes the Verifier read the issuer's metadata and keys. Keys are
// used for 5 to 15 minutes, as the issuer's Cache-Control says, and fetched anew in the background while tokens come in. If that fails they are
// used for an hour more. A token with an unknown key id causes a fetch, at most every 30 seconds; a forged signature never does.
//
// # Revocation
//
// A token may name its place on a status list (Token Status List, draft-ietf-oauth-status-list-21): a signed, compressed row of bits with the
// state of many tokens. The Verifier fetches a list when it first meets it, and then in the background as the list's ttl says. A revoked token is
// refused within the ttl and one second, and no request waits for the network. When a list cannot be fetched it is used until it is twice as old
// as its ttl, or as StatusPolicy.MaxAge says; then its tokens are answered with 503. Issuers without lists work as well; StatusPolicy.Require
// insists on them.
//
// A partner that is told of log-outs (OIDC Back-Channel Logout) mounts LogoutHandler: from then on the session's tokens are refused at once on
// that node.
//
// # Bound tokens
//
// A token with a "cnf" claim is worth something only together with a proof of the client's key (RFC 9449). Set DPoPPolicy.PublicURL to accept
// such tokens. On several nodes, give them a ReplayStore that they share.
//
// # What it costs
//
// Verifying takes little more than the signature check itself: one more atomic load for the keys and one for the list, no lock, no request, and
// four allocations (see bearer_bench_test.go). There is no cache of verified tokens that could outlive a revocation.
//
// # What it is not
//
// It does not sign anybody in, does not read ID tokens, and does not call introspection. It imports the standard library and go-jose, and nothing
// of the provider's. Call Close to end the background work.
//
// To read on: verifier.go is the order of the checks, cached.go the life of what is fetched, status_list.go and dpop.go the two protocols.
package bearer
