// Package storagetest gives tests a database of their own, SQLite and PostgreSQL, and holds the one suite that both must pass.
//
// A test package that uses PostgreSQL calls Main from its TestMain: one private server then serves all its tests, and stops with them.
// The server listens on a socket in a temporary directory only. Where PostgreSQL is not installed the tests are skipped, unless
// SYMBOLON_TEST_REQUIRE contains "postgres": then they fail.
package storagetest
