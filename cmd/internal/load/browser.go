package load

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Browser is one person's browser without JavaScript: cookies, redirects, forms. It is used by one goroutine at a time. Unlike Go's cookie jar
// it sends Secure cookies to loopback over http, as real browsers do.
type Browser struct {
	client  *http.Client
	cookies map[string]map[string]string // by host:port, then name
}

// NewBrowser returns a browser without cookies.
func NewBrowser(client *http.Client) *Browser {
	return &Browser{client: client, cookies: map[string]map[string]string{}}
}

// Walk goes to target and follows every redirect. As long as the page has one of the buttons, by their ids, it presses the first of them. It
// returns the address and the document of the page that has none.
func (b *Browser) Walk(ctx context.Context, target string, buttons ...string) (address, document string, err error) {
	p, err := b.walk(ctx, target, nowhere, buttons...)
	if err != nil {
		return "", "", err
	}
	return p.url.String(), p.body, nil
}

// nowhere is the beginning of no URL.
const nowhere = "\x00"

func (b *Browser) walk(ctx context.Context, target, stop string, buttons ...string) (*page, error) {
	p, err := b.open(ctx, target, stop)
	for range 10 {
		if err != nil || p.location != "" {
			return p, err
		}
		i := slices.IndexFunc(buttons, func(id string) bool { return hasID(p.body, id) })
		if i < 0 {
			return p, nil
		}
		p, err = b.submit(ctx, p, buttons[i], stop)
	}
	return nil, errors.New("load: the pages do not end")
}

// page is what the browser shows: a document, or the redirect at which it was to stop.
type page struct {
	url      *url.URL
	body     string
	location string // of the redirect that was not followed
}

// open goes to target and follows redirects until one leads to a URL that begins with stop. An answer of 400 or more is a *Refusal.
func (b *Browser) open(ctx context.Context, target, stop string) (*page, error) {
	return b.visit(ctx, http.MethodGet, target, nil, "none", stop)
}

// submit sends the form that button stands in, by its id.
func (b *Browser) submit(ctx context.Context, p *page, button, stop string) (*page, error) {
	f, err := findForm(p.body, button)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.url.Path, err)
	}
	action, err := p.url.Parse(f.action)
	if err != nil {
		return nil, err
	}
	if f.method == http.MethodGet {
		action.RawQuery = f.values.Encode()
		return b.visit(ctx, f.method, action.String(), nil, "same-origin", stop)
	}
	return b.visit(ctx, f.method, action.String(), f.values, "same-origin", stop)
}

func (b *Browser) visit(ctx context.Context, method, target string, form url.Values, site, stop string) (*page, error) {
	for range 20 {
		p, err := b.once(ctx, method, target, form, site)
		if err != nil || p.location == "" || strings.HasPrefix(p.location, stop) {
			return p, err
		}
		method, target, form = http.MethodGet, p.location, nil
	}
	return nil, errors.New("load: the redirects do not end")
}

func (b *Browser) once(ctx context.Context, method, target string, form url.Values, site string) (*page, error) {
	r, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept", "text/html,*/*;q=0.8") // apps answer others with 401 instead of a redirect
	r.Header.Set("Sec-Fetch-Site", site)
	for name, value := range b.cookies[r.URL.Host] {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	resp, body, err := send(b.client, r)
	if err != nil {
		return nil, err
	}
	for _, c := range resp.Cookies() {
		b.keep(r.URL.Host, c)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return nil, refusal(method, r.URL.Path, resp.StatusCode, body)
	}
	p := &page{url: r.URL, body: string(body)}
	if location := resp.Header.Get("Location"); location != "" {
		next, err := r.URL.Parse(location)
		if err != nil {
			return nil, fmt.Errorf("redirect to %q: %w", location, err)
		}
		p.location = next.String()
	}
	return p, nil
}

func (b *Browser) keep(host string, c *http.Cookie) {
	if b.cookies[host] == nil {
		b.cookies[host] = map[string]string{}
	}
	if c.MaxAge < 0 {
		delete(b.cookies[host], c.Name)
		return
	}
	b.cookies[host][c.Name] = c.Value
}
