package bearer

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// nonceStep is how long one nonce is handed out. It is accepted for one step more.
const nonceStep = 2 * time.Minute

// nonces makes the nonces for proofs (RFC 9449 §9). A nonce is the HMAC of the time, so no node has to remember any.
type nonces struct{ key []byte }

func (n *nonces) current(now time.Time) string {
	return n.at(now.Unix() / int64(nonceStep/time.Second))
}

func (n *nonces) at(step int64) string {
	h := hmac.New(sha256.New, n.key)
	h.Write([]byte("bearer DPoP nonce "))
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

// valid accepts the nonces of this step and its neighbours: the clocks of two nodes differ a little.
func (n *nonces) valid(nonce string, now time.Time) bool {
	step := now.Unix() / int64(nonceStep/time.Second)
	ok := false
	for _, s := range []int64{step, step - 1, step + 1} {
		ok = hmac.Equal([]byte(nonce), []byte(n.at(s))) || ok
	}
	return ok
}
