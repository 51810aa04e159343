package app_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// test runs a subtest with copies of the partner and its world that report to it.
func (p *partner) test(name string, f func(t *testing.T, p *partner)) {
	p.w.t.Helper()
	p.w.t.Run(name, func(t *testing.T) {
		w, own := *p.w, *p
		w.t, own.w = t, &w
		f(t, &own)
	})
}

// test runs a subtest with a copy of the world that reports to it.
func (w *world) test(name string, f func(t *testing.T, w *world)) {
	w.t.Helper()
	w.t.Run(name, func(t *testing.T) {
		own := *w
		own.t = t
		f(t, &own)
	})
}

// ask opens an authorization request and stops where it would leave for the partner.
func (p *partner) ask(b *browser, overrides ...string) *page {
	p.w.t.Helper()
	b.stopAt = redirectURI
	return b.open(p.url(overrides...))
}

// raw opens an authorization request as it is written.
func (p *partner) raw(b *browser, query string) *page {
	p.w.t.Helper()
	b.stopAt = redirectURI
	return b.open(p.w.issuer + "/oauth2/authorize?" + query)
}

// query returns the query of url.
func (p *partner) query(overrides ...string) string {
	_, query, _ := strings.Cut(p.url(overrides...), "?")
	return query
}

// without returns the query without a parameter, so that a test can write its own.
func (p *partner) without(names ...string) string {
	pairs := []string{}
	for _, name := range names {
		pairs = append(pairs, name, "")
	}
	return p.query(pairs...)
}

// came returns the parameters that went back to the partner; nil when the browser is elsewhere. They are in the query. Only the error of a request
// for a response type of the fragment may be there (OAuth Response Types §5).
func (p *page) came() url.Values {
	own, query, _ := strings.Cut(p.location, "?")
	if first, fragment, ok := strings.Cut(p.location, "#"); ok && strings.HasPrefix(fragment, "error=") {
		own, query = first, fragment
	}
	if own != redirectURI {
		return nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		p.b.t.Errorf("the answer does not parse: %s", p.location)
	}
	return values
}

// expectLocalError fails unless the browser sees an error page of ours, which leads nowhere (RFC 6749 §4.1.2.1).
func (p *page) expectLocalError(t *testing.T) {
	t.Helper()
	if p.status < 400 || p.status >= 500 || p.header.Get("Location") != "" || p.location != "" {
		t.Errorf("%s: got %d to %q, want an error page of ours", p.url, p.status, p.location)
	}
	if !strings.HasPrefix(p.header.Get("Content-Type"), "text/html") || p.header.Get("Content-Security-Policy") == "" {
		t.Errorf("%s: the error is no page with a policy: %v", p.url, p.header)
	}
	if strings.Contains(strings.Join(p.header.Values("Set-Cookie"), " "), "__Host-symbolon=") {
		t.Errorf("%s: the error page starts a session", p.url)
	}
}

// expectError fails unless the error went to the partner with the state, the issuer and nothing else (RFC 6749 §4.1.2.1, RFC 9207 §2).
func (p *page) expectError(t *testing.T, issuer, code string) {
	t.Helper()
	q := p.came()
	if q == nil {
		t.Errorf("%s: got %d and no redirect to the partner, want %s\n%.600s", p.url, p.status, code, p.body)
		return
	}
	if q.Get("error") != code || q.Has("code") {
		t.Errorf("%s: got %v, want %s", p.url, q, code)
	}
	for name, values := range q {
		switch name {
		case "error", "error_description", "error_uri", "state", "iss":
		default:
			t.Errorf("%s: the error carries %s", p.url, name)
		}
		if len(values) != 1 {
			t.Errorf("%s: %s comes %d times", p.url, name, len(values))
		}
	}
	if q.Get("iss") != issuer || q.Get("state") != "s1" {
		t.Errorf("%s: iss or state is wrong: %v", p.url, q)
	}
	if text := q.Get("error_description"); len(text) < 10 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
		t.Errorf("%s: error_description %q", p.url, text)
	}
	if p.status != http.StatusSeeOther && p.status != http.StatusFound {
		t.Errorf("%s: redirected by %d", p.url, p.status)
	}
}

// expectCode fails unless a code came back.
func (p *page) expectCode(t *testing.T) string {
	t.Helper()
	code := p.came().Get("code")
	if code == "" {
		t.Errorf("%s: got %d to %q, want a code\n%.600s", p.url, p.status, p.location, p.body)
	}
	return code
}

// expectLogin fails unless the login page stands there.
func (p *page) expectLogin(t *testing.T) {
	t.Helper()
	if p.status != http.StatusOK || !p.has("login-google") {
		t.Errorf("%s: got %d to %q, want the login page\n%.600s", p.url, p.status, p.location, p.body)
	}
}

// expectConsent fails unless the consent page stands there.
func (p *page) expectConsent(t *testing.T) {
	t.Helper()
	if p.status != http.StatusOK || !p.has("consent-allow") {
		t.Errorf("%s: got %d to %q, want the consent page\n%.600s", p.url, p.status, p.location, p.body)
	}
}

// introspect asks about a token as the partner.
func (p *partner) introspect(token string) reply {
	p.w.t.Helper()
	return p.post("/oauth2/introspect", "token", token)
}

// active reports what introspection says, and fails when it does not say.
func (p *partner) active(token string) bool {
	p.w.t.Helper()
	r := p.introspect(token)
	active, ok := r.body["active"].(bool)
	if r.status != http.StatusOK || !ok {
		p.w.t.Errorf("introspection: %d %s", r.status, r.raw)
	}
	return active
}

// quoted returns s as a JSON text.
func quoted(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err) // a text always encodes
	}
	return string(raw)
}
