package loginui

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// pageHeaders sets what holds for every answer of a page, also for a redirect.
//
// RFC 9700 §4.2.4: addresses of ours, which may have a sealed request or an upstream's code in them, stay out of other sites' Referer.
// Referrer-Policy is same-origin and not no-referrer: under no-referrer a browser sends "Origin: null" with our own forms, and one without
// Sec-Fetch-Site would then look like a foreign site. Nothing goes to other origins either way.
func (u *UI) pageHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setPageHeaders(w.Header())
		next.ServeHTTP(w, r)
	})
}

func setPageHeaders(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Content-Security-Policy", contentSecurityPolicy(nil, nil))
}

// contentSecurityPolicy returns the policy of a page whose forms may lead to the targets. frames may be empty: then there are none.
// No page can be framed itself (RFC 6749 §10.13, RFC 9700 §4.16).
func contentSecurityPolicy(targets, frames []string) string {
	policy := "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action " +
		strings.Join(formActions(targets), " ") + "; base-uri 'none'; frame-ancestors 'none'"
	if len(frames) > 0 {
		policy += "; frame-src " + strings.Join(cspSources(nil, frames), " ")
	}
	return policy
}

// formActions returns where the forms of a page may lead. Chromium holds form-action against every redirect that follows a form, on all hosts, and
// neither the hosts of an upstream nor those that a partner sends people on to are known here: a target on the web stands for any. An app on the
// device may listen on any port of it.
func formActions(targets []string) []string {
	list := []string{"'self'"}
	for _, target := range targets {
		source := cspSource(target)
		sources := []string{source}
		switch {
		case source == "":
			continue
		case strings.HasPrefix(source, "https:"):
			sources = []string{"https:"}
		case strings.HasPrefix(source, "http://"):
			sources = []string{"https:", "http://localhost:*", "http://127.0.0.1:*"}
		}
		for _, s := range sources {
			if !slices.Contains(list, s) {
				list = append(list, s)
			}
		}
	}
	return list
}

// cspSources adds the source expressions of urls to list, each once.
func cspSources(list, urls []string) []string {
	for _, target := range urls {
		if source := cspSource(target); source != "" && !slices.Contains(list, source) {
			list = append(list, source)
		}
	}
	return list
}

// cspSource returns the source expression that allows a URL: its origin; for a custom scheme, or a host that a source cannot name (an IPv6
// address), its scheme. "" when there is none.
func cspSource(target string) string {
	u, err := url.Parse(target)
	if err != nil || u.Scheme == "" || strings.Trim(u.Scheme, "abcdefghijklmnopqrstuvwxyz0123456789+-.") != "" {
		return ""
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		if slices.Contains([]string{"javascript", "data", "blob", "filesystem", "about"}, u.Scheme) {
			return ""
		}
		return u.Scheme + ":"
	}
	host := strings.ToLower(u.Host)
	if host == "" || strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-.:_") != "" {
		return u.Scheme + ":"
	}
	return u.Scheme + "://" + host
}
