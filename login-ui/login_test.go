package loginui

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/provider/account"
)

// buttons returns the ids of a page's buttons in order.
func buttons(page reply) []string {
	var ids []string
	for _, m := range regexp.MustCompile(`<button[^>]* id="([^"]+)"`).FindAllStringSubmatch(page.body, -1) {
		ids = append(ids, m[1])
	}
	return ids
}

func TestLoginPage(t *testing.T) {
	t.Run("conformance 19: logo, policy and terms stand on the first page, before any log-in", func(t *testing.T) {
		b := newWorld(t, Brand{}).browser(t, "one")
		ask := sunnyBooks()
		ask.Client.Metadata.LogoURI = readerLogo
		page := b.get(loginURL(b.begin(ask).Sealed))
		b.want(page, http.StatusOK)
		b.wantText(page, "Sign in to Sunny Books", "sunnybooks.example", `href="https://sunnybooks.example/privacy"`,
			`href="https://sunnybooks.example/terms"`, `<img src="/assets/client-logo/`)
	})
	t.Run("each upstream is one form with a stable id, and Cancel is a button", func(t *testing.T) {
		b := newWorld(t, Brand{}).browser(t, "one")
		page := b.get(loginURL(b.begin(sunnyBooks()).Sealed))
		want := []string{"login-google", "login-facebook", "login-corp", "login-cancel"}
		if got := buttons(page); !slices.Equal(got, want) {
			t.Errorf("buttons %v, want %v", got, want)
		}
	})
	t.Run("Cancel denies", func(t *testing.T) {
		b := newWorld(t, Brand{}).browser(t, "one")
		i := b.begin(sunnyBooks())
		end := b.follow(b.press(b.get(loginURL(i.Sealed)), "login-cancel"))
		if got := end.Header.Get("Location"); got != i.RedirectURI+"?error=access_denied" {
			t.Errorf("ends at %q", got)
		}
	})
	t.Run("an upstream that is not there is not found", func(t *testing.T) {
		b := newWorld(t, Brand{}).browser(t, "one")
		i := b.begin(sunnyBooks())
		b.want(b.post("/login/nobody", url.Values{"i": {i.Sealed}}), http.StatusNotFound)
		b.want(b.get("/login/nobody/callback?state=s&code=c"), http.StatusNotFound)
	})
}

func TestLoginIsBoundToTheBrowser(t *testing.T) {
	w := newWorld(t, Brand{})
	mine, other := w.browser(t, "mine"), w.browser(t, "other")
	i := mine.begin(sunnyBooks())
	for name, path := range map[string]string{"login": loginURL(i.Sealed), "consent": "/consent?i=" + i.Sealed} {
		t.Run("AZ-21: the "+name+" page in another browser", func(t *testing.T) {
			other.want(other.get(path), http.StatusBadRequest)
		})
	}
	t.Run("AZ-21: choosing an upstream in another browser", func(t *testing.T) {
		other.want(other.post("/login/google", url.Values{"i": {i.Sealed}}), http.StatusBadRequest)
	})
	t.Run("AZ-22: an interaction that was changed", func(t *testing.T) {
		mine.want(mine.post("/login/google", url.Values{"i": {i.Sealed + "x"}}), http.StatusBadRequest)
	})
	t.Run("AZ-22: the interaction twice", func(t *testing.T) {
		mine.want(mine.post("/login/google?i="+i.Sealed, url.Values{"i": {i.Sealed}}), http.StatusBadRequest)
	})
	t.Run("AZ-22: parameters of the request beside the interaction mean nothing", func(t *testing.T) {
		page := mine.get(loginURL(i.Sealed, "client_id", "evil", "redirect_uri", "https://evil.example/", "scope", "admin"))
		if strings.Contains(page.body, "evil") {
			t.Error("the page repeats a parameter")
		}
		if got := mine.follow(mine.press(page, "login-cancel")).Header.Get("Location"); !strings.HasPrefix(got, i.RedirectURI) {
			t.Errorf("ends at %q", got)
		}
	})
}

func TestLoginAsksTheUpstream(t *testing.T) {
	for _, c := range []struct {
		name                   string
		reauthenticate, choose bool
		query                  []string
		wantReauth, wantChoose bool
	}{
		{name: "plain"},
		{name: "OIDC Core §3.1.2.1: prompt=login", reauthenticate: true, wantReauth: true},
		{name: "OIDC Core §3.1.2.1: prompt=select_account", choose: true, wantChoose: true},
		{name: "the person wants another account", query: []string{"switch", "1"}, wantChoose: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, Brand{})
			b := w.browser(t, "one")
			ask := sunnyBooks()
			ask.Reauthenticate, ask.SelectAccount, ask.UILocales = c.reauthenticate, c.choose, "ko en"
			b.want(b.press(b.get(loginURL(b.begin(ask).Sealed, c.query...)), "login-google"), http.StatusSeeOther)
			got := w.google.began
			if got.Reauthenticate != c.wantReauth || got.SelectAccount != c.wantChoose || got.UILocales != "ko en" {
				t.Errorf("the upstream was asked %+v", got)
			}
		})
	}
}

func TestLastUsedUpstream(t *testing.T) {
	w := newWorld(t, Brand{})
	b := w.browser(t, "one")
	i := b.begin(sunnyBooks())
	w.google.say(account.Proof{Issuer: "https://www.facebook.com", Subject: "2", Name: "Ada"}, nil)
	back := b.get(b.atUpstream(b.get(loginURL(i.Sealed)), "facebook"))

	t.Run("the cookie holds the upstream's id and nothing else", func(t *testing.T) {
		at := slices.IndexFunc(back.Cookies(), func(c *http.Cookie) bool { return c.Name == lastUsedCookie })
		if at < 0 {
			t.Fatal("no cookie")
		}
		c := back.Cookies()[at]
		if c.Value != "facebook" || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("cookie %v", c)
		}
	})
	t.Run("it comes first and says so", func(t *testing.T) {
		page := b.get(loginURL(i.Sealed))
		b.wantText(page, "You used this last time", `id="login-facebook" aria-describedby="last-used"`)
		if got := buttons(page)[:3]; !slices.Equal(got, []string{"login-facebook", "login-google", "login-corp"}) {
			t.Errorf("buttons %v", got)
		}
	})
	for name, value := range map[string]string{
		"BR-07: a cookie that names no upstream": lastUsedCookie + `="><script>alert(1)</script>`,
		"BR-01: two cookies of the name":         lastUsedCookie + "=google; " + lastUsedCookie + "=facebook",
	} {
		t.Run(name, func(t *testing.T) {
			fresh := w.browser(t, "one")
			fresh.header.Set("Cookie", bindingCookie+"=one; "+value)
			page := fresh.get(loginURL(i.Sealed))
			if got := buttons(page)[0]; got != "login-google" || strings.Contains(page.body, "last-used") {
				t.Errorf("first button %q", got)
			}
		})
	}
}
