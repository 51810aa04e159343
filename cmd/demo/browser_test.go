package main

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
)

// TestInBrowser walks through the demo in Chromium. Each scenario has a browser of its own, and a person whom no other scenario signs in: consent
// is remembered per person and app.
func TestInBrowser(t *testing.T) {
	chromium := startChromium(t)
	d := startDemo(t, t.TempDir())
	for _, scenario := range []struct {
		name string
		walk func(*testing.T, *demo, *tab)
	}{
		{"first sign-in with Google", walkGoogle},
		{"first sign-in with Facebook", walkFacebook},
		{"single sign-on and log-out", walkSingleSignOn},
		{"log-out elsewhere", walkLogOutElsewhere},
		{"denial at the upstream", walkUpstreamDenial},
		{"denial at consent", walkConsentDenial},
		{"back button after the sign-in", walkBackAfterSignIn},
		{"back button from consent", walkBackFromConsent},
		{"two tabs interleaved", walkTwoTabs},
		{"without JavaScript", walkWithoutScript},
		{"in Korean", walkKorean},
	} {
		t.Run(scenario.name, func(t *testing.T) { scenario.walk(t, d, newPerson(t, chromium)) })
	}
}

func walkGoogle(_ *testing.T, d *demo, b *tab) {
	b.open(d.books)
	b.shoot("books-welcome")
	b.press("sign-in")
	b.wantAt(d.issuer + "/login")
	b.shoot("login")
	b.press("login-google")
	b.shoot("google-chooser")
	b.press("person-ada")
	b.wantAt(d.issuer + "/consent")
	b.shoot("consent-books")
	b.press("consent-allow")
	b.wantAt(d.books + "/")
	b.wantIn("greeting", "Ada Lovelace")
	b.shoot("books-home")

	b.press("call-api")
	b.wantIn("api-result", "200 OK", "The Half-Coin")
	b.wantIn("api-claims", `"alg": "ES256"`, `"typ": "at+jwt"`)
	b.press("ask-introspection")
	b.wantIn("introspection-result", `"active": true`)
	b.shoot("books-tools")
	b.press("refresh")
	b.wantIn("refreshed", "once")
	b.press("call-api")
	b.wantIn("api-result", "200 OK")
	b.press("account")
	b.wantAt(d.books + "/account")
	b.wantIn("visits", "once")
	b.shoot("books-account")
}

func walkFacebook(_ *testing.T, d *demo, b *tab) {
	b.open(d.radio)
	b.shoot("radio-welcome")
	b.press("sign-in")
	b.press("login-facebook")
	b.shoot("facebook-chooser")
	b.press("person-jiwoo")
	b.wantAt(d.issuer + "/consent")
	b.shoot("consent-radio")
	b.press("consent-allow")
	b.wantAt(d.radio + "/")
	b.wantIn("greeting", "박지우")
	b.shoot("radio-home")
}

func walkSingleSignOn(_ *testing.T, d *demo, b *tab) {
	b.open(d.books)
	b.press("sign-in")
	b.press("login-google")
	b.press("person-grace")
	b.press("consent-allow")
	b.wantIn("greeting", "Grace Hopper")

	b.open(d.radio)
	b.press("sign-in")
	b.wantAt(d.issuer + "/consent") // nothing but the question what the second app may see
	b.press("consent-allow")
	b.wantIn("greeting", "Grace Hopper")

	b.open(d.radio + "/sign-in") // the second visit shows no page: one navigation ends at the app
	b.wantAt(d.radio + "/")
	b.wantIn("greeting", "Grace Hopper")

	b.press("log-out")
	b.wantAt(d.radio + "/signed-out")
	b.shoot("radio-signed-out")
	b.press("sign-in")
	b.wantAt(d.issuer + "/login") // the log-out reached the provider's session
	b.shoot("login-last-used")

	b.open(d.issuer + "/logout")
	b.shoot("logged-out")
}

// walkLogOutElsewhere is the promise: the other app is signed out too, and a token that it kept is refused, though the API asks nobody.
func walkLogOutElsewhere(_ *testing.T, d *demo, b *tab) {
	b.open(d.books)
	b.press("sign-in")
	b.press("login-facebook")
	b.press("person-linus")
	b.press("consent-allow")
	b.press("call-api")
	b.wantIn("api-result", "200 OK")

	radio := b.another()
	radio.open(d.radio)
	radio.press("sign-in")
	radio.press("consent-allow")
	radio.press("log-out")
	radio.wantAt(d.radio + "/signed-out")

	b.until("Sunny Books is told", func() bool {
		b.open(d.books)
		return b.shows("signed-out-elsewhere")
	})
	b.shoot("books-signed-out-elsewhere")
	b.until("the kept token is refused", func() bool {
		b.press("call-api")
		return !strings.Contains(b.inside("api-result"), "200 OK")
	})
	b.wantIn("api-result", "401 Unauthorized", "revoked")
	b.press("ask-introspection")
	b.wantIn("introspection-result", `"active": false`)
	b.shoot("books-kept-token")
}

func walkUpstreamDenial(_ *testing.T, d *demo, b *tab) {
	b.open(d.books)
	b.press("sign-in")
	b.press("login-google")
	b.press("cancel")
	b.wantAt(d.issuer + "/login")
	if !b.shows("login-google") {
		b.t.Error("no second chance")
	}
	b.shoot("login-cancelled")
	b.press("login-facebook")
	b.press("cancel")
	b.wantAt(d.issuer + "/login")
	b.press("login-cancel")
	b.wantAt(d.books + "/")
	b.wantIn("error", "access_denied")
	b.shoot("books-denied")
}

func walkConsentDenial(_ *testing.T, d *demo, b *tab) {
	b.open(d.radio)
	b.press("sign-in")
	b.press("login-google")
	b.press("person-alan")
	b.press("consent-deny")
	b.wantAt(d.radio + "/")
	b.wantIn("error", "access_denied")
	b.shoot("radio-denied")
	b.press("sign-in") // a refusal is not remembered
	b.wantAt(d.issuer + "/consent")
}

func walkBackAfterSignIn(_ *testing.T, d *demo, b *tab) {
	b.open(d.books)
	b.press("sign-in")
	b.press("login-google")
	b.press("person-edsger")
	b.press("consent-allow")
	b.wantIn("greeting", "Edsger Dijkstra")

	b.back()
	b.wantAt(d.issuer + "/consent")
	b.press("consent-allow")
	b.wantAt(d.books + "/") // a second answer to the same question changes nothing
	b.wantIn("greeting", "Edsger Dijkstra")
}

func walkBackFromConsent(_ *testing.T, d *demo, b *tab) {
	b.open(d.books)
	b.press("sign-in")
	b.press("login-google")
	b.press("person-mallory")
	b.wantAt(d.issuer + "/consent")
	b.back() // Google knows the browser by now, and sends it on at once, with an attempt that has been spent
	b.wantAt(d.issuer + "/consent")
	b.press("consent-allow")
	b.wantIn("greeting", "Mallory")
}

func walkTwoTabs(_ *testing.T, d *demo, books *tab) {
	books.open(d.books)
	radio := books.another()
	radio.open(d.radio)
	books.press("sign-in")
	radio.press("sign-in")
	books.press("login-google")
	radio.press("login-facebook")
	books.press("person-minji")
	books.wantAt(d.issuer + "/consent")
	radio.press("person-grace") // now the browser is Grace's
	radio.wantAt(d.issuer + "/consent")
	radio.press("consent-allow")
	radio.wantIn("greeting", "Grace Hopper")

	books.press("consent-allow") // what 민지 was asked is not answered for Grace: she is asked herself
	books.wantAt(d.issuer + "/consent")
	books.press("consent-allow")
	books.wantAt(d.books + "/")
	books.wantIn("greeting", "Grace Hopper")
}

func walkWithoutScript(_ *testing.T, d *demo, b *tab) {
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.open(d.books)
	b.press("sign-in")
	b.press("login-facebook")
	b.press("person-ada")
	b.press("consent-allow")
	b.wantAt(d.books + "/")
	b.wantIn("greeting", "Ada Lovelace")
	b.press("call-api")
	b.wantIn("api-result", "200 OK")
	b.press("log-out")
	b.wantAt(d.books + "/signed-out")
}

func walkKorean(_ *testing.T, d *demo, b *tab) {
	b.speak("ko")
	b.open(d.books)
	b.press("sign-in")
	b.wantIn("login-google", "Google로 계속하기")
	b.shoot("login-ko")
	b.press("login-google")
	b.press("person-minji")
	b.wantIn("consent-allow", "허용")
	b.shoot("consent-ko")
	b.press("consent-allow")
	b.wantIn("greeting", "김민지")
	b.open(d.issuer + "/logout")
	b.shoot("logout-ko")
	b.press("logout-confirm")
	b.wantAt(d.issuer + "/logout")
	b.shoot("logged-out-ko")
}
