package main

import (
	"fmt"
	"strings"
	"time"
)

// welcome says what to open and what to try.
func (d *demo) welcome(took time.Duration, o options) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Symbolon is ready, after %.2f s.\n", took.Seconds())
	fmt.Fprintf(&b, `
Open
  %-24[1]s Sunny Books, a partner app
  %-24[2]s Night Radio, another one

Try
  1. At Sunny Books, press "Sign in with Symbolon" and go on with Google. Nobody there is real, and there is no password.
     "Call the API" answers 200 OK: the API checks the access token without asking anybody.
  2. At Night Radio, sign in too: you are known already, and only asked, once, what it may see.
  3. Log out at Night Radio and go back to Sunny Books: it was told, and has signed you out too.
     It has kept a copy of the access token, which says it is good for minutes. "Try the kept token" answers 401 after at most %[3]s,
     although the API still asks nobody; "Ask introspection" asks Symbolon, which knows at once.
  4. In a private window, cancel at Google, or at the question what an app may see.
  5. As the administrator, block yourself: what you signed in to ends just as after a log-out.
     go run ./cmd/symbolon user list -c %[4]s
     go run ./cmd/symbolon user block -c %[4]s ID

Your own app
  go run ./cmd/symbolon client create -c %[4]s --client-name "My app" --redirect-uri http://127.0.0.1:3000/callback
  Issuer: %[5]s

Simulated: Google at %[6]s, Facebook at %[7]s.
`, d.books, d.radio, revocationReach, shellQuote(d.configuration), d.issuer, d.google.BaseURL(), d.facebook.BaseURL())
	if o.data == "" {
		b.WriteString("Everything is forgotten when you stop it; -data FOLDER keeps it. ")
	}
	b.WriteString("Stop with Ctrl+C.\n")
	return b.String()
}

// shellQuote makes a path one word of a shell.
func shellQuote(path string) string {
	if !strings.ContainsAny(path, " \t\n'\"\\$`&|;<>()*?[]#~!{}") {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
