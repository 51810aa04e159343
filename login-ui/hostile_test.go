package loginui

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/web"
)

const attack = `"><script src=//evil.example></script><img src=x onerror=alert(1)>{{.}}'\u202e` + "\u202e\u200b\x00\r\n<!--"

// checkClean parses a page as a browser does and reports everything that is not ours.
func checkClean(t *testing.T, page reply) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page.body))
	check(t, err)
	for n := range root.Descendants() {
		if n.Type == html.CommentNode {
			t.Errorf("a comment: %q", n.Data)
		}
		for _, a := range n.Attr {
			value := strings.ToLower(strings.TrimSpace(a.Val))
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcdoc", a.Key == "formaction":
				t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
			case a.Key == "src" && !strings.HasPrefix(value, "/assets/"),
				a.Key == "action" && !strings.HasPrefix(value, "/login/") && value != "/consent" && value != "/logout" &&
					!strings.HasPrefix(value, "/account/"),
				a.Key == "href" && !harmless(value):
				t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
			}
		}
	}
	if strings.ContainsAny(page.body, "\u202e\u200b\x00\r") {
		t.Error("invisible characters came through")
	}
	for name := range page.Header {
		if strings.Contains(strings.Join(page.Header[name], ""), "evil.example>") {
			t.Errorf("header %s: %q", name, page.Header[name])
		}
	}
}

func harmless(href string) bool {
	for _, prefix := range []string{"/", "data:,", "https://", "mailto:help@"} {
		if strings.HasPrefix(href, prefix) {
			return !strings.HasPrefix(href, "//")
		}
	}
	return href == ""
}

// hostile is a client that lies in every member a page shows.
func hostile() *provider.Interaction {
	return &provider.Interaction{
		Client: &clients.Client{ID: attack, Metadata: clients.Metadata{
			ClientName: attack, ClientNameLocalized: map[string]string{"ko": attack, attack: attack}, ClientURI: "javascript:alert(1)",
			LogoURI: "data:image/svg+xml;base64,PHN2Zz4=\" onerror=\"alert(1)", PolicyURI: "javascript:alert(1)//https://a.example",
			TosURI: "https://a.example/\"onmouseover=alert(1)",
		}},
		RedirectURI: "https://a.example/" + attack, Scopes: []string{"openid", "profile", "email", attack}, UILocales: attack,
	}
}

// AZ-16, AZ-18, BR-06, BR-07, FD-20: texts of clients, upstreams and requests are texts on every page.
func TestHostileTexts(t *testing.T) {
	for _, lang := range []string{"en", "ko"} {
		w := newWorld(t, Brand{Name: attack, Support: "mailto:help@symbolon.example"})
		b := w.browser(t, "one")
		b.header.Set("Accept-Language", lang)
		i := b.begin(hostile())
		w.google.say(account.Proof{
			Issuer: "https://accounts.google.com", Subject: "1", Name: attack + strings.Repeat("z", 1<<20), Email: `"<script>"@evil.example`,
			Picture: "javascript:alert(1)", Locale: "../../etc",
		}, nil)
		text := url.QueryEscape(strings.ReplaceAll(attack, "\x00", "")) // a query with NUL is refused as a whole
		reflected := "&error=" + text + "&error_description=" + text + "&login_hint=" + text
		pages := map[string]reply{
			"login":   b.get(loginURL(i.Sealed, "switch", attack, "notice", attack, "at", attack, "ui_locales", attack)),
			"consent": b.follow(b.follow(b.get(b.atUpstream(b.get(loginURL(i.Sealed)), "google") + reflected))),
			"account": b.hostileAccount(),
			"home":    b.get("/?ui_locales=" + url.QueryEscape(attack)),
			"logout":  b.get("/logout?return_to=" + url.QueryEscape("javascript:alert(1)")),
			"404":     b.get("/" + url.PathEscape("<script>alert(1)</script>")),
			"used":    b.get("/login/google/callback?state=x&code=y" + reflected),
		}
		for _, kind := range errorKinds() {
			pages["error "+string(kind)] = record(func(rw http.ResponseWriter, r *http.Request) {
				w.ui.ErrorPage(rw, r, &web.PageError{Kind: kind, Client: attack, Detail: attack, Err: errors.New(attack)})
			}, lang)
		}
		for name, page := range pages {
			t.Run(name+" "+lang, func(t *testing.T) {
				if page.StatusCode == http.StatusSeeOther {
					t.Fatalf("no page: %v", page.Header)
				}
				checkClean(t, page)
			})
		}
	}
}

// BR-08: no parameter of ours is an address to go to.
func TestNoOpenRedirect(t *testing.T) {
	w := newWorld(t, Brand{})
	b := w.browser(t, "one")
	b.signIn(b.begin(sunnyBooks()))
	for _, to := range []string{"//evil.example", `/\evil.example`, "/%09/evil.example", "https:evil.example", "javascript:alert(1)", "@evil.example"} {
		query := ""
		for _, name := range []string{"return_to", "next", "back", "continue", "redirect_uri", "post_logout_redirect_uri"} {
			query += "&" + name + "=" + url.QueryEscape(to)
		}
		for _, page := range []reply{
			b.get("/logout?x=1" + query), b.get("/?x=1" + query), b.post("/logout?x=1"+query, url.Values{}),
			b.press(b.get(loginURL(b.begin(sunnyBooks()).Sealed)+query), "login-cancel"),
		} {
			if strings.Contains(page.body+page.Header.Get("Location"), "evil") {
				t.Errorf("%q came back in %s", to, page.Request.URL)
			}
		}
	}
}

func TestVisible(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "Sunny Books", "Sunny Books"},
		{"AZ-16: right-to-left override", "Sunny\u202eskooB", "SunnyskooB"},
		{"AZ-16: zero width", "Go\u200bog\u200dle\ufeff", "Google"},
		{"AZ-16: lines become one", "Sunny\r\n\r\nBooks\t(verified)", "Sunny Books (verified)"},
		{"AZ-16: check marks and locks are no letters", "Bank ✓ \U0001f512", "Bank"},
		{"AZ-16: letters in disguise", "𝐆𝐨𝐨𝐠𝐥𝐞", "Google"},
		{"invisible letters", "a\u3164\u115f\u2800b", "ab"},
		{"FD-20: NUL and broken UTF-8", "a\x00b\xff\xfec", "abc"},
		{"FD-20: marks without end", "a" + strings.Repeat("\u0330", 50) + "b", "a" + strings.Repeat("\u0330", maxMarks) + "b"},
		{"Korean", "김하늘 서점", "김하늘 서점"},
		{"Arabic", "كتب مشمسة", "كتب مشمسة"},
		{"nothing", "\u200b \u202e", ""},
	} {
		if got := visible(c.in, 40); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := visible(strings.Repeat("long ", 1000), 64); utf8.RuneCountInString(got) > 64 || !strings.HasSuffix(got, "…") {
		t.Errorf("AZ-16: capped to %q", got)
	}
}

func FuzzVisible(f *testing.F) {
	f.Add(attack)
	f.Add("e\u0301\u0301\u0301\u0301")
	f.Add(strings.Repeat("0", 19) + " 0")
	f.Fuzz(func(t *testing.T, s string) {
		got := visible(s, 20)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > 20 || got != strings.TrimSpace(got) {
			t.Errorf("visible(%q) = %q", s, got)
		}
		for _, r := range got {
			if r != ' ' && r != '…' && !shown(r) {
				t.Errorf("visible(%q) shows %U", s, r)
			}
		}
		_, _ = maskEmail(s), initial(got)
	})
}

func TestMaskEmail(t *testing.T) {
	for in, want := range map[string]string{
		"ada.lovelace@gmail.com": "a…e@gmail.com", "al@x.example": "a…@x.example", "a@x.example": "a…@x.example", "하늘이@서점.example": "하…이@서점.example",
		"": "", "nobody": "", "@x.example": "", "a@": "", `a"b@c"@x.example`: `a…"@x.example`,
	} {
		if got := maskEmail(in); got != want {
			t.Errorf("maskEmail(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestRedirectHost(t *testing.T) {
	for uri, want := range map[string]string{
		"https://user@A.example:8443/cb": "a.example", "com.example.app:/cb": "com.example.app (device)", "http://127.0.0.1:1/": "127.0.0.1 (device)",
		"http://localhost:1/": "localhost (device)", "http://[::1]:1/": "::1 (device)", "https://xn--ggle-55da.example/": "xn--ggle-55da.example",
	} {
		host, device := redirectHost(uri)
		if device {
			host += " (device)"
		}
		if host != want {
			t.Errorf("%s: %q, want %q", uri, host, want)
		}
	}
}
