package loginui

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/provider/account"
)

// atConsent brings the browser to the consent page as Ada.
func (b *browser) atConsent() reply {
	b.t.Helper()
	page := b.follow(b.follow(b.signIn(b.begin(sunnyBooks()))))
	b.want(page, http.StatusOK)
	return page
}

func TestConsentPage(t *testing.T) {
	w := newWorld(t, Brand{})
	b := w.browser(t, "one")
	page := b.atConsent()
	b.wantText(page, "Allow Sunny Books to sign you in?", "sunnybooks.example", "Your e-mail address", "a…e@gmail.com", "Your name", "Ada Lovelace",
		"You can take this back at any time", `id="consent-allow"`, `id="consent-deny"`, "Not you?")
	if strings.Contains(page.body, "ada.lovelace") {
		t.Error("the whole address stands on the page")
	}
	i := b.begin(sunnyBooks())
	ada := w.people.named(t, "Ada Lovelace").ID

	t.Run("deny", func(t *testing.T) {
		end := b.follow(b.press(page, "consent-deny"))
		if got := end.Header.Get("Location"); got != i.RedirectURI+"?error=access_denied" || w.asks.allows(ada, "sunny") {
			t.Errorf("ends at %q", got)
		}
	})
	t.Run("BR-04: a form without the session's name, or with another's", func(t *testing.T) {
		for _, form := range []url.Values{
			{"i": {i.Sealed}, "decision": {"allow"}},
			{"i": {i.Sealed}, "decision": {"allow"}, "session": {""}},
			{"i": {i.Sealed}, "decision": {"allow"}, "session": {"AAAAAAAAAAAAAAAAAAAAAA"}},
		} {
			b.want(b.post("/consent", form), http.StatusSeeOther)
			if w.asks.allows(ada, "sunny") {
				t.Fatalf("%v was taken for a consent", form)
			}
		}
	})
	t.Run("a decision that is none", func(t *testing.T) {
		b.want(b.post("/consent", url.Values{"i": {i.Sealed}, "decision": {"maybe"}}), http.StatusBadRequest)
	})
	t.Run("without a session the decision is made again", func(t *testing.T) {
		out := w.browser(t, "one")
		for _, answer := range []reply{out.get("/consent?i=" + i.Sealed), out.post("/consent", url.Values{"i": {i.Sealed}, "decision": {"allow"}})} {
			out.want(answer, http.StatusSeeOther)
			if got := answer.Header.Get("Location"); got != w.asks.ResumeURL(i) {
				t.Errorf("goes to %q", got)
			}
		}
	})
}

// AZ-22: a consent shown to one person is not given by the next.
func TestConsentIsThePersonsWhoSawIt(t *testing.T) {
	w := newWorld(t, Brand{})
	b := w.browser(t, "one")
	page := b.atConsent()
	i, ada := b.begin(sunnyBooks()), w.people.named(t, "Ada Lovelace").ID
	w.google.say(account.Proof{Issuer: "https://accounts.google.com", Subject: "2", Name: "Grace Hopper", Email: "grace@navy.example"}, nil)
	b.want(b.get(b.atUpstream(b.get(loginURL(i.Sealed, "switch", "1")), "google")), http.StatusSeeOther)
	grace := w.people.named(t, "Grace Hopper").ID
	shown := b.follow(b.follow(b.press(page, "consent-allow"))) // the page in the other tab is still Ada's
	if w.asks.allows(ada, "sunny") || w.asks.allows(grace, "sunny") {
		t.Fatal("the old page was taken for a consent")
	}
	b.wantText(shown, "Grace Hopper", "g…e@navy.example")
	b.want(b.press(shown, "consent-allow"), http.StatusSeeOther)
	if !w.asks.allows(grace, "sunny") || w.asks.allows(ada, "sunny") {
		t.Error("the new page was not")
	}
}

func TestConsentNamesWhereItIsTakenBack(t *testing.T) {
	w := newWorld(t, Brand{})
	b := w.browser(t, "one")
	b.wantText(b.atConsent(), "You can take this back at any time in your account.", `href="/account"`)
}

// RFC 9396 §3, §12: each object is a line, with the client's values escaped and apart from the operator's words; a form that showed other objects
// allows nothing.
func TestConsentShowsAuthorizationDetails(t *testing.T) {
	w := newWorld(t, Brand{})
	b := w.browser(t, "one")
	ask := sunnyBooks()
	ask.Details, ask.DetailsDigest, ask.Scopes = payments(t, "Merchant A", `<script>alert(1)</script> מוכר`), "digest", nil
	i := b.begin(ask)
	page := b.follow(b.follow(b.signIn(i)))
	b.wantText(page, "You allow Sunny Books to:", "<li>Pay <bdi>123.50</bdi> <bdi>EUR</bdi> to <bdi>Merchant A</bdi></li>",
		`name="details" value="digest"`)
	if !strings.Contains(page.body, "<bdi>&lt;script&gt;alert(1)&lt;/script&gt; מוכר</bdi>") || strings.Contains(page.body, "will get:") {
		t.Errorf("not escaped, or a heading over nothing:\n%s", page.body)
	}
	ada := w.people.named(t, "Ada Lovelace").ID
	session := regexp.MustCompile(`name="session" value="([^"]*)"`).FindStringSubmatch(page.body)[1]
	for _, shown := range []string{"", "another"} {
		b.want(b.post("/consent", url.Values{"i": {i.Sealed}, "decision": {"allow"}, "session": {session}, "details": {shown}}), http.StatusSeeOther)
		if w.asks.allows(ada, "sunny") {
			t.Fatalf("a form that showed %q was taken for a consent", shown)
		}
	}
	b.press(page, "consent-allow")
	if !w.asks.allows(ada, "sunny") {
		t.Error("the form was not taken")
	}
}
