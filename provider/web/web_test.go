package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func post(query, contentType, body string) *http.Request {
	r := httptest.NewRequest("POST", "/x?"+query, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return r
}

const urlencoded = "application/x-www-form-urlencoded"

func TestParseForm(t *testing.T) {
	for name, test := range map[string]struct {
		r    *http.Request
		want error
	}{
		"query":                          {httptest.NewRequest("GET", "/x?a=1&b=2", nil), nil},
		"body":                           {post("", urlencoded+"; charset=UTF-8", "a=1"), nil},
		"RFC 6749 §3.1: repeated":        {httptest.NewRequest("GET", "/x?a=1&a=1", nil), ErrFormDuplicate},
		"AZ-10: query and body disagree": {post("a=1", urlencoded, "a=2"), ErrFormDuplicate},
		"repeatable":                     {httptest.NewRequest("GET", "/x?resource=1&resource=2", nil), nil},
		"DS-01: multipart":               {post("", "multipart/form-data; boundary=x", "--x--"), ErrFormType},
		"no content type":                {post("", "", "a=1"), ErrFormType},
		"DS-02: very many parameters":    {post("", urlencoded, strings.Repeat("a&", 1000)), ErrFormSize},
		"DS-11: NUL":                     {httptest.NewRequest("GET", "/x?a=%00", nil), ErrFormSyntax},
		"DS-11: invalid UTF-8":           {httptest.NewRequest("GET", "/x?a=%ff", nil), ErrFormSyntax},
		"DS-11: invalid UTF-8 in a name": {httptest.NewRequest("GET", "/x?%ff=a", nil), ErrFormSyntax},
		"broken escape":                  {httptest.NewRequest("GET", "/x?a=%zz", nil), ErrFormSyntax},
		"semicolon":                      {httptest.NewRequest("GET", "/x?a=1;b=2", nil), ErrFormSyntax},
	} {
		t.Run(name, func(t *testing.T) {
			form, err := ParseForm(test.r, "resource")
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if err == nil && (form.Get("a") == "" && form.Get("resource") == "") {
				t.Errorf("nothing read: %v", form)
			}
		})
	}
	t.Run("DS-04: compressed body", func(t *testing.T) {
		r := post("", urlencoded, "a=1")
		r.Header.Set("Content-Encoding", "gzip")
		if _, err := ParseForm(r); !errors.Is(err, ErrFormType) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("body over its limit", func(t *testing.T) {
		r := post("", urlencoded, "a="+strings.Repeat("x", 100))
		r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, 10)
		if _, err := ParseForm(r); !errors.Is(err, ErrFormSize) {
			t.Errorf("got %v", err)
		}
	})
}

// BR-14: only configured proxies are believed.
func TestClientIP(t *testing.T) {
	trusting := NewProxies([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})
	for _, test := range []struct {
		proxies       *Proxies
		peer, forward string
		want          string
	}{
		{nil, "10.0.0.1:5", "1.2.3.4", "10.0.0.1"},
		{trusting, "9.9.9.9:5", "1.2.3.4", "9.9.9.9"},
		{trusting, "10.0.0.1:5", "1.2.3.4", "1.2.3.4"},
		{trusting, "10.0.0.1:5", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"},
		{trusting, "10.0.0.1:5", "1.2.3.4, nonsense", "10.0.0.1"},
		{trusting, "[::ffff:10.0.0.1]:5", "::ffff:1.2.3.4", "1.2.3.4"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = test.peer
		r.Header.Set("X-Forwarded-For", test.forward)
		r.Header.Set("X-Real-IP", "7.7.7.7")
		if got := test.proxies.ClientIP(r).String(); got != test.want {
			t.Errorf("%s forwarding %q: got %s, want %s", test.peer, test.forward, got, test.want)
		}
	}
}

// SS-01, SS-05: where an outgoing request may not go.
func TestEgressRefuses(t *testing.T) {
	canary := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the canary was reached") }))
	defer canary.Close()
	port := canary.URL[strings.LastIndexByte(canary.URL, ':'):]
	client := Egress{}.Client()
	for _, url := range []string{
		canary.URL, "https://127.0.0.1" + port, "https://localhost" + port, "https://[::1]" + port, "https://[::ffff:127.0.0.1]" + port,
		"https://0.0.0.0" + port, "https://169.254.169.254/", "https://10.0.0.1/", "https://100.64.0.1/", "https://[fd00::1]/", "https://0x7f.1" + port,
		"file:///etc/passwd", "gopher://127.0.0.1" + port, "https://user:pass@example.com/", "ftp://example.com/",
	} {
		if resp, err := client.Get(url); err == nil {
			resp.Body.Close()
			t.Errorf("%s was fetched", url)
		}
	}
	listed := Egress{AllowPrivateHosts: []string{"inner.example"}}.Client()
	if _, err := listed.Get("https://127.0.0.1" + port); !errors.Is(err, ErrEgress) {
		t.Errorf("host that is not on the list: %v", err)
	}
}

func TestEgressAllowsListedPrivateHosts(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	listed := Egress{AllowPrivateHosts: []string{"127.0.0.1"}}.Client()
	if _, err := listed.Get(server.URL); errors.Is(err, ErrEgress) || err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("want to get as far as the certificate, got %v", err)
	}
	if _, err := listed.Get("http://127.0.0.1:1"); !errors.Is(err, ErrEgress) {
		t.Errorf("plain http: %v", err)
	}
}

func TestEgressAllowsPrivateWhenTold(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	defer server.Close()
	resp, err := Egress{AllowPrivate: true}.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusFound {
		t.Errorf("the redirect was followed: %d", resp.StatusCode)
	}
}

func TestIsPublic(t *testing.T) {
	for ip, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1": true, "127.0.0.1": false, "10.1.1.1": false, "169.254.1.1": false, "224.0.0.1": false, "192.168.0.1": false,
		"255.255.255.255": false, "198.18.0.1": false, "::1": false, "fe80::1": false, "fd00::1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "0.0.0.0": false,
	} {
		if got := isPublic(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: %v", ip, got)
		}
	}
}
