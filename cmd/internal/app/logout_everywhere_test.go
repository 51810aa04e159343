package app_test

import (
	"context"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// listener registers a client that wants to hear of log-outs.
func (w *world) listener(e *ear) *partner {
	w.t.Helper()
	return w.partner(`{"client_name":"Books","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token"],"backchannel_logout_uri":"` + e.URL + `/bc"}`)
}

// count returns how many logout tokens have come.
func (e *ear) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.tokens)
}

// OIDC Back-Channel Logout §2.3: everything that ends a session tells its clients: log-out, ban, deletion of the account; those with offline grants,
// those whose grant has been revoked before, and those of a session that another person's sign-in replaces. A client that the person disconnects is
// told for itself; the end of a token tells nobody.
func TestWhatEndsASessionTellsItsClients(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		for name, end := range map[string]func(b *browser, p *partner, r reply){
			"ban": func(_ *browser, _ *partner, r reply) {
				w.must(w.stores.DB.Block(t.Context(), subjectOf(t, r), time.Now()))
			},
			"account deleted": func(_ *browser, _ *partner, r reply) { w.must(w.stores.DB.Delete(t.Context(), subjectOf(t, r))) },
			"log-out by hint": func(b *browser, _ *partner, r reply) {
				b.open(w.issuer + "/oauth2/logout?id_token_hint=" + r.text("id_token"))
			},
			"revoked, then out": func(b *browser, p *partner, r reply) {
				p.post("/oauth2/revoke", "token", r.text("access_token"))
				b.open(w.issuer + "/logout").press("logout-confirm")
			},
			"ended by the administrator": func(_ *browser, _ *partner, r reply) {
				w.must(w.stores.DB.EndSession(t.Context(), readJWT(t, r.text("id_token")).text("sid"), time.Now()))
			},
		} {
			w.test(name, func(t *testing.T, w *world) {
				e, bystander := newEar(t), newEar(t)
				p, b := w.listener(e), newBrowser(t)
				offline := w.listener(e)
				offline.oauth.Scopes = append(offline.oauth.Scopes, "offline_access")
				w.listener(bystander).tokens(newBrowser(t), "grace")
				r := p.tokens(b, "edsger")
				kept := offline.tokens(b, "edsger")
				end(b, p, r)
				e.heard(t, 2)
				told := map[string]bool{}
				for _, token := range e.tokens {
					c := readJWT(t, token)
					told[c.text("aud")] = true
					if c.text("sid") != readJWT(t, r.text("id_token")).text("sid") || c.text("sub") != subjectOf(t, r) {
						t.Errorf("logout token of another session: %v", c.claims)
					}
				}
				if !told[p.id] || !told[offline.id] || bystander.count() != 0 {
					t.Errorf("told: %v, and %d of another person", told, bystander.count())
				}
				if alive := offline.active(kept.text("refresh_token")); alive == (name == "ban" || name == "account deleted") {
					t.Errorf("the offline grant is alive: %v", alive)
				}
				_ = w.stores.DB.Unblock(context.Background(), subjectOf(t, r))
			})
		}
		e := newEar(t)
		p := w.listener(e)
		r := p.tokens(newBrowser(t), "ada")
		p.post("/oauth2/revoke", "token", r.text("access_token"))
		time.Sleep(1500 * time.Millisecond)
		if e.count() != 0 {
			t.Error("a client was told of a log-out that did not happen")
		}
		w.must(w.stores.DB.DeleteConsent(t.Context(), subjectOf(t, r), p.id, time.Now()))
		e.heard(t, 1)
	})
}

// Two nodes share the outbox: twenty sessions end at once, and each client hears of each once.
func TestTwoNodesTellOnce(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.second()
		e := newEar(t)
		p := w.listener(e)
		var subject string
		for range 20 {
			subject = subjectOf(t, p.tokens(newBrowser(t), "ada"))
		}
		w.must(w.stores.DB.Block(t.Context(), subject, time.Now()))
		e.heard(t, 20)
		time.Sleep(2500 * time.Millisecond)
		sids := map[string]int{}
		for _, token := range e.tokens {
			sids[readJWT(t, token).text("sid")]++
		}
		if len(sids) != 20 || e.count() != 20 {
			t.Errorf("%d logout tokens for %d sessions", e.count(), len(sids))
		}
		if n := w.count("outbox"); n != 0 {
			t.Errorf("%d notices are left", n)
		}
	})
}

// BR-10: who never answers is given up after the attempts, and the administrator can see it. Redirects are not followed, and what listens inside is
// not told apart from what does not.
func TestLogoutNoticeIsGivenUp(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		followed, e := newEar(t), newEar(t)
		e.Config.Handler = http.RedirectHandler(followed.URL+"/private", http.StatusTemporaryRedirect)
		p := w.listener(e)
		b := newBrowser(t)
		r := p.tokens(b, "ada")
		b.open(w.issuer + "/logout").press("logout-confirm")
		w.until("the end", func() bool {
			w.exec("UPDATE outbox SET due_at = 1 WHERE dead_at IS NULL") // the pauses between the attempts are shortened to nothing
			time.Sleep(700 * time.Millisecond)
			return w.count("outbox WHERE dead_at IS NOT NULL") == 1
		})
		dead, err := w.stores.DB.DeadLogoutNotices(t.Context(), 10)
		w.must(err)
		if len(dead) != 1 || dead[0].ClientID != p.id || dead[0].AccountID != subjectOf(t, r) || dead[0].Attempts < 12 || dead[0].LastError == "" || dead[0].DeadAt.IsZero() {
			t.Errorf("the administrator sees %+v", dead)
		}
		if followed.count() != 0 {
			t.Error("a redirect was followed")
		}
		if strings.Contains(dead[0].LastError, followed.URL) {
			t.Errorf("the error tells of the inside: %s", dead[0].LastError)
		}
		time.Sleep(1500 * time.Millisecond)
		if again, _ := w.stores.DB.DeadLogoutNotices(t.Context(), 10); len(again) != 1 || again[0].Attempts != dead[0].Attempts {
			t.Errorf("it goes on: %+v", again)
		}
	})
}

// until waits for something that another goroutine or node does.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(40 * time.Second); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("%s does not come", what)
		}
	}
}

// FT-01 for log-outs: the node is killed between the log-out and its delivery; the next one delivers, with the retry's pause for an attempt that the
// killed one had begun.
func TestLogoutSurvivesAKill(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		d := deploy(t, url, "")
		if strings.HasPrefix(url, "postgres") {
			d.command("migrate", "up")
		}
		node := d.serve()
		e, down := newEar(t), newEar(t)
		down.answers(http.StatusServiceUnavailable)
		p, late := d.listener(e), d.listener(down)
		b := newBrowser(t)
		p.tokens(b, "ada")
		late.tokens(b, "ada")
		b.open(d.issuer + "/logout").press("logout-confirm")
		down.heard(t, 1)
		d.must(node.Signal(syscall.SIGKILL))
		_ = node.Wait(5 * time.Second)
		seen := down.count()
		down.answers(0)
		time.Sleep(1500 * time.Millisecond)
		if down.count() != seen {
			t.Fatal("a dead process tells")
		}
		d.exec("UPDATE outbox SET due_at = 1") // an attempt that was under way is due again after a minute
		d.serve()
		down.heard(t, seen+1)
		e.heard(t, 1)
		d.eventually(func() bool { return d.count("outbox") == 0 })
	})
}
