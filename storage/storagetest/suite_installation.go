package storagetest

import (
	"bytes"
	"sync"
	"testing"

	"github.com/symbolon-id/symbolon/storage"
)

// testInstallation: many nodes start at once, and agree on the first value for good (JW-16).
func testInstallation(t *testing.T, db *storage.DB) {
	const nodes = 16
	got := make([][]byte, nodes)
	var wg sync.WaitGroup
	for n := range nodes {
		wg.Go(func() {
			var err error
			if got[n], err = db.InstallationValue(t.Context(), "test", bytes.Repeat([]byte{byte(n + 1)}, 32)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, value := range got {
		same(t, "value", value, got[0])
	}
	again, err := db.InstallationValue(t.Context(), "test", []byte("another"))
	check(t, err)
	same(t, "value later", again, got[0])
	other, err := db.InstallationValue(t.Context(), "other", []byte("another"))
	check(t, err)
	same(t, "value of another name", other, []byte("another"))
	for name, fresh := range map[string][]byte{"": []byte("x"), "empty": nil} {
		if _, err := db.InstallationValue(t.Context(), name, fresh); err == nil {
			t.Errorf("%q with %q is taken", name, fresh)
		}
	}
}
