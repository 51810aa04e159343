package main

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// jar keeps cookies as browsers do on loopback hosts, and as net/http/cookiejar does not: a Secure cookie is kept and sent over plain http, and
// all ports of a host share their cookies.
type jar struct {
	mu     sync.Mutex
	byHost map[string][]*http.Cookie
}

func newJar() *jar { return &jar{byHost: map[string][]*http.Cookie{}} }

// SetCookies implements http.CookieJar.
func (j *jar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	host := u.Hostname()
	for _, c := range cookies {
		if c.Path == "" {
			c.Path = "/"
		}
		if strings.HasPrefix(c.Name, "__Host-") && (!c.Secure || c.Path != "/" || c.Domain != "") {
			continue
		}
		var kept []*http.Cookie
		for _, known := range j.byHost[host] {
			if known.Name != c.Name || known.Path != c.Path {
				kept = append(kept, known)
			}
		}
		if c.MaxAge >= 0 && (c.Expires.IsZero() || c.Expires.After(time.Now())) {
			kept = append(kept, c)
		}
		j.byHost[host] = kept
	}
}

// Cookies implements http.CookieJar.
func (j *jar) Cookies(u *url.URL) []*http.Cookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	var sent []*http.Cookie
	for _, c := range j.byHost[u.Hostname()] {
		if strings.HasPrefix(u.Path, c.Path) || c.Path == "/" {
			sent = append(sent, &http.Cookie{Name: c.Name, Value: c.Value})
		}
	}
	return sent
}
