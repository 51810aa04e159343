package bearer

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestRFC9449Nonce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		key := []byte(strings.Repeat("n", 32))
		change := func(c *Config) { dpop(c); c.DPoP.NonceKey = key }
		v, otherNode := w.verifier(change), w.verifier(change)
		defer v.Close()
		defer otherNode.Close()
		h, other := v.Middleware(http.HandlerFunc(whoami)), otherNode.Middleware(http.HandlerFunc(whoami))
		holder := w.holder("ES256", map[string]any{"exp": time.Now().Unix() + hour})
		response := serve(h, holder.request(holder.proof(nil, nil)))
		nonce := response.Header.Get("DPoP-Nonce")
		if response.StatusCode != 401 || nonce == "" || !strings.Contains(strings.Join(response.Header.Values("WWW-Authenticate"), " "), `DPoP error="use_dpop_nonce"`) {
			t.Fatalf("%d %v", response.StatusCode, response.Header)
		}
		for name, h := range map[string]http.Handler{"same node": h, "other node": other} {
			response = serve(h, holder.request(holder.proof(nil, map[string]any{"nonce": nonce})))
			if response.StatusCode != 200 || response.Header.Get("DPoP-Nonce") == "" {
				t.Errorf("%s: %d %v", name, response.StatusCode, response.Header)
			}
		}
		time.Sleep(2 * nonceStep)
		for _, n := range []string{nonce, "", "x", strings.Repeat("A", 24)} {
			if response := serve(h, holder.request(holder.proof(nil, map[string]any{"nonce": n}))); response.StatusCode != 401 || response.Header.Get("DPoP-Nonce") == "" {
				t.Errorf("nonce %q: %d", n, response.StatusCode)
			}
		}
	})
}
