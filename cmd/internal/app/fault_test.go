package app_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/storage/storagetest"
)

// during asks every endpoint that needs the database while it is gone: 503 with Retry-After, or a page with 503; never a "no" that a client
// would believe.
func during(t *testing.T, w *world, p *partner, b *browser, r reply, code string) {
	t.Helper()
	for name, a := range map[string]reply{
		"token, code":        p.redeem(code),
		"token, refresh":     p.refresh(r.text("refresh_token")),
		"introspect":         p.introspect(r.text("access_token")),
		"introspect refresh": p.introspect(r.text("refresh_token")),
		"revoke":             p.post("/oauth2/revoke", "token", r.text("refresh_token")),
		"userinfo":           w.get("/oauth2/userinfo", r.text("access_token")),
		"another secret":     w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, p.id, "sym_cs_just-rotated"),
		"another client":     w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, "just-registered", "x"),
	} {
		if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d Retry-After %q %s", name, a.status, a.header.Get("Retry-After"), a.raw)
		}
		if a.body["active"] != nil || a.text("error") == "invalid_client" || a.text("error") == "invalid_grant" || a.text("error") == "invalid_token" {
			t.Errorf("%s: a fault is told as %s", name, a.raw)
		}
		if strings.Contains(a.raw, "SQL") || strings.Contains(a.raw, "grants") || strings.Contains(a.raw, "relation") || strings.Contains(a.raw, "postgres") {
			t.Errorf("%s: the answer tells of the inside: %s", name, a.raw)
		}
	}
	for name, pg := range map[string]*page{"authorize": p.ask(b), "authorize, prompt none": p.ask(b, "prompt", "none")} {
		if name != "authorize" && pg.came().Get("error") == "temporarily_unavailable" { // RFC 6749 §4.1.2.1: the client is still in memory
			continue
		}
		if pg.status != http.StatusServiceUnavailable || !strings.HasPrefix(pg.header.Get("Content-Type"), "text/html") || pg.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d to %q", name, pg.status, pg.location)
		}
	}
}

// FT-05, FT-23: PostgreSQL goes away. Every endpoint says 503, readiness fails, liveness does not; when it is back, nothing was lost.
func TestDatabaseGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.Postgres(t), "")
	p := w.newPartner()
	b := newBrowser(t)
	r := p.tokens(b, "ada")
	code := p.ask(b).expectCode(t)
	restore := w.cutOff()
	during(t, w, p, b, r, code)
	if a := w.get("/readyz", ""); a.status != 503 {
		t.Errorf("readyz: %d", a.status)
	}
	if a := w.get("/healthz", ""); a.status != 200 {
		t.Errorf("healthz: %d", a.status)
	}
	if a := w.get("/oauth2/jwks", ""); a.status != 200 {
		t.Errorf("jwks needs the database: %d", a.status)
	}
	login := newBrowser(t)
	if pg := login.open(w.issuer + "/"); pg.status >= 500 && pg.status != 503 {
		t.Errorf("home: %d", pg.status)
	}
	time.Sleep(2100 * time.Millisecond) // what was cached of clients is too old now
	during(t, w, p, b, r, code)
	restore()
	for deadline := time.Now().Add(5 * time.Second); w.get("/readyz", "").status != 200; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not ready 5 s after the database is back")
		}
	}
	if !p.active(r.text("access_token")) {
		t.Error("a token was lost")
	}
	p.redeem(code).expect(t, 200, "")
	p.refresh(r.text("refresh_token")).expect(t, 200, "")
	p.ask(b, "prompt", "none").expectCode(t)
}

// The same with tables that cannot be read, one after the other, on both databases.
func TestTableGone(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		b := newBrowser(t)
		r := p.tokens(b, "ada")
		code := p.ask(b).expectCode(t)
		for _, table := range []string{"grants", "sessions", "accounts", "consents"} {
			w.exec("ALTER TABLE " + table + " RENAME TO gone")
			for name, a := range map[string]reply{
				"code": p.redeem(code), "refresh": p.refresh(r.text("refresh_token")), "introspect": p.introspect(r.text("access_token")), "userinfo": w.get("/oauth2/userinfo", r.text("access_token")),
			} {
				if a.status != 503 || a.header.Get("Retry-After") == "" {
					t.Errorf("%s gone, %s: %d %s", table, name, a.status, a.raw)
				}
			}
			if table != "grants" {
				pg := p.ask(b)
				if table != "accounts" && pg.status != 503 {
					t.Errorf("%s gone, authorize: %d to %q", table, pg.status, pg.location)
				}
			}
			w.exec("ALTER TABLE gone RENAME TO " + table)
		}
		p.redeem(code).expect(t, 200, "")
		if !p.active(r.text("access_token")) {
			t.Error("a token was lost")
		}
	})
}

// A fault on the way back from the upstream is 503, and signs nobody in.
func TestDatabaseGoneAtTheCallback(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		for _, table := range []string{"upstream_attempts", "identities", "sessions"} {
			b := newBrowser(t)
			pg := p.ask(b)
			if table == "upstream_attempts" {
				w.exec("ALTER TABLE " + table + " RENAME TO gone")
				if pg := pg.press("login-google"); pg.status != 503 {
					t.Errorf("%s gone, choosing: %d", table, pg.status)
				}
				w.exec("ALTER TABLE gone RENAME TO " + table)
			}
			pg = pg.press("login-google")
			w.exec("ALTER TABLE " + table + " RENAME TO gone")
			pg = pg.press("person-ada")
			if pg.status != 503 || b.cookies[w.host()][sessionCookie] != "" {
				t.Errorf("%s gone: %d, cookies %v", table, pg.status, b.cookies[w.host()])
			}
			w.exec("ALTER TABLE gone RENAME TO " + table)
			if w.count("sessions") != 0 {
				t.Errorf("%s gone: a session stands", table)
			}
		}
		p.tokens(newBrowser(t), "ada")
	})
}

// A database that is locked by somebody else: the code survives the 503 (or the wait) and is good once.
func TestDatabaseLocked(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	code := p.code(newBrowser(t), "ada")
	db := w.sql()
	conn, err := db.Conn(t.Context())
	w.must(err)
	_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	w.must(err)
	done := make(chan reply, 1)
	go func() { done <- p.redeem(code) }()
	time.Sleep(500 * time.Millisecond)
	_, err = conn.ExecContext(t.Context(), "ROLLBACK")
	w.must(err)
	w.must(conn.Close())
	if r := <-done; r.status != 200 {
		t.Errorf("a short lock: %d %s", r.status, r.raw)
	}
}

// FT-17: clients that go away in the middle of a request leave it done or not done, and nothing in anybody else's answer.
func TestClientDisconnects(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		b := newBrowser(t)
		r := p.tokens(b, "ada")
		token := r.text("refresh_token")
		codes := make([]string, 40)
		for i := range codes {
			codes[i] = p.ask(b).expectCode(t)
		}
		cancelled := func(form url.Values, after time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, "POST", w.issuer+"/oauth2/token", strings.NewReader(form.Encode()))
			w.must(err)
			req.Header.Set("Content-Type", formType)
			req.SetBasicAuth(p.id, p.secret)
			if resp, err := plainClient.Do(req); err == nil {
				resp.Body.Close()
			}
		}
		for i, code := range codes {
			after := time.Duration(i) * 100 * time.Microsecond
			cancelled(url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {testVerifier}}, after)
			cancelled(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}, after)
		}
		// The refresh token of the start is inside its grace window, or still the current one: one of two, and the client is not logged out.
		next := p.refresh(token)
		next.expect(t, 200, "")
		p.refresh(next.text("refresh_token")).expect(t, 200, "")
		spent, free := 0, 0
		for _, code := range codes {
			a := p.redeem(code)
			switch {
			case a.status == 200:
				free++
			case a.status == 400 && a.text("error") == "invalid_grant":
				spent++
			default:
				t.Errorf("%d %s", a.status, a.raw)
			}
		}
		if n := w.count("grants"); n != len(codes)+1 {
			t.Errorf("%d grants of %d codes: %d spent, %d free", n, len(codes)+1, spent, free)
		}
		if log := w.log.String(); strings.Contains(log, `"status":500`) {
			t.Errorf("answers of 500:\n%s", log)
		}
	})
}

// Graceful stop: an in-flight request finishes. RT-03's other half is in refresh_test.go.
func TestReadiness(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		if a := w.get("/readyz", ""); a.status != 200 || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d %v", a.status, a.header)
		}
	})
}
