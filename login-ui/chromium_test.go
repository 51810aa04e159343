package loginui

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// chromium starts a browser, or skips the test where there is none.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if strings.Contains(os.Getenv("SYMBOLON_TEST_REQUIRE"), "browser") {
			t.Fatal("SYMBOLON_TEST_REQUIRE asks for a browser, and chromium is not on PATH")
		}
		t.Skip("chromium is not on PATH")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("hide-scrollbars", true))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// emulate sets the size of the window and the scheme that the person prefers; forced is for forced colours.
func emulate(width, height int64, scheme string, forced bool) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		metrics := emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 500}
		if _, err := cdp.Call(ctx, target, emulation.SetDeviceMetricsOverride, metrics); err != nil {
			return err
		}
		features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
		if forced {
			features = append(features, &emulation.MediaFeature{Name: "forced-colors", Value: "active"})
		}
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
		return err
	})
}

// complaints collects what the browser says against a page (a policy that was violated, a script that failed) and where requests go.
type complaints struct {
	mu       sync.Mutex
	said     []string
	requests []string
}

func watch(t *testing.T, ctx context.Context) *complaints {
	t.Helper()
	c := &complaints{}
	check(t, chromedp.Do(ctx)) // opens the tab, so that nothing is missed
	check(t, chromedp.Listen(ctx, func(event any) {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch e := event.(type) {
		case *log.EventEntryAdded:
			c.said = append(c.said, e.Entry.Text)
		case *runtime.EventExceptionThrown:
			c.said = append(c.said, e.ExceptionDetails.Text)
		case *network.EventRequestWillBeSent:
			c.requests = append(c.requests, e.Request.URL)
		}
	}))
	return c
}

func (c *complaints) none(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, text := range c.said {
		t.Errorf("the browser complains: %s", text)
	}
}
