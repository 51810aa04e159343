package main

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// visitor is a person with a browser that has no JavaScript: it follows redirects, keeps cookies, and presses what has an id.
type visitor struct {
	t      *testing.T
	client *http.Client
	lang   string // Accept-Language

	at    *url.URL // of the page that is shown
	page  *html.Node
	text  string   // the whole page
	steps []string // paths that were requested since the last press, the page's own last
}

func newVisitor(t *testing.T) *visitor {
	v := &visitor{t: t, lang: "en"}
	v.client = &http.Client{Jar: newJar(), CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if len(via) > 10 {
			return http.ErrUseLastResponse
		}
		v.steps = append(v.steps, req.URL.Path)
		return nil
	}}
	return v
}

// open enters an address.
func (v *visitor) open(address string) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	v.do(req)
}

// press follows the link, or submits the form of the button, with the id.
func (v *visitor) press(id string) {
	v.t.Helper()
	n := v.element(id)
	if n == nil {
		v.t.Fatalf("there is nothing with the id %q at %s:\n%s", id, v.at, v.text)
	}
	if n.Data == "a" {
		v.open(v.resolve(attr(n, "href")))
		return
	}
	form := n
	for form != nil && form.Data != "form" {
		form = form.Parent
	}
	if form == nil {
		v.t.Fatalf("%q is neither a link nor in a form", id)
	}
	values := url.Values{}
	walk(form, func(field *html.Node) {
		name := attr(field, "name")
		if field.Data != "input" || name == "" || attr(field, "type") == "checkbox" && !has(field, "checked") {
			return
		}
		values.Add(name, attr(field, "value"))
	})
	if name := attr(n, "name"); name != "" {
		values.Set(name, attr(n, "value"))
	}
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.resolve(attr(form, "action")), strings.NewReader(values.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", "http://"+v.at.Host)
	v.do(req)
}

func (v *visitor) do(req *http.Request) {
	v.t.Helper()
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Accept-Language", v.lang)
	v.steps = []string{req.URL.Path}
	res, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	if v.page, err = html.Parse(strings.NewReader(string(body))); err != nil {
		v.t.Fatal(err)
	}
	v.at, v.text = res.Request.URL, string(body)
	if res.StatusCode >= 400 {
		v.t.Fatalf("%s answers %s:\n%s", v.at, res.Status, body)
	}
}

// wantAt checks which page is shown, without its query.
func (v *visitor) wantAt(address string) {
	v.t.Helper()
	if got := v.at.Scheme + "://" + v.at.Host + v.at.Path; got != address {
		v.t.Fatalf("at %s, want %s\n%s", v.at, address, v.text)
	}
}

// wantIn checks that the element says each text.
func (v *visitor) wantIn(id string, texts ...string) {
	v.t.Helper()
	content := v.inside(id)
	for _, text := range texts {
		if !strings.Contains(content, text) {
			v.t.Fatalf("%q says %q, which has no %q", id, content, text)
		}
	}
}

// inside returns what the element says.
func (v *visitor) inside(id string) string {
	v.t.Helper()
	n := v.element(id)
	if n == nil {
		v.t.Fatalf("there is no %q at %s:\n%s", id, v.at, v.text)
	}
	var content strings.Builder
	walk(n, func(n *html.Node) {
		if n.Type == html.TextNode {
			content.WriteString(n.Data)
		}
	})
	return content.String()
}

// await does a thing until it has come to pass.
func (v *visitor) await(what string, done func() bool) {
	v.t.Helper()
	for deadline := time.Now().Add(actionTimeout); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			v.t.Fatalf("%s: not after %s\nat %s:\n%s", what, actionTimeout, v.at, v.text)
		}
	}
}

func (v *visitor) element(id string) *html.Node {
	var found *html.Node
	walk(v.page, func(n *html.Node) {
		if n.Type == html.ElementNode && attr(n, "id") == id {
			found = n
		}
	})
	return found
}

func (v *visitor) resolve(address string) string {
	to, err := v.at.Parse(address)
	if err != nil {
		v.t.Fatal(err)
	}
	return to.String()
}

func walk(n *html.Node, f func(*html.Node)) {
	f(n)
	for c := range n.ChildNodes() {
		walk(c, f)
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}
