// Package load drives a built symbolon from outside, many users at a time: it builds and starts the binary as an operator does (Build, Start),
// signs people in as a browser does (Browser), and asks for tokens as a partner's server does (Partner). The bench and the tests of the binary
// use it.
//
// It asserts nothing and knows no database: every answer that is not what a partner wants is an error, and *Refusal tells one that was answered
// from one that was not.
//
// Read node.go, then partner.go.
package load
