package clients

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

const argon2idPrefix = "$argon2id$"

// Bounds on imported hashes, so that no record makes a request cost more than about a tenth of a second and 64 MiB.
const (
	maxArgonMemory  = 64 << 10 // KiB
	maxArgonTime    = 10
	maxArgonWork    = 256 << 10 // memory times time, KiB
	maxArgonThreads = 4
)

var errArgon2id = errors.New("not an argon2id hash within bounds: want $argon2id$v=19$m=…,t=…,p=…$salt$hash with m up to 65536, t up to 10, m×t up to 262144, p up to 4")

// argon2idHash is a parsed PHC string (RFC 9106; the string format of the Password Hashing Competition).
type argon2idHash struct {
	memory, time uint32
	threads      uint8
	salt, sum    []byte
}

func parseArgon2id(phc string) (argon2idHash, error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v=19" {
		return argon2idHash{}, errArgon2id
	}
	params := strings.Split(parts[3], ",")
	if len(params) != 3 {
		return argon2idHash{}, errArgon2id
	}
	m, okM := phcNumber(params[0], "m=", maxArgonMemory)
	t, okT := phcNumber(params[1], "t=", maxArgonTime)
	p, okP := phcNumber(params[2], "p=", maxArgonThreads)
	if !okM || !okT || !okP || m < 8*p || m*t > maxArgonWork {
		return argon2idHash{}, errArgon2id
	}
	salt, okSalt := phcBytes(parts[4], 8)
	sum, okSum := phcBytes(parts[5], 16)
	if !okSalt || !okSum {
		return argon2idHash{}, errArgon2id
	}
	return argon2idHash{memory: m, time: t, threads: uint8(p), salt: salt, sum: sum}, nil
}

// phcNumber reads "m=65536": from 1 to limit, without sign or leading zero.
func phcNumber(s, prefix string, limit uint32) (uint32, bool) {
	digits, ok := strings.CutPrefix(s, prefix)
	if !ok || !isDigits(digits) || digits[0] == '0' {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	return uint32(n), err == nil && n <= uint64(limit)
}

// phcBytes reads unpadded base64 of at least least and at most 64 bytes.
func phcBytes(s string, least int) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") { // which encoding/base64 skips
		return nil, false
	}
	b, err := base64.RawStdEncoding.Strict().DecodeString(s)
	return b, err == nil && len(b) >= least && len(b) <= 64
}

// verify costs the memory and time that the hash asks for.
func (h argon2idHash) verify(secret string) bool {
	sum := argon2.IDKey([]byte(secret), h.salt, h.time, h.memory, h.threads, uint32(len(h.sum)))
	return subtle.ConstantTimeCompare(sum, h.sum) == 1
}

// checkSecretHash returns what is wrong with the hash of an imported secret, or "".
func checkSecretHash(hash string) string {
	if text, ok := strings.CutPrefix(hash, sha256Prefix); ok {
		if sum, err := hex.DecodeString(text); err != nil || len(sum) != 32 || strings.ToLower(text) != text {
			return "is not sha256$ and 64 hexadecimal digits in lower case"
		}
		return ""
	}
	if _, err := parseArgon2id(hash); err != nil {
		return "is " + err.Error()
	}
	return ""
}
