package clients

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// FuzzRedirectURI looks for a URI that we accept and net/url or a browser reads otherwise than we do.
func FuzzRedirectURI(f *testing.F) {
	for _, uris := range refused {
		for _, uri := range uris {
			f.Add(uri, "http://127.0.0.1:1/cb")
		}
	}
	f.Add("https://good.example/cb?x=%20", "https://good.example/cb")
	f.Add("com.example.app:/cb", "http://[::1]:1/cb")
	f.Fuzz(func(t *testing.T, registered, requested string) {
		reason := checkRedirectURI(registered, ApplicationNative, administrator)
		if strings.ContainsAny(reason, "\r\n") {
			t.Fatalf("reason %q has a line break", reason)
		}
		if reason != "" {
			return
		}
		u, err := url.Parse(registered)
		if err != nil || u.User != nil || u.Fragment != "" || u.Opaque != "" || !u.IsAbs() || strings.ContainsAny(registered, "\\ \t\r\n#*") {
			t.Fatalf("%q is accepted, net/url says %#v, %v", registered, u, err)
		}
		if u.Scheme == "http" && !isLoopback(u.Hostname()) && u.Hostname() != "::1" {
			t.Fatalf("%q is accepted", registered)
		}
		if !strings.Contains(u.Scheme, ".") && u.Scheme != "https" && u.Scheme != "http" {
			t.Fatalf("%q is accepted", registered)
		}
		c := &Client{Metadata: Metadata{RedirectURIs: []string{registered}, ApplicationType: ApplicationNative}}
		if !c.RedirectURIAllowed(registered) {
			t.Fatalf("%q is registered and not allowed", registered)
		}
		if requested == registered || !c.RedirectURIAllowed(requested) {
			return
		}
		v, err := url.Parse(requested)
		if err != nil || u.Scheme != "http" || v.Scheme != "http" || u.Hostname() != v.Hostname() || u.RequestURI() != v.RequestURI() || v.User != nil || v.Fragment != "" {
			t.Fatalf("%q is allowed for %q", requested, registered)
		}
	})
}

func BenchmarkRedirectURIAllowed(b *testing.B) {
	c := &Client{Metadata: Metadata{ApplicationType: ApplicationNative, RedirectURIs: []string{"https://good.example/cb", "http://127.0.0.1/cb"}}}
	for _, uri := range []string{"https://good.example/cb", "http://127.0.0.1:4711/cb"} {
		b.Run(fmt.Sprintf("%.5s", uri), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !c.RedirectURIAllowed(uri) {
					b.Fatal()
				}
			}
		})
	}
}
