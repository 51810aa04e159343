package app_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// follow goes where the link with the id leads.
func (p *page) follow(id string) *page {
	p.b.t.Helper()
	doc, err := html.Parse(strings.NewReader(p.body))
	if err != nil {
		p.b.t.Fatal(err)
	}
	link := find(doc, func(n *html.Node) bool { return n.Data == "a" && attr(n, "id") == id })
	if link == nil {
		p.b.t.Fatalf("no link #%s on %s (%d):\n%s", id, p.url, p.status, p.body)
	}
	to, err := p.url.Parse(attr(link, "href"))
	if err != nil {
		p.b.t.Fatal(err)
	}
	return p.b.do("GET", to.String(), nil, "same-origin")
}

// says fails unless the page has status 200 and each of the texts.
func (p *page) says(texts ...string) {
	p.b.t.Helper()
	for _, text := range texts {
		if p.status != http.StatusOK || !strings.Contains(html.UnescapeString(p.body), text) {
			p.b.t.Errorf("%s (%d) does not say %q:\n%s", p.url, p.status, text, p.body)
		}
	}
}

// ids returns the ids on the page that begin with prefix, in order.
func (p *page) ids(prefix string) (ids []string) {
	for _, m := range regexp.MustCompile(` id="(`+prefix+`[\w-]+)"`).FindAllStringSubmatch(p.body, -1) {
		ids = append(ids, m[1])
	}
	return ids
}

// only returns the one id on the page that begins with prefix.
func (p *page) only(prefix string) string {
	p.b.t.Helper()
	ids := p.ids(prefix)
	if len(ids) != 1 {
		p.b.t.Fatalf("%s: %q, want one\n%s", prefix, ids, p.body)
	}
	return ids[0]
}

// signInAlone signs a person in for their own sake, and returns the account page.
func (w *world) signInAlone(b *browser, person string) *page {
	w.t.Helper()
	pg := b.open(w.issuer + "/account").press("login-google").press("person-" + person)
	if pg.url.String() != w.issuer+"/account" {
		w.t.Fatalf("the sign-in ends at %s (%d):\n%s", pg.url, pg.status, pg.body)
	}
	return pg
}

// BR-17: a person sees their own sessions and ends them: what they held ends with them, on every node.
func TestAccountSessions(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, a *world) {
		b := a.second()
		e := newEar(t)
		p := a.listener(e)
		p.oauth.Scopes = append(p.oauth.Scopes, "offline_access")
		phone, laptop, tablet := newBrowser(t), newBrowser(t), newBrowser(t)
		phone.headers.Set("User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Version/18.6 Mobile/15E148 Safari/604.1")
		bound, offline := p.tokens(phone, "ada", "scope", "openid"), p.tokens(phone, "ada")
		a.signInAlone(tablet, "ada")
		pg := a.signInAlone(laptop, "ada")
		pg.says("Ada Lovelace", "This browser", "Safari on iPhone", "Apps signed in from here: Books", "Books", "Access while you are away")
		sid := readJWT(t, bound.text("id_token")).text("sid")
		for _, secret := range []string{sid, readJWT(t, bound.text("id_token")).text("sub"), p.id, "ada.lovelace@gmail.com"} {
			if strings.Contains(pg.body, secret) {
				t.Errorf("the page says %s", secret)
			}
		}
		ends := pg.ids("session-end-")
		if len(ends) != 2 {
			t.Fatalf("sessions to end: %q", ends)
		}
		var asked *page
		for _, id := range ends { // the two are as old as each other
			if asked = pg.follow(id); strings.Contains(asked.body, "iPhone") {
				break
			}
		}
		asked.says("Sign out Safari on iPhone?", "It also signs you out of 1 app there:", "keep it until you disconnect them")
		if onB := p.at(b); !onB.active(bound.text("access_token")) {
			t.Fatal("the question alone ended it")
		}
		asked.press("session-end-confirm").says("That browser is signed out.")
		phone.use(b)
		phone.open(a.issuer + "/").says("Open the app you want to use")
		onB := p.at(b)
		onB.w.t = t
		if onB.active(bound.text("access_token")) || b.bit(bound.text("access_token")) != 1 {
			t.Error("its access token is alive on the other node")
		}
		if !onB.active(offline.text("access_token")) {
			t.Error("offline access ended with the session")
		}
		if told := readJWT(t, e.heard(t, 1)); told.text("sid") != sid {
			t.Errorf("the app was told of %s", told.text("sid"))
		}
		if again := asked.press("session-end-confirm"); again.status != http.StatusNotFound {
			t.Errorf("ended twice: %d", again.status)
		}
		laptop.use(b)
		laptop.open(a.issuer+"/account").follow("sessions-end-others").press("sessions-end-confirm").says("You are signed out everywhere else.", "This browser")
		if n := a.count("sessions"); n != 1 {
			t.Errorf("%d sessions left", n)
		}
		tablet.open(a.issuer + "/").says("Open the app you want to use")
		laptop.open(a.issuer + "/account").follow("account-logout").press("logout-confirm").says("You are logged out")
		if n := a.count("sessions"); n != 0 {
			t.Errorf("%d sessions left", n)
		}
	})
}

// BR-03, BR-17: a session that was not used for too long is none, but the apps that it signed in to are to be seen, and ended.
func TestAccountIdleSession(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "lifetimes: { session_idle: 1h }")
	p, phone, laptop := w.newPartner(), newBrowser(t), newBrowser(t)
	r := p.tokens(phone, "ada")
	nothing := newBrowser(t)
	w.signInAlone(nothing, "ada")
	w.exec("UPDATE sessions SET seen_at = seen_at - 7200000")
	pg := w.signInAlone(laptop, "ada")
	pg.says("Signed out because it was not used.", "Apps signed in from here: Sunny Books")
	phone.open(w.issuer + "/").says("Open the app you want to use")
	if !p.active(r.text("access_token")) {
		t.Fatal("the app is signed out already")
	}
	pg.follow(pg.only("session-end-")).press("session-end-confirm").says("That browser is signed out.")
	if p.active(r.text("access_token")) {
		t.Error("the app is still signed in")
	}
}

// BR-17: an app that the person disconnects has nothing any more, offline access included, and is told so. Their session goes on.
func TestAccountDisconnect(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, a *world) {
		b := a.second()
		e, bystander := newEar(t), newEar(t)
		p, other := a.listener(e), a.listener(bystander)
		browser := newBrowser(t)
		bound := p.tokens(browser, "ada", "scope", "openid email")
		offline := p.tokens(browser, "ada", "scope", "openid email offline_access")
		kept, hers := other.tokens(browser, "ada"), p.tokens(newBrowser(t), "grace")
		a.exec("UPDATE consents SET granted_at = granted_at - 60000 WHERE client_id = '" + other.id + "'")
		pg := browser.open(a.issuer + "/account")
		apps := pg.ids("app-disconnect-")
		if len(apps) != 2 {
			t.Fatalf("apps: %q", apps)
		}
		asked := pg.follow(apps[0])
		asked.says("Disconnect Books?", "Books can no longer use your account.", "It signs you out of the app in 1 browser.", "while you are away")
		asked.press("app-disconnect-confirm").says("The app is disconnected.", "This browser")
		onB := p.at(b)
		onB.w.t = t
		for _, r := range []reply{bound, offline} {
			if onB.active(r.text("access_token")) || b.bit(r.text("access_token")) != 1 {
				t.Error("an access token is alive")
			}
			onB.refresh(r.text("refresh_token")).expect(t, 400, "invalid_grant")
		}
		if !other.active(kept.text("access_token")) || !p.active(hers.text("access_token")) {
			t.Error("another app, or another person, lost theirs")
		}
		if told := readJWT(t, e.heard(t, 1)); told.text("sid") != readJWT(t, bound.text("id_token")).text("sid") {
			t.Errorf("the app was told of %s", told.text("sid"))
		}
		if again := asked.press("app-disconnect-confirm"); again.status != http.StatusNotFound {
			t.Errorf("disconnected twice: %d", again.status)
		}
		p.ask(browser).expectConsent(t) // who is signed in still is, and is asked anew
		if e.count() != 1 || bystander.count() != 0 {
			t.Errorf("%d and %d logout tokens", e.count(), bystander.count())
		}
	})
}

// BR-17: an app that asks nobody is seen too, while it is signed in.
func TestAccountAppWithoutConsent(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.partner(`{"client_name":"Staff Portal","redirect_uris":["` + redirectURI + `"],"skip_consent":true}`)
	b := newBrowser(t)
	r := p.tokens(b, "ada")
	pg := b.open(w.issuer + "/account")
	pg.says("Staff Portal", "Your e-mail address")
	pg.follow(pg.only("app-disconnect-")).press("app-disconnect-confirm").says("No app is connected yet.")
	if p.active(r.text("access_token")) {
		t.Error("its token is alive")
	}
}

// BR-17: what an app may do beside its scopes is to be seen as the person allowed it, each once, and goes with the app.
func TestAccountAuthorizationDetails(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, withDetails)
	p, b := w.payer(), newBrowser(t)
	for range 2 {
		p.tokens(b, "ada", "authorization_details", "["+payment+"]")
	}
	pg := b.open(w.issuer + "/account")
	if n := strings.Count(pg.body, "Merchant A"); n != 1 {
		t.Errorf("%d times:\n%s", n, pg.body)
	}
	pg.says("<li>Pay <bdi>123.50</bdi> <bdi>EUR</bdi> to <bdi>Merchant A</bdi></li>")
	pg.follow(pg.only("app-disconnect-")).press("app-disconnect-confirm").says("No app is connected yet.")
}

// BR-04, BR-17: nobody ends what is another's, from this site or from another one, and the answer does not say whether it is there.
func TestAccountOfAnother(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		phone, laptop, grace := newBrowser(t), newBrowser(t), newBrowser(t)
		r := p.tokens(phone, "ada")
		pg := w.signInAlone(laptop, "ada")
		hers := w.signInAlone(grace, "grace")
		session, app := pg.follow(pg.only("session-end-")), pg.follow(pg.only("app-disconnect-"))
		her := newBrowser(t)
		w.signInAlone(her, "grace")
		token := grace.open(w.issuer + "/account/sessions")
		form, requestID := fieldsOf(t, token.body), regexp.MustCompile(`<code>\w+</code>`)
		for _, target := range []string{session.url.String(), app.url.String(), w.issuer + "/account/sessions/" + readJWT(t, r.text("id_token")).text("sid"), w.issuer + "/account/apps/" + url.PathEscape(p.id)} {
			get, post := grace.open(target), grace.do("POST", target, form, "same-origin")
			unknown := grace.open(w.issuer + "/account/sessions/AAAAAAAAAAAAAAAA")
			if get.status != http.StatusNotFound || post.status != http.StatusNotFound || requestID.ReplaceAllString(get.body, "") != requestID.ReplaceAllString(unknown.body, "") {
				t.Errorf("%s: %d, %d", target, get.status, post.status)
			}
			for _, site := range []string{"cross-site", "same-site"} {
				if forged := laptop.do("POST", target, fieldsOf(t, session.body), site); forged.status != http.StatusForbidden {
					t.Errorf("%s from %s: %d", target, site, forged.status)
				}
			}
			for _, value := range []string{"", form.Get("session"), "x"} {
				laptop.do("POST", target, url.Values{"session": {value}}, "same-origin")
			}
			newBrowser(t).do("POST", target, fieldsOf(t, session.body), "same-origin").expectLogin(t)
		}
		if !p.active(r.text("access_token")) || w.count("sessions") != 4 || w.count("consents") != 1 {
			t.Error("something was ended")
		}
		hers.says("No app is connected yet.")
		for _, pg := range []*page{pg, session, app} {
			if h := pg.header; h.Get("X-Frame-Options") != "DENY" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || h.Get("Cache-Control") != "no-store" {
				t.Errorf("%s may be framed or kept: %v", pg.url, h)
			}
		}
	})
}

// AZ-21, BR-08, FD-07: a sign-in that no client asks for belongs to the browser that began it, writes nothing before an upstream is chosen, and
// leads to the account and nowhere else.
func TestAccountSignIn(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	before := w.commits()
	b := newBrowser(t)
	pg := b.open(w.issuer + "/").follow("home-account")
	pg.says("Sign in to Symbolon")
	for _, path := range []string{"/login", "/account", "/account?return_to=//evil.example", "/account/sessions", "/account/apps/x"} {
		if at := newBrowser(t).open(w.issuer + path); at.url.Path != "/login" || !at.has("login-google") || strings.Contains(at.url.String()+at.body, "evil") {
			t.Errorf("%s leads to %s", path, at.url)
		}
	}
	if after := w.commits(); after != before {
		t.Errorf("showing pages costs %d commits", after-before)
	}
	if at := pg.press("login-cancel"); at.url.Path != "/" {
		t.Errorf("Cancel leads to %s", at.url)
	}
	newBrowser(t).open(pg.url.String()).expectLocalError(t)
	for _, path := range []string{"/consent?", "/oauth2/authorize/resume?", "/device?"} {
		b.open(w.issuer + path + pg.url.RawQuery).expectLocalError(t)
	}
	b.stopAt = w.google.BaseURL()
	upstream := pg.press("login-google").location
	stranger := newBrowser(t)
	stranger.open(upstream).press("person-grace").expectLocalError(t)
	if len(stranger.cookies[w.host()]["__Host-symbolon"]) != 0 {
		t.Error("the stranger is signed in by another's link")
	}
	b.stopAt = ""
	w.signInAlone(b, "ada").says("Ada Lovelace", "Google", "Last used just now")
	w.must(w.stores.DB.Block(t.Context(), w.account("ada.lovelace@gmail.com").ID, time.Now()))
	if pg = b.open(w.issuer + "/account").press("login-google"); pg.has("person-ada") {
		pg = pg.press("person-ada")
	}
	if pg.status != http.StatusForbidden {
		t.Errorf("a blocked person: %d at %s", pg.status, pg.url)
	}
}
