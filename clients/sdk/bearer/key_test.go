package bearer

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"
)

func TestJW08HostileKeys(t *testing.T) {
	w := newWorld(t)
	number := func(n *big.Int) string { return segment(string(n.Bytes())) }
	modulus := func(bits uint, low int64) string {
		return number(new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), bits-1), big.NewInt(low)))
	}
	rsaKey := func(n, e string) string {
		return fmt.Sprintf(`{"kty":"RSA","kid":"k1","alg":"RS256","n":%q,"e":%q}`, n, e)
	}
	for name, jwk := range map[string]string{
		"16384 bits":        rsaKey(modulus(16384, 1), "AQAB"),
		"512 bits":          rsaKey(modulus(512, 1), "AQAB"),
		"2047 bits":         rsaKey(modulus(2047, 1), "AQAB"),
		"even modulus":      rsaKey(modulus(2048, 2), "AQAB"),
		"exponent 1":        rsaKey(modulus(2048, 1), "AQ"),
		"exponent 2":        rsaKey(modulus(2048, 1), "Ag"),
		"exponent 2^32":     rsaKey(modulus(2048, 1), number(new(big.Int).Lsh(big.NewInt(1), 32))),
		"exponent 2^32+1":   rsaKey(modulus(2048, 1), number(big.NewInt(1<<32+1))),
		"point not on it":   `{"kty":"EC","crv":"P-256","kid":"k1","x":"` + segment(strings.Repeat("\x01", 32)) + `","y":"` + segment(strings.Repeat("\x02", 32)) + `"}`,
		"OKP too short":     `{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"` + segment(strings.Repeat("\x01", 31)) + `"}`,
		"OKP too long":      `{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"` + segment(strings.Repeat("\x01", 33)) + `"}`,
		"symmetric":         `{"kty":"oct","kid":"k1","k":"AAAA"}`,
		"for encryption":    `{"kty":"OKP","crv":"Ed25519","kid":"k1","use":"enc","x":"` + segment(strings.Repeat("\x01", 32)) + `"}`,
		"alg of other type": `{"kty":"OKP","crv":"Ed25519","kid":"k1","alg":"ES256","x":"` + segment(strings.Repeat("\x01", 32)) + `"}`,
		"alg not allowed":   `{"kty":"RSA","kid":"k1","alg":"RS512","n":"` + modulus(2048, 1) + `","e":"AQAB"}`,
		"other curve":       `{"kty":"EC","crv":"P-384","kid":"k1","x":"AA","y":"AA"}`,
		"unknown type":      `{"kty":"AKP","kid":"k1"}`,
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			if k, err := parseKey([]byte(jwk), defaultAlgorithms()); err == nil {
				t.Errorf("accepted as %s", k.name)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("took %s", took)
			}
			// One bad key does not spoil the good ones.
			good := string(w.keySet())
			set, err := parseKeySet([]byte(strings.Replace(good, "[", "["+jwk+",", 1)), defaultAlgorithms())
			if err != nil || len(set.keys) != 1 {
				t.Errorf("%v", err)
			}
		})
	}
	private, err := json.Marshal(map[string]any{"keys": []any{jsonWebKey(w.signer)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseKeySet(private, defaultAlgorithms()); err == nil {
		t.Error("a private key is accepted")
	}
	one := strings.TrimSuffix(strings.TrimPrefix(string(w.keySet()), `{"keys":[`), `]}`)
	if _, err := parseKeySet([]byte(`{"keys":[`+strings.Repeat(one+",", 9999)+one+`]}`), defaultAlgorithms()); err == nil {
		t.Error("10,000 keys are accepted")
	}
}
