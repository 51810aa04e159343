// Package status is the token status lists (Token Status List, draft-ietf-oauth-status-list): which bit belongs to which token, and the signed lists that partners
// fetch to learn what has been revoked, without a call per request.
//
// An index costs no write: a node reserves blocks of them. Indexes of a block are scattered over the list by a permutation that nobody outside
// knows, so they tell nothing about who signed in when. The bits themselves are rows of what was revoked, kept only as long as a revoked token
// could still be alive. Package storage implements Store; package provider signs and serves.
package status
