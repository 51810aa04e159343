package account

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/net/idna"
)

// ErrEmail says that a text is not one e-mail address that we accept. The error never repeats the text.
var ErrEmail = errors.New("account: not an e-mail address")

// Lengths in bytes. RFC 5321 §4.5.3.1.1 and §4.5.3.1.3 (a path of 256 holds an address of 254).
const (
	maxEmail      = 254
	maxEmailLocal = 64
)

// NormalizeEmail returns the one form in which an address is stored and compared: "ada.lovelace+books@xn--bcher-kva.example".
//
// The whole address is folded to lower-case ASCII. The local part could differ by case in theory (RFC 5321 §2.4); no mailbox people use does,
// and two accounts that differ by case would be a trap. It must be a dot-atom of ASCII: quoted forms, comments and internationalised local
// parts are refused. The domain must be a name with a dot in it; an internationalised one becomes its A-labels without any mapping, so
// that full-width letters or a Kelvin sign never turn into another domain. Plus tags and dots stay: they are part of the address.
func NormalizeEmail(s string) (string, error) {
	if len(s) > maxEmail {
		return "", fmt.Errorf("%w: longer than %d bytes", ErrEmail, maxEmail)
	}
	local, domain, ok := strings.Cut(s, "@")
	if !ok || strings.Contains(domain, "@") {
		return "", fmt.Errorf("%w: needs one @", ErrEmail)
	}
	if !isDotAtom(local) {
		return "", fmt.Errorf("%w: local part", ErrEmail)
	}
	domain, err := normalizeDomain(domain)
	if err != nil {
		return "", err
	}
	email := lowerASCII(local) + "@" + domain
	if len(email) > maxEmail {
		return "", fmt.Errorf("%w: longer than %d bytes", ErrEmail, maxEmail)
	}
	return email, nil
}

// EmailDomain returns the part of a normalised address after the @.
func EmailDomain(email string) string {
	return email[strings.LastIndexByte(email, '@')+1:]
}

// isDotAtom says whether s is a local part of atoms between single dots. RFC 5322 §3.2.3.
func isDotAtom(s string) bool {
	if s == "" || len(s) > maxEmailLocal || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letterOrDigit := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letterOrDigit && !strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", rune(c)) {
			return false
		}
	}
	return true
}

// normalizeDomain returns the A-label form of a domain name. It refuses address literals and names of one label.
func normalizeDomain(s string) (string, error) {
	// The registration profile maps nothing: what is not already in its canonical form is refused, except for ASCII case.
	domain, err := idna.Registration.ToASCII(lowerASCII(s))
	if err != nil {
		return "", fmt.Errorf("%w: domain", ErrEmail)
	}
	last := strings.LastIndexByte(domain, '.')
	if last <= 0 || last == len(domain)-1 || isDigits(domain[last+1:]) {
		return "", fmt.Errorf("%w: domain", ErrEmail)
	}
	return domain, nil
}

func isDigits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

// lowerASCII leaves everything but A-Z alone: strings.ToLower would turn a Kelvin sign into a k.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, s)
}
