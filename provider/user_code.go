package provider

import (
	"crypto/rand"
	"crypto/sha256"
	"strings"
)

// deviceCodePrefix marks device codes, so that a leaked one is recognised.
const deviceCodePrefix = "sym_dc_"

const (
	deviceCodeBytes = 32
	// userCodeLetters have no vowels, so that no code is a word, and no Y. 20 letters in 8 places are 34 bits (RFC 8628 §6.1).
	userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeLength  = 8
)

// newDeviceCode returns a device code: 256 random bits.
func newDeviceCode() string { return deviceCodePrefix + randomText(deviceCodeBytes) }

// deviceHash returns the hash that a device code is kept by; nil for what is no device code of ours.
func deviceHash(code string) []byte {
	text, ok := strings.CutPrefix(code, deviceCodePrefix)
	if raw, err := strictBase64URL.DecodeString(text); !ok || err != nil || len(raw) != deviceCodeBytes || len(text) != strictBase64URL.EncodedLen(deviceCodeBytes) {
		return nil
	}
	sum := sha256.Sum256([]byte("device code\x00" + code))
	return sum[:]
}

// newUserCode returns a user code as parseUserCode does: each letter is as likely as any other.
func newUserCode() string {
	const fair = 256 - 256%len(userCodeLetters)
	code, random := make([]byte, 0, userCodeLength), make([]byte, 2*userCodeLength)
	for {
		rand.Read(random) // never fails, crypto/rand says
		for _, b := range random {
			if int(b) >= fair {
				continue
			}
			if code = append(code, userCodeLetters[int(b)%len(userCodeLetters)]); len(code) == userCodeLength {
				return string(code)
			}
		}
	}
}

// parseUserCode returns the letters of a user code however it was typed: in any case, with dashes, dots or spaces or without (RFC 8628 §6.1). It
// returns "" for what no device shows.
func parseUserCode(typed string) string {
	if len(typed) > 64 {
		return ""
	}
	code := make([]byte, 0, userCodeLength)
	for _, r := range strings.ToUpper(typed) {
		switch {
		case r < 0x80 && strings.ContainsRune(userCodeLetters, r):
			code = append(code, byte(r))
		case strings.ContainsRune(" \t-‐‑–—_.\u3000", r):
		default:
			return ""
		}
	}
	if len(code) != userCodeLength {
		return ""
	}
	return string(code)
}

// showUserCode writes a user code in two groups, as people read it.
func showUserCode(code string) string { return code[:userCodeLength/2] + "-" + code[userCodeLength/2:] }
