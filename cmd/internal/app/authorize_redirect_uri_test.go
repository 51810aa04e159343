package app_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/symbolon-id/symbolon/clients"
)

// AZ-01 to AZ-04: a redirect_uri that is not the registered one, character by character, leads to a page of ours and nowhere else.
func TestRedirectURIMustBeTheRegisteredOne(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.partner(`{"client_name":"Good","redirect_uris":["https://good.example/cb"]}`)
		b := newBrowser(t)
		before := w.commits()
		for id, uris := range map[string][]string{
			"AZ-01": {
				"https://good.example@evil.example/cb", "https://good.example:80@evil.example/", "https://good.example%40evil.example/cb",
				"https://user@good.example/cb", "https://user:pass@good.example/cb",
			},
			"AZ-02": {
				"https://good.example.evil.example/cb", "https://evil.example/.good.example", "https://goodXexample/cb", "https://sub.good.example/cb",
				"https://good.example./cb", "https://good.example:8443/cb", "https://good.example:443/cb", "https://GOOD.example/cb",
				"HTTPS://good.example/cb", "http://good.example/cb", "https://good.example", "https://good.exampl/cb",
			},
			"AZ-03": {
				"https://good.example/cb/../evil", "https://good.example/cb/..%2f..%2fevil", "https://good.example/cb/%2e%2e/evil",
				"https://good.example/cb%252f..", "https://good.example/cb/..;/evil", "https://good.example/cb/", "https://good.example/cb//",
				"https://good.example/cb/extra", "https://good.example/cb;x=y", "https://good.example/cb?added=1", "https://good.example/cb?",
				"https://good.example/cb#", "https://good.example/cb#f", "https://good.example//cb", "https://good.example/./cb", "https://good.example/CB",
				"https://good.example/%63b", "https://good.example/cb%20",
			},
			"AZ-04": {
				`https://evil.example\@good.example/cb`, `https://good.example/\evil`, "https://good.example/cb\t", "\thttps://good.example/cb",
				" https://good.example/cb", "https://good.example/cb ", "https://good.example/cb\r\nX: y", "https://good.example\r\n/cb",
				"https://ｇｏｏｄ.example/cb", "https://gооd.example/cb", "https://[good.example]/cb", "https://[::1%25x]/", "https:///good.example/cb",
				"//good.example/cb", "https:good.example/cb", "https://good.example\u200b/cb", "https://good.example/cb\u202e", "javascript:alert(1)//https://good.example/cb",
			},
		} {
			for _, uri := range uris {
				pg := b.open(p.url("redirect_uri", uri))
				if pg.expectLocalError(t); t.Failed() {
					t.Fatalf("%s: %q", id, uri)
				}
				if strings.ContainsAny(uri, "<>\r\n") && strings.Contains(pg.body, uri) {
					t.Errorf("%s: %q stands in the page as it came", id, uri)
				}
			}
		}
		// NUL cannot even be text (DS-11).
		p.raw(b, p.without("redirect_uri")+"&redirect_uri=https%3A%2F%2Fgood.example%2Fcb%00").expectLocalError(t)
		if after := w.commits(); after != before {
			t.Errorf("the refusals made %d commits", after-before)
		}
	})
}

// OIDC Core §3.1.2.1: redirect_uri is required, also for a client with one only; conformance `oidcc-ensure-redirect-uri-in-authorization-request`.
func TestRedirectURIMissing(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	b := newBrowser(t)
	for _, registered := range []string{`["https://good.example/cb"]`, `["https://good.example/cb","https://good.example/other"]`} {
		p := w.partner(`{"client_name":"Good","redirect_uris":` + registered + `}`)
		p.raw(b, p.without("redirect_uri")).expectLocalError(t)
		p.raw(b, p.without("redirect_uri")+"&redirect_uri=").expectLocalError(t)
	}
}

// RFC 6749 §4.1.2.1: a client_id that is missing or unknown is told to the person, never to an address. CA-09: spellings of a known one are unknown.
func TestAuthorizeUnknownClient(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	for _, id := range []string{"", " ", "nobody", strings.ToUpper(p.id), p.id + " ", " " + p.id, p.id + "\u200b", "' OR 1=1--", "%", "_", strings.Repeat("x", 3000)} {
		p.raw(b, p.without("client_id")+"&client_id="+url.QueryEscape(id)).expectLocalError(t)
	}
	p.raw(b, p.without("client_id")).expectLocalError(t)
	p.raw(b, p.without("client_id")+"&client_id="+p.id+"%00").expectLocalError(t)
}

// AZ-05, AZ-08: what may not be a redirect URI is refused at registration, by RFC 7591's name for it.
func TestRegistrationRefusesRedirectURI(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	for _, uri := range []string{
		"javascript:alert(1)", "javascript://good.example/%0aalert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x",
		"blob:https://good.example/1", "file:///etc/passwd", "about:blank", "https://*.good.example/*", "https://good.example/cb#fragment", "",
		"https://user:pass@good.example/cb", "http://good.example/cb", "/cb", "https:///cb", "https://good.example/cb\r\nX: y", "ftp://good.example/cb",
		"view-source:https://good.example", "filesystem:https://good.example/x", "https://good.example\\@evil.example/",
	} {
		m, err := clients.DecodeMetadata([]byte(`{"client_name":"x","redirect_uris":[` + quoted(uri) + `]}`))
		if err == nil {
			_, _, err = w.clients.Create(t.Context(), m, clients.CreateOptions{})
		}
		var e *clients.MetadataError
		if !errors.As(err, &e) || e.Code() != clients.CodeInvalidRedirectURI {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

// AZ-05: what a browser would run is not redirected to, even when it is asked for.
func TestAuthorizeScriptSchemes(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	for _, uri := range []string{"javascript:alert(1)", "javascript://partner.example/%0aalert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x", "blob:x", "file:///etc/passwd", "about:blank"} {
		pg := newBrowser(t).open(p.url("redirect_uri", uri))
		pg.expectLocalError(t)
		if strings.Contains(pg.body, "<script>alert(1)") || strings.Contains(pg.body, `href="`+uri) {
			t.Errorf("%q stands in the page", uri)
		}
	}
}

// AZ-08: a pattern in a registered URI is a literal text.
func TestRegisteredPatternIsLiteral(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	for _, pattern := range []string{"https://good.example/*", "https://good.example/.*", "https://good.example/(cb|x)", "https://good.example/{x}", "https://good.example/[a-z]+"} {
		m, err := clients.DecodeMetadata([]byte(`{"client_name":"x","redirect_uris":[` + quoted(pattern) + `]}`))
		w.must(err)
		c, _, err := w.clients.Create(t.Context(), m, clients.CreateOptions{})
		if err != nil {
			continue // refused is right too
		}
		p := w.newPartner()
		p.id = c.ID
		for _, uri := range []string{"https://good.example/x", "https://good.example/cb", "https://good.example/", "https://good.example/a"} {
			p.raw(newBrowser(t), p.without("redirect_uri", "client_id")+"&client_id="+c.ID+"&redirect_uri="+url.QueryEscape(uri)).expectLocalError(t)
		}
	}
}

// AZ-06: a redirect URI whose own query has an answer's parameters is refused at registration.
func TestRedirectURIWithResponseParameters(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	for _, name := range []string{"code", "state", "iss", "error", "response"} {
		uri := "https://good.example/cb?" + name + "=evil"
		m, err := clients.DecodeMetadata([]byte(`{"client_name":"x","redirect_uris":[` + quoted(uri) + `]}`))
		w.must(err)
		c, _, err := w.clients.Create(t.Context(), m, clients.CreateOptions{})
		if err != nil {
			continue
		}
		p := w.newPartner()
		pg := p.raw(newBrowser(t), p.without("redirect_uri", "client_id", "scope")+"&client_id="+c.ID+"&redirect_uri="+url.QueryEscape(uri)+"&scope=unknown")
		u, err := url.Parse(pg.location)
		w.must(err)
		if values := u.Query()[name]; len(values) > 1 || (len(values) == 1 && values[0] == "evil") {
			t.Errorf("registered %s, and the answer goes to %s", uri, pg.location)
		}
	}
}

// Conformance `oidcc-redirect-uri-query-OK`: a registered query stays as it is, and the answer's parameters follow it.
func TestRedirectURIKeepsItsQuery(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	registered := redirectURI + "?tenant=a%2Fb&x=1"
	p := w.partner(`{"client_name":"Good","redirect_uris":[` + quoted(registered) + `]}`)
	b := newBrowser(t)
	pg := p.raw(b, p.without("redirect_uri", "scope")+"&scope=unknown&redirect_uri="+url.QueryEscape(registered))
	if !strings.HasPrefix(pg.location, registered+"&") || strings.Count(pg.location, "?") != 1 {
		t.Errorf("error goes to %q", pg.location)
	}
	q := p.signIn(b, "ada", "redirect_uri", registered)
	if q.Get("tenant") != "a/b" || q.Get("x") != "1" || q.Get("code") == "" || q.Get("state") != "s1" {
		t.Errorf("came back: %v", q)
	}
	p.redeem(q.Get("code"), "redirect_uri", registered).expect(t, 200, "")
	for _, other := range []string{redirectURI, redirectURI + "?tenant=a/b&x=1", redirectURI + "?x=1&tenant=a%2Fb", registered + "&y=2", registered + "&"} {
		newBrowser(t).open(p.url("redirect_uri", other)).expectLocalError(t)
	}
}

// AZ-07: only the port may differ, only for http on the loopback addresses, only for native clients (RFC 8252 §7.3).
func TestLoopbackRedirectURI(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	native := w.partner(`{"client_name":"Tool","application_type":"native","token_endpoint_auth_method":"none","redirect_uris":["http://127.0.0.1/cb","http://[::1]/cb"]}`)
	b := newBrowser(t)
	for _, uri := range []string{"http://127.0.0.1/cb", "http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb", "http://[::1]:9/cb", "http://[::1]/cb"} {
		b.open(native.url("redirect_uri", uri)).expectLogin(t)
	}
	for _, uri := range []string{
		"http://localhost:1/cb", "http://localhost/cb", "http://127.0.0.1.evil.example/cb", "http://127.0.0.1:9.evil.example/cb", "http://127.0.0.2/cb",
		"http://127.0.0.2:9/cb", "http://2130706433/cb", "http://2130706433:9/cb", "http://0x7f.1/cb", "http://127.1/cb", "http://127.1:9/cb",
		"http://u:p@127.0.0.1:9/cb", "http://u@127.0.0.1/cb", "http://127.0.0.1:9/other", "http://127.0.0.1:9/cb?x=1", "http://127.0.0.1:9/cb/",
		"http://127.0.0.1:9/cb#", "https://127.0.0.1:9/cb", "https://127.0.0.1/cb", "http://127.0.0.1:9@evil.example/cb", "http://127.0.0.1:99999/cb",
		"http://127.0.0.1:-1/cb", "http://127.0.0.1:/cb", "http://127.0.0.1:0x50/cb", "http://[::1]:9/other", "http://[0:0:0:0:0:0:0:1]:9/cb", "http://[::ffff:127.0.0.1]:9/cb",
		"http://127.0.0.1:9\\@evil.example/cb", "http://127.0.0.1:9 /cb", "HTTP://127.0.0.1:9/cb",
	} {
		b.open(native.url("redirect_uri", uri)).expectLocalError(t)
		if t.Failed() {
			t.Fatalf("%q", uri)
		}
	}
	web := w.partner(`{"client_name":"Site","redirect_uris":["https://127.0.0.1/cb"]}`)
	for _, uri := range []string{"http://127.0.0.1:9/cb", "https://127.0.0.1:9/cb", "http://127.0.0.1/cb"} {
		b.open(web.url("redirect_uri", uri)).expectLocalError(t)
	}
}
