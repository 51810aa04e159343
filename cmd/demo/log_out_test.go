package main

import (
	"strings"
	"testing"
	"time"
)

// TestLogOutReachesTheOtherApp shows the promise: a log-out at one app ends the session of the other, and the access token that it was given.
func TestLogOutReachesTheOtherApp(t *testing.T) {
	d := startDemo(t, t.TempDir())
	v := newVisitor(t)
	v.signIn(d.books, "google", "ada")
	v.press("call-api") // from now on the API has the list of revoked tokens
	v.wantIn("api-result", "200 OK")
	v.signInAgain(d.radio)
	v.press("log-out")
	v.wantAt(d.radio + "/signed-out")
	loggedOut := time.Now()

	v.await("Sunny Books is told", func() bool {
		v.open(d.books)
		return v.element("greeting") == nil
	})
	v.wantIn("signed-out-elsewhere", "signed you out too")
	v.await("the kept token is refused", func() bool {
		v.press("call-api")
		return !strings.Contains(v.inside("api-result"), "200 OK")
	})
	v.wantIn("api-result", "401 Unauthorized", "invalid_token", "revoked")
	t.Logf("refused %s after the log-out", time.Since(loggedOut).Round(time.Millisecond))
	v.press("ask-introspection")
	v.wantIn("introspection-result", `"active": false`)
	v.open(d.books + "/account")
	v.wantAt(d.issuer + "/login")
}

// TestLogOutHere shows that the app where the button is pressed refuses its own token just so.
func TestLogOutHere(t *testing.T) {
	d := startDemo(t, t.TempDir())
	v := newVisitor(t)
	v.signIn(d.books, "google", "grace")
	v.press("log-out")
	v.wantAt(d.books + "/signed-out")
	v.press("call-api") // the API has no list yet, so it fetches one that knows
	v.wantIn("api-result", "401 Unauthorized", "revoked")
}
