// Package session is the browser's session at the provider: one row per browser, found by a cookie, for the provider's own pages only.
//
// The cookie holds 256 random bits; the database holds their SHA-256. The value is new at every log-in. Tokens never come from here
// and no API reads the cookie. Package storage implements Store.
package session
