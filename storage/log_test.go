package storage

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"
)

// A slow statement is logged without its values: they are ids, addresses and hashes.
func TestSlowStatementIsLoggedWithoutValues(t *testing.T) {
	var out bytes.Buffer
	log := slowLog{slog.New(slog.NewTextHandler(&out, nil)), 0}
	db, err := Open(t.Context(), Config{URL: "sqlite:" + t.TempDir() + "/symbolon.db"})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	slow := db.read.Session(&gorm.Session{Logger: log})
	var rows []struct{ N int64 }
	if err := slow.Raw("SELECT ? AS n", 271828).Find(&rows).Error; err != nil {
		t.Fatal(err)
	}
	log.slow = slowStatement
	log.Trace(t.Context(), time.Now(), func() (string, int64) { return "quick", 0 }, nil)
	if got := out.String(); !strings.Contains(got, "slow statement") || strings.Contains(got, "271828") || strings.Contains(got, "quick") {
		t.Errorf("logged %q", got)
	}
}
