// Package clients is the registry of the partner apps: their RFC 7591 metadata, their secrets and the rules for redirect URIs.
//
// It decides what a valid client is and whether a presented secret or redirect URI is the client's. It does not decide what an
// authorization request may do (package provider) and does not store anything itself (package storage implements Store).
//
// Read client.go for the record, validate.go for the rules, redirect_uri.go for the comparison, secret.go for the secrets, registry.go and
// update.go for what an administrator can do, cache.go for how requests find a client, logo.go for its picture.
package clients
