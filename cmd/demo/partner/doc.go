// Package partner holds the demo's two partner apps, as developers outside would write them: with golang.org/x/oauth2, go-oidc and net/http. Of
// Symbolon's there is only clients/sdk/bearer, for the API and for hearing of log-outs; it works with any issuer that keeps to the same standards.
// Both apps are the same code with another product in it.
//
// Begin with sign_in.go, callback.go and log_out.go, which are the whole of a partner's work. shelf.go is the other half of the idea, an API that
// checks tokens by itself. tools.go and kept.go are there for the demo's visitors only.
//
// What is specific to no provider is meant to be copied into real apps. Sessions and accounts are in memory, so they end with the process.
package partner
