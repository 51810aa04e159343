package storage_test

import (
	"testing"

	"github.com/symbolon-id/symbolon/storage/storagetest"
)

func TestSuite(t *testing.T) {
	storagetest.Each(t, storagetest.Run)
}
