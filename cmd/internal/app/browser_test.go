package app_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// browser is a person's browser without JavaScript: cookies, redirects, forms. Unlike Go's cookie jar it sends Secure cookies to loopback over
// http, as real browsers do.
type browser struct {
	t       *testing.T
	cookies map[string]map[string]string // by host:port, then name
	stopAt  string                       // a redirect to a URL with this prefix is not followed
	headers http.Header
	nodes   map[string]string // host:port of an address to the one that answers instead of it: the balancer of several nodes
}

func newBrowser(t *testing.T) *browser {
	return &browser{t: t, cookies: map[string]map[string]string{}, headers: http.Header{}}
}

// page is what the browser shows.
type page struct {
	b        *browser
	status   int
	url      *url.URL
	header   http.Header
	body     string
	location string // of a redirect that was not followed
}

// open goes to a URL by typing it.
func (b *browser) open(target string) *page {
	b.t.Helper()
	return b.do("GET", target, nil, "none")
}

func (b *browser) do(method, target string, form url.Values, site string) *page {
	b.t.Helper()
	for range 20 {
		p := b.once(method, target, form, site)
		if p.location == "" {
			return p
		}
		next, err := p.url.Parse(p.location)
		if err != nil {
			b.t.Fatalf("redirect to %q: %v", p.location, err)
		}
		p.location = next.String()
		if b.stopAt != "" && strings.HasPrefix(p.location, b.stopAt) || !onLoopback(next) {
			return p
		}
		method, target, form = "GET", p.location, nil
	}
	b.t.Fatal("redirect loop")
	return nil
}

func (b *browser) once(method, target string, form url.Values, site string) *page {
	b.t.Helper()
	r, err := http.NewRequest(method, target, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	for name, values := range b.headers {
		r.Header[name] = values
	}
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Sec-Fetch-Site", site)
	for name, value := range b.cookies[r.URL.Host] {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	host := r.URL.Host
	resp, err := plainClient.Do(reroute(r, b.nodes[host]))
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	for _, c := range resp.Cookies() {
		b.setCookie(host, c)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	at, err := url.Parse(target)
	if err != nil {
		b.t.Fatal(err)
	}
	p := &page{b: b, status: resp.StatusCode, url: at, header: resp.Header, body: string(body)}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		p.location = resp.Header.Get("Location")
	}
	return p
}

// onLoopback reports whether a browser of a test may go there: nothing leaves this machine.
func onLoopback(u *url.URL) bool {
	return (u.Scheme == "http" || u.Scheme == "https") && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1")
}

// reroute sends r to another address than it names, as a balancer does. It keeps the Host header.
func reroute(r *http.Request, node string) *http.Request {
	if node != "" {
		r.Host, r.URL.Host = r.URL.Host, node
	}
	return r
}

func (b *browser) setCookie(host string, c *http.Cookie) {
	if b.cookies[host] == nil {
		b.cookies[host] = map[string]string{}
	}
	if c.MaxAge < 0 {
		delete(b.cookies[host], c.Name)
		return
	}
	b.cookies[host][c.Name] = c.Value
}

// press presses the button with the id, as a person would: the form around it is sent with all its fields. Overrides replace fields: name,
// value, …
func (p *page) press(id string, overrides ...string) *page {
	p.b.t.Helper()
	doc, err := html.Parse(strings.NewReader(p.body))
	if err != nil {
		p.b.t.Fatal(err)
	}
	button := find(doc, func(n *html.Node) bool { return attr(n, "id") == id })
	if button == nil {
		p.b.t.Fatalf("no #%s on %s (%d):\n%s", id, p.url, p.status, p.body)
	}
	form := button
	for form != nil && form.Data != "form" {
		form = form.Parent
	}
	if form == nil {
		p.b.t.Fatalf("#%s is in no form", id)
	}
	values := fields(form)
	if name := attr(button, "name"); name != "" {
		values.Set(name, attr(button, "value"))
	}
	for i := 0; i+1 < len(overrides); i += 2 {
		values.Set(overrides[i], overrides[i+1])
	}
	action, err := p.url.Parse(attr(form, "action"))
	if err != nil {
		p.b.t.Fatal(err)
	}
	if strings.EqualFold(attr(form, "method"), "post") {
		return p.b.do("POST", action.String(), values, "same-origin")
	}
	action.RawQuery = values.Encode()
	return p.b.do("GET", action.String(), nil, "same-origin")
}

// has reports whether the page has an element with the id.
func (p *page) has(id string) bool {
	doc, err := html.Parse(strings.NewReader(p.body))
	return err == nil && find(doc, func(n *html.Node) bool { return attr(n, "id") == id }) != nil
}

func find(n *html.Node, match func(*html.Node) bool) *html.Node {
	if n.Type == html.ElementNode && match(n) {
		return n
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if found := find(c, match); found != nil {
			return found
		}
	}
	return nil
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// fields returns what a form sends beside its button.
func fields(form *html.Node) url.Values {
	values := url.Values{}
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode && n.Data == "input" && attr(n, "name") != "" {
			switch attr(n, "type") {
			case "checkbox", "radio":
				if has(n, "checked") {
					values.Add(attr(n, "name"), attr(n, "value"))
				}
			case "submit":
			default:
				values.Add(attr(n, "name"), attr(n, "value"))
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(form)
	return values
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// fieldsOf returns the fields of the first form in the page.
func fieldsOf(t *testing.T, body string) url.Values {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	form := find(doc, func(n *html.Node) bool { return n.Data == "form" })
	if form == nil {
		t.Fatalf("no form in\n%s", body)
	}
	return fields(form)
}
