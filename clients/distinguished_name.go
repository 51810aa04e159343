package clients

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxDN bounds a distinguished name, in bytes.
const maxDN = 1024

// dn is a distinguished name in the order of RFC 4514, the most specific name first. Each element has the attributes of one name, as "oid=value",
// sorted: mostly one.
type dn [][]string

func sameDN(a, b dn) bool {
	return slices.EqualFunc(a, b, func(x, y []string) bool { return slices.Equal(x, y) })
}

// parseDN reads the string form of RFC 4514 §3, with spaces allowed around its delimiters, or says what is wrong with it.
func parseDN(s string) (dn, string) {
	if len(s) > maxDN || !utf8.ValidString(s) {
		return nil, "is longer than 1,024 characters, or no text"
	}
	var name dn
	for _, element := range splitEscaped(s, ',') {
		var attributes []string
		for _, attribute := range splitEscaped(element, '+') {
			kind, value, ok := strings.Cut(attribute, "=")
			oid := attributeOID(strings.TrimSpace(kind))
			text, sound := unescapeDN(value)
			if !ok || oid == "" || !sound {
				return nil, `is no distinguished name of RFC 4514: write it like "CN=app,O=Example,C=KR"`
			}
			attributes = append(attributes, oid+"="+text)
		}
		slices.Sort(attributes)
		name = append(name, attributes)
	}
	return name, ""
}

// splitEscaped cuts s at each sep that no backslash stands before.
func splitEscaped(s string, sep byte) []string {
	var parts []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case sep:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

// unescapeDN undoes RFC 4514 §2.4. The hexadecimal form of a value ("#04…") is not read.
func unescapeDN(s string) (string, bool) {
	s = strings.TrimLeft(s, " ")
	if trimmed := strings.TrimRight(s, " "); strings.HasSuffix(trimmed, `\`) && len(trimmed) < len(s) {
		s = trimmed + " " // the escaped one
	} else {
		s = trimmed
	}
	if s == "" || s[0] == '#' {
		return "", false
	}
	var out []byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case strings.IndexByte("\"<>;\x00", c) >= 0:
			return "", false
		case c != '\\':
			out = append(out, c)
		case i+1 < len(s) && strings.IndexByte(` "#+,;<=>\`, s[i+1]) >= 0:
			out = append(out, s[i+1])
			i++
		case i+2 < len(s):
			b, err := hex.DecodeString(s[i+1 : i+3])
			if err != nil {
				return "", false
			}
			out = append(out, b...)
			i += 2
		default:
			return "", false
		}
	}
	return string(out), utf8.Valid(out)
}

// attributeOID returns the object identifier of an attribute type: by the names of RFC 4514 §3 and those that certificate tools print, or dotted.
func attributeOID(kind string) string {
	switch strings.ToUpper(kind) {
	case "CN":
		return "2.5.4.3"
	case "SERIALNUMBER":
		return "2.5.4.5"
	case "C":
		return "2.5.4.6"
	case "L":
		return "2.5.4.7"
	case "ST":
		return "2.5.4.8"
	case "STREET":
		return "2.5.4.9"
	case "O":
		return "2.5.4.10"
	case "OU":
		return "2.5.4.11"
	case "ORGANIZATIONIDENTIFIER":
		return "2.5.4.97"
	case "DC":
		return "0.9.2342.19200300.100.1.25"
	case "UID":
		return "0.9.2342.19200300.100.1.1"
	case "EMAILADDRESS":
		return "1.2.840.113549.1.9.1"
	}
	if parts := strings.Split(kind, "."); len(parts) > 2 && !slices.ContainsFunc(parts, func(p string) bool { return !isDigits(p) }) {
		return kind
	}
	return ""
}

// subjectOf returns the subject of a certificate. A value that is no text has no string form.
func subjectOf(cert *x509.Certificate) (dn, bool) {
	var sequence pkix.RDNSequence
	if rest, err := asn1.Unmarshal(cert.RawSubject, &sequence); err != nil || len(rest) > 0 {
		return nil, false
	}
	name := make(dn, 0, len(sequence))
	for _, set := range slices.Backward(sequence) {
		var attributes []string
		for _, a := range set {
			text, ok := a.Value.(string)
			if !ok {
				return nil, false
			}
			attributes = append(attributes, a.Type.String()+"="+text)
		}
		slices.Sort(attributes)
		name = append(name, attributes)
	}
	return name, len(name) > 0
}
