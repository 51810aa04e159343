// Package loginui is the pages of the End-User: sign in, the way back from an upstream, consent, the account, log-out, home and errors; templates, texts,
// assets and handlers.
//
// A page decides nothing about an authorization request: it records what the person chose and sends the browser back to provider.ResumePath,
// where the decision is made. Pages work without JavaScript, name every control by a stable id, load nothing from elsewhere, and are rendered
// into a buffer before the first byte. Texts of clients and upstreams are hostile: visible.go makes them one short visible line, html/template
// escapes them.
//
// Read routes.go for the list of pages, then login.go, callback.go and consent.go in the order a person meets them; account.go is where they see what
// came of it, and end it.
package loginui
