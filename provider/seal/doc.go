// Package seal is authenticated encryption of small things: authorization codes, interactions, signing keys at rest. Each use has a purpose of
// its own, and with it a key of its own; what was sealed for one purpose does not open for another.
//
// Everything is derived from the root secrets of the configuration. The first one seals; all of them open, so a secret can be rotated.
// The package keeps nothing and decides nothing about what it seals.
package seal
