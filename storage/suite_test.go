package storage_test

import (
	"testing"

	"github.com/symbolon-id/symbolon/storage/storagetest"
)

func TestSuite(t *testing.T) {
	storagetest.Each(t, storagetest.Run)
}

// PgBouncer older than 1.21 in transaction mode cannot have prepared statements: this is the setting it needs.
func TestSuiteWithoutPreparedStatements(t *testing.T) {
	storagetest.Run(t, storagetest.Postgres(t)+"&default_query_exec_mode=exec")
}
