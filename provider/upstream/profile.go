package upstream

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"github.com/symbolon-id/symbolon/provider/account"
)

// Bounds of what we take over of a person's profile.
const (
	maxName    = 256 // runes
	maxPicture = 2 << 10
	maxLocale  = 35 // RFC 5646 §4.4.1
	maxMarks   = 4  // combining marks in a row; Vietnamese and Hindi need two or three
)

// cleanName makes a text of an upstream fit to be shown: NFC, one line, single spaces, at most 256 runes, nothing that is invisible, controls the
// terminal or turns the direction of what stands around it. Joiners stay: Persian, Hindi and emoji need them.
func cleanName(s string) string {
	if len(s) > 64*maxName {
		s = s[:64*maxName]
	}
	s = norm.NFC.String(strings.ToValidUTF8(s, ""))
	var b strings.Builder
	runes, marks, space := 0, 0, false
	for _, r := range s {
		if unicode.IsSpace(r) {
			space = b.Len() > 0
			continue
		}
		if isHidden(r) {
			continue
		}
		if marks++; !unicode.In(r, unicode.Mn, unicode.Me) {
			marks = 0
		}
		if marks > maxMarks {
			continue
		}
		if space {
			b.WriteByte(' ')
			runes++
			space = false
		}
		if runes >= maxName {
			break
		}
		b.WriteRune(r)
		runes++
	}
	return strings.TrimSpace(b.String())
}

// isHidden says whether r is a control, a bidirectional control or another character that nobody sees.
func isHidden(r rune) bool {
	const zwnj, zwj = '\u200C', '\u200D'
	if r == zwnj || r == zwj {
		return false
	}
	return r == unicode.ReplacementChar || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Noncharacter_Code_Point)
}

// hasControl says whether s has a control or hidden character, or is not UTF-8.
func hasControl(s string) bool {
	for _, r := range s {
		if isHidden(r) || r == '\u2028' || r == '\u2029' {
			return true
		}
	}
	return false
}

// cleanPicture returns the URL of a picture that a partner may load, or "". Addresses inside a network are nobody's portrait.
func cleanPicture(s string, allowLoopbackHTTP bool) string {
	if len(s) > maxPicture || hasControl(s) {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.Opaque != "" {
		return ""
	}
	host := u.Hostname()
	if isLoopback(host) {
		if !allowLoopbackHTTP || u.Scheme != "http" && u.Scheme != "https" {
			return ""
		}
	} else if ip, err := netip.ParseAddr(host); u.Scheme != "https" || strings.HasSuffix(host, ".localhost") || err == nil && !isPublic(ip) {
		return ""
	}
	if s = u.String(); len(s) > maxPicture {
		return ""
	}
	return s
}

func isPublic(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsGlobalUnicast() && !ip.IsPrivate()
}

// cleanLocale returns a BCP 47 tag in its canonical form, or "".
func cleanLocale(s string) string {
	if s == "" || len(s) > maxLocale {
		return ""
	}
	tag, err := language.Parse(s)
	if err != nil || tag == language.Und {
		return ""
	}
	return tag.String()
}

// cleanEmail returns the address in its normal form, or "" for what is none.
func cleanEmail(s string) string {
	email, err := account.NormalizeEmail(s)
	if err != nil {
		return ""
	}
	return email
}

// cleanReferences keeps at most 16 short tokens: the values of amr (RFC 8176 §2).
func cleanReferences(list []string) []string {
	var out []string
	for _, s := range list {
		if len(out) < 16 && s != "" && len(s) <= 64 && !hasControl(s) {
			out = append(out, s)
		}
	}
	return out
}
