package keys

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// rsaBits is the modulus length of new RSA keys (RFC 7518 §3.3 asks for 2048 or more).
const rsaBits = 2048

// generate makes a key pair for alg and seals it.
func generate(alg jose.SignatureAlgorithm, sealer Sealer) (Record, error) {
	var private crypto.Signer
	var err error
	switch alg {
	case jose.RS256, jose.PS256:
		private, err = rsa.GenerateKey(rand.Reader, rsaBits)
	case jose.ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.EdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		return Record{}, fmt.Errorf("keys: algorithm %q is not offered", alg)
	}
	if err != nil {
		return Record{}, fmt.Errorf("make %s key: %w", alg, err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return Record{}, fmt.Errorf("encode %s key: %w", alg, err)
	}
	id, err := thumbprint(private.Public())
	if err != nil {
		return Record{}, err
	}
	return Record{ID: id, Algorithm: string(alg), Sealed: sealer.Seal(der, []byte(id))}, nil
}

// thumbprint returns the RFC 7638 thumbprint of a public key, base64url.
func thumbprint(public crypto.PublicKey) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("thumbprint: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}

// newSnapshot opens the records. Private keys that before has opened already are taken from there.
func newSnapshot(records []Record, config RingConfig, before *snapshot) (*snapshot, error) {
	s := &snapshot{
		keys:   make(map[string]*Key, len(records)),
		byAlg:  make(map[jose.SignatureAlgorithm][]*Key),
		opened: make(map[string]crypto.Signer, len(records)),
	}
	for _, record := range records {
		private, err := open(record, config.Sealer, before)
		if err != nil {
			return nil, err
		}
		k := &Key{
			ID: record.ID, Algorithm: jose.SignatureAlgorithm(record.Algorithm), Public: private.Public(), private: private,
			ActiveAt: record.ActiveAt, RetiredAt: record.RetiredAt, ExpiresAt: record.ExpiresAt,
		}
		s.keys[k.ID], s.opened[k.ID] = k, private
		s.byAlg[k.Algorithm] = append(s.byAlg[k.Algorithm], k)
	}
	for _, list := range s.byAlg {
		slices.SortFunc(list, func(a, b *Key) int { return b.ActiveAt.Compare(a.ActiveAt) })
	}
	for _, e := range config.External {
		if err := s.addExternal(e); err != nil {
			return nil, err
		}
	}
	return s, s.publish()
}

// addExternal puts an external key in front of the algorithm's others, so that it is the one that signs.
func (s *snapshot) addExternal(e External) error {
	id, err := thumbprint(e.Signer.Public())
	if err != nil {
		return err
	}
	k := &Key{ID: id, Algorithm: e.Algorithm, Public: e.Signer.Public(), private: e.Signer}
	s.keys[id] = k
	s.byAlg[e.Algorithm] = append([]*Key{k}, s.byAlg[e.Algorithm]...)
	return nil
}

func open(record Record, sealer Sealer, before *snapshot) (crypto.Signer, error) {
	if before != nil {
		if private := before.opened[record.ID]; private != nil {
			return private, nil
		}
	}
	der, err := sealer.Open(record.Sealed, []byte(record.ID))
	if err != nil {
		return nil, fmt.Errorf("keys: signing key %s does not open with the configured secrets; add the secret it was sealed with to \"secrets\" again: %w", record.ID, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("parse key %s: %w", record.ID, err)
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("keys: key %s cannot sign", record.ID)
	}
	return private, nil
}

// publish renders the key set.
func (s *snapshot) publish() error {
	list := make([]*Key, 0, len(s.keys))
	for _, k := range s.keys {
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b *Key) int {
		return cmp.Or(cmp.Compare(a.Algorithm, b.Algorithm), cmp.Compare(a.ID, b.ID))
	})
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, k := range list {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.Public, KeyID: k.ID, Algorithm: string(k.Algorithm), Use: "sig"})
	}
	document, err := json.Marshal(set)
	if err != nil {
		return fmt.Errorf("encode key set: %w", err)
	}
	sum := sha256.Sum256(document)
	s.jwks, s.etag = document, `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`
	return nil
}
