package app_test

import (
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// PR-07, RFC 9449 §4.3: every proof that is not exactly one for this request.
func TestDPoPProofs(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	v := w.prover()
	p := w.partner(`{"client_name":"Robot","grant_types":["client_credentials"],"scope":"x"}`)
	ask := func(proofs ...string) reply {
		return p.proved("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, proofs...)
	}
	v.bound(t, ask(v.proof(nil, nil)))
	public, err := json.Marshal(jose.JSONWebKey{Key: v.key.Public()})
	w.must(err)
	header := func(name string, value any) string { return v.proof(map[string]any{name: value}, nil) }
	claim := func(name string, value any) string { return v.proof(nil, map[string]any{name: value}) }
	at := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	good := v.proof(nil, nil)
	unsigned := good[:strings.LastIndex(good, ".")+1]
	p384, p224, weak := &prover{w: w, key: ecKey(t, elliptic.P384()), alg: jose.ES384}, &prover{w: w, key: ecKey(t, elliptic.P256()), alg: jose.ES384}, &prover{w: w, key: rsaKey(t, 1024), alg: jose.RS256}
	for name, proof := range map[string]string{
		"typ JWT": header("typ", "JWT"), "typ at+jwt": header("typ", "at+jwt"), "typ missing": header("typ", nil), "typ number": header("typ", 7),
		"alg none": header("alg", "none"), "alg none, unsigned": segment(t, v.header(map[string]any{"alg": "none"})) + "." + segment(t, v.claims(nil)) + ".",
		"HS256 with the public key": v.hmacProof(public), "private key in jwk": header("jwk", privateJWK(v)),
		"jwk missing": header("jwk", nil), "jwk of another key": header("jwk", jose.JSONWebKey{Key: ecKey(t, elliptic.P256()).Public()}),
		"jwk symmetric": header("jwk", map[string]any{"kty": "oct", "k": "AAAA"}), "jwk not on the curve": header("jwk", map[string]any{"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}),
		"P-384": p384.proof(nil, nil), "P-256 as ES384": p224.proof(nil, nil), "RSA of 1024 bits": weak.proof(nil, nil), "crit": header("crit", []string{"x"}),
		"htm": claim("htm", "GET"), "htm lower case": claim("htm", "post"), "htm missing": claim("htm", nil),
		"htu of another endpoint": claim("htu", w.issuer+"/oauth2/par"),
		"htu of another host":     claim("htu", "https://evil.example/oauth2/token"), "htu of another port": claim("htu", "http://localhost:1/oauth2/token"), "htu of another scheme": claim("htu", strings.Replace(w.issuer, "http:", "https:", 1)+"/oauth2/token"), "htu with a name": claim("htu", strings.Replace(w.issuer, "localhost", "x@localhost", 1)+"/oauth2/token"),
		"htu path in capitals": claim("htu", w.issuer+"/OAUTH2/TOKEN"), "htu with a slash": claim("htu", w.issuer+"/oauth2/token/"), "htu path only": claim("htu", "/oauth2/token"), "htu empty": claim("htu", ""), "htu broken": claim("htu", w.issuer+"/oauth2/token%zz"),
		"htu missing": claim("htu", nil), "htu array": claim("htu", []string{w.issuer + "/oauth2/token"}),
		"iat ten minutes ago": claim("iat", at(-10*time.Minute)), "iat in ten minutes": claim("iat", at(10*time.Minute)), "iat missing": claim("iat", nil), "iat text": claim("iat", "now"),
		"exp now": claim("exp", at(0)), "exp text": claim("exp", "soon"), "exp in milliseconds": claim("exp", time.Now().Add(time.Minute).UnixMilli()), "nbf in two minutes": claim("nbf", at(2*time.Minute)), "nbf negative": claim("nbf", -1),
		"iat in milliseconds": claim("iat", time.Now().UnixMilli()), "iat huge": claim("iat", json.Number("1e400")),
		"jti missing": claim("jti", nil), "jti empty": claim("jti", ""), "jti number": claim("jti", 1), "jti long": claim("jti", strings.Repeat("x", 257)),
		"unsigned": unsigned, "not a JWT": "x", "five parts": good + ".a.b", "empty": "", "spaces": " ", "two in one": good + ", " + v.proof(nil, nil), "large": v.proof(nil, map[string]any{"x": strings.Repeat("x", 8000)}),
		"all-zero signature": unsigned + strings.Repeat("A", 86), "the last bits": neighbour(good),
	} {
		r := ask(proof)
		if r.status != 400 || r.text("error") != "invalid_dpop_proof" || r.body["access_token"] != nil {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
	ask(v.proof(nil, nil), v.proof(nil, nil)).expect(t, 400, "invalid_dpop_proof")
	for name, proof := range map[string]string{
		// RFC 9449 §4.3: without query and fragment. RFC 3986 §6.2.2: scheme and host have no case.
		"htu with query": claim("htu", w.issuer+"/oauth2/token?x=1"), "htu with fragment": claim("htu", w.issuer+"/oauth2/token#x"), "htu with capitals": claim("htu", strings.Replace(w.issuer, "http://localhost", "HTTP://LocalHost", 1)+"/oauth2/token"),
		"iat 50 s ago": claim("iat", at(-50*time.Second)), "iat in 50 s": claim("iat", at(50*time.Second)), "typ in capitals": header("typ", "DPOP+JWT"),
		"exp in five minutes": claim("exp", at(5*time.Minute)), "nbf in ten seconds": claim("nbf", at(10*time.Second)), "fractions of a second": v.proof(nil, map[string]any{"exp": float64(at(time.Minute)) + 0.5, "nbf": float64(at(0)) + 0.5}),
	} {
		if r := ask(proof); r.status != 200 {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
}

// neighbour exchanges the last character of a token for the one that decodes to the same bytes.
func neighbour(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	i := strings.IndexByte(alphabet, token[len(token)-1])
	return token[:len(token)-1] + string(alphabet[i^1])
}

// PR-07, RFC 9449 §11.1: a proof is good once, in parallel and on all nodes.
func TestDPoPReplay(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		v := w.prover()
		p := w.partner(`{"client_name":"Robot","grant_types":["client_credentials"],"scope":"x"}`)
		nodes := []*partner{p, p.at(w.second())}
		form := func() url.Values { return url.Values{"grant_type": {"client_credentials"}} }
		for range 5 {
			proof, replies := v.proof(nil, nil), make([]reply, 24)
			parallel(len(replies), func(i int) { replies[i] = nodes[i%2].proved("/oauth2/token", form(), proof) })
			won := 0
			for _, r := range replies {
				if r.status == http.StatusOK {
					won++
					continue
				}
				r.expect(t, 400, "invalid_dpop_proof")
			}
			if won != 1 {
				t.Errorf("one proof was good %d times", won)
			}
			nodes[1].proved("/oauth2/token", form(), proof).expect(t, 400, "invalid_dpop_proof")
		}
		// Two clients' keys may draw the same jti.
		jti := rand.Text()
		for _, key := range []*prover{w.prover(), w.prover()} {
			if r := p.proved("/oauth2/token", form(), key.proof(nil, map[string]any{"jti": jti})); r.status != 200 {
				t.Errorf("%d %s", r.status, r.raw)
			}
		}
	})
}

// RFC 9449 §8, §9: with dpop_nonce on, a proof needs a nonce of ours, and the first refusal brings one that every node takes.
func TestDPoPNonce(t *testing.T) {
	t.Parallel()
	bothWith(t, "dpop_nonce: true", func(t *testing.T, w *world) {
		v, p, b := w.prover(), w.newPartner(), newBrowser(t)
		onB := p.at(w.second())
		code := p.code(b, "ada")
		refused := p.proved("/oauth2/token", codeForm(code), v.proof(nil, nil))
		refused.expect(t, 400, "use_dpop_nonce")
		nonce := refused.header.Get("DPoP-Nonce")
		if nonce == "" || refused.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("no nonce: %v", refused.header)
		}
		for _, wrong := range []string{"x", nonce + "x", strings.ToUpper(nonce)} {
			p.proved("/oauth2/token", codeForm(code), v.proof(nil, map[string]any{"nonce": wrong})).expect(t, 400, "use_dpop_nonce")
		}
		r := onB.proved("/oauth2/token", codeForm(code), v.proof(nil, map[string]any{"nonce": nonce})) // the refusals have not spent the code
		v.bound(t, r)
		token := r.text("access_token")
		info := w.with("GET", "/oauth2/userinfo", "DPoP", token, v.at("GET", "/oauth2/userinfo", token))
		if info.status != 401 || info.header.Get("DPoP-Nonce") == "" || !strings.Contains(info.header.Get("WWW-Authenticate"), `error="use_dpop_nonce"`) {
			t.Errorf("RFC 9449 §9: %d %v", info.status, info.header)
		}
		// Without a proof nothing changes: the nonce is for those who prove.
		p.redeem(p.ask(b).expectCode(t)).expect(t, 200, "")
		par := p.proved("/oauth2/par", p.form(), v.proof(nil, map[string]any{"htu": w.issuer + "/oauth2/par"}))
		par.expect(t, 400, "use_dpop_nonce")
		if par.header.Get("DPoP-Nonce") == "" {
			t.Error("no nonce at the pushed authorization request endpoint")
		}
	})
}
