// Package storage keeps the records of the other packages in SQLite or PostgreSQL. It is the only user of gorm and the only place with SQL.
//
// DB implements every Store interface, and account.Directory; each method says which. An error that is not one of their sentinels is a fault of the database, never an answer.
//
// Rules that hold in every file: a record that may be used once is spent by one conditional statement or by a unique key; a grant is revoked
// together with its status bit, and a session ended together with the log-out notices, in one transaction; a query names its columns and values
// (gorm leaves zero values out of struct conditions, and * changes under a running node); a key that cannot exist (empty, too long, not UTF-8,
// with NUL) is "not found" before any statement, the same on both databases; other text is stored without NUL and invalid UTF-8.
//
// Read open.go for how a database is opened, migrate.go for the schema's versions, then one file per record: client.go, account.go,
// session.go, grant.go, status.go, logout_notice.go, consent.go, key.go, attempt.go, and so on. connection.go is what stands between an account and
// the clients that it lets in. sweep.go deletes what has expired. The
// schema itself is in package migrations, the tests' suite in storagetest.
package storage
