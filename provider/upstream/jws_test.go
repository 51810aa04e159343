package upstream_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
)

// header returns an attack that changes the header of a properly signed token.
func header(name string, value any) func(upstreamtest.IDToken) string {
	return func(d upstreamtest.IDToken) string { d.Header[name] = value; return d.Sign() }
}

func TestAlgNoneJW01(t *testing.T) {
	attacks := map[string]func(upstreamtest.IDToken) string{}
	for _, alg := range []string{"none", "None", "nOnE", "NONE", ""} {
		attacks["alg "+alg+", no signature"] = func(d upstreamtest.IDToken) string {
			d.Header["alg"] = alg
			payload, _ := json.Marshal(d.Claims)
			return d.Input(payload) + "."
		}
		attacks["alg "+alg+", signature kept"] = header("alg", alg)
	}
	attacks["empty signature"] = func(d upstreamtest.IDToken) string { s := d.Sign(); return s[:strings.LastIndexByte(s, '.')+1] }
	refuses(t, newWorld(t, http.DefaultClient), attacks)
}

func TestPublicKeyAsHMACSecretJW02(t *testing.T) {
	secrets := map[string]func(*rsa.PrivateKey) []byte{
		"PKIX PEM": func(k *rsa.PrivateKey) []byte {
			der, _ := x509.MarshalPKIXPublicKey(k.Public())
			return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		},
		"PKIX DER":      func(k *rsa.PrivateKey) []byte { der, _ := x509.MarshalPKIXPublicKey(k.Public()); return der },
		"PKCS1 DER":     func(k *rsa.PrivateKey) []byte { return x509.MarshalPKCS1PublicKey(&k.PublicKey) },
		"JWK":           func(k *rsa.PrivateKey) []byte { b, _ := json.Marshal(jose.JSONWebKey{Key: k.Public()}); return b },
		"modulus":       func(k *rsa.PrivateKey) []byte { return k.N.Bytes() },
		"client secret": func(*rsa.PrivateKey) []byte { return []byte("simulated-google-secret") },
		"empty":         func(*rsa.PrivateKey) []byte { return nil },
	}
	attacks := map[string]func(upstreamtest.IDToken) string{}
	for name, secret := range secrets {
		for alg, hash := range map[string]crypto.Hash{"HS256": crypto.SHA256, "HS384": crypto.SHA384, "HS512": crypto.SHA512, "RS256": crypto.SHA256} {
			attacks[name+" "+alg] = func(d upstreamtest.IDToken) string {
				d.Header["alg"] = alg
				payload, _ := json.Marshal(d.Claims)
				mac := hmac.New(hash.New, secret(d.Key))
				mac.Write([]byte(d.Input(payload)))
				return d.Input(payload) + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
			}
		}
	}
	refuses(t, newWorld(t, http.DefaultClient), attacks)
}

func TestKidInjectionJW03(t *testing.T) {
	refuses(t, newWorld(t, http.DefaultClient), map[string]func(upstreamtest.IDToken) string{
		"path":    header("kid", "../../../../dev/null"),
		"SQL":     header("kid", "' OR 1=1 --"),
		"URL":     header("kid", "http://127.0.0.1:1/key"),
		"1 MiB":   header("kid", strings.Repeat("k", 700<<10)),
		"array":   header("kid", []string{"a"}),
		"missing": func(d upstreamtest.IDToken) string { delete(d.Header, "kid"); return d.Sign() },
		"null":    header("kid", nil),
	})
}

func TestKeyMaterialInTheHeaderJW04(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	own, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	canary := w.facebook.BaseURL() + "/_sim/canary"
	selfSigned := func(name string, value any) func(upstreamtest.IDToken) string {
		return func(d upstreamtest.IDToken) string { d.Key = own; d.Header[name] = value; return d.Sign() }
	}
	refuses(t, w, map[string]func(upstreamtest.IDToken) string{
		"jwk": selfSigned("jwk", jose.JSONWebKey{Key: own.Public()}),
		"jku": selfSigned("jku", canary),
		"x5u": selfSigned("x5u", canary),
		"x5c": selfSigned("x5c", []string{"AAAA"}),
	})
	if n := len(w.facebook.Journal("canary")); n != 0 {
		t.Errorf("canary saw %d requests", n)
	}
}

func TestCriticalHeadersJW05(t *testing.T) {
	refuses(t, newWorld(t, http.DefaultClient), map[string]func(upstreamtest.IDToken) string{
		"unknown": header("crit", []string{"x"}),
		"empty":   header("crit", []string{}),
		"b64": func(d upstreamtest.IDToken) string {
			d.Header["b64"], d.Header["crit"] = false, []string{"b64"}
			return d.Sign()
		},
		"access token": header("typ", "at+jwt"),
		"logout token": header("typ", "logout+jwt"),
		"event token":  header("typ", "secevent+jwt"),
		"typ a number": header("typ", 1),
	})
}

func TestFormOfTheTokenJW06JW07JW09(t *testing.T) {
	refuses(t, newWorld(t, http.DefaultClient), map[string]func(upstreamtest.IDToken) string{
		"JWE":        func(upstreamtest.IDToken) string { return "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkExMjhHQ00ifQ.AA.AA.AA.AA" },
		"dots":       func(upstreamtest.IDToken) string { return strings.Repeat(".", 500<<10) },
		"giant":      func(d upstreamtest.IDToken) string { return strings.Repeat("A", 900<<10) + "." + d.Sign() },
		"JSON form":  func(upstreamtest.IDToken) string { return `{"payload":"e30","protected":"e30","signature":"AA"}` },
		"padding":    func(d upstreamtest.IDToken) string { return d.Sign() + "=" },
		"line break": func(d upstreamtest.IDToken) string { s := d.Sign(); return s[:100] + "\n" + s[100:] },
		"space":      func(d upstreamtest.IDToken) string { return " " + d.Sign() },
		"extra bits": func(d upstreamtest.IDToken) string {
			s := d.Sign() // 256 bytes end in a character with four unused bits
			const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
			return s[:len(s)-1] + string(alphabet[strings.IndexByte(alphabet, s[len(s)-1])|1])
		},
		"flipped bit": func(d upstreamtest.IDToken) string {
			s := []byte(d.Sign())
			s[len(s)-20] ^= 1
			return string(s)
		},
		"PSS under RS256": func(d upstreamtest.IDToken) string {
			payload, _ := json.Marshal(d.Claims)
			sum := sha256.Sum256([]byte(d.Input(payload)))
			sig, _ := rsa.SignPSS(rand.Reader, d.Key, crypto.SHA256, sum[:], nil)
			return d.Input(payload) + "." + base64.RawURLEncoding.EncodeToString(sig)
		},
		"100000 audiences": with(func(c map[string]any) {
			list := make([]string, 100_000)
			list[0] = c["aud"].(string)
			c["aud"] = list
		}),
	})
}
