// Package randx has the names of github.com/ory/x/randx that ory/fosite uses.
package randx

import (
	"crypto/rand"
	"math/big"
)

// AlphaUpper are the letters A to Z.
var AlphaUpper = []rune("ABCDEFGHIJKLMNOPQRSTUVWXYZ")

// RuneSequence returns length runes drawn uniformly from allowed.
func RuneSequence(length int, allowed []rune) ([]rune, error) {
	seq := make([]rune, length)
	for i := range seq {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(allowed))))
		if err != nil {
			return nil, err
		}
		seq[i] = allowed[n.Int64()]
	}
	return seq, nil
}
