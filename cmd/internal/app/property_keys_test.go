package app_test

import (
	"compress/zlib"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"

	"github.com/symbolon-id/symbolon/cmd/internal/app"
	"github.com/symbolon-id/symbolon/provider/keys"
	"github.com/symbolon-id/symbolon/provider/status"
)

// rotateKeys replaces the key of access tokens in good order, once in a history: when both nodes publish the successor, the hour passes in which
// it only is published.
func (h *history) rotateKeys(t *rapid.T) {
	if h.rotated {
		t.Skip("once is enough")
	}
	h.rotated = true
	h.w.must(h.w.operatorKeys().Rotate(context.Background(), jose.ES256))
	next := h.w.rows(h.db, "SELECT id FROM keys WHERE algorithm = 'ES256' AND active_at > "+millisNow())
	for _, id := range next {
		h.awaitKey(id, true)
	}
	const hour = "3600000"
	h.exec("UPDATE keys SET retired_at = retired_at - " + hour + ", expires_at = expires_at - " + hour + " WHERE algorithm = 'ES256' AND retired_at > " + millisNow())
	h.exec("UPDATE keys SET active_at = active_at - " + hour + " WHERE algorithm = 'ES256' AND active_at > " + millisNow())
}

// withdrawKey takes the key that signs access tokens away, once in a history.
func (h *history) withdrawKey(t *rapid.T) {
	if len(h.dead) > 0 {
		t.Skip("once is enough")
	}
	ring := h.w.operatorKeys()
	key, err := ring.Signer(jose.ES256)
	h.w.must(err)
	h.w.must(ring.Withdraw(context.Background(), key.ID))
	h.dead[key.ID] = true
	h.awaitKey(key.ID, false)
}

// operatorKeys opens the signing keys as the command line does.
func (w *world) operatorKeys() *keys.Ring {
	w.t.Helper()
	ring, err := app.OpenKeys(context.Background(), w.config, w.stores)
	w.must(err)
	return ring
}

// awaitKey waits until both nodes publish a key, or do not. A key id that it does not know makes a node look, at most once a second.
func (h *history) awaitKey(id string, published bool) {
	for _, node := range h.nodes {
		for strings.Contains(node.get("/oauth2/jwks", "").raw, id) != published {
			node.get("/oauth2/userinfo", unknownKeyToken)
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// publishedBits fetches a list from the node and returns its bits.
func (w *world) publishedBits(list int64) []byte {
	w.t.Helper()
	got := w.get("/oauth2/status/"+strconv.FormatInt(list, 10), "")
	if got.status != http.StatusOK {
		w.t.Fatalf("status list: %d %s", got.status, got.raw)
	}
	var claims struct {
		StatusList struct{ Lst string } `json:"status_list"`
	}
	w.must(json.Unmarshal(w.verified(got.raw), &claims))
	z, err := zlib.NewReader(base64.NewDecoder(base64.RawURLEncoding, strings.NewReader(claims.StatusList.Lst)))
	w.must(err)
	bits, err := io.ReadAll(z)
	w.must(err)
	return bits
}

// unknownKeyToken is an access token under a key that does not exist.
var unknownKeyToken = encodeJWT(`{"alg":"ES256","typ":"at+jwt","kid":"nobody"}`, `{}`, make([]byte, 64))

// published compares the lists that both nodes publish with what has ended.
func published(t *testing.T, nodes []*world, ended map[status.Index]*family) {
	t.Helper()
	time.Sleep(1100 * time.Millisecond) // what a node serves is at most a second old
	for _, node := range nodes {
		lists := map[int64][]byte{}
		for i := range ended {
			if lists[i.List] == nil {
				lists[i.List] = node.publishedBits(i.List)
			}
			if lists[i.List][i.Bit/8]>>(i.Bit%8)&1 != 1 {
				t.Errorf("node %q: the bit %v of a family that has ended is not set", node.node, i)
			}
		}
		set := 0
		for _, bits := range lists {
			for _, b := range bits {
				for ; b != 0; b &= b - 1 {
					set++
				}
			}
		}
		if set != len(ended) {
			t.Errorf("node %q: %d bits are set, and %d families have ended", node.node, set, len(ended))
		}
	}
}
