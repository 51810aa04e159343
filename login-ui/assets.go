package loginui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/symbolon-id/symbolon/provider/web"
)

//go:embed assets/style.css assets/page.js assets/nothing.png
var assetFiles embed.FS

// assets are the files of the pages. A name holds the hash of the content, so that a browser may keep a file for ever.
type assets struct {
	style, script string // paths
	nothing       []byte // a picture in which nothing is to be seen
	files         map[string]asset
}

type asset struct {
	contentType string
	plain, gzip []byte
}

const (
	maxLogo   = 8 << 10
	immutable = "public, max-age=31536000, immutable"
)

func loadAssets(brand Brand) (assets, error) {
	a := assets{files: map[string]asset{}}
	style, err := assetFiles.ReadFile("assets/style.css")
	if err != nil {
		return assets{}, err
	}
	script, err := assetFiles.ReadFile("assets/page.js")
	if err != nil {
		return assets{}, err
	}
	if a.nothing, err = assetFiles.ReadFile("assets/nothing.png"); err != nil {
		return assets{}, err
	}
	head, err := brandStyle(brand)
	if err != nil {
		return assets{}, err
	}
	if a.style, err = a.add("style", "css", "text/css; charset=utf-8", append([]byte(head), style...)); err != nil {
		return assets{}, err
	}
	a.script, err = a.add("page", "js", "text/javascript; charset=utf-8", script)
	return a, err
}

func (a *assets) add(name, extension, contentType string, content []byte) (path string, err error) {
	var packed bytes.Buffer
	zip, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := zip.Write(content); err != nil {
		return "", err
	}
	if err := zip.Close(); err != nil {
		return "", err
	}
	sum := sha256.Sum256(content)
	file := name + "-" + hex.EncodeToString(sum[:8]) + "." + extension
	a.files[file] = asset{contentType: contentType, plain: content, gzip: packed.Bytes()}
	return "/assets/" + file, nil
}

// The grounds that text stands on, in the light and the dark scheme. style.css has the same values.
const (
	cardLight, pageLight = "#ffffff", "#f4f5f7"
	cardDark, pageDark   = "#17191d", "#0d0e11"
)

// brandStyle returns the custom properties that come from the configuration. The accent is moved until it can be seen and read on its ground.
func brandStyle(brand Brand) (string, error) {
	accent, err := parseColor(brand.Accent)
	if err != nil {
		return "", err
	}
	scheme := func(ground string) string {
		on, _ := parseColor(ground) // a constant of ours
		fill := accent.readable(on, 3)
		return fmt.Sprintf("--accent:%s;--accent-ink:%s;--link:%s", fill, fill.ink(), accent.readable(on, 4.6))
	}
	css := ":root{" + scheme(pageLight) + "}@media(prefers-color-scheme:dark){:root{" + scheme(cardDark) + "}}\n"
	if len(brand.Logo) > 0 {
		kind, err := logoType(brand.Logo)
		if err != nil {
			return "", err
		}
		css += ".brand-logo{background-image:url(data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(brand.Logo) + ")}\n"
	}
	return css, nil
}

// logoType returns the media type of a logo; "" for none.
func logoType(logo []byte) (string, error) {
	if len(logo) == 0 {
		return "", nil
	}
	if len(logo) > maxLogo {
		return "", fmt.Errorf("the logo has %d bytes, at most %d are allowed", len(logo), maxLogo)
	}
	switch kind := http.DetectContentType(logo); {
	case kind == "image/png", kind == "image/jpeg", kind == "image/webp", kind == "image/gif":
		return kind, nil
	case bytes.Contains(logo[:min(len(logo), 1024)], []byte("<svg")):
		return "image/svg+xml", nil
	}
	return "", errors.New("the logo is no PNG, JPEG, WebP, GIF or SVG")
}

func (u *UI) serveAsset(w http.ResponseWriter, r *http.Request) error {
	file, ok := u.assets.files[r.PathValue("file")]
	if !ok {
		return &web.PageError{Kind: web.PageNotFound}
	}
	h := w.Header()
	h.Set("Content-Type", file.contentType)
	h.Set("Cache-Control", immutable)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Vary", "Accept-Encoding")
	body := file.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = file.gzip
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	_, err := w.Write(body)
	return abort(err)
}

// abort turns a failed write into the end of the connection: part of the answer is out, no other can follow.
func abort(err error) error {
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}
