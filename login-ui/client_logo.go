package loginui

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

const (
	// logoWait is how long a browser waits for a logo that nobody has seen yet. The page stands already, with the letter in its place.
	logoWait = 2 * time.Second
	// logoCache is how long browsers keep a logo: as long as we do.
	logoCache = "public, max-age=3600"
)

// logoPath is where the pages get the client's logo, "" for a client without. It names the client, and no address to fetch from: it changes with
// the address that the client has registered.
func logoPath(c *clients.Client) string {
	name := c.LogoName()
	if name == "" {
		return ""
	}
	return "/assets/client-logo/" + name + "?" + url.Values{"client_id": {c.ID}}.Encode()
}

// serveClientLogo answers with a client's logo as this server has drawn it: the person's browser asks nobody else. Where there is none to show, it
// answers with a picture in which nothing is to be seen, whatever the status, so that the letter under it stays.
func (u *UI) serveClientLogo(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), logoWait)
	defer cancel()
	logo, err := u.Logos.Logo(ctx, r.URL.Query().Get("client_id"), r.PathValue("name"))
	status, keep := http.StatusOK, logoCache
	switch {
	case errors.Is(err, clients.ErrNotFound):
		status = http.StatusNotFound
	case err != nil:
		web.Fail(r.Context(), err)
		status = http.StatusServiceUnavailable
	}
	if logo == nil {
		logo, keep = u.assets.nothing, "no-store"
	}
	h := w.Header()
	h.Set("Content-Type", "image/png")
	h.Set("Content-Length", fmt.Sprint(len(logo)))
	h.Set("Cache-Control", keep)
	w.WriteHeader(status)
	_, err = w.Write(logo)
	return abort(err)
}
