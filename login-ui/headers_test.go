package loginui

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// paths gives each pattern of the route list a path to try.
func paths(pattern string) string {
	path := strings.NewReplacer("{$}", "", "{upstream}", "google", "{file}", "none.css", "{id}", "none", "{name}", "none").Replace(pattern)
	return path
}

func TestEveryRoute(t *testing.T) {
	w := newWorld(t, Brand{})
	b := w.browser(t, "one")
	i := b.begin(sunnyBooks())
	for _, route := range w.ui.Routes() {
		method, path, ok := strings.Cut(route.Pattern, " ")
		if !ok {
			path, method = method, http.MethodDelete
		}
		path = paths(path)
		t.Run(route.Pattern, func(t *testing.T) {
			body := ""
			if method == http.MethodPost {
				body = url.Values{"i": {i.Sealed}}.Encode()
			} else if method == http.MethodGet && path != "/" {
				path += "?i=" + i.Sealed
			}
			answer := b.do(method, path, body)
			want := map[string]string{
				"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff",
				"X-Frame-Options": "DENY",
			}
			if strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") { // JS-07; a redirect shows nothing
				want["Cross-Origin-Opener-Policy"] = "same-origin"
			}
			for name, value := range want {
				if got := answer.Header.Get(name); got != value {
					t.Errorf("%s: %q, want %q", name, got, value)
				}
			}
			checkPolicy(t, answer.Header.Get("Content-Security-Policy"))
			if status := answer.StatusCode; status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect || status == http.StatusFound {
				t.Errorf("AZ-19: status %d", status)
			}
			if ok && method == http.MethodPost {
				checkCrossOrigin(t, b, path, body)
			}
			if !ok {
				b.want(answer, http.StatusMethodNotAllowed)
				if answer.Header.Get("Allow") == "" {
					t.Error("AZ-24: no Allow")
				}
			}
		})
	}
}

// BR-05: nothing inline, no plugin, no base, no frame.
func checkPolicy(t *testing.T, policy string) {
	t.Helper()
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("policy %q lacks %q", policy, part)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
		t.Errorf("policy %q is too wide", policy)
	}
}

// BR-04: a post that says it comes from elsewhere does nothing.
func checkCrossOrigin(t *testing.T, b *browser, path, body string) {
	t.Helper()
	for _, header := range []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}},
		{"Sec-Fetch-Site": {"same-site"}, "Origin": {"https://sub.localhost"}},
		{"Sec-Fetch-Site": {""}, "Origin": {"null"}},
		{"Sec-Fetch-Site": {""}, "Origin": {"https://evil.example"}},
		{"Sec-Fetch-Site": {""}, "Origin": {"http://127.0.0.1:1"}},
		{"Sec-Fetch-Site": {"cross-site"}, "X-Http-Method-Override": {"GET"}},
	} {
		b.header = header
		answer := b.do(http.MethodPost, path, body)
		b.header = http.Header{}
		if answer.StatusCode != http.StatusForbidden || !strings.Contains(answer.body, "This came from another site") {
			t.Errorf("%v: status %d", header, answer.StatusCode)
		}
	}
}

func TestMethodsAndSizes(t *testing.T) {
	b := newWorld(t, Brand{}).browser(t, "one")
	i := b.begin(sunnyBooks())
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch} {
		for _, path := range []string{"/", "/login", "/login/google", "/login/google/callback", "/consent", "/logout"} {
			t.Run("AZ-24: "+method+" "+path, func(t *testing.T) { b.want(b.do(method, path, ""), http.StatusMethodNotAllowed) })
		}
	}
	t.Run("AZ-24: an override header is not read", func(t *testing.T) {
		b.header.Set("X-HTTP-Method-Override", "POST")
		defer b.header.Del("X-HTTP-Method-Override")
		b.want(b.get("/login/google?i="+i.Sealed), http.StatusMethodNotAllowed)
	})
	t.Run("GET of an action is a page with the methods", func(t *testing.T) {
		answer := b.get("/login/cancel")
		b.want(answer, http.StatusMethodNotAllowed)
		b.wantText(answer, "This page cannot be used like that")
	})
	t.Run("a body without end", func(t *testing.T) {
		b.want(b.do(http.MethodPost, "/login/google", "i="+strings.Repeat("a", maxForm)), http.StatusRequestEntityTooLarge)
	})
	t.Run("BR-04: JSON is no form", func(t *testing.T) {
		b.header.Set("Content-Type", "text/plain")
		defer b.header.Del("Content-Type")
		b.want(b.do(http.MethodPost, "/login/google", `{"i":"`+i.Sealed+`"}`), http.StatusBadRequest)
	})
	t.Run("not found", func(t *testing.T) { b.want(b.get("/assets/style-0.css"), http.StatusNotFound) })
}

func TestFormAction(t *testing.T) {
	for target, want := range map[string]string{
		"https://app.example/cb?x=1":        "https://app.example",
		"https://APP.example:8443/cb":       "https://app.example:8443",
		"http://127.0.0.1:52013/cb":         "http://127.0.0.1:52013",
		"http://[::1]:52013/cb":             "http:", // a source cannot name an IPv6 address
		"com.example.app:/cb":               "com.example.app:",
		"https://a.example;script-src *//x": "",
		"https://bücher.example/":           "https:",
		"javascript:alert(1)":               "",
		"data:text/html,x":                  "",
		"/relative":                         "",
		"":                                  "",
	} {
		if got := cspSource(target); got != want {
			t.Errorf("cspSource(%q) = %q, want %q", target, got, want)
		}
	}
	for want, targets := range map[string][]string{
		"'self'":        {"", "javascript:alert(1)"},
		"'self' https:": {"https://app.example/cb", "https://sso.example"},
		"'self' https: http://localhost:* http://127.0.0.1:*":                        {"http://127.0.0.1:52013/cb", "https://sso.example"},
		"'self' com.example.app: https: http://localhost:* http://127.0.0.1:* http:": {"com.example.app:/cb", "https://sso.example", "http://localhost:1/", "http://[::1]:1/cb"},
	} {
		if got := strings.Join(formActions(targets), " "); got != want {
			t.Errorf("formActions(%q) = %q, want %q", targets, got, want)
		}
	}
	b := newWorld(t, Brand{}).browser(t, "one")
	policy := b.get(loginURL(b.begin(sunnyBooks()).Sealed)).Header.Get("Content-Security-Policy")
	want := "form-action 'self' https:;"
	if !strings.Contains(policy, want) {
		t.Errorf("BR-05: policy %q, want in it %q", policy, want)
	}
}

// The budget of a sign-in page: two requests besides the document, 25 kB as sent, and nothing inline.
func TestBudget(t *testing.T) {
	b := newWorld(t, Brand{Logo: make5k()}).browser(t, "one")
	b.client.Transport = &http.Transport{DisableCompression: true}
	page := b.get(loginURL(b.begin(sunnyBooks()).Sealed))
	total := len(page.body)
	b.header.Set("Accept-Encoding", "gzip, br")
	files := regexp.MustCompile(`(?:src|href)="(/assets/[^"]+)"`).FindAllStringSubmatch(page.body, -1)
	if len(files) != 2 {
		t.Fatalf("%d files", len(files))
	}
	for _, file := range files {
		answer := b.get(file[1])
		b.want(answer, http.StatusOK)
		if answer.Header.Get("Content-Encoding") != "gzip" || answer.Header.Get("Cache-Control") != immutable || answer.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: headers %v", file[1], answer.Header)
		}
		t.Logf("%s: %d bytes", file[1], len(answer.body))
		total += len(answer.body)
	}
	t.Logf("document %d, in all %d bytes", len(page.body), total)
	if total > 25_000 {
		t.Errorf("%d bytes in all, the budget is 25000", total)
	}
	for _, inline := range []string{"<style", " style=", " onclick=", "<script>"} {
		if strings.Contains(page.body, inline) {
			t.Errorf("the page has %q", inline)
		}
	}
}

// make5k is a logo of ordinary size that does not compress.
func make5k() []byte {
	logo := []byte("\x89PNG\r\n\x1a\n")
	for n := uint32(1); len(logo) < 5000; n = n*1664525 + 1013904223 {
		logo = append(logo, byte(n>>24))
	}
	return logo
}
