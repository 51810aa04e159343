package provider

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
)

// browserCookie binds interactions and upstream attempts to the browser that started them. It says nothing about who uses the browser.
const browserCookie = "__Host-symbolon-browser"

// BrowserHash returns the SHA-256 of the browser's binding cookie, or nil when the browser has none. Two cookies of the name are none.
func (p *Provider) BrowserHash(r *http.Request) []byte {
	cookies := r.CookiesNamed(browserCookie)
	if len(cookies) != 1 || len(cookies[0].Value) != base64.RawURLEncoding.EncodedLen(idBytes) {
		return nil
	}
	sum := sha256.Sum256([]byte(cookies[0].Value))
	return sum[:]
}

// bindBrowser returns the hash of the browser's binding cookie, and sets the cookie first when there is none.
func (p *Provider) bindBrowser(w http.ResponseWriter, r *http.Request) []byte {
	if hash := p.BrowserHash(r); hash != nil {
		return hash
	}
	value := randomID()
	// No Max-Age: the cookie lasts as long as the browser runs. Lax: it must come along when an upstream sends the browser back.
	http.SetCookie(w, &http.Cookie{Name: browserCookie, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	sum := sha256.Sum256([]byte(value))
	return sum[:]
}
