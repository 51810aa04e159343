package app_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// watchingPage is a client's page: the frame of ours, and a script that asks it. "heard" is what came back from it, oldest first.
const watchingPage = `<!doctype html><link rel=icon href=data:,><title>watch</title>
<iframe id=op src="%[1]s/oauth2/check_session"></iframe>
<script>
var heard = [], ready = false, op = document.getElementById('op');
op.onload = function () { ready = true };
addEventListener('message', function (e) { if (e.origin === '%[1]s' && e.source === op.contentWindow) heard.push(e.data) });
function ask(message) { op.contentWindow.postMessage(message, '%[1]s') }
function within(origin) { var f = document.createElement('iframe'); f.src = origin + '/child'; document.body.appendChild(f) }
</script>`

// askingChild is a page inside of watchingPage that asks its parent's frame itself, and tells its parent what it heard.
const askingChild = `<!doctype html><script>
addEventListener('message', function (e) { parent.postMessage('child heard ' + e.data, '*') });
parent.frames[0].postMessage('x y.z', '*');
</script>`

// watcher is a client whose page watches in a real browser.
type watcher struct {
	t      *testing.T
	w      *world
	p      *partner
	origin string
	tab    context.Context
}

func (s *watcher) open(address string) {
	s.t.Helper()
	s.w.must(chromedp.Do(s.tab, chromedp.Navigate(address)))
}

func (s *watcher) press(id string) {
	s.t.Helper()
	s.w.must(chromedp.Do(s.tab, chromedp.Click(chromedp.CSS("#"+id))))
}

// evaluate returns what an expression is in the page, as text.
func (s *watcher) evaluate(expression string) string {
	s.t.Helper()
	got, err := chromedp.Run(s.tab, chromedp.Evaluate[string]("String("+expression+")"))
	s.w.must(err)
	return got
}

// until waits for an expression to be true in the page.
func (s *watcher) until(expression string) {
	s.t.Helper()
	for range 200 {
		if got, err := chromedp.Run(s.tab, chromedp.Evaluate[bool](expression)); err == nil && got {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Fatalf("%s is not true at %s", expression, s.evaluate("location.href"))
}

// ask asks the frame, and returns its answer.
func (s *watcher) ask(message string) string {
	s.t.Helper()
	s.until("ready")
	s.evaluate(fmt.Sprintf("(heard = [], ask(%s))", message))
	s.until("heard.length > 0")
	return s.evaluate("heard.join()")
}

// newWatcher signs ada in at a client, in a browser that has a tab open at the client's page then.
func newWatcher(t *testing.T, frameCookies bool) (s *watcher, sessionState string) {
	t.Helper()
	w := embeddedWorld(t, "session_management: true")
	s = &watcher{t: t, w: w, origin: servePages(t, w.issuer), tab: startChromium(t, frameCookies)}
	s.p = w.partner(`{"client_name":"Sunny Books","redirect_uris":["` + s.origin + `/cb"]}`)
	s.open(s.p.url("redirect_uri", s.origin+"/cb"))
	for _, id := range []string{"login-google", "person-ada", "consent-allow"} {
		s.press(id)
	}
	s.until("location.pathname === '/cb'")
	return s, s.evaluate("new URLSearchParams(location.search).get('session_state')")
}

// servePages serves the pages of a client, and returns its origin, which is another site than the issuer's.
func servePages(t *testing.T, issuer string) string {
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path == "/child" {
			fmt.Fprint(w, askingChild)
			return
		}
		fmt.Fprintf(w, watchingPage, issuer)
	}))
	t.Cleanup(pages.Close)
	return pages.URL
}

// startChromium starts a browser that shows frames of other sites their cookies, or keeps those from them.
func startChromium(t *testing.T, frameCookies bool) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: drives a browser")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		if strings.Contains(os.Getenv("SYMBOLON_TEST_REQUIRE"), "browser") {
			t.Fatal("SYMBOLON_TEST_REQUIRE asks for a browser, and chromium is not on PATH")
		}
		t.Skip("chromium is not on PATH")
	}
	mode := "1"
	if frameCookies {
		mode = "0"
	}
	profile, err := os.MkdirTemp("", "symbolon-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // the browser's children may still write there for a moment after it has ended
		for range 50 {
			if os.RemoveAll(profile) == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	if err := errors.Join(
		os.Mkdir(filepath.Join(profile, "Default"), 0o700),
		os.WriteFile(filepath.Join(profile, "Default", "Preferences"), []byte(`{"profile":{"cookie_controls_mode":`+mode+`}}`), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// OIDC Session Management §3.1, §3.2: in a real browser the frame says unchanged, and changed once the person has logged out in another tab.
func TestChromiumSessionManagement(t *testing.T) {
	t.Parallel()
	s, state := newWatcher(t, true)
	own := func(id, state string) string { return "'" + id + " " + state + "'" }
	if got := s.ask(own(s.p.id, state)); got != "unchanged" {
		t.Errorf("after the sign-in: %s", got)
	}
	if got := s.ask(own("another", state)); got != "changed" {
		t.Errorf("another client: %s", got)
	}
	for _, malformed := range []string{"''", "'x'", "'x y'", "'x .y'", "'x y.'", "'x y.z\\u00e9'", "' y.z'", "'x y z.a b'", "null", "{}", "['x y.z']"} {
		if got := s.ask(malformed); got != "error" {
			t.Errorf("%s: %s", malformed, got)
		}
	}

	first := s.tab
	second, cancel := chromedp.NewContext(first)
	defer cancel()
	s.tab = second
	s.open(s.w.issuer + "/logout")
	// What the frame reads is there for scripts, so the hash of the script can be held against ours, over several blocks.
	browserState := s.evaluate("/__Host-symbolon-state=([^;]*)/.exec(document.cookie)[1]")
	s.tab = first
	for n := 1; n < 200; n += 3 {
		id := strings.Repeat("c", n)
		if got := s.ask(own(id, stateFor(id, s.origin, browserState, "salt"))); got != "unchanged" {
			t.Errorf("a client id of %d bytes: %s", n, got)
		}
	}
	s.tab = second
	s.press("logout-confirm")
	s.until("document.cookie.indexOf('out.') > 0")
	s.tab = first
	if got := s.ask(own(s.p.id, state)); got != "changed" {
		t.Errorf("after the log-out: %s", got)
	}
}

// OIDC Session Management §3.2: the frame answers the origin of the page around it and nobody else, and what one origin was given is worth
// nothing at another.
func TestChromiumSessionManagementOtherOrigins(t *testing.T) {
	t.Parallel()
	s, state := newWatcher(t, true)
	evil := servePages(t, s.w.issuer)
	s.until("ready")
	s.evaluate("(told = [], addEventListener('message', function (e) { if (/^child/.test(e.data)) told.push(e.origin) }))")
	s.evaluate("(within('" + evil + "'), 0)")
	s.until("frames.length === 2")
	time.Sleep(500 * time.Millisecond)
	s.evaluate("(within('" + s.origin + "'), 0)")
	s.until("told.length > 0")
	if got := s.evaluate("told.join()"); got != s.origin {
		t.Errorf("the frame answered %s", got)
	}
	s.open(evil + "/")
	if got := s.ask("'" + s.p.id + " " + state + "'"); got != "changed" {
		t.Errorf("at another origin: %s", got)
	}
}

// OIDC Session Management §3.1: "changed" makes the client ask for a new state, so it is never said by a frame that cannot see the state: only
// by one that saw it go.
func TestChromiumSessionManagementWithoutCookie(t *testing.T) {
	t.Parallel()
	s, state := newWatcher(t, false)
	if got := s.ask("'" + s.p.id + " " + state + "'"); got != "error" {
		t.Errorf("where the browser keeps cookies from frames: %s", got)
	}
	s, state = newWatcher(t, true)
	if got := s.ask("'" + s.p.id + " " + state + "'"); got != "unchanged" {
		t.Errorf("after the sign-in: %s", got)
	}
	page := s.tab
	var cancel context.CancelFunc
	s.tab, cancel = chromedp.NewContext(page)
	defer cancel()
	s.open(s.w.issuer + "/logout")
	s.evaluate("(document.cookie = '__Host-symbolon-state=; Path=/; Secure; Max-Age=0')")
	s.tab = page
	if got := s.ask("'" + s.p.id + " " + state + "'"); got != "changed" {
		t.Errorf("after the cookie went: %s", got)
	}
}
