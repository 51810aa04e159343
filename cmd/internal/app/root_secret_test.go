package app_test

import (
	"net/url"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/cmd/internal/app/config"
	"github.com/symbolon-id/symbolon/provider/seal"
)

// Root secrets rotate as docs/operations.md says: [old, new], [new, old], [new]. Signing keys and shared client secrets go along; what was signed with
// them stays good on a node that has never known the old secret.
func TestRootSecretRotation(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		old, young := w.config.Secrets[0], config.NewSecret("another-root-secret-another-root-secret")
		p, shared := w.newPartner(), w.sharer(jose.HS256)
		token := p.tokens(newBrowser(t), "ada").text("access_token")
		with := func(secrets ...config.Secret) *world {
			next, c := *w, *w.config
			c.Secrets, next.config = secrets, &c
			return next.second()
		}
		first := with(old, young)
		with(young, old)
		ring, err := seal.New([][]byte{[]byte(young.Reveal())})
		w.must(err)
		w.until("everything is sealed anew", func() bool {
			records, err := w.stores.DB.Keys(t.Context())
			w.must(err)
			box := ring.Box("signing key")
			for _, r := range records {
				if _, err := box.Open(r.Sealed, []byte(r.ID)); err != nil {
					return false
				}
			}
			c, err := w.stores.DB.Client(t.Context(), shared.id)
			w.must(err)
			return len(records) > 0 && len(c.SharedKeys(ring.Box(clients.SealPurpose))) == 1
		})

		last := with(young)
		if before, after := w.get("/oauth2/jwks", "").raw, last.get("/oauth2/jwks", "").raw; before != after {
			t.Errorf("another key set: %s, then %s", before, after)
		}
		if !p.at(last).active(token) {
			t.Error("the token of before is dead")
		}
		b := newBrowser(t)
		b.use(last)
		p.at(last).tokens(b, "ada")
		for _, node := range []*world{first, last} {
			node.post("/oauth2/token", asserted(url.Values{"grant_type": {"client_credentials"}}, shared.sign()), "", "").expect(t, 200, "")
		}
	})
}
