package loginui

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/symbolon-id/symbolon/provider"
)

func (w *world) sessions(t *testing.T) int {
	t.Helper()
	w.browsers.mu.Lock()
	defer w.browsers.mu.Unlock()
	return len(w.browsers.byToken)
}

func TestLogout(t *testing.T) {
	w := newWorld(t, Brand{})
	b := w.browser(t, "one")
	b.signIn(b.begin(sunnyBooks()))
	w.asks.logouts["lo"] = &provider.Logout{Sealed: "lo", ClientName: "Sunny Books", RedirectURL: "https://sunnybooks.example/bye?state=s"}

	t.Run("BR-09: a link or an image asks first", func(t *testing.T) {
		page := b.get("/logout")
		b.wantText(page, "Log out of Symbolon?", "Ada Lovelace", `id="logout-confirm"`)
		b.wantText(b.get("/logout?l=lo"), "Sunny Books asks to log you out.")
		if w.sessions(t) != 1 {
			t.Fatal("GET ended the session")
		}
	})
	t.Run("BR-09: a form of another session, or of none, asks again", func(t *testing.T) {
		for _, form := range []url.Values{{}, {"session": {""}}, {"session": {"AAAAAAAAAAAAAAAAAAAAAA"}}} {
			b.wantText(b.follow(b.post("/logout", form)), "Log out of Symbolon?")
			if w.sessions(t) != 1 {
				t.Fatalf("%v ended the session", form)
			}
		}
	})
	t.Run("OIDC RP-Logout §2: a log-out that does not open is refused", func(t *testing.T) {
		b.want(b.get("/logout?l=forged"), http.StatusBadRequest)
	})
	t.Run("the page's button ends it, and the page after says so", func(t *testing.T) {
		done := b.follow(b.press(b.get("/logout"), "logout-confirm"))
		b.wantText(done, "You are logged out")
		if w.sessions(t) != 0 {
			t.Error("the session is still there")
		}
	})
	t.Run("OIDC RP-Logout §3: the client's address follows, as it was given", func(t *testing.T) {
		b.signIn(b.begin(sunnyBooks()))
		end := b.press(b.get("/logout?l=lo"), "logout-confirm")
		b.want(end, http.StatusSeeOther)
		if got := end.Header.Get("Location"); got != "https://sunnybooks.example/bye?state=s" || w.sessions(t) != 0 {
			t.Errorf("ends at %q", got)
		}
		if got := b.get("/logout?l=lo").Header.Get("Location"); got != "https://sunnybooks.example/bye?state=s" {
			t.Errorf("without a session it ends at %q", got)
		}
	})
}

func TestHome(t *testing.T) {
	w := newWorld(t, Brand{Name: "Acme ID"})
	b := w.browser(t, "one")
	b.wantText(b.get("/"), "Acme ID signs you in to apps")
	b.signIn(b.begin(sunnyBooks()))
	b.wantText(b.get("/"), "You are signed in", "Ada Lovelace", "a…e@gmail.com", `href="/logout"`)
}
