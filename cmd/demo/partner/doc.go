// Package partner holds the demo's two partner apps, as developers outside would write them: with golang.org/x/oauth2, go-oidc and net/http, and
// nothing of Symbolon's. Both are the same code with another product in it. Begin with sign_in.go and callback.go; access_token.go is the other
// half of the idea, an API that checks tokens by itself.
//
// What is specific to no provider is meant to be copied into real apps. Sessions are in memory, so they end with the process.
package partner
