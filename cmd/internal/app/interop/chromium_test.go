package interop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// oidc-client-ts in Chromium: a public client whose page calls the endpoints from its own origin.
func TestOIDCClientTS(t *testing.T) {
	chromium := program(t, "chromium")
	_, library := installedNode(t)
	d := deploy(t)
	p := &page{t: t, deployment: d}
	p.serve(filepath.Join(library, "node_modules", "oidc-client-ts", "dist", "browser", "oidc-client-ts.min.js"))
	p.browser = startChromium(t, chromium)
	for _, features := range []string{"", "?dpop"} {
		var r report
		p.walk("/login"+features, "/callback", &r)
		if r.IDToken.Issuer != d.issuer || r.IDToken.Subject == "" || r.UserInfo.Email == "" || r.UserInfo.Name == "" {
			t.Errorf("%+v", r)
		}
		if r.Refreshed == nil || !r.Refreshed.Rotated || r.Refreshed.IDToken.Subject != r.IDToken.Subject {
			t.Errorf("refreshed: %+v", r.Refreshed)
		}
		// RFC 6750 §3: an app that cannot read this takes a token that has ended for a network that is down.
		if r.Refused.Status != http.StatusUnauthorized || !strings.Contains(r.Refused.Challenge, "invalid_token") {
			t.Errorf("the page reads of a revoked token: %+v", r.Refused)
		}
		if features == "?dpop" && r.TokenType != "DPoP" {
			t.Errorf("token type %q", r.TokenType)
		}
		var bye struct {
			State string `json:"state"`
		}
		p.walk("/logout", "/signed-out", &bye)
		if bye.State != "bye" {
			t.Errorf("log-out led to %+v", bye)
		}
	}
}

// page is an app without a server, in a tab.
type page struct {
	*deployment
	t       *testing.T
	base    string
	browser context.Context
}

// serve registers the app and serves its files.
func (p *page) serve(library string) {
	p.t.Helper()
	base, address := freeBase(p.t)
	p.base = base
	id := p.register(base, "--token-endpoint-auth-method", "none").ID
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join("browser", "index.html"))
	})
	mux.HandleFunc("GET /app.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, filepath.Join("browser", "app.js")) })
	mux.HandleFunc("GET /oidc-client-ts.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, library) })
	mux.HandleFunc("GET /settings", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"authority": p.issuer, "client_id": id})
	})
	listener, err := net.Listen("tcp", address)
	must(p.t, err)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	p.t.Cleanup(func() { server.Close() })
}

// walk goes to a path of the app as Ada, presses what there is to press, and decodes what the app says at the path end.
func (p *page) walk(path, end string, into any) {
	p.t.Helper()
	_, err := chromedp.Run(p.browser, chromedp.Navigate(p.base+path))
	must(p.t, err)
	step := fmt.Sprintf(`(() => {
		if (location.origin + location.pathname === %q) return document.getElementById("report")?.textContent || ""
		for (const id of ["login-google", "person-ada", "consent-allow"]) {
			const button = document.getElementById(id)
			if (button && document.readyState === "complete" && !window.pressed) { window.pressed = true; button.click(); break }
		}
		const report = document.getElementById("report")?.textContent
		return report ? "!" + report : ""
	})()`, p.base+end)
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(p.browser, 5*time.Second)
		said, err := chromedp.Run(ctx, chromedp.Evaluate[string](step))
		cancel()
		if err != nil || said == "" { // between two pages there is nothing to ask
			continue
		}
		if err := json.Unmarshal([]byte(said), into); err != nil {
			p.t.Fatalf("%s: the app says %s", path, said)
		}
		return
	}
	where, _ := chromedp.Run(p.browser, chromedp.Location())
	p.t.Fatalf("%s: stuck at %s", path, where)
}

// startChromium starts a browser with a profile of its own.
func startChromium(t *testing.T, path string) context.Context {
	t.Helper()
	profile, err := os.MkdirTemp("", "symbolon-interop-chromium-")
	must(t, err)
	t.Cleanup(func() {
		// The browser's children may still write there for a moment after it has ended.
		for range 50 {
			if os.RemoveAll(profile) == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.WSURLReadTimeout(time.Minute))...)
	t.Cleanup(cancel)
	browser, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	must(t, chromedp.Do(browser))
	return browser
}
