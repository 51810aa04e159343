// Package registration is the endpoint where clients register themselves (RFC 7591, OIDC Registration) and manage their registration (RFC 7592).
//
// It decides who may register and what the answer says. What such a client may have is decided in package clients (policy.go, validate.go), and
// what it may do later in package provider, which treats it as a client that nobody has looked at. Clients with a metadata document of their own
// (draft-ietf-oauth-client-id-metadata-document) register nowhere: see clients/metadata_document.go.
//
// Read registration.go for the routes, then register.go and configuration.go; token.go for the two kinds of tokens.
package registration
