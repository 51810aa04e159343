package loginui

import (
	"bytes"
	"context"
	"html"
	"image"
	rgb "image/color"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/symbolon-id/symbolon/clients"
)

// readerLogo is where a client of these tests has its logo.
const readerLogo = "https://reader.example/logo.png"

// pictures is the web that logos are fetched from: a PNG under each path that ends in logo.png, nothing else.
type pictures struct {
	mu    sync.Mutex
	asked []*http.Request
	hold  chan struct{} // where it is set, nobody is answered before it is closed
}

// RoundTrip implements http.RoundTripper.
func (p *pictures) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	p.asked = append(p.asked, r)
	hold := p.hold
	p.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	body, status := "no such page", http.StatusNotFound
	if strings.HasSuffix(r.URL.Path, "logo.png") {
		body, status = drawing(), http.StatusOK
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func (p *pictures) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.asked)
}

// drawing is a logo: a white disc on orange, with see-through corners.
func drawing() string {
	const size, middle = 256, 127.5
	m := image.NewNRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			switch from := (float64(x)-middle)*(float64(x)-middle) + (float64(y)-middle)*(float64(y)-middle); {
			case from < 60*60:
				m.Set(x, y, rgb.White)
			case from < middle*middle:
				m.Set(x, y, rgb.NRGBA{0xF2, 0xA2, 0x3A, 0xFF})
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		panic(err)
	}
	return out.String()
}

// Client makes a world the registry that logos are found in: the clients that somebody signs in to, or is connected to.
func (w *world) Client(ctx context.Context, id string) (*clients.Client, error) {
	w.asks.mu.Lock()
	defer w.asks.mu.Unlock()
	for _, i := range w.asks.byID {
		if i.Client != nil && i.Client.ID == id {
			return i.Client, nil
		}
	}
	return w.connections.Client(ctx, id)
}

// logoOf returns the path of the logo on a page.
func logoOf(t *testing.T, page reply) string {
	t.Helper()
	found := regexp.MustCompile(`<span class="tile shade-\d" aria-hidden="true">S<img src="([^"]*)" alt="" width="48" height="48"></span>`).FindStringSubmatch(page.body)
	if found == nil {
		t.Fatalf("no logo on\n%s", page.body)
	}
	return html.UnescapeString(found[1])
}

// logo asks for a logo as the next pages do, until it is there: a machine that does much else may be slow to draw it.
func (b *browser) logo(path string) reply {
	b.t.Helper()
	for until := time.Now().Add(30 * time.Second); ; {
		if answer := b.get(path); answer.Header.Get("Cache-Control") != "no-store" || time.Now().After(until) {
			return answer
		}
	}
}

func wantPicture(t *testing.T, answer reply, status, side int) {
	t.Helper()
	m, err := png.Decode(strings.NewReader(answer.body))
	if err != nil || m.Bounds() != image.Rect(0, 0, side, side) || answer.StatusCode != status {
		t.Fatalf("%d %v, %v", answer.StatusCode, answer.Header, err)
	}
	keep := "no-store"
	if side > 1 {
		keep = logoCache
	}
	for name, want := range map[string]string{
		"Content-Type": "image/png", "X-Content-Type-Options": "nosniff", "Cache-Control": keep, "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := answer.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// DR-04, AZ-20, OIDC Registration §2: the client's logo is on the first page, and comes from here.
func TestClientLogo(t *testing.T) {
	w := newWorld(t, Brand{})
	b := w.browser(t, "one")
	ask := sunnyBooks()
	ask.Client.Metadata.LogoURI = readerLogo
	page := b.get(loginURL(b.begin(ask).Sealed))
	if strings.Contains(page.body, "reader.example") {
		t.Error("the page names another place")
	}
	if w.pictures.count() != 0 {
		t.Error("the page asked for the logo itself")
	}
	path := logoOf(t, page)
	b.header.Set("Referer", w.server.URL+"/login?i=secret")
	wantPicture(t, b.logo(path), http.StatusOK, 128)
	wantPicture(t, b.get(path+"&again=1"), http.StatusOK, 128)
	if n := w.pictures.count(); n != 1 {
		t.Errorf("fetched %d times", n)
	}
	for name, values := range w.pictures.asked[0].Header {
		if name != "Accept" && name != "Accept-Encoding" && name != "User-Agent" {
			t.Errorf("the host of the logo is told %s: %q", name, values)
		}
	}
}

// DR-04: who asks for something else than a registered logo gets nothing, and nobody is asked for it.
func TestNothingButRegisteredLogos(t *testing.T) {
	w := newWorld(t, Brand{})
	b := w.browser(t, "one")
	ask := sunnyBooks()
	ask.Client.Metadata.LogoURI = readerLogo
	path := logoOf(t, b.get(loginURL(b.begin(ask).Sealed)))
	name := strings.TrimPrefix(strings.Split(path, "?")[0], "/assets/client-logo/")
	for what, path := range map[string]string{
		"a client that is not there":  "/assets/client-logo/" + name + "?client_id=nobody",
		"no client":                   "/assets/client-logo/" + name,
		"another logo of the client":  "/assets/client-logo/" + strings.Repeat("A", 16) + "?client_id=sunny",
		"an address for the client":   "/assets/client-logo/" + name + "?client_id=" + url.QueryEscape("https://10.0.0.1/logo.png"),
		"an address for the logo":     "/assets/client-logo/" + url.PathEscape("https://10.0.0.1/logo.png") + "?client_id=sunny",
		"a client id that is hostile": "/assets/client-logo/" + name + "?client_id=" + url.QueryEscape(attack[:40]),
	} {
		t.Run(what, func(t *testing.T) {
			wantPicture(t, w.browser(t, "one").get(path), http.StatusNotFound, 1)
		})
	}
	if n := w.pictures.count(); n != 0 {
		t.Errorf("fetched %d times", n)
	}
	ask.Client.Metadata.LogoURI += "?v=2"
	if changed := logoOf(t, b.get(loginURL(b.begin(ask).Sealed))); changed == path {
		t.Error("a changed logo has the same path, and browsers keep the old one")
	}
}

// DR-04: the page waits for no logo, and what waits for a slow one stops: the letter stands.
func TestSlowLogo(t *testing.T) {
	w := newWorld(t, Brand{})
	w.pictures.hold = make(chan struct{})
	b := w.browser(t, "one")
	ask := sunnyBooks()
	ask.Client.Metadata.LogoURI = readerLogo
	path := logoOf(t, b.get(loginURL(b.begin(ask).Sealed)))
	began := time.Now()
	wantPicture(t, b.get(path), http.StatusOK, 1)
	if took := time.Since(began); took < logoWait || took > 2*logoWait {
		t.Errorf("waited for %s", took)
	}
	close(w.pictures.hold)
	wantPicture(t, b.logo(path), http.StatusOK, 128)
	if n := w.pictures.count(); n != 1 {
		t.Errorf("fetched %d times", n)
	}
}

// DR-04: a client that nobody has checked has its logo, and a word about that beside it, from the first page on.
func TestLogoOfUnverifiedClient(t *testing.T) {
	b := newWorld(t, Brand{}).browser(t, "one")
	ask := sunnyBooks()
	ask.Client.Metadata.LogoURI, ask.Client.SelfRegistered = readerLogo, true
	page := b.get(loginURL(b.begin(ask).Sealed))
	logoOf(t, page)
	b.wantText(page, `sunnybooks.example <span class="tag" id="unverified">Not verified</span>`)
	ask.Client.SelfRegistered = false
	if page := b.get(loginURL(b.begin(ask).Sealed)); strings.Contains(page.body, "Not verified") {
		t.Error("an administrator's client is called unverified")
	}
}

// A real browser puts the logo over the letter, or shows the letter alone, and asks nobody but us.
func TestLogoInChromium(t *testing.T) {
	ctx := chromium(t)
	w := newWorld(t, Brand{})
	b := w.browser(t, "one")
	for _, c := range []struct {
		name, uri string
		width     int
	}{{"a logo", readerLogo, 128}, {"none to be had", "https://reader.example/gone", 1}} {
		ask := sunnyBooks()
		ask.Client.Metadata.LogoURI = c.uri
		page := b.get(loginURL(b.begin(ask).Sealed))
		if c.width > 1 {
			b.logo(logoOf(t, page))
		}
		w.mux.HandleFunc("GET /shown/"+url.PathEscape(c.name), func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Security-Policy", page.Header.Get("Content-Security-Policy"))
			io.WriteString(rw, page.body) //nolint:errcheck // a test
		})
		check(t, chromedp.Do(ctx, emulate(390, 844, "light", false), chromedp.Navigate(w.server.URL+"/shown/"+url.PathEscape(c.name))))
		got, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](`(() => { const i = document.querySelector(".tile img"), box = i.getBoundingClientRect(); return [i.naturalWidth, box.width, box.height]; })()`))
		check(t, err)
		if len(got) != 3 || got[0] != float64(c.width) || got[1] != 48 || got[2] != 48 {
			t.Errorf("%s: natural width and size on the page %v", c.name, got)
		}
	}
}
