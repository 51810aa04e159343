package web

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzForm: whatever query and body are sent, the errors are those that callers know, and what is read is text, there once, and reads the same
// when it goes around once more by GET, as an authorization request does.
func FuzzForm(f *testing.F) {
	f.Add("a=1&b=2", "", "")
	f.Add("a=1", urlencoded, "a=2")
	f.Add("", urlencoded+"; charset=UTF-8", "resource=1&resource=%E2%98%95&scope=openid+email")
	f.Add("a=%zz", "multipart/form-data; boundary=x", "--x--")
	f.Add("a=%00&b=%ff&;", urlencoded, strings.Repeat("a&", 100))
	f.Add("&&=&=x&+=%2B", urlencoded+";", "%61=%C3%A9&A=")
	f.Fuzz(func(t *testing.T, query, contentType, body string) {
		r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/x", RawQuery: query}, Header: http.Header{}}
		if contentType != "" {
			r.Method, r.Body = http.MethodPost, io.NopCloser(strings.NewReader(body))
			r.Header.Set("Content-Type", contentType)
		}
		form, err := ParseForm(r, "resource")
		if err != nil {
			known := errors.Is(err, ErrFormType) || errors.Is(err, ErrFormSyntax) || errors.Is(err, ErrFormSize)
			if duplicate := errors.Is(err, ErrFormDuplicate); !known && !duplicate || duplicate != (form != nil) {
				t.Fatalf("%v, %v", form, err)
			}
			return
		}
		if len(form) > 2*maxParameters || !reflect.DeepEqual(r.Form, form) {
			t.Fatalf("%d parameters, r.Form is %v", len(form), r.Form)
		}
		for name, values := range form {
			if !utf8.ValidString(name) || len(values) != 1 && name != "resource" {
				t.Fatalf("%q: %q", name, values)
			}
			for _, s := range append(values, name) {
				if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
					t.Fatalf("%q: %q", name, values)
				}
			}
		}
		again, err := ParseForm(&http.Request{Method: http.MethodGet, URL: &url.URL{RawQuery: form.Encode()}}, "resource")
		if err != nil && !errors.Is(err, ErrFormSize) || err == nil && !reflect.DeepEqual(form, again) {
			t.Fatalf("%v became %v, %v", form, again, err)
		}
	})
}

// FuzzClientIP is BR-14: the address is the peer's, or one that the header names and only trusted proxies stand behind. It is short whatever
// the header holds.
func FuzzClientIP(f *testing.F) {
	trusted := netip.MustParsePrefix("10.0.0.0/8")
	proxies := NewProxies([]netip.Prefix{trusted})
	f.Add("10.0.0.1:5", "6.6.6.6, 1.2.3.4, 10.0.0.2")
	f.Add("9.9.9.9:5", "1.2.3.4")
	f.Add("[::ffff:10.0.0.1]:5", "::ffff:1.2.3.4,")
	f.Add("10.0.0.1:5", "fe80::1%eth0, 10.0.0.3\t")
	f.Add("[fe80::1%x]:0", "10.0.0.1")
	f.Add("@", "\x00,,")
	f.Fuzz(func(t *testing.T, peer, forwarded string) {
		r := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": {forwarded}}}
		ip := proxies.ClientIP(r)
		from, err := netip.ParseAddrPort(peer)
		switch {
		case err != nil:
			if ip.IsValid() {
				t.Fatalf("%q has the address %v", peer, ip)
			}
			return
		case ip == from.Addr().Unmap():
			return
		case !proxies.Trusted(r) || ip.Is4In6() || len(ip.String()) > len("0000:0000:0000:0000:0000:ffff:255.255.255.255"):
			t.Fatalf("%q from %q is %q", forwarded, peer, ip)
		}
		// Behind the hop that was taken there are only trusted ones.
		hops := strings.Split(forwarded, ",")
		for i := len(hops) - 1; i >= 0; i-- {
			hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
			if err != nil {
				break
			}
			if hop.Unmap().WithZone("") == ip {
				return
			}
			if !trusted.Contains(hop.Unmap()) {
				break
			}
		}
		t.Fatalf("%q from %q is %v", forwarded, peer, ip)
	})
}
