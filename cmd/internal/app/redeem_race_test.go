package app_test

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"
)

// TK-15 and issue 3, at the same moment: a code is redeemed while what it stands on ends. Whichever comes first, the tokens of the answer, if there
// are any, end with it: their bit is set, and neither unblocking nor a new consent brings them back.
func TestRedeemedWhileItEnds(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		account := func(r reply) string { return subjectOf(t, r) }
		for _, c := range []redeemRace{
			{"ban", "openid offline_access", func(r reply) { w.must(w.stores.DB.Block(t.Context(), account(r), time.Now())) }, func(_ *browser, r reply) { w.must(w.stores.DB.Unblock(t.Context(), account(r))) }},
			{"log-out", "openid", func(r reply) {
				w.must(w.stores.DB.EndSession(t.Context(), readJWT(t, r.text("id_token")).text("sid"), time.Now()))
			}, func(*browser, reply) {}},
			{"consent withdrawn", "openid", func(r reply) { w.must(w.stores.DB.DeleteConsent(t.Context(), account(r), p.id, time.Now())) }, func(b *browser, _ reply) { p.tokens(b, "ada", "scope", "openid") }},
		} {
			p.at(w).test(c.name, func(t *testing.T, p *partner) { c.run(t, p, p.at(w.second())) })
		}
	})
}

// redeemRace is one thing that ends a sign-in, and what seems to take it back.
type redeemRace struct {
	name, scope string
	end         func(r reply)
	again       func(b *browser, r reply)
}

func (c redeemRace) run(t *testing.T, p, onB *partner) {
	const rounds = 60
	won, left, alive := 0, 0, 0
	for range rounds {
		b := newBrowser(t)
		r := p.tokens(b, "ada", "scope", c.scope)
		code := p.ask(b, "scope", c.scope).expectCode(t)
		var late reply
		parallel(2, func(i int) {
			if i == 0 {
				late = onB.redeem(code)
				return
			}
			time.Sleep(time.Duration(rand.IntN(2500)) * time.Microsecond)
			c.end(r)
		})
		c.again(b, r)
		if late.status != http.StatusOK {
			late.expect(t, 400, "invalid_grant")
			continue
		}
		won++
		revoked, err := p.w.stores.DB.Revoked(t.Context(), p.w.indexOf(late.text("access_token")))
		p.w.must(err)
		if !revoked {
			left++
		}
		if p.active(late.text("access_token")) {
			alive++
		}
	}
	if left > 0 || alive > 0 {
		t.Errorf("of %d redemptions %d were answered: %d tokens go on at partners that verify offline, and %d live again afterwards", rounds, won, left, alive)
	}
}

// BR-03: a session's absolute end is its tokens' end: no refresh goes beyond it, on any node, whether or not the row has been swept.
func TestExpiredSessionEndsItsTokens(t *testing.T) {
	t.Parallel()
	bothWith(t, "lifetimes: { session_idle: 3s, session_absolute: 3s }", func(t *testing.T, w *world) {
		p := w.newPartner()
		r := p.tokens(newBrowser(t), "ada")
		kept := p.tokens(newBrowser(t), "ada", "scope", "openid offline_access")
		time.Sleep(3100 * time.Millisecond)
		if p.active(r.text("refresh_token")) {
			t.Error("the refresh token outlives the session")
		}
		p.refresh(r.text("refresh_token")).expect(t, 400, "invalid_grant")
		p.refresh(kept.text("refresh_token")).expect(t, 200, "")
	})
}
