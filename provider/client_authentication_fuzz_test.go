package provider

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
)

// FuzzCredentials is CA-01: a request presents credentials in one way, or is refused. An id and a secret come out of a Basic header as they were put
// in, whatever they hold (RFC 6749 §2.3.1), and the header has one spelling.
func FuzzCredentials(f *testing.F) {
	basic := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, header := range []string{
		basic("c:s"), basic("c%3A:%2B+%C3%A9"), basic(":"), basic("c"), basic("c:%zz"), basic("c:\x00\xff"), "basic  Yzpz", "Basic Yzpz=", "Basic Yzp=", "Basic Yzpy\n", "Bearer x", "Basic", strings.Repeat("Basic ", 9),
	} {
		f.Add(header, "", "c", "s")
		f.Add(header, "client_id=c&client_secret=s", "a:b", "%")
	}
	f.Add("", "client_id=c&client_secret=", "", "")
	f.Add("", "client_assertion_type="+url.QueryEscape(assertionType)+"&client_assertion="+compact(`{"alg":"ES256"}`, `{"sub":"c"}`), "\x00", "\xff")
	f.Add("", "client_id=c&client_assertion=x", "☕", " +")
	f.Fuzz(func(t *testing.T, header, body, id, secret string) {
		again, err := parseBasic(basic(url.QueryEscape(id) + ":" + url.QueryEscape(secret)))
		if err != nil || again.id != id || again.secret != secret || again.method != clients.AuthMethodBasic {
			t.Fatalf("%q and %q became %q and %q, %v", id, secret, again.id, again.secret, err)
		}
		form, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		r := &http.Request{Header: http.Header{}}
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		c, err := credentialsOf(r, form)
		if err != nil {
			var e *fosite.RFC6749Error
			if !errors.As(err, &e) || e.ErrorField != "invalid_client" && e.ErrorField != "invalid_request" {
				t.Fatal(err)
			}
			return
		}
		ways := map[string]bool{
			clients.AuthMethodBasic: header != "", clients.AuthMethodPost: form.Has("client_secret"), methodAssertion: form.Has("client_assertion") || form.Has("client_assertion_type"),
		}
		for way, used := range ways {
			if used != (c.method == way) {
				t.Fatalf("%q, %q: %+v", header, body, c)
			}
		}
		if form.Has("client_id") && form.Get("client_id") != c.id {
			t.Fatalf("%q, %q: two clients, %q", header, body, c.id)
		}
		if c.method == clients.AuthMethodBasic {
			_, encoded, _ := strings.Cut(header, " ")
			raw, _ := base64.StdEncoding.DecodeString(encoded)
			if "Basic "+encoded != basic(string(raw)) || len(c.id)+len(c.secret) > len(raw) {
				t.Fatalf("%q has a second spelling", header)
			}
		}
	})
}
