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
  %-24s Sunny Books, a partner app
  %-24s Night Radio, another one

Try
  1. At Sunny Books, press "Sign in with Symbolon" and go on with Google. Nobody there is real, and there is no password.
  2. At Night Radio, sign in too: you are known already, and only asked what it may see. Log out there, or here, and try again.
  3. At Sunny Books, "Call the API" checks the token without asking anybody; "Ask introspection" asks Symbolon.
     Log out at Night Radio and compare the two.
  4. Cancel at Google, or at the question what an app may see.

Your own app
  go run ./cmd/symbolon client create -c %s --client-name "My app" --redirect-uri http://127.0.0.1:3000/callback
  Issuer: %s

Simulated: Google at %s, Facebook at %s.
`, d.books, d.radio, shellQuote(d.configuration), d.issuer, d.google.BaseURL(), d.facebook.BaseURL())
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
