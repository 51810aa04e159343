package loginui

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/provider"
)

// browser is a client with a cookie jar that follows no redirect by itself, and sends forms as a browser does.
type browser struct {
	t      *testing.T
	world  *world
	client *http.Client
	secret string // the value of its binding cookie
	header http.Header
}

// looseJar treats loopback as secure, as browsers do.
type looseJar struct{ *cookiejar.Jar }

func (j looseJar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.Jar.SetCookies(secure(u), cookies)
}
func (j looseJar) Cookies(u *url.URL) []*http.Cookie { return j.Jar.Cookies(secure(u)) }

func secure(u *url.URL) *url.URL {
	s := *u
	s.Scheme = "https"
	return &s
}

func (w *world) browser(t *testing.T, secret string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	check(t, err)
	base, err := url.Parse(w.server.URL)
	check(t, err)
	jar.SetCookies(base, []*http.Cookie{{Name: bindingCookie, Value: secret, Path: "/"}})
	return &browser{t: t, world: w, secret: secret, header: http.Header{}, client: &http.Client{
		Jar: looseJar{jar}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (b *browser) begin(i *provider.Interaction) *provider.Interaction {
	return b.world.asks.begin(*i, b.secret)
}

// reply is an answer that has been read.
type reply struct {
	*http.Response
	body string
}

func (b *browser) do(method, path, body string) reply {
	b.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.world.server.URL + path
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, path, strings.NewReader(body))
	check(b.t, err)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for name, values := range b.header {
		req.Header[name] = values
	}
	res, err := b.client.Do(req)
	check(b.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	check(b.t, err)
	return reply{res, string(text)}
}

func (b *browser) get(path string) reply { b.t.Helper(); return b.do(http.MethodGet, path, "") }

func (b *browser) post(path string, form url.Values) reply {
	b.t.Helper()
	return b.do(http.MethodPost, path, form.Encode())
}

// press submits the form that holds the button, with its hidden fields and the button's own value.
func (b *browser) press(page reply, id string) reply {
	b.t.Helper()
	for _, form := range regexp.MustCompile(`(?s)<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>`).FindAllStringSubmatch(page.body, -1) {
		button := regexp.MustCompile(`<button[^>]*id="` + id + `"[^>]*>`).FindString(form[2])
		if button == "" {
			continue
		}
		values := url.Values{}
		for _, field := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`).FindAllStringSubmatch(form[2], -1) {
			values.Set(field[1], html.UnescapeString(field[2]))
		}
		if own := regexp.MustCompile(`name="([^"]*)" value="([^"]*)"`).FindStringSubmatch(button); own != nil {
			values.Set(own[1], own[2])
		}
		return b.post(form[1], values)
	}
	b.t.Fatalf("no button %q on the page:\n%s", id, page.body)
	return reply{}
}

// follow goes where a redirect leads, which must be a 303.
func (b *browser) follow(r reply) reply {
	b.t.Helper()
	b.want(r, http.StatusSeeOther)
	return b.get(r.Header.Get("Location"))
}

func (b *browser) want(r reply, status int) {
	b.t.Helper()
	if r.StatusCode != status {
		b.t.Fatalf("%s %s: status %d, want %d\n%s", r.Request.Method, r.Request.URL.Path, r.StatusCode, status, r.body)
	}
}

// wantText checks that the page says each text, with all white space and tags as they are.
func (b *browser) wantText(r reply, texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		if !strings.Contains(html.UnescapeString(r.body), text) {
			b.t.Fatalf("the page does not say %q:\n%s", text, r.body)
		}
	}
}

// atUpstream presses the upstream's button and returns the callback that the upstream answers with.
func (b *browser) atUpstream(page reply, id string) (callback string) {
	b.t.Helper()
	sent := b.press(page, "login-"+id)
	b.want(sent, http.StatusSeeOther)
	to, err := url.Parse(sent.Header.Get("Location"))
	check(b.t, err)
	return to.Query().Get("redirect_uri") + "?code=c&state=" + url.QueryEscape(to.Query().Get("state"))
}

// signIn takes the browser to the point after the upstream, as the person of the proof.
func (b *browser) signIn(i *provider.Interaction) reply {
	b.t.Helper()
	b.world.google.say(ada(), nil)
	return b.get(b.atUpstream(b.get(loginURL(i.Sealed)), "google"))
}
