package loginui

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/upstream"
)

func TestSignInEndToEnd(t *testing.T) {
	w := newWorld(t, Brand{})
	b := w.browser(t, "one")
	i := b.begin(sunnyBooks())
	back := b.signIn(i)
	b.want(back, http.StatusSeeOther)
	if got := back.Header.Get("Location"); got != w.asks.ResumeURL(i)+"#" {
		t.Fatalf("the callback goes to %q", got)
	}
	end := b.follow(b.press(b.follow(b.follow(back)), "consent-allow"))
	if got := end.Header.Get("Location"); got != i.RedirectURI+"?code=good" {
		t.Errorf("ends at %q", got)
	}
	if sessions, _ := w.browsers.SessionsOf(t.Context(), w.people.named(t, "Ada Lovelace").ID); len(sessions) != 1 || sessions[0].Upstream != "google" {
		t.Errorf("sessions %+v", sessions)
	}
}

// AZ-23: two tabs, two clients, two upstreams, their steps interleaved.
func TestParallelFlowsDoNotCross(t *testing.T) {
	w := newWorld(t, Brand{})
	b := w.browser(t, "one")
	first, other := sunnyBooks(), sunnyBooks()
	other.RedirectURI = "https://moonfilms.example/cb"
	i, j := b.begin(first), b.begin(other)
	pageI, pageJ := b.get(loginURL(i.Sealed)), b.get(loginURL(j.Sealed))
	w.google.say(ada(), nil)
	callbackI, callbackJ := b.atUpstream(pageI, "google"), b.atUpstream(pageJ, "facebook")
	if got := b.get(callbackJ).Header.Get("Location"); got != w.asks.ResumeURL(j)+"#" {
		t.Errorf("the second flow resumes at %q", got)
	}
	if got := b.get(callbackI).Header.Get("Location"); got != w.asks.ResumeURL(i)+"#" {
		t.Errorf("the first flow resumes at %q", got)
	}
}

func TestCallbackIsGoodOnceInItsBrowser(t *testing.T) {
	w := newWorld(t, Brand{})
	w.google.say(ada(), nil)
	b := w.browser(t, "one")
	page := b.get(loginURL(b.begin(sunnyBooks()).Sealed))

	t.Run("used twice", func(t *testing.T) {
		callback := b.atUpstream(page, "google")
		b.want(b.get(callback), http.StatusSeeOther)
		again := b.get(callback) // as the Back button does
		b.want(again, http.StatusSeeOther)
		if location := again.Header.Get("Location"); !strings.HasPrefix(location, provider.ResumePath) {
			t.Errorf("sent to %s", location)
		}
	})
	t.Run("never started here", func(t *testing.T) {
		unknown := b.get("/login/google/callback?code=x&state=unknown")
		b.want(unknown, http.StatusBadRequest)
		b.wantText(unknown, "This link no longer works", "Go back to the app you came from")
	})
	t.Run("AZ-21: in another browser, and it is spent", func(t *testing.T) {
		callback := b.atUpstream(page, "google")
		thief := w.browser(t, "thief")
		thief.want(thief.get(callback), http.StatusBadRequest)
		sessions := w.sessions(t)
		b.want(b.get(callback), http.StatusSeeOther) // back to the decision, and nobody is signed in by it
		if w.sessions(t) != sessions {
			t.Error("a spent callback signs in")
		}
	})
	t.Run("AZ-21: in a browser without cookies", func(t *testing.T) {
		callback := b.atUpstream(page, "google")
		bare := w.browser(t, "x")
		bare.client.Jar = nil
		answer := bare.get(callback)
		bare.want(answer, http.StatusBadRequest)
		bare.wantText(answer, "This sign-in began in another browser", "cookies switched on")
	})
	t.Run("at another upstream's callback", func(t *testing.T) {
		callback := strings.Replace(b.atUpstream(page, "google"), "/google/", "/facebook/", 1)
		b.want(b.get(callback), http.StatusBadRequest)
	})
	t.Run("AZ-24: HEAD spends nothing", func(t *testing.T) {
		callback := b.atUpstream(page, "google")
		refused := b.do(http.MethodHead, callback, "")
		b.want(refused, http.StatusMethodNotAllowed)
		b.want(b.get(callback), http.StatusSeeOther)
	})
	t.Run("the state twice", func(t *testing.T) {
		b.want(b.get(b.atUpstream(page, "google")+"&state=x"), http.StatusBadRequest)
	})
}

func TestUpstreamFailures(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		says   string
	}{
		{upstream.ErrCancelled, http.StatusOK, "You cancelled at Google. Choose again or go back."},
		{upstream.ErrUnavailable, http.StatusServiceUnavailable, "Google is not answering right now."},
		{upstream.ErrMisconfigured, http.StatusBadGateway, "Google does not accept sign-ins from here at the moment."},
		{upstream.ErrProtocol, http.StatusBadGateway, "could not be verified, so you were not signed in"},
	} {
		t.Run(c.err.Error(), func(t *testing.T) {
			w := newWorld(t, Brand{})
			b := w.browser(t, "one")
			i := b.begin(sunnyBooks())
			w.google.say(account.Proof{}, fmt.Errorf("%w: private cause", c.err))
			sent := b.get(b.atUpstream(b.get(loginURL(i.Sealed)), "google"))
			if strings.Contains(sent.Header.Get("Location"), "code=") || strings.Contains(sent.Header.Get("Location"), "state=") {
				t.Errorf("AZ-20: the upstream's answer stays in the address: %q", sent.Header.Get("Location"))
			}
			page := b.follow(sent)
			b.want(page, c.status)
			b.wantText(page, c.says)
			if strings.Contains(page.body, "private cause") {
				t.Error("the page shows the private cause")
			}
			w.google.say(ada(), nil)
			b.want(b.get(b.atUpstream(page, "facebook")), http.StatusSeeOther) // and the person can choose again
		})
	}
	t.Run("a notice that is not ours says nothing", func(t *testing.T) {
		b := newWorld(t, Brand{}).browser(t, "one")
		i := b.begin(sunnyBooks())
		for _, query := range [][]string{{"notice", "title", "at", "google"}, {"notice", "cancelled", "at", "Google, call 555-0100"}} {
			if page := b.get(loginURL(i.Sealed, query...)); strings.Contains(page.body, "role=\"alert\"") {
				t.Errorf("%v makes a notice", query)
			}
		}
	})
}

func TestBlockedAccount(t *testing.T) {
	w := newWorld(t, Brand{})
	first := w.browser(t, "one")
	first.signIn(first.begin(sunnyBooks()))
	who := w.people.named(t, "Ada Lovelace")
	who.BlockedAt = time.Now()
	check(t, w.people.RecordSignIn(t.Context(), who, account.Identity{}))

	b := w.browser(t, "two")
	page := b.signIn(b.begin(sunnyBooks()))
	b.want(page, http.StatusForbidden)
	b.wantText(page, "This account is blocked", "Use another account", "switch=1")
	if len(page.Cookies()) != 0 {
		t.Errorf("cookies %v", page.Cookies())
	}
}

func TestStorageFaultIsUnavailable(t *testing.T) {
	w := newWorld(t, Brand{})
	b := w.browser(t, "one")
	b.signIn(b.begin(sunnyBooks()))
	w.people.fault = errors.New("disk on fire")
	page := b.get("/logout")
	b.want(page, http.StatusServiceUnavailable)
	b.wantText(page, "Try again", page.Header.Get("X-Request-Id"))
	if strings.Contains(page.body, "fire") {
		t.Error("the page shows the private cause")
	}
}

// OIDC Core §2: auth_time is when the person proved themselves.
func TestAuthTime(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	hourAgo, yesterday := now.Add(-time.Hour), now.Add(-24*time.Hour)
	mine := session.Session{AccountID: "me", AuthTime: yesterday}
	for _, c := range []struct {
		name   string
		proved time.Time
		asked  bool
		old    session.Session
		want   time.Time
	}{
		{"the upstream proved a moment", hourAgo, false, session.Session{}, hourAgo},
		{"the upstream proved a moment after it was asked to", hourAgo, true, mine, hourAgo},
		{"a moment in the future is not believed", now.Add(time.Hour), false, mine, now},
		{"nothing proved, nothing asked, no session", time.Time{}, false, session.Session{}, now},
		{"nothing proved, a new proof was asked for: the old moment stays", time.Time{}, true, mine, yesterday},
		{"nothing proved, a new proof was asked for, of another person's session", time.Time{}, true, session.Session{AccountID: "you", AuthTime: yesterday}, now},
		{"nothing proved, nothing asked, a session", time.Time{}, false, mine, now},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := authTime(upstream.Completion{Proof: account.Proof{AuthTime: c.proved}, Reauthenticate: c.asked}, c.old, "me", now)
			if !got.Equal(c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// AMR and ACR say what the upstream proved, and the session has nothing else.
func TestSessionHoldsOnlyWhatWasProven(t *testing.T) {
	w := newWorld(t, Brand{})
	b := w.browser(t, "one")
	b.header.Set("User-Agent", "test")
	i := b.begin(sunnyBooks())
	w.google.say(account.Proof{Issuer: "https://accounts.google.com", Subject: "9", Name: "Grace"}, nil)
	b.want(b.get(b.atUpstream(b.get(loginURL(i.Sealed)), "google")+"&amr=mfa&acr=high&auth_time=1&user="+url.QueryEscape(`{"name":"Eve"}`)), http.StatusSeeOther)
	sessions, err := w.browsers.SessionsOf(t.Context(), w.people.named(t, "Grace").ID)
	check(t, err)
	if s := sessions[0]; len(s.AMR) != 0 || s.ACR != "" || time.Since(s.AuthTime) > time.Minute {
		t.Errorf("session %+v", s)
	}
}
