package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// actionTimeout bounds one action in the browser, on a busy machine.
const actionTimeout = 40 * time.Second

// startChromium starts a browser for the test, or skips it where there is none.
func startChromium(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: drives a browser")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		if strings.Contains(os.Getenv("SYMBOLON_TEST_REQUIRE"), "browser") {
			t.Fatal("SYMBOLON_TEST_REQUIRE names browser, and there is no chromium on the PATH")
		}
		t.Skip("there is no chromium on the PATH: the same flows run without a browser in demo_test.go")
	}
	profile, err := os.MkdirTemp("", "symbolon-demo-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeProfile(t, profile) })
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.WSURLReadTimeout(time.Minute),
	)
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	browser, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(browser); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	return browser
}

// removeProfile removes the folder. The browser's children may still write there for a moment after it has ended.
func removeProfile(t *testing.T, dir string) {
	var err error
	for range 50 {
		if err = os.RemoveAll(dir); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Logf("remove the browser's profile: %v", err)
}

// tab is one tab, and what a person does in it.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string // what the browser's console complained of
}

// newPerson opens a tab with cookies and history of its own.
func newPerson(t *testing.T, browser context.Context) *tab {
	return newTab(t, browser, chromedp.WithNewBrowserContext())
}

// another opens a second tab of the same browser.
func (b *tab) another() *tab { return newTab(b.t, b.ctx) }

func newTab(t *testing.T, parent context.Context, options ...chromedp.ContextOption) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
	b := &tab{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.wantNoComplaints()
		cancel()
	})
	return b
}

// listen collects errors of the console, violations of the Content-Security-Policy among them.
func (b *tab) listen(event any) {
	complaint := ""
	switch e := event.(type) {
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError || e.Entry.Level == cdplog.EntryLevelWarning {
			complaint = fmt.Sprintf("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		complaint = "exception: " + e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			complaint = "console: " + string(e.Type)
		}
	}
	if complaint != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.complaints = append(b.complaints, complaint)
	}
}

func (b *tab) wantNoComplaints() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, complaint := range b.complaints {
		b.t.Errorf("the browser's console: %s", complaint)
	}
	b.complaints = nil
}

// action runs one action and returns its value.
func action[T any](b *tab, what string, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, actionTimeout)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		b.t.Fatalf("%s: %v\nat %s", what, err, b.describe())
	}
	return v
}

// call sends one command.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, actionTimeout)
	defer cancel()
	if _, err := chromedp.Call(ctx, command, params); err != nil {
		b.t.Fatalf("%s: %v", command.Method, err)
	}
}

// describe says where the tab is, for the message of a failure.
func (b *tab) describe() string {
	ctx, cancel := context.WithTimeout(b.ctx, actionTimeout)
	defer cancel()
	where, _ := chromedp.Run(ctx, chromedp.Location())
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`))
	return where + "\n" + text
}

func (b *tab) open(address string) {
	b.t.Helper()
	action(b, "open "+address, chromedp.Navigate(address))
}

// press clicks what has the id and waits for the page that follows.
//
// Elements are found by script and clicked where they are, not by chromedp's picture of the document: that one does not follow when the browser
// brings back a page it has kept.
func (b *tab) press(id string) {
	b.t.Helper()
	call(b, page.BringToFront, cdp.Empty{})
	if !b.shows(id) {
		b.t.Fatalf("there is no %q\nat %s", id, b.describe())
	}
	middle := action(b, "find "+id, chromedp.Evaluate[[]float64](fmt.Sprintf(`(() => {
		const e = document.getElementById(%q);
		e.scrollIntoView({block: "center", behavior: "instant"});
		window.left = false;
		const r = e.getBoundingClientRect();
		return [r.x + r.width / 2, r.y + r.height / 2];
	})()`, id)))
	action(b, "press "+id, chromedp.MouseClickXY(middle[0], middle[1]))
	b.await("press "+id, "window.left === undefined")
}

// back presses the back button.
func (b *tab) back() {
	b.t.Helper()
	call(b, page.BringToFront, cdp.Empty{})
	history := action(b, "history", chromedp.NavigationEntries())
	if history.CurrentIndex == 0 {
		b.t.Fatal("there is nothing to go back to")
	}
	from := history.Entries[history.CurrentIndex]
	call(b, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: history.Entries[history.CurrentIndex-1].ID})
	b.await("back", fmt.Sprintf("location.href !== %q", from.URL))
}

// await waits until a page is loaded for which the condition holds. No event says so in all cases: a page that the browser has kept comes back
// without being loaded.
func (b *tab) await(what, condition string) {
	b.t.Helper()
	for deadline := time.Now().Add(actionTimeout); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
		arrived, err := chromedp.Run(ctx, chromedp.Evaluate[bool](condition+" && document.readyState === 'complete'"))
		cancel()
		if err == nil && arrived { // between two pages there is nothing to ask
			return
		}
	}
	b.t.Fatalf("%s: no page follows\nat %s", what, b.describe())
}

// shows says whether the page has an element with the id.
func (b *tab) shows(id string) bool {
	b.t.Helper()
	return action(b, "look for "+id, chromedp.Evaluate[bool](fmt.Sprintf("document.getElementById(%q) !== null", id)))
}

// wantAt checks which page is shown, without query and fragment.
func (b *tab) wantAt(address string) {
	b.t.Helper()
	if got := action(b, "location", chromedp.Evaluate[string]("location.origin + location.pathname")); got != address {
		b.t.Fatalf("at %s, want %s\n%s", got, address, b.describe())
	}
}

// wantIn checks that the element says each text.
func (b *tab) wantIn(id string, texts ...string) {
	b.t.Helper()
	content := b.inside(id)
	for _, text := range texts {
		if !strings.Contains(content, text) {
			b.t.Fatalf("%q says %q, which has no %q", id, content, text)
		}
	}
}

// inside returns what the element says.
func (b *tab) inside(id string) string {
	b.t.Helper()
	if !b.shows(id) {
		b.t.Fatalf("there is no %q\nat %s", id, b.describe())
	}
	return action(b, "read "+id, chromedp.Evaluate[string](fmt.Sprintf("document.getElementById(%q).textContent", id)))
}

// until does a thing until it has come to pass.
func (b *tab) until(what string, done func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(actionTimeout); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("%s: not after %s\nat %s", what, actionTimeout, b.describe())
		}
	}
}

// speak sets the languages that the browser asks for.
func (b *tab) speak(languages string) {
	b.t.Helper()
	call(b, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": languages}})
}

// shoot takes pictures of the page where SYMBOLON_SHOTS names a folder: wide and narrow, light and dark.
func (b *tab) shoot(name string) {
	b.t.Helper()
	dir := os.Getenv("SYMBOLON_SHOTS")
	if dir == "" {
		return
	}
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"desktop", 1280, 800}, {"phone", 390, 844}} {
		for _, scheme := range []string{"light", "dark"} {
			call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			action(b, "viewport", chromedp.EmulateViewport(size.width, size.height))
			if wide := action(b, "width", chromedp.Evaluate[int64]("document.documentElement.scrollWidth")); wide > size.width {
				b.t.Errorf("%s: %d pixels wide on the %s", name, wide, size.name)
			}
			picture := action(b, "screenshot", chromedp.FullScreenshot(100))
			file := filepath.Join(dir, fmt.Sprintf("%s-%s-%s.png", name, size.name, scheme))
			if err := os.WriteFile(file, picture, 0o644); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	action(b, "viewport", chromedp.ResetViewport())
}
