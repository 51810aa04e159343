package loginui

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/upstream"
	"github.com/symbolon-id/symbolon/provider/web"
)

// Config is what the pages are made from. Every member without "may be" is needed.
type Config struct {
	Brand        Brand
	Issuer       string // the issuer URL; its origin is ours
	Interactions Interactions
	Sessions     Sessions
	Logouts      Logouts
	Devices      Devices
	Connections  Connections
	Records      Records
	Logos        Logos
	Upstreams    Upstreams
	Accounts     account.Store
	// Scopes has the operator's words for scopes, by scope and then by language; may be nil. A scope without any stands on the pages by its name.
	Scopes map[string]map[string]string
}

// Brand is the operator's name and look.
type Brand struct {
	Name    string // may be empty: "Symbolon"
	Logo    []byte // may be empty; PNG, JPEG, WebP, GIF or SVG of at most 8 KiB: it travels inside the style sheet
	Accent  string // may be empty; "#rrggbb"
	Support string // may be empty; https or mailto URL where people get help
}

// UI is the pages. It is safe for concurrent use.
type UI struct {
	Config
	origin *url.URL
	texts  catalogue
	pages  pages
	assets assets
	cross  *http.CrossOriginProtection
}

const (
	defaultName   = "Symbolon"
	defaultAccent = "#2b5fd9"
	cancelID      = "cancel" // the path of the cancel button, so no upstream can have the id
)

// New returns the pages, or every mistake in the configuration at once.
func New(c Config) (*UI, error) {
	if c.Brand.Name = visible(c.Brand.Name, maxClientName); c.Brand.Name == "" {
		c.Brand.Name = defaultName
	}
	if c.Brand.Accent == "" {
		c.Brand.Accent = defaultAccent
	}
	u := &UI{Config: c, cross: http.NewCrossOriginProtection()}
	if err := errors.Join(u.checkIssuer(), u.checkBrand(), u.checkParts()); err != nil {
		return nil, err
	}
	var err error
	if u.texts, err = loadCatalogue(); err != nil {
		return nil, err
	}
	if u.assets, err = loadAssets(c.Brand); err != nil {
		return nil, err
	}
	if u.pages, err = loadPages(); err != nil {
		return nil, err
	}
	u.cross.SetDenyHandler(web.Handle(refuseCrossOrigin, u.writeError))
	return u, u.cross.AddTrustedOrigin(u.origin.Scheme + "://" + u.origin.Host)
}

func (u *UI) checkIssuer() error {
	origin, err := url.Parse(u.Issuer)
	if err != nil || origin.Host == "" || origin.Scheme != "https" && origin.Scheme != "http" {
		return fmt.Errorf("loginui: issuer %q is no http or https URL", u.Issuer)
	}
	u.origin = origin
	return nil
}

func (u *UI) checkBrand() error {
	if u.Brand.Support != "" && !strings.HasPrefix(u.Brand.Support, "https://") && !strings.HasPrefix(u.Brand.Support, "mailto:") {
		return fmt.Errorf("loginui: brand.support %q is no https or mailto URL", u.Brand.Support)
	}
	if _, err := parseColor(u.Brand.Accent); err != nil {
		return fmt.Errorf("loginui: brand.accent: %w", err)
	}
	if _, err := logoType(u.Brand.Logo); err != nil {
		return fmt.Errorf("loginui: brand.logo: %w", err)
	}
	return nil
}

func (u *UI) checkParts() error {
	if u.Interactions == nil || u.Sessions == nil || u.Logouts == nil || u.Devices == nil || u.Connections == nil || u.Records == nil ||
		u.Logos == nil || u.Upstreams == nil || u.Accounts == nil {
		return errors.New("loginui: Interactions, Sessions, Logouts, Devices, Connections, Records, Logos, Upstreams and Accounts are needed")
	}
	for _, info := range u.Upstreams.Infos() {
		if !upstream.ValidID(info.ID) || info.ID == cancelID {
			return fmt.Errorf("loginui: upstream id %q is not valid, or the path of the cancel button", info.ID)
		}
	}
	return nil
}

// label is what a person reads as the upstream's name.
func label(info upstream.Info) string {
	if name := visible(info.Label, maxPersonText); name != "" {
		return name
	}
	return info.ID
}
