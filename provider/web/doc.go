// Package web is the HTTP plumbing under every surface: handlers that return errors, the request event (one log line per request), limits,
// security headers, forms without duplicate parameters, and the guard before outgoing requests.
//
// It knows no domain: no client, no session, no OAuth. Each surface (OAuth JSON, HTML pages, problem documents) has its own error writer and
// builds it on Handler.
package web
