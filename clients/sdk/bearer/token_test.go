package bearer

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// refused asserts that the error is an *Error with that status and code.
func refused(t *testing.T, err error, status int, code string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Status != status || e.Code != code {
		t.Errorf("got %v, want %d %s", err, status, code)
	}
}

func TestRFC9068AcceptsAndReadsAllClaims(t *testing.T) {
	w := newWorld(t)
	v := w.verifier(nil)
	claims := w.claims()
	claims["aud"] = []string{"other", testAudience}
	claims["sid"], claims["acr"], claims["amr"], claims["auth_time"] = "s1", "loa2", []string{"pwd", "otp"}, claims["iat"]
	claims["groups"], claims["nbf"] = []string{"staff"}, claims["iat"]
	claims["sub"] = "anna \"ä\u2028𝄞\""
	got, err := v.Verify(t.Context(), w.sign("application/at+JWT", claims))
	if err != nil {
		t.Fatal(err)
	}
	type view struct {
		Issuer, Subject, ClientID, Scope, ID, SessionID, ACR string
		Audience, AMR                                        []string
	}
	want := view{testIssuer, "anna \"ä\u2028𝄞\"", "shop", "read write", claims["jti"].(string), "s1", "loa2", []string{"other", testAudience}, []string{"pwd", "otp"}}
	if diff := cmp.Diff(want, view{
		got.Issuer, got.Subject, got.ClientID, got.Scope, got.ID, got.SessionID, got.ACR, got.Audience, got.AMR,
	}); diff != "" {
		t.Error(diff)
	}
	if got.ExpiresAt.Unix() != claims["exp"] || got.IssuedAt.Unix() != claims["iat"] || !got.AuthTime.Equal(got.IssuedAt) {
		t.Errorf("times are %s, %s, %s", got.IssuedAt, got.ExpiresAt, got.AuthTime)
	}
	var own struct {
		Groups []string `json:"groups"`
		Other  string   `json:"GROUPS"`
	}
	if err := got.Claims(&own); err != nil || len(own.Groups) != 1 || own.Other != "" {
		t.Errorf("Claims gave %+v, %v", own, err)
	}
}

func TestRFC9068WrongClaimsAreRefused(t *testing.T) {
	w := newWorld(t)
	v := w.verifier(nil)
	now := time.Now().Unix()
	for name, changes := range map[string]map[string]any{
		"other issuer":            {"iss": "https://evil.example.com"},
		"issuer with slash":       {"iss": testIssuer + "/"},
		"other audience":          {"aud": "https://other.example.com"},
		"audience as prefix":      {"aud": testAudience + "/v1"},
		"audience among others":   {"aud": []string{"a", "b"}},
		"expired":                 {"exp": now - 11},
		"issued in the future":    {"iat": now + 60},
		"not yet valid":           {"nbf": now + 60},
		"lives too long":          {"exp": now + 90_000},
		"bound to a certificate":  {"cnf": map[string]any{"x5t#S256": "abc"}},
		"bound to nothing":        {"cnf": map[string]any{}},
		"status of another kind":  {"status": map[string]any{"other": 1}},
		"bound, but no request":   {"cnf": map[string]any{"jkt": "abc"}},
		"no iss":                  {"iss": nil},
		"no sub":                  {"sub": nil},
		"no aud":                  {"aud": nil},
		"no exp":                  {"exp": nil},
		"no iat":                  {"iat": nil},
		"no jti":                  {"jti": nil},
		"no client_id":            {"client_id": nil},
		"status elsewhere":        {"status": map[string]any{"status_list": map[string]any{"idx": 1, "uri": "https://evil.example.com/l"}}},
		"status at other port":    {"status": map[string]any{"status_list": map[string]any{"idx": 1, "uri": testIssuer + ":444/l"}}},
		"status at a user":        {"status": map[string]any{"status_list": map[string]any{"idx": 1, "uri": "https://id.example.com@evil.example.com/l"}}},
		"status over http":        {"status": map[string]any{"status_list": map[string]any{"idx": 1, "uri": "http://id.example.com/l"}}},
		"status at a file":        {"status": map[string]any{"status_list": map[string]any{"idx": 1, "uri": "file:///etc/passwd"}}},
		"status with a fragment":  {"status": map[string]any{"status_list": map[string]any{"idx": 1, "uri": testIssuer + "/l#a"}}},
		"status index negative":   {"status": map[string]any{"status_list": map[string]any{"idx": -1, "uri": testIssuer + "/l"}}},
		"status index fraction":   {"status": map[string]any{"status_list": map[string]any{"idx": 1.5, "uri": testIssuer + "/l"}}},
		"status index as string":  {"status": map[string]any{"status_list": map[string]any{"idx": "1", "uri": testIssuer + "/l"}}},
		"status without index":    {"status": map[string]any{"status_list": map[string]any{"uri": testIssuer + "/l"}}},
		"status list as a string": {"status": map[string]any{"status_list": "x"}},
		"status as a string":      {"status": "x"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := v.Verify(t.Context(), w.token(changes))
			refused(t, err, http.StatusUnauthorized, "invalid_token")
		})
	}
	if n := w.fetched("https://evil.example.com/l") + w.fetched("/l"); n != 0 {
		t.Errorf("%d lists were fetched (SS-01)", n)
	}
}

func TestJW11WrongClaimTypes(t *testing.T) {
	w := newWorld(t)
	v := w.verifier(nil)
	for claim, values := range map[string][]string{
		"sub":       {`1`, `{}`, `""`, `null`, `["anna"]`, `true`},
		"iss":       {`["https://id.example.com"]`, `null`},
		"aud":       {`[]`, `[["https://api.example.com"]]`, `[1]`, `{}`, `null`, `""`, `["https://api.example.com",null]`},
		"exp":       {`"9999999999"`, `9999999999.5`, `-1`, `1e400`, `1e10`, `0`, `null`, `1999999999000`, `01`, `99999999999999999999`, `+1`, `0x7fffffff`, `NaN`, `[]`},
		"iat":       {`1700000000000`, `"1"`, `1.0`, `null`, `{}`},
		"nbf":       {`"1"`, `null`, `1.5`},
		"auth_time": {`"1"`, `-5`},
		"client_id": {`1`, `null`, `[]`},
		"jti":       {`1`, `null`, `""`},
		"scope":     {`["read"]`, `null`, `1`, `{}`},
		"sid":       {`1`, `null`},
		"acr":       {`1`, `[]`},
		"amr":       {`"pwd"`, `[1]`, `null`},
		"cnf":       {`"x"`, `null`, `{"jkt":1}`, `{"jkt":""}`, `[]`},
	} {
		for _, value := range values {
			t.Run(claim+" "+value, func(t *testing.T) {
				token := w.signer.signText(t, w.header(), w.claimsText(claim, value))
				_, err := v.Verify(t.Context(), token)
				refused(t, err, http.StatusUnauthorized, "invalid_token")
			})
		}
	}
}

// header returns the text of a good header of the signing key.
func (w *world) header() string {
	return fmt.Sprintf(`{"alg":%q,"typ":"at+jwt","kid":%q}`, w.signer.alg, w.signer.id)
}

// claimsText returns good claims with one of them as the given JSON text.
func (w *world) claimsText(claim, value string) string {
	claims := w.claims()
	claims[claim] = json.RawMessage("0")
	text, _ := json.Marshal(claims)
	return strings.Replace(string(text), fmt.Sprintf("%q:0", claim), fmt.Sprintf("%q:%s", claim, value), 1)
}

func TestJW10DuplicateAndCaseFoldedMembers(t *testing.T) {
	w := newWorld(t)
	v := w.verifier(nil)
	good := w.claimsText("x", "1")
	for name, payload := range map[string]string{
		"sub twice":           strings.Replace(good, "{", `{"sub":"eve",`, 1),
		"sub twice, escaped":  strings.Replace(good, "{", `{"\u0073ub":"eve",`, 1),
		"twice in a nested":   w.claimsText("x", `{"a":[{"b":1,"b":2}]}`),
		"trailing text":       good + "x",
		"second object":       good + good,
		"array":               "[" + good + "]",
		"null":                "null",
		"empty":               " ",
		"not UTF-8":           w.claimsText("x", "\"\xff\""),
		"overlong UTF-8":      w.claimsText("x", "\"\xc0\x80\""),
		"lone surrogate":      w.claimsText("x", `"\ud800"`),
		"low surrogate first": w.claimsText("x", `"\udc00\ud800"`),
		"NUL":                 w.claimsText("x", `"\u0000"`),
		"control character":   w.claimsText("x", "\"a\nb\""),
		"trailing comma":      w.claimsText("x", `[1,]`),
		"comment":             w.claimsText("x", `/**/1`),
		"deep nesting":        w.claimsText("x", strings.Repeat("[", 200)+strings.Repeat("]", 200)),
		"many members":        w.claimsText("x", manyMembers()),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := v.Verify(t.Context(), w.signer.signText(t, w.header(), payload))
			refused(t, err, http.StatusUnauthorized, "invalid_token")
		})
	}
	for name, extra := range map[string]string{"SUB": `"SUB":"eve",`, "long s": `"ſub":"eve",`, "Kelvin": `"\u212Aid":"eve",`, "iſſ": `"iſſ":"https://evil.example.com",`} {
		t.Run(name, func(t *testing.T) {
			for _, payload := range []string{strings.Replace(good, "{", "{"+extra, 1), strings.TrimSuffix(good, "}") + "," + strings.TrimSuffix(extra, ",") + "}"} {
				token, err := v.Verify(t.Context(), w.signer.signText(t, w.header(), payload))
				if err != nil || token.Subject != "anna" || token.Issuer != testIssuer {
					t.Errorf("got %+v, %v", token, err)
				}
				var c struct {
					Sub string `json:"sub"`
				}
				if err := token.Claims(&c); err != nil || c.Sub != "anna" {
					t.Errorf("Claims gave %q, %v", c.Sub, err)
				}
			}
		})
	}
	header := `{"alg":"ES256","typ":"at+jwt","kid":"k1","alg":"none"}`
	_, err := v.Verify(t.Context(), w.signer.signText(t, header, good))
	refused(t, err, http.StatusUnauthorized, "invalid_token")
}

func manyMembers() string {
	var b strings.Builder
	for i := range 300 {
		fmt.Fprintf(&b, `,"%d":1`, i)
	}
	return "{" + b.String()[1:] + "}"
}

func TestExpiryAndClockSkew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		v := w.verifier(func(c *Config) { c.ClockSkew = 5 * time.Second })
		defer v.Close()
		token := w.token(nil) // lives for 600 s
		time.Sleep(604 * time.Second)
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Errorf("within the skew: %v", err)
		}
		time.Sleep(time.Second)
		if _, err := v.Verify(t.Context(), token); !errors.Is(err, ErrExpired) {
			t.Errorf("after the skew: %v", err)
		}
		ahead := w.token(map[string]any{"iat": time.Now().Unix() + 5, "nbf": time.Now().Unix() + 5})
		if _, err := v.Verify(t.Context(), ahead); err != nil {
			t.Errorf("issued by a clock that is ahead: %v", err)
		}
	})
}

func TestMW06HasScope(t *testing.T) {
	for _, tt := range []struct {
		scope, ask string
		want       bool
	}{
		{"read", "read", true},
		{"a read b", "read", true},
		{"read write", "write", true},
		{"readwrite", "read", false},
		{"read:all", "read", false},
		{"Read", "read", false},
		{"", "read", false},
		{"", "", false},
		{"a  b", "", false},
		{"a b", "a b", false},
		{" read", "read", true},
	} {
		if got := (&Token{Scope: tt.scope}).HasScope(tt.ask); got != tt.want {
			t.Errorf("%q has %q: %v", tt.scope, tt.ask, got)
		}
	}
}
