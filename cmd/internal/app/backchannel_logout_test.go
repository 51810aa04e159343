package app_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// ear is a partner's back-channel log-out endpoint.
type ear struct {
	*httptest.Server
	mu     sync.Mutex
	tokens []string
	answer int // 0: 200
}

func newEar(t *testing.T) *ear {
	e := &ear{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		defer e.mu.Unlock()
		if r.Method != "POST" || r.Header.Get("Cookie") != "" {
			t.Errorf("%s with cookie %q", r.Method, r.Header.Get("Cookie"))
		}
		e.tokens = append(e.tokens, r.PostFormValue("logout_token"))
		if e.answer != 0 {
			w.WriteHeader(e.answer)
		}
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *ear) answers(status int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answer = status
}

// heard waits until n logout tokens have come, and returns the last.
func (e *ear) heard(t *testing.T, n int) string {
	t.Helper()
	for range 100 {
		e.mu.Lock()
		if len(e.tokens) >= n {
			defer e.mu.Unlock()
			return e.tokens[len(e.tokens)-1]
		}
		e.mu.Unlock()
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%d logout tokens came, want %d", len(e.tokens), n)
	return ""
}

// OIDC Back-Channel Logout §2: ending the session tells the clients of the session that asked for it, with a token they can verify.
func TestBackchannelLogout(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		told, untold := newEar(t), newEar(t)
		register := func(uri string) *partner {
			return w.partner(`{"client_name":"Books","redirect_uris":["` + redirectURI + `"],"backchannel_logout_uri":"` + uri + `"}`)
		}
		p, other := register(told.URL+"/bc"), register(untold.URL+"/bc")
		b := newBrowser(t)
		tokens := p.tokens(b, "ada")
		other.tokens(newBrowser(t), "grace") // another person's session is not concerned
		b.open(w.issuer + "/logout").press("logout-confirm")

		token := told.heard(t, 1)
		var c struct {
			Iss, Sub, Aud, Jti, Sid, Nonce string
			Iat, Exp                       int64
			Events                         map[string]map[string]any
		}
		w.must(json.Unmarshal(w.verified(token), &c))
		var id struct{ Sub, Sid string }
		w.must(json.Unmarshal(w.verified(tokens.text("id_token")), &id))
		event, ok := c.Events["http://schemas.openid.net/event/backchannel-logout"]
		if c.Iss != w.issuer || c.Aud != p.id || c.Sub != id.Sub || c.Sid != id.Sid || c.Jti == "" || c.Iat == 0 || c.Exp <= c.Iat || c.Nonce != "" || !ok || len(event) != 0 {
			t.Errorf("logout token: %+v, ID token: %+v", c, id)
		}
		header, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
		if err != nil || !strings.Contains(string(header), `"typ":"logout+jwt"`) {
			t.Errorf("header: %s, %v", header, err)
		}
		time.Sleep(1500 * time.Millisecond)
		if n := len(told.tokens); n != 1 {
			t.Errorf("%d logout tokens after success", n)
		}
		if len(untold.tokens) != 0 {
			t.Error("a client of another session was told")
		}
	})
}

// BR-10: a client that fails is told again, with a fresh token, and holds up nobody.
func TestBackchannelLogoutRetries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/x.db", "")
	e := newEar(t)
	e.answers(http.StatusInternalServerError)
	p := w.partner(`{"client_name":"Books","redirect_uris":["` + redirectURI + `"],"backchannel_logout_uri":"` + e.URL + `"}`)
	b := newBrowser(t)
	p.tokens(b, "ada")
	started := time.Now()
	if pg := b.open(w.issuer + "/logout").press("logout-confirm"); pg.status != http.StatusOK || time.Since(started) > 5*time.Second {
		t.Errorf("the person waits for the client: %d after %s", pg.status, time.Since(started))
	}
	first := e.heard(t, 1)
	e.answers(http.StatusNoContent)
	if second := e.heard(t, 2); second == first {
		t.Error("the same token again")
	}
}

// OIDC Front-Channel Logout §2: the page after the log-out loads the clients' addresses with iss and sid.
func TestFrontchannelLogout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/x.db", "")
	p := w.partner(`{"client_name":"Books","redirect_uris":["` + redirectURI + `"],"post_logout_redirect_uris":["https://partner.example/bye"],` +
		`"frontchannel_logout_uri":"https://partner.example/fc?x=1"}`)
	b := newBrowser(t)
	tokens := p.tokens(b, "ada")
	var id struct{ Sid string }
	w.must(json.Unmarshal(w.verified(tokens.text("id_token")), &id))
	pg := b.open(w.issuer + "/oauth2/logout?id_token_hint=" + tokens.text("id_token") + "&post_logout_redirect_uri=https://partner.example/bye&state=s%201")
	want := `src="https://partner.example/fc?x=1&amp;iss=` + strings.NewReplacer(":", "%3A", "/", "%2F").Replace(w.issuer) + `&amp;sid=` + id.Sid + `"`
	if !strings.Contains(pg.body, want) {
		t.Errorf("no frame %s in\n%s", want, pg.body)
	}
	if csp := pg.header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-src https://partner.example") {
		t.Errorf("CSP: %s", csp)
	}
	if refresh := pg.header.Get("Refresh"); !strings.Contains(refresh, "https://partner.example/bye?state=s+1") || !strings.Contains(pg.body, ` data-after="3"`) {
		t.Errorf("Refresh: %q", refresh)
	}
	if pg := b.open(p.url("prompt", "none")); !strings.Contains(pg.location, "error=login_required") {
		t.Errorf("the session lives: %s", pg.location)
	}
}
