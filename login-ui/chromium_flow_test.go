package loginui

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/web"
)

// stage is the pages, an upstream and a partner, each an origin of its own, and a browser in front of them.
type stage struct {
	*world
	ctx     context.Context
	partner string
	asked   atomic.Int32 // how often the upstream was
	halt    atomic.Bool  // the upstream shows a page instead of answering at once
	heard   *complaints
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{world: newWorld(t, Brand{}), ctx: chromium(t)}
	up := httptest.NewServer(http.HandlerFunc(s.serveUpstream))
	t.Cleanup(up.Close)
	partner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<link rel=icon href=data:,><title>partner</title>%s", r.URL.Query().Encode())
	}))
	t.Cleanup(partner.Close)
	s.partner = partner.URL
	s.google.at = up.URL
	s.google.say(ada(), nil)
	s.mux.HandleFunc("GET /start", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: bindingCookie, Value: "chromium", Path: "/"})
		web.SeeOther(w, loginURL(s.interaction().Sealed))
	})
	s.heard = watch(t, s.ctx)
	return s
}

func (s *stage) interaction() *provider.Interaction {
	ask := sunnyBooks()
	ask.RedirectURI = s.partner + "/cb"
	return s.asks.begin(*ask, "chromium")
}

// serveUpstream is an upstream where the person is signed in already.
func (s *stage) serveUpstream(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	if s.halt.Load() {
		time.Sleep(300 * time.Millisecond) // long enough for an impatient finger
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<link rel=icon href=data:,>upstream")
		return
	}
	web.SeeOther(w, r.FormValue("redirect_uri")+"?code=c&state="+r.FormValue("state"))
}

func (s *stage) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	check(t, chromedp.Do(s.ctx, steps...))
}

func (s *stage) arrives(t *testing.T, prefix string) {
	t.Helper()
	var at string
	for range 100 {
		at, _ = chromedp.Run(s.ctx, chromedp.Location())
		if strings.HasPrefix(at, prefix) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the browser is at %s, want %s", at, prefix)
}

// press clicks the button with the id.
func press(id string) chromedp.Action[chromedp.Void] { return chromedp.Click(chromedp.CSS("#" + id)) }

// BR-05, AZ-20: a real browser goes the whole way under our policy, by form posts that end in redirects to other origins, and loads nothing from
// elsewhere. The second round, with a consent on record, is one single chain of redirects.
func TestChromiumGoesTheWholeWay(t *testing.T) {
	s := newStage(t)
	s.do(t, chromedp.Navigate(s.server.URL+"/start"), press("login-google"))
	s.arrives(t, s.server.URL+"/consent")
	s.do(t, press("consent-allow"))
	s.arrives(t, s.partner+"/cb?code=good")

	s.do(t, chromedp.Navigate(s.server.URL+"/start"), press("login-facebook"))
	s.arrives(t, s.server.URL+"/consent") // another account
	s.do(t, press("consent-deny"))
	s.arrives(t, s.partner+"/cb?error=access_denied")
	s.do(t, chromedp.Navigate(s.server.URL+"/start"), press("login-google"))
	s.arrives(t, s.partner+"/cb?code=good")
	s.do(t, chromedp.Navigate(s.server.URL+"/start"), press("login-cancel"))
	s.arrives(t, s.partner+"/cb?error=access_denied")

	s.asks.logouts["lo"] = &provider.Logout{Sealed: "lo", ClientName: "Sunny Books", RedirectURL: s.partner + "/bye"}
	s.do(t, chromedp.Navigate(s.server.URL+"/logout?l=lo"), press("logout-confirm"))
	s.arrives(t, s.partner+"/bye")
	if n := s.sessions(t); n != 0 {
		t.Errorf("%d sessions after the log-out", n)
	}
	s.heard.none(t)
	for _, url := range s.heard.requests {
		if !strings.HasPrefix(url, s.server.URL) && !strings.HasPrefix(url, s.partner) && !strings.HasPrefix(url, s.google.at) && !strings.HasPrefix(url, "data:") {
			t.Errorf("a request to %s", url)
		}
	}
}

func TestChromiumWithoutScriptByKeyboard(t *testing.T) {
	s := newStage(t)
	noScript := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	})
	s.do(t, noScript, chromedp.Navigate(s.server.URL+"/start"), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	s.arrives(t, s.server.URL+"/consent")
	// Not you?, Cancel, Allow: the order in which they are read.
	s.do(t, chromedp.WaitReady(chromedp.CSS("#consent-allow")),
		chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	s.arrives(t, s.partner+"/cb?code=good")
}

func TestChromiumSecondPressAndBack(t *testing.T) {
	s := newStage(t)
	s.halt.Store(true)
	s.do(t, chromedp.Navigate(s.server.URL+"/start"))
	busy, err := chromedp.Run(s.ctx, chromedp.Evaluate[string](`(function () {
		var b = document.getElementById("login-google");
		b.click(); b.click(); document.getElementById("login-facebook").click();
		return document.querySelectorAll("[aria-busy]").length + b.getAttribute("aria-busy");
	})()`))
	check(t, err)
	if busy != "1true" {
		t.Errorf("busy buttons: %q", busy)
	}
	s.arrives(t, s.google.at)
	time.Sleep(400 * time.Millisecond)
	if n := s.asked.Load(); n != 1 {
		t.Errorf("the upstream was asked %d times", n)
	}
	s.halt.Store(false)
	// Not chromedp.NavigateBack: it waits for a load, and the browser may bring the page back as it was left, without one.
	_, err = chromedp.Run(s.ctx, chromedp.Evaluate[any](`history.back()`))
	check(t, err)
	s.arrives(t, s.server.URL+"/login")
	// Nothing is left of the first press. The click is the page's own: chromedp's would wait for nodes of a page that was loaded.
	left, err := chromedp.Run(s.ctx, chromedp.Evaluate[int](`(function () {
		var busy = document.querySelectorAll("[aria-busy]").length;
		document.getElementById("login-google").click();
		return busy;
	})()`))
	check(t, err)
	if left != 0 {
		t.Errorf("%d busy buttons after coming back", left)
	}
	s.arrives(t, s.server.URL+"/consent")
	s.heard.none(t)
}

// The focus is always seen, and no page is wider than the phone it is on.
func TestChromiumLayout(t *testing.T) {
	pages, paths := gallery(t)
	server := httptest.NewServer(pages)
	defer server.Close()
	ctx := chromium(t)
	const narrow = 320
	check(t, chromedp.Do(ctx, emulate(narrow, 800, "light", false)))
	for _, path := range paths {
		if strings.Contains(path, "error-") && !strings.HasSuffix(path, "-bad_redirect_uri") {
			continue // all error pages are one template
		}
		check(t, chromedp.Do(ctx, chromedp.Navigate(server.URL+path)))
		over, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - `+fmt.Sprint(narrow)))
		check(t, err)
		if over > 0 {
			t.Errorf("%s is %d px wider than the phone", path, over)
		}
	}
	check(t, chromedp.Do(ctx, chromedp.Navigate(server.URL+"/en/login"), chromedp.KeyEvent(kb.Tab)))
	ring, err := chromedp.Run(ctx, chromedp.Evaluate[string](`(function () {
		var e = document.activeElement, s = getComputedStyle(e);
		return e.id + " " + s.outlineStyle + " " + s.outlineWidth + " " + e.getBoundingClientRect().height;
	})()`))
	check(t, err)
	if ring != "login-google solid 3px 48" {
		t.Errorf("the focus is %q", ring)
	}
	check(t, chromedp.Do(ctx, emulate(1280, 900, "light", false), chromedp.Navigate(server.URL+"/en/consent")))
	same, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`(function () {
		var a = document.getElementById("consent-allow").getBoundingClientRect(), d = document.getElementById("consent-deny").getBoundingClientRect();
		return a.width === d.width && a.height === d.height && a.top === d.top;
	})()`))
	check(t, err)
	if !same {
		t.Error("Allow and Cancel differ in size")
	}
}
