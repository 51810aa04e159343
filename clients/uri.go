package clients

import (
	"net/netip"
	"net/url"
	"strings"
)

// maxURI is the longest URI a client may register, in bytes.
const maxURI = 2048

// uri is an absolute URI cut at its delimiters, nothing decoded and nothing made lower case. There is no fragment.
type uri struct {
	scheme    string
	authority string // empty also when there is none
	path      string // with its leading slash
	query     string
}

// splitURI cuts s, or says what is wrong with it. It admits only what every parser reads alike: no backslash, no control or non-ASCII
// character, also percent-encoded; no userinfo; no dot segment, which browsers resolve before they send the request.
func splitURI(s string) (uri, string) {
	if reason := checkCharacters(s); reason != "" {
		return uri{}, reason
	}
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || !isScheme(scheme) {
		return uri{}, "is not an absolute URI: begin it with its scheme"
	}
	if !strings.HasPrefix(rest, "/") {
		return uri{}, "has no slash after its scheme"
	}
	u := uri{scheme: scheme}
	rest, u.query, _ = strings.Cut(rest, "?")
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		end := strings.IndexByte(after, '/')
		if end < 0 {
			end = len(after)
		}
		u.authority, rest = after[:end], after[end:]
	}
	u.path = rest
	switch {
	case strings.ContainsAny(u.authority, "@%"):
		return uri{}, "has a user or an escape in its host: leave it out"
	case hasDotSegment(u.path):
		return uri{}, "has a dot segment in its path: write the path it leads to"
	}
	// A URI that net/url reads in another way than we do is nobody's honest one.
	if p, err := url.Parse(s); err != nil || p.Host != u.authority || p.User != nil || p.Opaque != "" {
		return uri{}, "is not a well-formed URI"
	}
	return u, ""
}

// checkCharacters leaves the characters of RFC 3986 §2, without "#".
func checkCharacters(s string) string {
	if s == "" {
		return "is empty"
	}
	if len(s) > maxURI {
		return "is longer than 2,048 characters"
	}
	for i, c := range []byte(s) {
		switch {
		case c <= ' ' || c == 0x7F:
			return "contains a space or a control character"
		case c > 0x7F:
			return "contains a character that is not ASCII: write the host in punycode and escape the rest"
		case c == '\\':
			return "contains a backslash"
		case c == '#':
			return "has a fragment: leave it out"
		case strings.IndexByte("\"<>^`{|}", c) >= 0:
			return "contains a character that is not allowed in a URI: escape it"
		case c == '%':
			if reason := checkEscape(s[i:]); reason != "" {
				return reason
			}
		}
	}
	return ""
}

// checkEscape looks at a percent sign and what follows it.
func checkEscape(s string) string {
	if len(s) < 3 || !isHex(s[1]) || !isHex(s[2]) {
		return "has a percent sign without two hexadecimal digits after it"
	}
	if s[1] == '0' || s[1] == '1' || s[1] == '7' && s[2]|0x20 == 'f' {
		return "contains an escaped control character"
	}
	return ""
}

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

// isScheme follows the scheme of RFC 3986 §3.1.
func isScheme(s string) bool {
	for i, c := range []byte(s) {
		if !isAlpha(c) && (i == 0 || !isDigit(c) && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return s != ""
}

// hasDotSegment also finds the spellings that some receiver undoes: "%2e%2e", "..%2f", "..;x".
func hasDotSegment(path string) bool {
	plain := strings.NewReplacer("%2e", ".", "%2E", ".", "%2f", "/", "%2F", "/", "%5c", "/", "%5C", "/").Replace(path)
	for segment := range strings.SplitSeq(plain, "/") {
		name, _, _ := strings.Cut(segment, ";")
		if name == "." || name == ".." {
			return true
		}
	}
	return false
}

// splitHostPort cuts an authority without userinfo. The port keeps its digits; port is "" when there is no colon.
func splitHostPort(authority string) (host, port string, ok bool) {
	host = authority
	end := strings.LastIndexByte(authority, ':')
	if strings.HasPrefix(authority, "[") {
		closing := strings.IndexByte(authority, ']')
		if closing < 0 {
			return "", "", false
		}
		end = closing + 1
		if end == len(authority) {
			return authority, "", true
		}
	}
	if end < 0 {
		return host, "", host != ""
	}
	host, port = authority[:end], authority[end:]
	if !strings.HasPrefix(port, ":") || !isPort(port[1:]) {
		return "", "", false
	}
	return host, port[1:], host != ""
}

// isPort accepts 1 to 65535 without leading zeros.
func isPort(s string) bool {
	if len(s) == 0 || len(s) > 5 || s[0] == '0' {
		return false
	}
	n := 0
	for _, c := range []byte(s) {
		if !isDigit(c) {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return n <= 65535
}

// parseHost checks a host of http and https. addr is valid when it is an address literal. Addresses in other spellings than their canonical one
// ("2130706433", "127.1", "0x7f.1", "[0:0:0:0:0:0:0:1]") are refused, since browsers read them as addresses and people do not.
func parseHost(host string) (addr netip.Addr, reason string) {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, closed := strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		if err != nil || !closed || !addr.Is6() || addr.Is4In6() || addr.Zone() != "" || addr.String() != inner {
			return netip.Addr{}, "has a malformed IPv6 address: write it in its shortest form, without a zone"
		}
		return addr, ""
	}
	labels := strings.Split(host, ".")
	if last := labels[len(labels)-1]; isDigits(last) || strings.HasPrefix(strings.ToLower(last), "0x") {
		addr, err := netip.ParseAddr(host)
		if err != nil || !addr.Is4() {
			return netip.Addr{}, "has a malformed IPv4 address: write four decimal numbers"
		}
		return addr, ""
	}
	if len(host) > 253 {
		return netip.Addr{}, "has a host of more than 253 characters"
	}
	for _, label := range labels {
		if !isHostLabel(label) {
			return netip.Addr{}, "has a malformed host"
		}
	}
	return netip.Addr{}, ""
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func isHostLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, c := range []byte(s) {
		if !isAlpha(c) && !isDigit(c) && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
