package clients

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// defaultEnc is what OIDC Registration §2 says where only the algorithm is given.
const defaultEnc = string(jose.A128CBC_HS256)

// EncryptionAlgorithms lists how the key of an encrypted answer reaches the client (RFC 7518 §4.1), EncryptionEncodings how the answer itself is
// encrypted (RFC 7518 §5.1).
func EncryptionAlgorithms() []string {
	return []string{string(jose.RSA_OAEP_256), string(jose.ECDH_ES), string(jose.ECDH_ES_A256KW)}
}

// EncryptionEncodings: see EncryptionAlgorithms.
func EncryptionEncodings() []string { return []string{defaultEnc, string(jose.A256GCM)} }

// EncryptsWith says whether the key may be used for the algorithm: it is of the right kind, and for nothing else by its own word.
func EncryptsWith(key jose.JSONWebKey, alg string) bool {
	if (key.Use != "" && key.Use != "enc") || (key.Algorithm != "" && key.Algorithm != alg) {
		return false
	}
	switch key.Key.(type) {
	case *rsa.PublicKey:
		return alg == string(jose.RSA_OAEP_256)
	case *ecdsa.PublicKey:
		return strings.HasPrefix(alg, string(jose.ECDH_ES))
	}
	return false
}

// encryption is a pair of members that say how one kind of answer is encrypted.
type encryption struct {
	name     string // of both members, without the ending
	alg, enc *string
}

func (m *Metadata) encryptions() []encryption {
	return []encryption{
		{"id_token_encrypted_response", &m.IDTokenEncryptedResponseAlg, &m.IDTokenEncryptedResponseEnc},
		{"userinfo_encrypted_response", &m.UserInfoEncryptedResponseAlg, &m.UserInfoEncryptedResponseEnc},
		{"authorization_encrypted_response", &m.AuthorizationEncryptedResponseAlg, &m.AuthorizationEncryptedResponseEnc},
		{"introspection_encrypted_response", &m.IntrospectionEncryptedResponseAlg, &m.IntrospectionEncryptedResponseEnc},
	}
}

// validateEncryption: OIDC Registration §2, JARM §3, RFC 9701 §6.
func (m *Metadata) validateEncryption(found *problems) {
	for _, e := range m.encryptions() {
		alg, enc := *e.alg, *e.enc
		switch {
		case alg == "" && enc != "":
			found.add(e.name+"_enc", "is there without "+e.name+"_alg: add it")
		case alg == "":
		case !slices.Contains(EncryptionAlgorithms(), alg):
			oneOf(found, e.name+"_alg", alg, EncryptionAlgorithms()...)
		case !slices.Contains(EncryptionEncodings(), enc):
			oneOf(found, e.name+"_enc", enc, EncryptionEncodings()...)
		case !m.canEncrypt(alg):
			found.add(e.name+"_alg", "is "+alg+", but the client has no key for it: add one with use enc to jwks, RSA for RSA-OAEP-256 and EC for the others, or say where its keys are in jwks_uri")
		}
	}
}

// canEncrypt says whether the client has a key for the algorithm, as far as that can be seen without asking its jwks_uri.
func (m *Metadata) canEncrypt(alg string) bool {
	if m.JWKSURI != "" {
		return true
	}
	keys, _, err := ParseJWKS(m.JWKS)
	return err == nil && slices.ContainsFunc(keys, func(k jose.JSONWebKey) bool { return EncryptsWith(k, alg) })
}
