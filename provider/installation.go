package provider

import (
	"context"
	"crypto/rand"
)

// InstallationStore keeps what belongs to the installation for good: it is the same on all nodes, and goes along when root secrets are rotated
// and backups restored. storage implements it.
type InstallationStore interface {
	// InstallationValue returns the value that is kept under the name. Where there is none yet it keeps fresh; when several nodes do so at once,
	// all get the same.
	InstallationValue(ctx context.Context, name string, fresh []byte) ([]byte, error)
}

// PairwiseSalt returns the salt of the installation's pairwise subjects: 32 random bytes, made at the first start.
func PairwiseSalt(ctx context.Context, store InstallationStore) ([]byte, error) {
	fresh := make([]byte, 32)
	rand.Read(fresh) // never fails, crypto/rand says
	return store.InstallationValue(ctx, "pairwise salt", fresh)
}
