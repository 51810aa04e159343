package app_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// body sends a body of a kind to a path and returns the answer and how long it took. A connection cut off in the middle is status 0.
func (w *world) body(method, path string, body io.Reader, headers ...string) (reply, time.Duration) {
	w.t.Helper()
	r, err := http.NewRequest(method, w.issuer+path, body)
	w.must(err)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	start := time.Now()
	resp, err := plainClient.Do(r)
	if err != nil {
		return reply{}, time.Since(start)
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	return reply{status: resp.StatusCode, header: resp.Header, raw: string(raw)}, time.Since(start)
}

const formType = "application/x-www-form-urlencoded"

// posts are the routes that read a form.
var posts = []string{"/oauth2/token", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/authorize", "/oauth2/logout", "/oauth2/userinfo", "/oauth2/device_authorization", "/device", "/consent", "/login/google", "/logout"}

// DS-01 to DS-04: bodies of the wrong kind, with very many parameters, too large or compressed.
func TestHostileBodies(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	var form bytes.Buffer
	multi := multipart.NewWriter(&form)
	w.must(multi.WriteField("grant_type", "client_credentials"))
	file, err := multi.CreateFormFile("token", "x")
	w.must(err)
	_, err = file.Write(make([]byte, 8<<20))
	w.must(err)
	w.must(multi.Close())
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err = z.Write([]byte("grant_type=client_credentials&x=" + strings.Repeat("a", 32<<20)))
	w.must(err)
	w.must(z.Close())
	var keys strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&keys, "k%d=&", i)
	}
	colliding := strings.Repeat("x=1&", 100_000)
	for _, path := range posts {
		for name, c := range map[string]struct {
			body    string
			headers []string
		}{
			"DS-01 multipart":            {form.String(), []string{"Content-Type", multi.FormDataContentType()}},
			"DS-02 distinct keys":        {keys.String(), []string{"Content-Type", formType}},
			"DS-02 one key":              {colliding, []string{"Content-Type", formType}},
			"DS-02 a thousand":           {keys.String()[:8<<10], []string{"Content-Type", formType}},
			"DS-03 JSON":                 {strings.Repeat("[", 100_000), []string{"Content-Type", "application/json"}},
			"DS-04 gzip":                 {zipped.String(), []string{"Content-Type", formType, "Content-Encoding", "gzip"}},
			"DS-04 gzip twice":           {zipped.String(), []string{"Content-Type", formType, "Content-Encoding", "gzip, gzip"}},
			"DS-04 br":                   {"x=1", []string{"Content-Type", formType, "Content-Encoding", "br"}},
			"4 MiB of one value":         {"x=" + strings.Repeat("a", 4<<20), []string{"Content-Type", formType}},
			"bad escape":                 {"a=%zz", []string{"Content-Type", formType}},
			"semicolons":                 {"a=1;b=2", []string{"Content-Type", formType}},
			"NUL":                        {"a=%00", []string{"Content-Type", formType}},
			"no UTF-8":                   {"a=%ff", []string{"Content-Type", formType}},
			"another character encoding": {"a=1", []string{"Content-Type", formType + "; charset=utf-16"}},
		} {
			a, took := w.body("POST", path, strings.NewReader(c.body), append(c.headers, "Sec-Fetch-Site", "same-origin")...)
			if a.status >= 500 {
				t.Errorf("%s %s: %d", path, name, a.status)
			}
			if a.status == 200 && path != "/logout" {
				t.Errorf("%s %s: %d", path, name, a.status)
			}
			if took > 10*time.Second { // the bound of the checklist is for a machine of its own
				t.Errorf("%s %s: took %s", path, name, took)
			}
		}
	}
	if a, took := w.body("GET", "/oauth2/authorize?"+strings.Repeat("x=1&", 7_000), nil); a.status != 400 && a.status != 413 && a.status != 431 && a.status != 414 || took > time.Second {
		t.Errorf("DS-02 query: %d in %s", a.status, took)
	}
}

// DS-05, DS-07: floods of headers and cookies, and inputs made for quadratic parsers.
func TestHostileHeaders(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	for name, headers := range map[string][]string{
		"1 MiB": {"X-Big", strings.Repeat("a", 1<<20)}, "cookies": {"Cookie", strings.Repeat("a=; ", 10_000)},
		"Accept-Language": {"Accept-Language", strings.Repeat("ko;q=0.1,", 3_000)}, "Accept-Language of dashes": {"Accept-Language", strings.Repeat("a-", 13_000)},
		"Forwarded": {"Forwarded", strings.Repeat("for=1;", 4_000)}, "X-Forwarded-For": {"X-Forwarded-For", strings.Repeat("1,", 12_000)}, "If-None-Match": {"If-None-Match", strings.Repeat(`"x",`, 6_000)},
		"preflight": {"Access-Control-Request-Headers", strings.Repeat("x,", 12_000)},
	} {
		for _, path := range []string{"/", "/login?i=x", "/oauth2/jwks", "/oauth2/authorize?" + p.query(), "/logout"} {
			a, took := w.body("GET", path, nil, headers...)
			if a.status >= 500 && a.status != 0 || took > time.Second {
				t.Errorf("DS-05 %s %s: %d in %s", name, path, a.status, took)
			}
		}
	}
	for name, query := range map[string]string{
		"ui_locales": "&ui_locales=" + strings.Repeat("ko+", 1000), "dots": "&login_hint=" + strings.Repeat(".", 3000), "scope": "&x=" + strings.Repeat("openid+", 400), "prompt": "&prompt=" + strings.Repeat("login+", 400),
		"acr": "&acr_values=" + strings.Repeat("1+", 1500), "dashes": "&ui_locales=" + strings.Repeat("a-", 1500),
	} {
		a, took := w.body("GET", "/oauth2/authorize?"+p.query()+query, nil)
		if a.status >= 500 || took > time.Second {
			t.Errorf("DS-07 %s: %d in %s", name, a.status, took)
		}
	}
}

// BR-15: requests that two parsers could read in two ways get 400 and the end of the connection, or one clear answer.
func TestRequestSmuggling(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	for name, raw := range map[string]string{
		"both lengths":        "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: " + formType + "\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
		"two lengths":         "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
		"odd chunking":        "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"bare LF chunk":       "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n",
		"obs-fold":            "GET / HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n",
		"two hosts":           "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
		"no host":             "GET / HTTP/1.1\r\n\r\n",
		"space before colon":  "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
		"NUL in a header":     "GET / HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n",
		"bad length":          "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\nabcd",
		"method with a space": "GE T / HTTP/1.1\r\nHost: x\r\n\r\n",
		"absolute form":       "GET http://evil.example/oauth2/authorize?" + p.query() + " HTTP/1.1\r\nHost: evil.example\r\n\r\n",
		"negative chunk":      "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", strings.Replace(w.host(), "localhost", "127.0.0.1", 1))
		w.must(err)
		w.must(conn.SetDeadline(time.Now().Add(3 * time.Second)))
		_, err = conn.Write([]byte(raw))
		w.must(err)
		answer := make([]byte, 64<<10)
		n, _ := conn.Read(answer)
		first := string(answer[:n])
		conn.Close()
		if strings.HasPrefix(first, "HTTP/1.1 5") && !strings.HasPrefix(first, "HTTP/1.1 501") {
			t.Errorf("%s: %.60s", name, first)
		}
		if strings.Contains(first, "evil.example") {
			t.Errorf("%s: the answer says evil: %s", name, first)
		}
		if name == "both lengths" && strings.Count(first, "HTTP/1.1") > 1 {
			t.Errorf("%s: two answers (RFC 9112 §6.1: close the connection): %.30s", name, first)
		}
	}
}

// AD-11: a path that is not clean is not there, and neither is one that nobody knows.
func TestUnknownPaths(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	for _, path := range []string{
		"/nowhere", "//oauth2/token", "/oauth2/", "/oauth2", "/oauth2/token/", "/OAUTH2/token", "/oauth2/Token", "/./oauth2/token", "/oauth2/./token", "/x/../oauth2/jwks", "/oauth2/jwks/", "/%2foauth2/jwks", "/oauth2%2fjwks",
		"/oauth2/jwks;x", "/.well-known/", "/.well-known/openid-configuration/", "//admin/v1/clients", "/public/../admin/v1/clients", "/ADMIN/v1/clients", "/admin;x/v1/clients", "/admin", "/admin/", "/assets/", "/assets/../go.mod",
		"/assets/..%2f..%2fgo.mod", "/.git/config", "/login/nobody/callback", "/metrics/", "/debug/pprof/", "/debug/vars", "/%61dmin/v1/clients", "/oauth2/%74oken",
	} {
		for _, method := range []string{"GET", "POST"} {
			r, err := http.NewRequest(method, w.issuer+path, nil)
			w.must(err)
			r.URL.Opaque = "//" + w.host() + path // as it is written
			a := w.send(r)
			if a.status >= 200 && a.status < 400 || a.status >= 500 {
				t.Errorf("%s %s: %d to %q", method, path, a.status, a.header.Get("Location"))
			}
			if a.header.Get("Location") != "" {
				t.Errorf("%s %s leads to %s", method, path, a.header.Get("Location"))
			}
			if strings.HasPrefix(a.header.Get("Content-Type"), "text/html") && a.header.Get("Content-Security-Policy") == "" {
				t.Errorf("%s %s: a page without a policy", method, path)
			}
		}
	}
}

// Every route: its guard headers, its methods, and that HEAD does nothing.
func TestEveryRoute(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	methods := map[string]map[string]bool{} // by path
	for _, route := range w.app.Routes() {
		method, path, ok := strings.Cut(route.Pattern, " ")
		if !ok {
			method, path = "", route.Pattern
		}
		path = strings.NewReplacer("{$}", "", "{upstream}", "google", "{file}", "x", "{id}", "x", "{list}", "x").Replace(path)
		if methods[path] == nil {
			methods[path] = map[string]bool{}
		}
		if method != "" {
			methods[path][method] = true
		}
	}
	if len(methods) < 20 {
		t.Fatalf("%d paths", len(methods))
	}
	for path, own := range methods {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} {
			before := w.commits()
			a, _ := w.body(method, path, strings.NewReader(""), "Content-Type", formType, "Sec-Fetch-Site", "same-origin")
			name := method + " " + path
			if a.status >= 500 || a.status == 0 {
				t.Errorf("%s: %d", name, a.status)
			}
			there := own[method] || method == "HEAD" && own["GET"]
			if !there && a.status != 405 && a.status != 401 && a.status != 404 && !(method == "OPTIONS" && a.status == 204) {
				t.Errorf("%s: %d, want 405", name, a.status)
			}
			if a.status == 405 && (a.header.Get("Allow") == "" || strings.Contains(a.header.Get("Allow"), method)) {
				t.Errorf("%s: Allow %q", name, a.header.Get("Allow"))
			}
			checkHeaders(t, name, path, a)
			if method == "HEAD" {
				if a.raw != "" {
					t.Errorf("%s has a body", name)
				}
				if after := w.commits(); after != before {
					t.Errorf("%s: %d commits", name, after-before)
				}
			}
		}
	}
}

// checkHeaders looks at what every answer must say.
func checkHeaders(t *testing.T, name, path string, a reply) {
	t.Helper()
	if a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: no nosniff", name)
	}
	if a.header.Get("X-Powered-By")+a.header.Get("Server") != "" {
		t.Errorf("%s: says what it is made of", name)
	}
	page := strings.HasPrefix(a.header.Get("Content-Type"), "text/html")
	if page && (!strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'none'") || a.header.Get("X-Frame-Options") != "DENY" && !strings.Contains(a.header.Get("Content-Security-Policy"), "frame-ancestors")) {
		t.Errorf("%s: a page without a policy", name)
	}
	api := strings.HasPrefix(path, "/oauth2/") && path != "/oauth2/authorize" && path != "/oauth2/logout" || strings.HasPrefix(path, "/admin/v1") || strings.HasPrefix(path, "/.well-known")
	if api && a.header.Get("Set-Cookie") != "" {
		t.Errorf("%s: an API sets a cookie", name)
	}
	cacheable := strings.HasPrefix(path, "/.well-known") || path == "/oauth2/jwks" || strings.HasPrefix(path, "/assets/") || strings.HasPrefix(path, "/oauth2/status/") || path == "/metrics"
	if !cacheable && a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: Cache-Control %q", name, a.header.Get("Cache-Control"))
	}
	// BR-11: no origin is reflected, and none may come with credentials.
	if a.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("%s: CORS with credentials", name)
	}
}

// BR-11: a foreign origin is not let in where cookies or administrators are.
func TestCORS(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	for _, origin := range []string{"https://evil.example", "null", "https://partner.example.evil.example", "http://partner.example"} {
		for _, path := range []string{"/oauth2/authorize?" + p.query(), "/oauth2/logout", "/login", "/consent", "/logout", "/", "/admin/v1/clients", "/oauth2/token", "/oauth2/introspect", "/oauth2/userinfo"} {
			for _, method := range []string{"GET", "POST", "OPTIONS"} {
				a, _ := w.body(method, path, nil, "Origin", origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization")
				if got := a.header.Get("Access-Control-Allow-Origin"); got == origin || got == "null" || got != "" && a.header.Get("Access-Control-Allow-Credentials") != "" {
					t.Errorf("%s %s for %s: %q", method, path, origin, got)
				}
			}
		}
	}
}

// EN-05: no address, token or session id in any link or redirect of ours beyond what the protocols need.
func TestNothingPersonalInURLs(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	b.stopAt = redirectURI
	pg := b.open(p.url("login_hint", "ada.lovelace@gmail.com"))
	seen := []string{pg.url.String()}
	for _, step := range []string{"login-google", "person-ada", "consent-allow"} {
		if strings.HasPrefix(step, "person") && strings.Contains(pg.url.String(), "ada.lovelace") {
			t.Errorf("the hint goes on to the upstream: %s", pg.url)
		}
		pg = pg.press(step)
		seen = append(seen, pg.url.String(), pg.location)
	}
	secret := b.cookies[w.host()][sessionCookie]
	for _, address := range seen {
		plain, err := url.QueryUnescape(address)
		w.must(err)
		for _, personal := range []string{"ada.lovelace@gmail.com", "Lovelace", secret} {
			if strings.Contains(plain, personal) {
				t.Errorf("%s in %s", personal, plain)
			}
		}
	}
}
