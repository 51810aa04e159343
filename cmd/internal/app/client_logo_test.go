package app_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/cmd/internal/app"
	"github.com/symbolon-id/symbolon/cmd/internal/app/config"
)

// logoHost serves a logo, on a developer's machine over http, and counts who asks.
type logoHost struct {
	uri   string
	asked atomic.Int64
}

func hostLogo(t *testing.T) *logoHost {
	t.Helper()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 40, 40))); err != nil {
		t.Fatal(err)
	}
	h := &logoHost{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.asked.Add(1)
		if r.Header.Get("Cookie")+r.Header.Get("Referer")+r.Header.Get("Authorization")+r.URL.RawQuery != "" {
			t.Errorf("the logo's host is told %v", r.Header)
		}
		w.Write(picture.Bytes()) //nolint:errcheck // the test sees it
	}))
	t.Cleanup(server.Close)
	h.uri = server.URL + "/images/logo.png"
	return h
}

// logo returns the address of the logo that stands beside the client's name on a page, "" for none.
func (p *page) logo() string {
	p.b.t.Helper()
	doc, err := html.Parse(strings.NewReader(p.body))
	if err != nil {
		p.b.t.Fatal(err)
	}
	tile := find(doc, func(n *html.Node) bool { return strings.HasPrefix(attr(n, "class"), "tile") })
	if tile == nil {
		return ""
	}
	picture := find(tile, func(n *html.Node) bool { return n.Data == "img" })
	if picture == nil {
		return ""
	}
	at, err := p.url.Parse(attr(picture, "src"))
	if err != nil {
		p.b.t.Fatal(err)
	}
	return at.String()
}

// expectLogo fails unless the page shows the client's logo, as a picture from here.
func (p *page) expectLogo(t *testing.T) {
	t.Helper()
	address := p.logo()
	if !strings.HasPrefix(address, p.url.Scheme+"://"+p.url.Host+"/") {
		t.Fatalf("the logo is at %q on\n%s", address, p.body)
	}
	got := p.b.once("GET", address, nil, "same-origin")
	for until := time.Now().Add(30 * time.Second); got.header.Get("Cache-Control") == "no-store" && time.Now().Before(until); {
		got = p.b.once("GET", address, nil, "same-origin") // it takes its time where much else goes on
	}
	m, err := png.Decode(strings.NewReader(got.body))
	if err != nil || got.status != http.StatusOK || m.Bounds().Dx() < 48 || got.header.Get("Content-Type") != "image/png" {
		t.Errorf("the logo: %d %v, %v", got.status, got.header, err)
	}
}

// DR-04, OIDC Registration §2: a logo is shown from the first page on, and its host learns nothing of who signs in.
func TestClientLogo(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, openRegistration+"\n"+withDocuments)
	host := hostLogo(t)
	doc := publish(t)
	doc.more.Store(`,"logo_uri":"` + host.uri + `"`)
	for name, p := range map[string]*partner{
		"an administrator's client":        w.partner(`{"redirect_uris":["` + redirectURI + `"],"logo_uri":"` + host.uri + `"}`),
		"one that registered itself":       w.registered(`{"redirect_uris":["` + redirectURI + `"],"logo_uri":"` + host.uri + `"}`).partner,
		"one that has a metadata document": w.as(doc.id, ""),
	} {
		p.test(name, func(t *testing.T, p *partner) {
			b := newBrowser(t)
			login := p.ask(b)
			login.expectLogo(t)
			if strings.Contains(login.body, host.uri) || !strings.Contains(login.header.Get("Content-Security-Policy"), "img-src 'self' data:;") {
				t.Errorf("the browser is sent to the logo's host:\n%s", login.body)
			}
			consent := login.press("login-google").press("person-ada")
			consent.expectConsent(t)
			consent.expectLogo(t)
		})
	}
	if n := host.asked.Load(); n != 1 {
		t.Errorf("the logo's host was asked %d times", n)
	}
	if p := w.newPartner(); p.ask(newBrowser(t)).logo() != "" {
		t.Error("a client without a logo has one")
	}
}

// SS-01, DR-04: nothing reaches a private address for the sake of a logo, whatever name it goes by, unless the operator allows the host.
func TestLogoOnPrivateAddress(t *testing.T) {
	t.Parallel()
	canary, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer canary.Close()
	var reached atomic.Int64
	go func() {
		for {
			c, err := canary.Accept()
			if err != nil {
				return
			}
			reached.Add(1)
			c.Close()
		}
	}()
	targets := []string{"http://127.0.0.1:%s/", "https://127.0.0.1:%s/", "https://localhost:%s/", "https://0.0.0.0:%s/", "https://[::ffff:127.0.0.1]:%s/", "https://user@127.0.0.1:%s/", "https://169.254.169.254/%s", "file:///etc/hostname#%s", "%s"}
	for i, target := range targets {
		targets[i] = fmt.Sprintf(target, port(canary))
	}
	askForLogos(t, targets)
	if n := reached.Load(); n != 0 {
		t.Errorf("the canary was reached %d times", n)
	}
	askForLogos(t, []string{"https://localhost:" + port(canary) + "/"}, "SYMBOLON_EGRESS_ALLOW=localhost")
	if reached.Load() == 0 {
		t.Error("an allowed host was not asked")
	}
}

// askForLogos asks a node in production for the logos of clients that have such addresses, as if registration had let them pass.
func askForLogos(t *testing.T, uris []string, environ ...string) {
	t.Helper()
	cfg, err := config.Load("symbolon.yaml", false, append(environ, "SYMBOLON_ISSUER=https://id.example.com",
		"SYMBOLON_DATABASE=sqlite:"+filepath.Join(t.TempDir(), "symbolon.db")))
	if err != nil {
		t.Fatal(err)
	}
	node, err := app.New(t.Context(), cfg, app.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	stores, err := app.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer stores.Close()
	for i, uri := range uris {
		c := &clients.Client{ID: fmt.Sprint("c", i), Metadata: clients.Metadata{LogoURI: uri}, Version: 1, CreatedAt: time.Now(), UpdatedAt: time.Now()}
		if err := stores.DB.CreateClient(t.Context(), c, ""); err != nil {
			t.Fatal(err)
		}
		rec := httptest.NewRecorder()
		node.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/assets/client-logo/"+c.LogoName()+"?"+url.Values{"client_id": {c.ID}}.Encode(), nil))
		m, err := png.Decode(rec.Result().Body)
		if err != nil || m.Bounds().Dx() != 1 || rec.Result().StatusCode != http.StatusOK {
			t.Errorf("%s: %d, %v", uri, rec.Result().StatusCode, err)
		}
	}
}
