package loginui

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

var (
	preview = flag.String("preview", "", "serve every page with sample data on this loopback address, until interrupted")
	shots   = flag.String("shots", "", "write a picture of every page into this directory")
)

// gallery serves the sample pages under /{language}/{name}, and a list of them.
func gallery(t *testing.T) (http.Handler, []string) {
	t.Helper()
	mux, list, paths := http.NewServeMux(), "<!doctype html><title>Pages</title>", []string{}
	w := newWorld(t, Brand{})
	w.connections.clients["native"] = &clients.Client{ID: "native", Metadata: clients.Metadata{LogoURI: readerLogo}}
	web.Mount(mux, slices.DeleteFunc(w.ui.Routes(), func(r web.Route) bool { return !strings.HasPrefix(r.Pattern, "GET /assets/") })...)
	for _, lang := range []string{"en", "ko"} {
		for _, s := range samplePages(t, lang) {
			path := "/" + lang + "/" + s.name
			paths = append(paths, path)
			list += "<p><a href=" + path + ">" + path + "</a>"
			mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Security-Policy", s.page.Header.Get("Content-Security-Policy"))
				fmt.Fprint(w, s.page.body)
			})
		}
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, list) })
	return mux, paths
}

// TestPreview is for people who work on the pages: go test ./login-ui -run Preview -preview 127.0.0.1:8090
func TestPreview(t *testing.T) {
	if *preview == "" {
		t.Skip("only with -preview ADDRESS")
	}
	pages, _ := gallery(t)
	t.Logf("http://%s/", *preview)
	t.Fatal(http.ListenAndServe(*preview, pages))
}

// TestShots takes a picture of every page: wide and phone, light and dark, and the login page in forced colours.
func TestShots(t *testing.T) {
	if *shots == "" {
		t.Skip("only with -shots DIRECTORY")
	}
	pages, paths := gallery(t)
	server := httptest.NewServer(pages)
	defer server.Close()
	ctx := chromium(t)
	for _, path := range paths {
		name := filepath.Join(*shots, strings.ReplaceAll(path[1:], "/", "-"))
		for _, view := range []struct {
			name          string
			width, height int64
			scheme        string
			forced        bool
		}{
			{"wide-light", 1280, 900, "light", false},
			{"phone-light", 390, 844, "light", false},
			{"wide-dark", 1280, 900, "dark", false},
			{"phone-dark", 390, 844, "dark", false},
			{"phone-forced", 390, 844, "dark", true},
		} {
			check(t, chromedp.Do(ctx, emulate(view.width, view.height, view.scheme, view.forced), chromedp.Navigate(server.URL+path)))
			picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
			check(t, err)
			check(t, os.WriteFile(name+"."+view.name+".png", picture, 0o600))
		}
	}
}
