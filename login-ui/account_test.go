package loginui

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/session"
)

// atAccount signs ada in from the account page, and gives her more of everything.
func atAccount(t *testing.T) (w *world, b *browser, phone session.Session) {
	t.Helper()
	w = newWorld(t, Brand{})
	b = w.browser(t, "one")
	b.header.Set("User-Agent", onWindows)
	w.google.say(ada(), nil)
	back := b.get(b.atUpstream(b.follow(b.get("/account")), "google"))
	if to, _, _ := strings.Cut(back.Header.Get("Location"), "#"); back.StatusCode != http.StatusSeeOther || to != "/account" {
		t.Fatalf("the sign-in ends at %d %q", back.StatusCode, to)
	}
	phone, _ = w.fillAccount(t, "Ada Lovelace")
	return w, b, phone
}

func TestAccountPage(t *testing.T) {
	w, b, phone := atAccount(t)
	page := b.get("/account")
	b.wantText(page, "Ada Lovelace", "a…e@gmail.com", "Chrome on Windows", "This browser", "Safari on iPhone", "Signed in 1 day ago with Facebook",
		"Last seen 12 minutes ago", "Apps signed in from here: Night Radio, Sunny Books", "Firefox on Linux", "Signed out because it was not used.",
		"Sunny Books", "Connected 3 hours ago", "Your e-mail address", "Night Radio", "Not verified", "Access named “playlist:write”",
		"Access while you are away", "Google", "Facebook", "a…a@analytical.example")
	t.Run("BR-17, EN-05: no raw session id, no token, no subject, no address stands there", func(t *testing.T) {
		who := w.people.named(t, "Ada Lovelace").ID
		for _, s := range w.browsers.byToken {
			if strings.Contains(page.body, s.ID) {
				t.Errorf("the session id %s", s.ID)
			}
		}
		for _, secret := range []string{who, "subject-of-", "ada.lovelace@gmail.com", "ada@analytical.example", "sid-unused"} {
			if strings.Contains(page.body, secret) {
				t.Errorf("%s", secret)
			}
		}
	})
	t.Run("each thing to end has a stable id; this browser is ended by the log-out page", func(t *testing.T) {
		ids := regexp.MustCompile(` id="((?:session-end|sessions-end|app-disconnect)[^"]*)"`).FindAllStringSubmatch(page.body, -1)
		if len(ids) != 5 || ids[2][1] != "sessions-end-others" || ids[0][1] != "session-end-"+handleOf("session", phone.AccountID, phone.ID) {
			t.Errorf("%v", ids)
		}
		if again := b.get("/account"); again.body != page.body {
			t.Error("a second look differs")
		}
	})
	t.Run("nothing connected yet: what to do stands there", func(t *testing.T) {
		w := newWorld(t, Brand{})
		b := w.browser(t, "one")
		b.want(b.signIn(b.begin(sunnyBooks())), http.StatusSeeOther)
		page := b.get("/account")
		b.wantText(page, "No app is connected yet. Open the app")
		if strings.Contains(page.body, "sessions-end-others") {
			t.Error("there is nothing else to end")
		}
	})
	t.Run("a client that is gone can be disconnected all the same", func(t *testing.T) {
		w.connections.add(phone.AccountID, &clients.Client{ID: "https://gone.example/client.json", Metadata: clients.Metadata{ClientName: "gone"}}, provider.Connection{Since: time.Now()})
		b.wantText(b.get("/account"), "https://gone.example/client.json", "app-disconnect-"+handleOf("app", phone.AccountID, "https://gone.example/client.json"))
	})
	t.Run("so many sessions that not all are shown", func(t *testing.T) {
		w.browsers.mu.Lock()
		for n := range maxSessions {
			s := phone
			s.ID += strings.Repeat("x", n)
			w.browsers.byToken[s.ID] = s
		}
		w.browsers.mu.Unlock()
		page := b.get("/account")
		b.wantText(page, "And 2 more, which are not shown.", "This browser")
		b.wantText(b.get("/account/sessions"), "Ends 51 sessions.")
	})
}

// BR-17: one of the person's own sessions ends, once it was asked about.
func TestEndSession(t *testing.T) {
	w, b, phone := atAccount(t)
	path := "/account/sessions/" + handleOf("session", phone.AccountID, phone.ID)
	page := b.get(path)
	b.wantText(page, "Sign out Safari on iPhone?", "Ends your session in that browser.", "It also signs you out of 2 apps there:", "Sunny Books",
		"Night Radio", "Apps that have access while you are away keep it")
	if _, there := w.browsers.byToken[phone.ID]; !there {
		t.Fatal("the question alone ended it")
	}
	done := b.press(page, "session-end-confirm")
	if _, there := w.browsers.byToken[phone.ID]; there {
		t.Error("it goes on")
	}
	b.wantText(b.follow(done), "That browser is signed out.")
	b.want(b.press(page, "session-end-confirm"), http.StatusNotFound) // it is nobody's now
	t.Run("all others", func(t *testing.T) {
		page := b.get("/account/sessions")
		b.wantText(page, "Sign out everywhere else?", "Ends 1 session. This browser stays signed in")
		b.wantText(b.follow(b.press(page, "sessions-end-confirm")), "You are signed out everywhere else.", "This browser")
		if n := w.sessionsOf(phone.AccountID); n != 1 {
			t.Errorf("%d sessions", n)
		}
		b.want(b.get("/account/sessions"), http.StatusSeeOther) // nothing left to ask
	})
	t.Run("this one, as by the log-out page", func(t *testing.T) {
		for _, s := range w.browsers.byToken {
			path = "/account/sessions/" + handleOf("session", s.AccountID, s.ID)
			if to := b.get(path).Header.Get("Location"); to != "/logout" {
				t.Errorf("asked at %q", to)
			}
			b.wantText(b.follow(b.post(path, url.Values{"session": {formOf(s)}})), "You are logged out")
		}
		if n := w.sessionsOf(phone.AccountID); n != 0 {
			t.Errorf("%d sessions", n)
		}
	})
}

func (w *world) sessionsOf(accountID string) int {
	n := 0
	for _, s := range w.browsers.byToken {
		if s.AccountID == accountID {
			n++
		}
	}
	return n
}

func TestDisconnect(t *testing.T) {
	w, b, phone := atAccount(t)
	page := b.get("/account/apps/" + handleOf("app", phone.AccountID, "radio"))
	b.wantText(page, "Disconnect Night Radio?", "Night Radio can no longer use your account.", "It signs you out of the app in 2 browsers.",
		"It also ends the access that the app has while you are away.")
	if len(w.connections.of[phone.AccountID]) != 2 {
		t.Fatal("the question alone ended it")
	}
	b.wantText(b.follow(b.press(page, "app-disconnect-confirm")), "The app is disconnected.")
	if left := w.connections.of[phone.AccountID]; len(left) != 1 || left[0].ClientID != "sunny" {
		t.Errorf("left: %v", left)
	}
	b.want(b.press(page, "app-disconnect-confirm"), http.StatusNotFound)
}

// BR-17: what is another's is not found, whether it is there or not, and a form is good for the session it was made for alone.
func TestAccountOfOthers(t *testing.T) {
	w, b, phone := atAccount(t)
	mine := b.get("/account/sessions/" + handleOf("session", phone.AccountID, phone.ID))
	ours := b.get("/account/sessions")
	theirs := []string{"/account/sessions/" + handleOf("session", phone.AccountID, phone.ID), "/account/apps/" + handleOf("app", phone.AccountID, "sunny")}
	never := []string{"/account/sessions/" + handleOf("session", phone.AccountID, "never"), "/account/apps/" + phone.ID, "/account/sessions/" + phone.ID}

	grace := w.browser(t, "two")
	w.google.say(account.Proof{Issuer: "https://accounts.google.com", Subject: "2", Name: "Grace Hopper", Email: "grace@navy.example"}, nil)
	grace.want(grace.get(grace.atUpstream(grace.follow(grace.get("/account")), "google")), http.StatusSeeOther)
	var hers string
	for _, s := range w.browsers.byToken {
		if s.AccountID == w.people.named(t, "Grace Hopper").ID {
			hers = formOf(s)
		}
	}
	for _, path := range append(theirs, never...) {
		get, post := grace.get(path), grace.post(path, url.Values{"session": {hers}})
		grace.want(get, http.StatusNotFound)
		grace.want(post, http.StatusNotFound)
		grace.wantText(get, "There is no page here")
		if strings.Contains(get.body+post.body, phone.ID) {
			t.Errorf("%s: the answer says the id", path)
		}
	}
	before := len(w.browsers.byToken)
	for _, page := range []reply{mine, ours} {
		for name, form := range map[string]url.Values{
			"BR-04: no form token":                {},
			"BR-04: an empty form token":          {"session": {""}},
			"BR-04: the form of another session":  {"session": {hers}},
			"BR-02: the session id for the token": {"session": {phone.ID}},
		} {
			t.Run(name+" "+page.Request.URL.Path, func(t *testing.T) {
				again := b.post(page.Request.URL.Path, form)
				b.want(again, http.StatusSeeOther)
				if to := again.Header.Get("Location"); to != page.Request.URL.Path {
					t.Errorf("it goes to %q", to)
				}
			})
		}
	}
	if len(w.browsers.byToken) != before || len(w.connections.of[phone.AccountID]) != 2 {
		t.Error("something was ended")
	}
	stranger := w.browser(t, "three")
	for _, path := range append(theirs, "/account/sessions") {
		for _, answer := range []reply{stranger.get(path), stranger.post(path, url.Values{"session": {hers}})} {
			if to := answer.Header.Get("Location"); answer.StatusCode != http.StatusSeeOther || to != "/account" {
				t.Errorf("without a session, %s: %d to %q", path, answer.StatusCode, to)
			}
		}
	}
}

// BR-08, AZ-21: the sign-in for the account alone ends at the account and nowhere else, in the browser where it began.
func TestSignInForTheAccount(t *testing.T) {
	w := newWorld(t, Brand{})
	b, other := w.browser(t, "one"), w.browser(t, "other")
	page := b.follow(b.get("/account?return_to=" + url.QueryEscape("//evil.example") + "&i=x"))
	b.wantText(page, "Sign in to Symbolon")
	if strings.Contains(page.body, "evil") {
		t.Error("a parameter of the address came along")
	}
	if to := b.press(page, "login-cancel").Header.Get("Location"); to != "/" {
		t.Errorf("Cancel goes to %q", to)
	}
	other.want(other.get(page.Request.URL.RequestURI()), http.StatusBadRequest)
	b.want(b.get("/consent?"+page.Request.URL.RawQuery), http.StatusBadRequest)
	b.want(b.post("/consent", url.Values{"i": page.Request.URL.Query()["i"], "decision": {"allow"}}), http.StatusBadRequest)
	if to := b.get("/login").Header.Get("Location"); to != "/account" {
		t.Errorf("the login page without a request goes to %q", to)
	}
	w.google.say(ada(), nil)
	callback := b.atUpstream(page, "google")
	if other.get(callback).StatusCode == http.StatusSeeOther {
		t.Error("FD-07: another browser came back from the upstream")
	}
}

func TestBrowserNames(t *testing.T) {
	w := newWorld(t, Brand{})
	for header, want := range map[string]string{
		onWindows: "Chrome on Windows", onIPhone: "Safari on iPhone (phone)", onLinux: "Firefox on Linux",
		onWindows + " Edg/142.0.0.0":                       "Edge on Windows",
		onWindows + " OPR/120.0.0.0":                       "Opera on Windows",
		onWindows + " Whale/4.33.325.17":                   "Whale on Windows",
		onIPhone + " KAKAOTALK/25.9.1 (INAPP)":             "KakaoTalk on iPhone (phone)",
		strings.Replace(onIPhone, "Version/", "CriOS/", 1): "Chrome on iPhone (phone)",
		"Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36":                     "Chrome on Android (phone)",
		"Mozilla/5.0 (Linux; Android 16; SM-S931N) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/136.0.0.0 Safari/537.36": "Samsung Internet on Android",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15":               "Safari on Mac",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36":                      "Chrome on ChromeOS",
		"Dalvik/2.1.0 (Linux; U; Android 16; Pixel 9)": "An app on Android", "curl/8.5.0": "Unknown browser", "": "Unknown browser", attack: "Unknown browser",
	} {
		got, phone := (&words{texts: w.ui.texts, lang: "en"}).browser(header)
		if phone {
			got += " (phone)"
		}
		if got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}

func TestWhen(t *testing.T) {
	w := newWorld(t, Brand{})
	const day = 24 * time.Hour
	for ago, want := range map[time.Duration][2]string{
		-time.Minute: {"just now", "방금"}, 59 * time.Second: {"just now", "방금"}, time.Minute: {"1 minute ago", "1분 전"}, 59 * time.Minute: {"59 minutes ago", "59분 전"},
		time.Hour: {"1 hour ago", "1시간 전"}, 25 * time.Hour: {"1 day ago", "1일 전"}, 29*day + time.Hour: {"29 days ago", "29일 전"},
	} {
		for n, lang := range []string{"en", "ko"} {
			if got := (&words{texts: w.ui.texts, lang: lang}).when(time.Now().Add(-ago)); got != want[n] {
				t.Errorf("%s ago in %s: %q", ago, lang, got)
			}
		}
	}
	long := time.Date(2021, 2, 3, 23, 59, 0, 0, time.FixedZone("", 9*3600))
	for lang, want := range map[string]string{"en": "on 3 February 2021", "ko": "2021년 2월 3일"} {
		if got := (&words{texts: w.ui.texts, lang: lang}).when(long); got != want {
			t.Errorf("long ago in %s: %q", lang, got)
		}
	}
}
