package storage_test

import (
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/storage"
	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// A node learns how far its clock is from the database's, which all nodes have in common.
func TestClockOffset(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, url string) {
		db, err := storage.Open(t.Context(), storage.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		if offset, err := db.ClockOffset(t.Context()); err != nil || offset.Abs() > 30*time.Second {
			t.Errorf("on one machine: %v, %v", offset, err)
		}
	})
	db, err := storage.Open(t.Context(), storage.Config{URL: storagetest.Postgres(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if offset, err := db.WithClock("SELECT clock_timestamp() - interval '10 minutes'").ClockOffset(t.Context()); err != nil || (offset+10*time.Minute).Abs() > 30*time.Second {
		t.Errorf("ten minutes behind: %v, %v", offset, err)
	}
	if _, err := db.WithClock("SELECT nothing").ClockOffset(t.Context()); err == nil {
		t.Error("a fault is no offset")
	}
}
