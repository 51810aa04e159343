package upstream_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/symbolon-id/symbolon/provider/upstream"
	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
)

// keysServer is an OpenID provider of nothing but discovery and a key set.
type keysServer struct {
	set  atomic.Value // string
	next http.RoundTripper
}

func (s *keysServer) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/certs") {
		return s.next.RoundTrip(r)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(s.set.Load().(string))), Request: r,
	}, nil
}

func TestHostileKeysJW08(t *testing.T) {
	good, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	rsaKey := func(n *big.Int, e string) string {
		return fmt.Sprintf(`{"kty":"RSA","kid":"k","n":%q,"e":%q}`, b64(n.Bytes()), e)
	}
	private, _ := json.Marshal(jose.JSONWebKey{Key: good, KeyID: "k"})
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	otherCurve, _ := json.Marshal(jose.JSONWebKey{Key: p384.Public(), KeyID: "k"})
	publicJWK, _ := json.Marshal(jose.JSONWebKey{Key: good.Public(), KeyID: "k", Use: "enc"})
	sets := map[string]string{
		"16384-bit modulus":    rsaKey(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 16384), big.NewInt(1)), "AQAB"),
		"1024-bit modulus":     rsaKey(short.N, "AQAB"),
		"even modulus":         rsaKey(new(big.Int).Sub(good.N, big.NewInt(1)), "AQAB"),
		"exponent 1":           rsaKey(good.N, "AQ"),
		"exponent 2^32":        rsaKey(good.N, "AQAAAAA"),
		"even exponent":        rsaKey(good.N, "AQAA"),
		"point not on curve":   fmt.Sprintf(`{"kty":"EC","crv":"P-256","kid":"k","x":%q,"y":%q}`, b64(make([]byte, 32)), b64(make([]byte, 32))),
		"OKP of wrong length":  fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","kid":"k","x":%q}`, b64(make([]byte, 31))),
		"symmetric":            `{"kty":"oct","kid":"k","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}`,
		"private":              string(private),
		"P-384":                string(otherCurve),
		"for encryption":       string(publicJWK),
		"10000 keys":           strings.Repeat(`{"kty":"x"},`, 10_000) + rsaKey(good.N, "AQAB"),
		"nothing":              "",
		"not an object":        `"key"`,
		"members of odd types": `{"kty":1,"n":[],"e":{}}`,
	}
	w := newWorld(t, http.DefaultClient)
	server := &keysServer{next: http.DefaultTransport}
	w.google.OnIDToken(func(d upstreamtest.IDToken) string { d.Key, d.Header["kid"] = good, "k"; return d.Sign() })
	for name, keys := range sets {
		server.set.Store(`{"keys":[` + keys + `]}`)
		w.build(t, &http.Client{Transport: server})
		started := time.Now()
		if _, err := w.signIn(t, newBrowser("ada"), "corp", choice{person: "ada"}); !errors.Is(err, upstream.ErrUnavailable) {
			t.Errorf("%s: %v; want ErrUnavailable: a set without a usable key", name, err)
		}
		if d := time.Since(started); d > 8*time.Second {
			t.Errorf("%s took %v", name, d)
		}
	}
	server.set.Store(`{"keys":[` + sets["private"] + `,` + rsaKey(good.N, "AQAB") + `,{"kty":"unknown"}]}`)
	w.build(t, &http.Client{Transport: server})
	if _, err := w.signIn(t, newBrowser("ada"), "corp", choice{person: "ada"}); err != nil {
		t.Errorf("a good key among bad ones: %v", err)
	}
}

func TestEveryAllowedAlgorithmAndKidRules(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	for id, key := range map[string]any{"ec": ec.Public(), "ed": ed.Public(), "rsa": rsaKey.Public()} {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key, KeyID: id})
	}
	// Two keys of one kid and different types: the algorithm decides.
	set.Keys = append(set.Keys, jose.JSONWebKey{Key: ec.Public(), KeyID: "same"}, jose.JSONWebKey{Key: rsaKey.Public(), KeyID: "same"})
	all, _ := json.Marshal(set)
	single, _ := json.Marshal(jose.JSONWebKeySet{Keys: set.Keys[:1]})
	w := newWorld(t, http.DefaultClient)
	server := &keysServer{next: http.DefaultTransport}
	w.build(t, &http.Client{Transport: server})
	sign := func(alg jose.SignatureAlgorithm, key any, kid string) func(upstreamtest.IDToken) string {
		return func(d upstreamtest.IDToken) string {
			opts := (&jose.SignerOptions{}).WithType("JWT")
			if kid != "" {
				opts = opts.WithHeader("kid", kid)
			}
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, opts)
			if err != nil {
				return err.Error()
			}
			delete(d.Claims, "at_hash")
			payload, _ := json.Marshal(d.Claims)
			jws, err := signer.Sign(payload)
			if err != nil {
				return err.Error()
			}
			s, _ := jws.CompactSerialize()
			return s
		}
	}
	for _, c := range []struct {
		name string
		set  []byte
		make func(upstreamtest.IDToken) string
		want error
	}{
		{"RS256", all, sign(jose.RS256, rsaKey, "rsa"), nil},
		{"PS256", all, sign(jose.PS256, rsaKey, "rsa"), nil},
		{"ES256", all, sign(jose.ES256, ec, "ec"), nil},
		{"EdDSA", all, sign(jose.EdDSA, ed, "ed"), nil},
		{"two keys of one kid, ES256", all, sign(jose.ES256, ec, "same"), nil},
		{"two keys of one kid, RS256", all, sign(jose.RS256, rsaKey, "same"), nil},
		{"RS512 is not allowed", all, sign(jose.RS512, rsaKey, "rsa"), upstream.ErrProtocol},
		{"kid of another key", all, sign(jose.ES256, ec, "rsa"), upstream.ErrProtocol},
		{"no kid, several keys", all, sign(jose.ES256, ec, ""), upstream.ErrProtocol},
		{"no kid, one key", single, sign(algOf(set.Keys[0].Key), privateOf(set.Keys[0].Key, ec, ed, rsaKey), ""), nil},
	} {
		server.set.Store(string(c.set))
		w.build(t, &http.Client{Transport: server})
		w.google.OnIDToken(c.make)
		if _, err := w.signIn(t, newBrowser("ada"), "corp", choice{person: "ada"}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v; want %v", c.name, err, c.want)
		}
	}
}

func algOf(key any) jose.SignatureAlgorithm {
	switch key.(type) {
	case *ecdsa.PublicKey:
		return jose.ES256
	case ed25519.PublicKey:
		return jose.EdDSA
	}
	return jose.RS256
}

func privateOf(public any, keys ...any) any {
	for _, k := range keys {
		switch k := k.(type) {
		case *ecdsa.PrivateKey:
			if k.PublicKey.Equal(public) {
				return k
			}
		case *rsa.PrivateKey:
			if k.PublicKey.Equal(public) {
				return k
			}
		case ed25519.PrivateKey:
			if p, ok := public.(ed25519.PublicKey); ok && bytes.Equal(p, k.Public().(ed25519.PublicKey)) {
				return k
			}
		}
	}
	return nil
}
