package app_test

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
)

// holder is the holder of an account at a real browser.
type holder struct {
	*watcher
	complaints []string // what the browser said against a page
}

// click clicks what has the id, and waits for the page that follows: its path begins with path.
func (v *holder) click(id, path string) {
	v.t.Helper()
	v.press(id)
	v.until("document.readyState === 'complete' && location.origin === '" + v.w.issuer + "' && location.pathname.indexOf('" + path + "') === 0")
}

// sees waits for the page to say the text.
func (v *holder) sees(text string) {
	v.t.Helper()
	v.until("document.body !== null && document.body.innerText.indexOf('" + text + "') >= 0")
}

// BR-17: in a real browser, under our own policy and without a script, a person signs in to see their account, ends another session,
// disconnects an app, and logs out. No page is wider than a phone.
func TestChromiumAccount(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p, phone := w.newPartner(), newBrowser(t)
	p.tokens(phone, "ada")
	v := &holder{watcher: &watcher{t: t, w: w, tab: startChromium(t, true)}}
	const narrow = 390
	w.must(chromedp.Do(v.tab, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		metrics := emulation.SetDeviceMetricsOverrideParams{Width: narrow, Height: 844, DeviceScaleFactor: 1, Mobile: true}
		if _, err := cdp.Call(ctx, target, emulation.SetDeviceMetricsOverride, metrics); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	})))
	w.must(chromedp.Listen(v.tab, func(event any) {
		if e, ok := event.(*log.EventEntryAdded); ok {
			v.complaints = append(v.complaints, e.Entry.Text)
		}
	}))
	v.open(w.issuer + "/")
	v.click("home-account", "/login")
	v.press("login-google")
	v.press("person-ada")
	v.until("location.pathname === '/account' && document.readyState === 'complete'")
	v.sees("Unknown browser")
	v.sees("This browser")
	for _, step := range []struct{ link, path, confirm, says string }{
		{"[id^=session-end-]", "/account/sessions/", "session-end-confirm", "That browser is signed out."},
		{"[id^=app-disconnect-]", "/account/apps/", "app-disconnect-confirm", "The app is disconnected."},
	} {
		id := v.evaluate("document.querySelector('" + step.link + "').id")
		if wide := v.evaluate("document.documentElement.scrollWidth"); wide != "390" {
			t.Errorf("%s is %s px wide", v.evaluate("location.href"), wide)
		}
		v.click(id, step.path)
		if wide := v.evaluate("document.documentElement.scrollWidth"); wide != "390" {
			t.Errorf("%s is %s px wide", v.evaluate("location.href"), wide)
		}
		v.click(step.confirm, "/account")
		v.until("location.search !== ''")
		v.sees(step.says)
	}
	v.sees("No app is connected yet.")
	if phone.open(w.issuer + "/").has("home-logout") {
		t.Error("the other browser is still signed in")
	}
	v.click("account-logout", "/logout")
	v.click("logout-confirm", "/logout")
	v.sees("You are logged out")
	for _, text := range v.complaints {
		t.Errorf("the browser complains: %s", text)
	}
}
