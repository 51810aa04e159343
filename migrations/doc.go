// Package migrations holds the database schema: one numbered SQL file per step and database, embedded, forward only.
//
// A file that has been released never changes; the runner in package storage compares its SHA-256 with the one it recorded and refuses a
// difference. Each file runs in a transaction of its own, so it holds nothing that cannot (CREATE INDEX CONCURRENTLY, VACUUM). Both
// folders hold the same steps under the same names. A step must leave the previous release working, and its name says so: NNNN_expand_… only adds,
// NNNN_contract_… removes what the previous release uses no more, and a release has one at most. docs/decisions/0007-schema-overlap.md
package migrations
