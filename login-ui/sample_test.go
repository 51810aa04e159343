package loginui

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/details"
	"github.com/symbolon-id/symbolon/provider/web"
)

// sample is one state of one page, as the real handlers answer it.
type sample struct {
	name string
	page reply
}

// samplePages walks through every page in a language.
func samplePages(t *testing.T, lang string) []sample {
	t.Helper()
	w := newWorld(t, Brand{Support: "mailto:help@symbolon.example"})
	var all []sample
	add := func(name string, page reply) { all = append(all, sample{name, page}) }
	browse := func(secret string) *browser {
		b := w.browser(t, secret)
		b.header.Set("Accept-Language", lang)
		return b
	}
	b := browse("one")
	b.header.Set("User-Agent", onWindows)
	add("login-account", b.follow(b.get("/account")))
	i := b.begin(sunnyBooks())
	add("login", b.get(loginURL(i.Sealed)))
	add("login-cancelled", b.get(loginURL(i.Sealed, "notice", "cancelled", "at", "google")))
	add("login-unavailable", b.get(loginURL(i.Sealed, "notice", "unavailable", "at", "facebook")))
	again := browse("again")
	ask := sunnyBooks()
	ask.Reauthenticate = true
	ask.Client.Metadata.ClientName = "Bibliothek für Naturwissenschaften und Technik der Stadt Wien"
	add("login-again", again.get(loginURL(again.begin(ask).Sealed)))
	logo := browse("logo")
	ask = sunnyBooks()
	ask.Client = &clients.Client{ID: "native", SelfRegistered: true, Metadata: clients.Metadata{ClientName: "Sunny Reader", LogoURI: readerLogo}}
	add("login-logo", logo.get(loginURL(logo.begin(ask).Sealed)))

	signed := b.follow(b.signIn(i))
	consent := b.follow(signed)
	add("consent", consent)
	add("login-last-used", b.get(loginURL(i.Sealed)))
	add("login-switch", b.get(loginURL(i.Sealed, "switch", "1")))
	add("consent-payment", paymentConsent(t, browse("payment")))
	add("consent-native", nativeConsent(t, browse("native")))
	add("consent-unverified", unverifiedConsent(t, browse("unverified"), "registered"))
	add("consent-document", unverifiedConsent(t, browse("document"), "https://app.sunny.example/client.json"))
	add("home-signed-in", b.get("/"))
	deviceSamples(w, t, b, add)
	accountSamples(w, t, b, add)
	add("logout", b.get("/logout"))
	w.asks.logouts["lo"] = &provider.Logout{Sealed: "lo", ClientName: "Sunny Books", RedirectURL: "https://sunnybooks.example/bye"}
	add("logout-client", b.get("/logout?l=lo"))
	b.press(b.get("/logout"), "logout-confirm")
	add("logged-out", b.get("/logout"))
	add("home", b.get("/"))

	blocked := browse("blocked")
	who := w.people.named(t, "Ada Lovelace")
	who.BlockedAt = who.CreatedAt
	w.people.accounts[who.ID] = who
	add("blocked", blocked.signIn(blocked.begin(sunnyBooks())))
	add("not-found", b.get("/nowhere"))
	return append(all, errorSamples(w, lang)...)
}

// paymentConsent is the consent page of an app that asks for two payments (RFC 9396).
func paymentConsent(t *testing.T, b *browser) reply {
	t.Helper()
	ask := sunnyBooks()
	ask.Details, ask.DetailsDigest = payments(t, "Merchant A", "주식회사 한국전력공사 서울본부 <b>전기요금</b> 수납 계좌"), "payments"
	ask.Scopes = []string{"openid"}
	return b.follow(b.follow(b.signIn(b.begin(ask))))
}

// payments returns the authorization details of one payment to each payee.
func payments(t *testing.T, payees ...string) details.List {
	t.Helper()
	typ, problems := details.New(details.Definition{
		Type: "payment_initiation", Schema: []byte(`{"additionalProperties":false,"properties":{"amount":{"type":"string"},"currency":{"type":"string"},"payee":{"type":"string"}}}`),
		Consent: map[string]string{"en": "Pay {amount} {currency} to {payee}", "ko": "{payee}에 {amount} {currency} 보내기"},
	})
	if problems != nil {
		t.Fatal(problems)
	}
	var objects []map[string]string
	for _, payee := range payees {
		objects = append(objects, map[string]string{"type": "payment_initiation", "amount": "123.50", "currency": "EUR", "payee": payee})
	}
	text, err := json.Marshal(objects)
	check(t, err)
	list, err := details.Types{typ}.Parse(string(text))
	check(t, err)
	return list
}

// nativeConsent is the consent page of an app on the device, with a logo and scopes of a partner's API, for a person without e-mail.
func nativeConsent(t *testing.T, b *browser) reply {
	t.Helper()
	ask := sunnyBooks()
	ask.RedirectURI = "com.example.sunny:/callback"
	ask.Client = &clients.Client{ID: "native", Metadata: clients.Metadata{ClientName: "Sunny Reader", LogoURI: readerLogo}}
	ask.Scopes = []string{"openid", "profile", "email", "offline_access", "shelf:write"}
	i := b.begin(ask)
	b.world.google.say(account.Proof{Issuer: "https://www.facebook.com", Subject: "2", Name: "김하늘"}, nil)
	return b.follow(b.follow(b.get(b.atUpstream(b.get(loginURL(i.Sealed)), "facebook"))))
}

// unverifiedConsent is the consent page of a client that registered itself, or has a metadata document.
func unverifiedConsent(t *testing.T, b *browser, id string) reply {
	t.Helper()
	ask := sunnyBooks()
	ask.Client = &clients.Client{ID: id, SelfRegistered: true, Metadata: clients.Metadata{ClientName: "Sunny Reader", SkipConsent: true}}
	return b.follow(b.follow(b.signIn(b.begin(ask))))
}

func errorKinds() []web.PageErrorKind {
	return []web.PageErrorKind{
		web.PageLinkInvalid, web.PageLinkExpired, web.PageOtherBrowser, web.PageLinkUsed, web.PageUnknownClient, web.PageBadRedirectURI, web.PageLeave,
		web.PageBadRequest, web.PageBlocked, web.PageForbidden, web.PageNotFound, web.PageMethod, web.PageTooLarge, web.PageTooManyRequests,
		web.PageUnavailable, web.PageInternal,
	}
}

// errorSamples are the error pages as the provider asks for them.
func errorSamples(w *world, lang string) []sample {
	var all []sample
	for _, kind := range errorKinds() {
		e := &web.PageError{Kind: kind, Client: "Sunny Books", Err: errors.New("private cause")}
		if kind == web.PageBadRedirectURI {
			e.Detail = `redirect_uri "https://sunnybooks.example/old" is not registered for client "sunny".`
		}
		if kind == web.PageLeave {
			e.Detail, e.Next = "invalid_scope: The client is not registered for the scope x.", "https://sunnybooks.example/callback?error=invalid_scope&state=1"
		}
		page := record(func(rw http.ResponseWriter, r *http.Request) { w.ui.ErrorPage(rw, r, e) }, lang)
		all = append(all, sample{"error-" + string(kind), page})
	}
	return all
}

// record runs a handler without a server.
func record(h http.HandlerFunc, lang string) reply {
	r := httptest.NewRequest(http.MethodGet, "/oauth2/authorize", nil)
	r.Header.Set("Accept-Language", lang)
	ctx, _ := web.NewEvent(r.Context())
	rec := httptest.NewRecorder()
	h(rec, r.WithContext(ctx))
	return reply{rec.Result(), rec.Body.String()}
}
