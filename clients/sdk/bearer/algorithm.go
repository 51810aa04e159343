package bearer

import (
	"crypto"
	_ "crypto/sha256" // the hashes of the algorithms below
	_ "crypto/sha512"
)

// family is what kind of key an algorithm needs.
type family int

const (
	familyNone family = iota
	familyECDSA
	familyEdDSA
	familyRSA
	familyPSS
)

// algorithm is a JWS signature algorithm (RFC 7518 §3.1, RFC 8037 §3.1). All of them are asymmetric: with a symmetric one everybody who can
// verify can also sign, and a published key could be taken for a secret.
type algorithm struct {
	family family
	hash   crypto.Hash
	size   int // bytes of an ECDSA coordinate
}

// algorithmOf returns the algorithm with that "alg" name; its family is familyNone if there is no such, or it is not asymmetric.
func algorithmOf(name string) algorithm {
	switch name {
	case "ES256":
		return algorithm{familyECDSA, crypto.SHA256, 32}
	case "ES384":
		return algorithm{familyECDSA, crypto.SHA384, 48}
	case "ES512":
		return algorithm{familyECDSA, crypto.SHA512, 66}
	case "EdDSA":
		return algorithm{family: familyEdDSA}
	case "RS256":
		return algorithm{familyRSA, crypto.SHA256, 0}
	case "RS384":
		return algorithm{familyRSA, crypto.SHA384, 0}
	case "RS512":
		return algorithm{familyRSA, crypto.SHA512, 0}
	case "PS256":
		return algorithm{familyPSS, crypto.SHA256, 0}
	case "PS384":
		return algorithm{familyPSS, crypto.SHA384, 0}
	case "PS512":
		return algorithm{familyPSS, crypto.SHA512, 0}
	}
	return algorithm{}
}

// defaultAlgorithms are what a Config without Algorithms allows.
func defaultAlgorithms() []string { return []string{"ES256", "EdDSA", "RS256", "PS256"} }
