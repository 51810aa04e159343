package loginui

import (
	"context"
	"net/url"
	"sync"

	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/upstream"
)

// directory is who the upstreams say is there.
type directory struct {
	mu    sync.Mutex
	proof account.Proof
	err   error
	at    string // where a browser is sent; "" for the upstream's usual origin
	began upstream.Begin
}

func (d *directory) say(p account.Proof, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.proof, d.err = p, err
}

// connector is an upstream that believes its directory.
type connector struct {
	info upstream.Info
	dir  *directory
}

func (c *connector) Info() upstream.Info {
	c.dir.mu.Lock()
	defer c.dir.mu.Unlock()
	if c.dir.at != "" {
		c.info.Origins = []string{c.dir.at}
	}
	return c.info
}

func (c *connector) Begin(_ context.Context, b upstream.Begin) (string, error) {
	at := c.Info().Origins[0]
	c.dir.mu.Lock()
	defer c.dir.mu.Unlock()
	c.dir.began = b
	return at + "/authorize?" + url.Values{"state": {b.State}, "redirect_uri": {b.RedirectURI}}.Encode(), nil
}

func (c *connector) Finish(context.Context, upstream.Finish) (account.Proof, error) {
	c.dir.mu.Lock()
	defer c.dir.mu.Unlock()
	return c.dir.proof, c.dir.err
}

func ada() account.Proof {
	return account.Proof{
		Issuer: "https://accounts.google.com", Subject: "1", Name: "Ada Lovelace", Email: "ada.lovelace@gmail.com",
		EmailTrust: account.EmailAuthoritative, AMR: []string{"pwd"},
	}
}
