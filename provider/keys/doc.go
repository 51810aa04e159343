// Package keys holds the signing keys: which exist, which one signs, which ones still verify, and the published key set.
//
// A key is published ("next") at least one JWKS lifetime before it signs ("active"), and stays published ("retired") until the last token it
// signed has expired. Private keys are sealed at rest. Package storage implements Store.
package keys
