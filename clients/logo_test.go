package clients

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"image/color"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const logoURI = "https://example.com/logo.png"

// gallery is a registry whose clients all have one logo, and the web it is on.
type gallery struct {
	*Logos
	store   *memoryStore
	refused atomic.Int64
}

func newGallery(t *testing.T, web http.RoundTripper, uris ...string) *gallery {
	t.Helper()
	g := &gallery{store: newMemoryStore()}
	for i, uri := range append([]string{logoURI}, uris...) {
		c := &Client{ID: fmt.Sprint("c", i), Metadata: Metadata{LogoURI: uri}, Version: 1}
		if err := g.store.CreateClient(t.Context(), c, ""); err != nil {
			t.Fatal(err)
		}
	}
	g.Logos = NewLogos(LogosConfig{
		Clients:    g.store,
		HTTPClient: &http.Client{Transport: web, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		Refused:    func(context.Context, string, error) { g.refused.Add(1) },
	})
	return g
}

// of returns the logo of the client, as its page asks for it.
func (g *gallery) of(ctx context.Context, t *testing.T, id string) []byte {
	t.Helper()
	c, err := g.store.Client(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	square, err := g.Logo(ctx, id, c.LogoName())
	if err != nil {
		t.Fatal(err)
	}
	return square
}

// DR-04, SS-02, SS-03: whatever a host answers, the logo is a PNG of ours or there is none.
func TestLogoHostileResponders(t *testing.T) {
	good := pngOf(t, plain(64, 64, color.NRGBA{0xD0, 0x20, 0x20, 0xFF}))
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write(append(good, make([]byte, 8<<20)...)) //nolint:errcheck // into memory
	z.Close()
	answer := func(status int, body, kind string, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			io.WriteString(w, body) //nolint:errcheck // cut off in time
		}
	}
	for name, h := range map[string]http.HandlerFunc{
		"an SVG with a script":       answer(200, `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`, "image/svg+xml"),
		"an SVG that says it is PNG": answer(200, `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`, "image/png"),
		"HTML that says it is PNG":   answer(200, "<!doctype html><script>alert(1)</script>", "image/png"),
		"nothing":                    answer(200, "", "image/png"),
		"half a picture":             answer(200, string(good[:len(good)/2]), "image/png"),
		"404 with a picture":         answer(404, string(good), "image/png"),
		"500 with a picture":         answer(500, string(good), "image/png"),
		"206 with a picture":         answer(206, string(good), "image/png"),
		"a redirect to a picture":    answer(302, string(good), "image/png", "Location", "/elsewhere.png"),
		"a redirect into a network":  answer(301, "", "text/html", "Location", "http://169.254.169.254/latest/meta-data/"),
		"more than 256 KiB":          answer(200, string(append(good, make([]byte, maxLogoFile)...)), "image/png"),
		"a gzip bomb":                answer(200, zipped.String(), "image/png", "Content-Encoding", "gzip"),
		"a picture in gzip":          answer(200, zippedOnce(good), "image/png", "Content-Encoding", "gzip"),
		"an endless picture": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(good); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGallery(t, transport(t, h))
			if square := g.of(t.Context(), t, "c0"); square != nil {
				t.Errorf("it is shown: %d bytes", len(square))
			}
			if g.refused.Load() != 1 {
				t.Errorf("refused %d times", g.refused.Load())
			}
		})
	}
	t.Run("nothing of ours goes along, and what the host says of the picture does not matter", func(t *testing.T) {
		t.Parallel()
		g := newGallery(t, transport(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Cookie")+r.Header.Get("Authorization")+r.Header.Get("Referer") != "" || r.Method != http.MethodGet {
				t.Errorf("%s with %v", r.Method, r.Header)
			}
			answer(200, string(good), "application/octet-stream", "Set-Cookie", "a=b")(w, r)
		}))
		if g.of(t.Context(), t, "c0") == nil {
			t.Error("it is not shown")
		}
	})
}

// SS-03: a host that dribbles is left after five seconds, and those who wait do not wait so long.
func TestLogoSlowHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		web := &heldAnswers{}
		g := newGallery(t, web)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		began := time.Now()
		if g.of(ctx, t, "c0") != nil || time.Since(began) != 2*time.Second {
			t.Errorf("waited for %s", time.Since(began))
		}
		if g.of(t.Context(), t, "c0") != nil || time.Since(began) != logoTimeout {
			t.Errorf("given up after %s", time.Since(began))
		}
		if n := web.asked.Load(); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

// heldAnswers is a web that never answers. It counts, and notes the most requests at once, in all and to one host.
type heldAnswers struct {
	asked atomic.Int64

	mu      sync.Mutex
	now     map[string]int
	most    int
	perHost int
}

// RoundTrip implements http.RoundTripper.
func (h *heldAnswers) RoundTrip(r *http.Request) (*http.Response, error) {
	h.asked.Add(1)
	h.count(r.URL.Host, 1)
	defer h.count(r.URL.Host, -1)
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func (h *heldAnswers) count(host string, by int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.now == nil {
		h.now = map[string]int{}
	}
	h.now[host] += by
	h.now[""] += by
	h.most, h.perHost = max(h.most, h.now[""]), max(h.perHost, h.now[host])
}

// SS-06: there is a bound to how many logos are fetched at once, in all and from one host; those that find no place ask again later.
func TestLogoFetchStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		web := &heldAnswers{}
		var uris []string
		for i := range 100 {
			uris = append(uris, fmt.Sprintf("https://h%d.example/%d.png", i%10, i))
		}
		g := newGallery(t, web, uris...)
		var all sync.WaitGroup
		for i := range uris {
			for range 3 {
				all.Go(func() { g.of(t.Context(), t, fmt.Sprint("c", i+1)) })
			}
		}
		all.Wait()
		if web.most != logoFetches || web.perHost > logosPerHost || web.asked.Load() != logoFetches {
			t.Errorf("%d at once, %d of one host, %d in all", web.most, web.perHost, web.asked.Load())
		}
		time.Sleep(logoBackoff + time.Second)
		g.of(t.Context(), t, "c100")
		if web.asked.Load() != logoFetches+1 {
			t.Error("one that found no place is not asked for later")
		}
	})
}

// A logo is fetched once an hour, a failure is not repeated for a minute, and a changed logo_uri counts at once.
func TestLogoMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		red, blue := plain(8, 8, color.NRGBA{0xFF, 0, 0, 0xFF}), plain(8, 8, color.NRGBA{0, 0, 0xFF, 0xFF})
		web := &answers{}
		g := newGallery(t, web, logoURI)
		web.set(200, string(pngOf(t, red)))
		first := g.of(t.Context(), t, "c0")
		web.set(200, string(pngOf(t, blue)))
		time.Sleep(logoAge - time.Second)
		if second := g.of(t.Context(), t, "c1"); first == nil || !bytes.Equal(first, second) || web.asked.Load() != 1 {
			t.Errorf("asked %d times", web.asked.Load())
		}
		time.Sleep(2 * time.Second)
		if changed := g.of(t.Context(), t, "c0"); changed == nil || bytes.Equal(first, changed) || web.asked.Load() != 2 {
			t.Errorf("the picture that changed: asked %d times", web.asked.Load())
		}
		web.down()
		time.Sleep(logoAge)
		for range 3 {
			if g.of(t.Context(), t, "c0") != nil {
				t.Error("a logo that is gone is shown")
			}
			time.Sleep(logoBackoff / 4)
		}
		if n := web.asked.Load(); n != 3 || g.refused.Load() != 1 {
			t.Errorf("a failure: asked %d times, told %d times", n, g.refused.Load())
		}
		c, err := g.store.Client(t.Context(), "c0")
		if err != nil {
			t.Fatal(err)
		}
		old := c.LogoName()
		c.Metadata.LogoURI += "?v=2"
		if err := g.store.UpdateClient(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		web.set(200, string(pngOf(t, red)))
		if g.of(t.Context(), t, "c0") == nil {
			t.Error("the new address is not asked")
		}
		if _, err := g.Logo(t.Context(), "c0", old); !errors.Is(err, ErrNotFound) {
			t.Errorf("the old name: %v", err)
		}
	})
}

// DS-03: memory for logos is bounded, and the ones in use stay.
func TestLogoMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		web := &answers{}
		web.set(200, string(pngOf(t, plain(2, 2, color.White))))
		var uris []string
		for i := range maxLogos + 50 {
			uris = append(uris, fmt.Sprintf("https://example.com/%d.png", i))
		}
		g := newGallery(t, web, uris...)
		g.of(t.Context(), t, "c0")
		web.set(404, "") // which is remembered, too
		for i := range uris {
			time.Sleep(time.Millisecond)
			g.of(t.Context(), t, fmt.Sprint("c", i+1))
			g.of(t.Context(), t, "c0")
			synctest.Wait()
		}
		if n := len(g.seen); n != maxLogos {
			t.Errorf("%d logos in memory", n)
		}
		if n := web.asked.Load(); n != int64(len(uris)+1) {
			t.Errorf("asked %d times", n)
		}
	})
}

// DR-04: only what a client has registered is fetched, and a storage fault is no answer.
func TestLogoOfNobody(t *testing.T) {
	web := &answers{}
	g := newGallery(t, web, "")
	for _, c := range [][2]string{{"nobody", "x"}, {"c0", ""}, {"c0", "x"}, {"c0", logoURI}, {"c1", ""}, {logoURI, "x"}} {
		if _, err := g.Logo(t.Context(), c[0], c[1]); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q %q: %v", c[0], c[1], err)
		}
	}
	g.store.fault.Store(true)
	if _, err := g.Logo(t.Context(), "c0", "x"); !errors.Is(err, errFault) {
		t.Errorf("a fault: %v", err)
	}
	if web.asked.Load() != 0 {
		t.Error("somebody was asked")
	}
}

// transport is a web that is one TLS server with the handler, whatever the host.
func transport(t *testing.T, h http.HandlerFunc) http.RoundTripper {
	t.Helper()
	return hostile(t, h).cfg.HTTPClient.Transport
}
