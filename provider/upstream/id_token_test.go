package upstream_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/symbolon-id/symbolon/provider/upstream"
	"github.com/symbolon-id/symbolon/provider/upstream/upstreamtest"
)

func TestIDTokenFaults(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	for _, connector := range []string{"google", "corp"} {
		for _, fault := range []upstreamtest.TokenFault{
			upstreamtest.TokenWrongNonce, upstreamtest.TokenNoNonce, upstreamtest.TokenWrongAudience, upstreamtest.TokenWrongIssuer, upstreamtest.TokenWrongAZP,
			upstreamtest.TokenWrongHash, upstreamtest.TokenExpired, upstreamtest.TokenFuture, upstreamtest.TokenNoSubject, upstreamtest.TokenOddSubject,
			upstreamtest.TokenDuplicate, upstreamtest.TokenAlgNone, upstreamtest.TokenHS256, upstreamtest.TokenUnknownKey, upstreamtest.TokenBadSignature,
			upstreamtest.TokenMissing,
		} {
			w.google.SetBehaviour(upstreamtest.Behaviour{IDToken: fault})
			done, err := w.signIn(t, newBrowser("ada"), connector, choice{person: "ada"})
			if !errors.Is(err, upstream.ErrProtocol) || done.Proof.Subject != "" {
				t.Errorf("%s, %s: %+v, %v", connector, fault, done.Proof, err)
			}
		}
	}
}

// refuses signs in with ID tokens made by each attack and wants ErrProtocol.
func refuses(t *testing.T, w *world, attacks map[string]func(upstreamtest.IDToken) string) {
	t.Helper()
	b := newBrowser("ada")
	for name, attack := range attacks {
		w.google.OnIDToken(attack)
		for _, connector := range []string{"google", "corp"} {
			done, err := w.signIn(t, b, connector, choice{person: "ada"})
			if !errors.Is(err, upstream.ErrProtocol) || done.Proof.Subject != "" {
				t.Errorf("%s, %s: %+v, %v", connector, name, done.Proof, err)
			}
		}
	}
	w.google.OnIDToken(nil)
	if _, err := w.signIn(t, b, "google", choice{person: "ada"}); err != nil {
		t.Errorf("a good token afterwards: %v", err)
	}
}

// with returns an attack that changes the claims.
func with(change func(c map[string]any)) func(upstreamtest.IDToken) string {
	return func(d upstreamtest.IDToken) string { change(d.Claims); return d.Sign() }
}

func set(name string, value any) func(upstreamtest.IDToken) string {
	return with(func(c map[string]any) { c[name] = value })
}

func unset(name string) func(upstreamtest.IDToken) string {
	return with(func(c map[string]any) { delete(c, name) })
}

func TestDuplicateMembersJW10(t *testing.T) {
	raw := func(prefix string) func(upstreamtest.IDToken) string {
		return func(d upstreamtest.IDToken) string {
			payload, _ := json.Marshal(d.Claims)
			return d.SignPayload(append([]byte("{"+prefix+","), payload[1:]...))
		}
	}
	refuses(t, newWorld(t, http.DefaultClient), map[string]func(upstreamtest.IDToken) string{
		"sub twice":      raw(`"sub":"victim"`),
		"SUB":            raw(`"SUB":"victim"`),
		"long s":         raw(`"ſub":"victim"`),
		"Email_Verified": raw(`"Email_Verified":true`),
		"deeper":         raw(`"x":{"a":1,"a":2}`),
		"text afterwards": func(d upstreamtest.IDToken) string {
			p, _ := json.Marshal(d.Claims)
			return d.SignPayload(append(p, "{}"...))
		},
		"deep": raw(`"x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000)),
		"alg twice": func(d upstreamtest.IDToken) string {
			payload, _ := json.Marshal(d.Claims)
			kid, _ := json.Marshal(d.Header["kid"])
			input := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","alg":"RS256","kid":`+string(kid)+`}`)) + "." + base64.RawURLEncoding.EncodeToString(payload)
			sum := sha256.Sum256([]byte(input))
			sig, _ := rsa.SignPKCS1v15(rand.Reader, d.Key, crypto.SHA256, sum[:])
			return input + "." + base64.RawURLEncoding.EncodeToString(sig)
		},
		"only SUB": with(func(c map[string]any) { c["SUB"] = c["sub"]; delete(c, "sub") }),
	})
}

func TestWrongClaimTypesJW11(t *testing.T) {
	now := time.Now().Unix()
	refuses(t, newWorld(t, http.DefaultClient), map[string]func(upstreamtest.IDToken) string{
		"sub number":        set("sub", 42),
		"sub object":        set("sub", map[string]string{"a": "b"}),
		"sub empty":         set("sub", ""),
		"sub null":          set("sub", nil),
		"sub long":          set("sub", strings.Repeat("1", 2049)),
		"sub bidi":          set("sub", "123\u202e"),
		"aud empty":         set("aud", ""),
		"aud empty array":   set("aud", []string{}),
		"aud nested":        set("aud", [][]string{{"symbolon-at-google"}}),
		"aud with number":   set("aud", []any{"symbolon-at-google", 1}),
		"aud missing":       unset("aud"),
		"several, no azp":   with(func(c map[string]any) { c["aud"] = []any{c["aud"], "other"}; delete(c, "azp") }),
		"azp number":        set("azp", 1),
		"azp null":          set("azp", nil),
		"exp string":        set("exp", "4102444800"),
		"exp float":         set("exp", float64(now)+3600.5),
		"exp negative":      set("exp", -1),
		"exp huge":          set("exp", 1e300),
		"exp missing":       unset("exp"),
		"exp milliseconds":  set("exp", (now+3600)*1000),
		"exp overflow":      set("exp", uint64(math.MaxUint64)),
		"iat milliseconds":  set("iat", now*1000),
		"iat missing":       unset("iat"),
		"iat string":        set("iat", "0"),
		"nbf later":         set("nbf", now+600),
		"nbf text":          set("nbf", "x"),
		"iss array":         with(func(c map[string]any) { c["iss"] = []any{c["iss"]} }),
		"iss missing":       unset("iss"),
		"iss slash":         with(func(c map[string]any) { c["iss"] = c["iss"].(string) + "/" }),
		"nonce number":      set("nonce", 1),
		"at_hash number":    set("at_hash", 1),
		"auth_time text":    set("auth_time", "yesterday"),
		"auth_time later":   set("auth_time", now+3600),
		"payload no object": func(d upstreamtest.IDToken) string { return d.SignPayload([]byte(`["sub"]`)) },
		"payload empty":     func(d upstreamtest.IDToken) string { return d.SignPayload([]byte(`{}`)) },
		"payload not UTF-8": func(d upstreamtest.IDToken) string { return d.SignPayload([]byte("{\"sub\":\"\xff\"}")) },
		"payload null":      func(d upstreamtest.IDToken) string { return d.SignPayload([]byte(`null`)) },
	})
}

func TestAudienceAcceptedWithOurAZP(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	w.google.OnIDToken(with(func(c map[string]any) { c["aud"] = []any{"other", c["aud"]} }))
	if _, err := w.signIn(t, newBrowser("ada"), "corp", choice{person: "ada"}); err != nil {
		t.Error(err)
	}
}

func TestNoInventedAssuranceFD23(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	done, err := w.signIn(t, newBrowser("ada"), "corp", choice{person: "ada"})
	if err != nil || !done.Proof.AuthTime.IsZero() || done.Proof.AMR != nil || done.Proof.ACR != "" {
		t.Errorf("%+v, %v", done.Proof, err)
	}
	at := time.Now().Add(-time.Minute).Truncate(time.Second)
	w.google.OnIDToken(with(func(c map[string]any) {
		c["auth_time"], c["amr"], c["acr"] = at.Unix(), []string{"pwd", "otp", "bad\u202e"}, "urn:example:loa2"
	}))
	done, err = w.signIn(t, newBrowser("ada"), "corp", choice{person: "ada"})
	if p := done.Proof; err != nil || !p.AuthTime.Equal(at) || len(p.AMR) != 2 || p.ACR != "urn:example:loa2" {
		t.Errorf("%+v, %v", done.Proof, err)
	}
	// What Google might one day put there is not known to mean anything.
	done, err = w.signIn(t, newBrowser("ada"), "google", choice{person: "ada"})
	if p := done.Proof; err != nil || !p.AuthTime.IsZero() || p.AMR != nil || p.ACR != "" {
		t.Errorf("%+v, %v", done.Proof, err)
	}
	w.google.OnIDToken(with(func(c map[string]any) { c["amr"], c["acr"] = "pwd", 2 }))
	done, err = w.signIn(t, newBrowser("ada"), "corp", choice{person: "ada"})
	if p := done.Proof; err != nil || p.AMR != nil || p.ACR != "" {
		t.Errorf("wrong types: %+v, %v", done.Proof, err)
	}
}

func TestHostileProfileFD20(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	w.google.OnIDToken(with(func(c map[string]any) {
		c["name"] = "  Ada\u202e\r\n\x00 <b>Love</b>" + strings.Repeat("e\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301", 20) + strings.Repeat("x", 5000)
		c["given_name"] = 12
		c["picture"] = "javascript:alert(1)"
		c["locale"] = "../../etc"
		c["email"] = []string{"ada@gmail.com"}
	}))
	done, err := w.signIn(t, newBrowser("ada"), "google", choice{person: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	p := done.Proof
	if n := len([]rune(p.Name)); n != 256 || !strings.HasPrefix(p.Name, "Ada <b>Love</b>é") || strings.ContainsAny(p.Name, "\u202e\x00\r\n") {
		t.Errorf("name of %d runes: %q", n, p.Name)
	}
	if strings.Contains(p.Name, strings.Repeat("\u0301", 5)) {
		t.Errorf("combining marks pile up: %q", p.Name)
	}
	if p.GivenName != "" || p.Picture != "" || p.Locale != "" || p.Email != "" {
		t.Errorf("%+v", p)
	}
}

func TestErrorsHoldNoSecretsEN03(t *testing.T) {
	w := newWorld(t, http.DefaultClient)
	b := newBrowser("ada")
	for _, fault := range []upstreamtest.TokenFault{upstreamtest.TokenWrongAudience, upstreamtest.TokenWrongNonce, upstreamtest.TokenBadSignature, upstreamtest.TokenExpired} {
		w.google.SetBehaviour(upstreamtest.Behaviour{IDToken: fault})
		query := w.callback(t, b, "google", choice{person: "ada"})
		_, err := w.flow.Complete(t.Context(), "google", query, b.hash)
		for _, secret := range []string{query.Get("code"), query.Get("state"), "simulated-google-secret", "another-client", "ada", "ya29", "eyJ"} {
			if err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %v holds %q", fault, err, secret)
			}
		}
	}
	w.facebook.SetBehaviour(upstreamtest.Behaviour{GraphError: 190, GraphSubcode: 463, At: []string{"me"}})
	query := w.callback(t, b, "facebook", choice{person: "ada"})
	_, err := w.flow.Complete(t.Context(), "facebook", query, b.hash)
	for _, secret := range []string{query.Get("code"), "simulated-facebook-secret", "EAA", "proof", "ada"} {
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%v holds %q", err, secret)
		}
	}
}
