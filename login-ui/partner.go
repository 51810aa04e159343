package loginui

import (
	"hash/fnv"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider"
)

// partner is what a page shows of the client. All of it is the client's own word, except Host.
type partner struct {
	Name   string
	Tile   tile
	Host   string // of the redirect URI: where the answer goes
	Device bool   // the redirect URI is on the person's own device
	// Unverified: the client registered itself, and nobody has looked at it. Source is where its metadata document is, if it has one.
	Unverified bool
	Source     string
	PolicyURI  string
	TosURI     string
}

// tile stands for a client: a letter on a colour made from the name, and a logo over it.
type tile struct {
	Logo    string // a path of ours; "" for none
	Initial string
	Shade   int // 0 to tileShades-1
}

const tileShades = 8 // classes shade-0 … in style.css

func (u *UI) partnerOf(i *provider.Interaction, lang string) partner {
	host, device := redirectHost(i.RedirectURI)
	p := partner{Host: host, Device: device}
	if i.Client == nil {
		if p.Name = host; host == "" { // a device's: which client it is of, nobody knows yet
			p.Name, p.Host, p.Device = u.Brand.Name, u.origin.Hostname(), false
		}
		p.Tile = letterTile(p.Name)
		return p
	}
	m := i.Client.Metadata
	p.Name = clientName(m, lang)
	if p.Name == "" {
		p.Name = host
	}
	p.Tile = letterTile(p.Name)
	p.Tile.Logo = logoPath(i.Client)
	p.PolicyURI, p.TosURI = webURL(m.PolicyURI), webURL(m.TosURI)
	p.Unverified = i.Client.SelfRegistered
	if document := i.Client.DocumentURL(); document != "" {
		p.Source, _ = redirectHost(document)
	}
	return p
}

// clientPartner is partnerOf for a client that has no redirect URI to be named by.
func (u *UI) clientPartner(c *clients.Client, lang string) partner {
	p := u.partnerOf(&provider.Interaction{Client: c}, lang)
	if p.Name == "" {
		p.Name = visible(c.ID, maxClientName)
		p.Tile.Initial = initial(p.Name)
	}
	return p
}

// clientName returns the client's name in the language, by RFC 7591 §2.2: the exact tag, one with that language, the plain name.
func clientName(m clients.Metadata, lang string) string {
	if name := visible(m.ClientNameLocalized[lang], maxClientName); name != "" {
		return name
	}
	tags := make([]string, 0, len(m.ClientNameLocalized))
	for tag := range m.ClientNameLocalized {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	for _, tag := range tags {
		if base, _, _ := strings.Cut(strings.ToLower(tag), "-"); base == lang {
			if name := visible(m.ClientNameLocalized[tag], maxClientName); name != "" {
				return name
			}
		}
	}
	return visible(m.ClientName, maxClientName)
}

// redirectHost names where a redirect URI leads. A custom scheme, or a loopback address, is an app on the device.
func redirectHost(redirectURI string) (host string, device bool) {
	u, err := url.Parse(redirectURI)
	if err != nil {
		return "", false
	}
	host = visible(strings.ToLower(u.Hostname()), maxClientName)
	if u.Scheme != "https" && u.Scheme != "http" {
		return visible(u.Scheme, maxClientName), true
	}
	address, err := netip.ParseAddr(host)
	return host, host == "localhost" || err == nil && address.IsLoopback()
}

func letterTile(name string) tile {
	sum := fnv.New32a()
	sum.Write([]byte(name)) // never fails
	return tile{Initial: initial(name), Shade: int(sum.Sum32() % tileShades)}
}

// webURL returns an absolute http or https URL, or "".
func webURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return u.String()
}
