package bearer

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// FuzzToken is MW-09: whatever a token says, it is accepted or refused with 401. Only the very token that was signed is accepted.
func FuzzToken(f *testing.F) {
	w := newWorld(f)
	v := w.verifier(nil)
	good := w.token(map[string]any{"exp": time.Now().Unix() + 80_000})
	if _, err := v.Verify(f.Context(), good); err != nil {
		f.Fatal(err)
	}
	parts := strings.Split(good, ".")
	for _, seed := range []string{good, "", "..", "a.b.c", good + ".", parts[0] + ".." + parts[2], segment(`{"alg":"none"}`) + ".e30.", strings.Repeat("A", 9000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		_, err := v.Verify(t.Context(), token)
		var e *Error
		switch {
		case err == nil && token != good:
			t.Errorf("accepted %q", token)
		case err != nil && (!errors.As(err, &e) || e.Status != http.StatusUnauthorized):
			t.Errorf("got %v", err)
		}
	})
}

// FuzzClaims signs whatever it is given: what a parser accepts must be what it says, also for encoding/json.
func FuzzClaims(f *testing.F) {
	f.Add(`{"iss":"https://id.example.com","sub":"a","aud":["b"],"client_id":"c","jti":"d","iat":1,"exp":2,"cnf":{"jkt":"e"},"amr":["f"]}`)
	f.Add(`{"sub":"\u00e4\ud834\udd1e","status":{"status_list":{"idx":5,"uri":"https://id.example.com/l"}}}`)
	f.Add(`{"a":[1,-0.5e+7,true,false,null,{"b":{}},[]]}`)
	f.Fuzz(func(t *testing.T, claims string) {
		token, err := parseToken(claims)
		if err != nil {
			return
		}
		var c struct {
			Subject string          `json:"sub"`
			Issuer  string          `json:"iss"`
			Expires int64           `json:"exp"`
			Scope   string          `json:"scope"`
			AMR     []string        `json:"amr"`
			Other   json.RawMessage `json:"other"`
		}
		if err := token.Claims(&c); err != nil {
			t.Fatalf("accepted %q, go-jose does not: %v", claims, err)
		}
		if c.Subject != token.Subject || c.Issuer != token.Issuer || c.Scope != token.Scope || strings.Join(c.AMR, " ") != strings.Join(token.AMR, " ") {
			t.Errorf("%q read as %+v and as %+v", claims, token, c)
		}
	})
}

// FuzzJSON compares the reader with encoding/json: what it accepts, that accepts too, and the strings are the same.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"a":"b"}`, `["\ud834\udd1e","\n"]`, `-0.0e-1`, ` null `, `"\/"`, `{"a":{"a":{}}}`, "\"\xff\"", `01`, `[1,]`, `{"a":1,"a":2}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := reader{text: text}
		r.skip()
		if r.end() == nil && !json.Valid([]byte(text)) {
			t.Errorf("accepted %q", text)
		}
		r = reader{text: text}
		got := r.string()
		var want string
		if r.end() == nil && (json.Unmarshal([]byte(text), &want) != nil || got != want || !utf8.ValidString(got)) {
			t.Errorf("%q read as %q", text, got)
		}
	})
}

// FuzzProof is PR-07: no proof but the one that was made for the request is accepted.
func FuzzProof(f *testing.F) {
	w := newWorld(f)
	v := w.verifier(dpop)
	holder := w.holder("EdDSA", nil)
	good := holder.proof(nil, nil)
	token, err := v.authenticate(f.Context(), holder.token, time.Now())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(holder.token)
	f.Add(segment(`{"alg":"EdDSA","typ":"dpop+jwt","jwk":{"kty":"OKP"}}`) + ".e30.AA")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := v.dpop.open(text, token.KeyThumbprint); err == nil && text != good {
			t.Errorf("accepted %q", text)
		}
	})
}

// FuzzProofClaims reads any claims of a proof, and any URL in it.
func FuzzProofClaims(f *testing.F) {
	f.Add(`{"jti":"a","htm":"GET","htu":"https://api.example.com/%7Ea","iat":1,"ath":"b"}`)
	f.Fuzz(func(t *testing.T, claims string) {
		p, err := parseProof(claims)
		if err != nil {
			return
		}
		if once := normalizeURL(p.uri); once != "" && normalizeURL(once) != once {
			t.Errorf("%q: %q is not its own normal form", p.uri, once)
		}
	})
}

// FuzzStatusList reads any status list.
func FuzzStatusList(f *testing.F) {
	f.Add(`{"sub":"u","iat":1,"ttl":5,"status_list":{"bits":1,"lst":"eNrbuRgAAhcBXQ"}}`)
	f.Add(`{"sub":"u","iat":1,"exp":9,"ttl":0.5,"status_list":{"bits":8,"lst":"` + deflate(make([]byte, 999)) + `"}}`)
	f.Fuzz(func(t *testing.T, claims string) {
		l, err := parseStatusList(claims, "u", testIssuer)
		if err != nil {
			return
		}
		if len(l.statuses) > maxListBytes || l.ttl < 0 {
			t.Errorf("list of %d bytes, ttl %s", len(l.statuses), l.ttl)
		}
		for _, index := range []int64{0, 1, int64(len(l.statuses))*8/int64(l.bits) - 1} {
			_, _ = l.at(index)
		}
		if _, ok := l.at(int64(len(l.statuses)) * 8 / int64(l.bits)); ok {
			t.Error("an index beyond the end is in the list")
		}
	})
}

// FuzzLogoutToken reads any claims of a log-out token.
func FuzzLogoutToken(f *testing.F) {
	f.Add(`{"iss":"i","aud":"a","iat":1,"exp":2,"jti":"j","sid":"s","events":{"` + logoutEvent + `":{}}}`)
	f.Fuzz(func(t *testing.T, claims string) {
		l, err := parseLogout(claims)
		if err == nil && (!l.event || l.ID == "" || l.Subject == "" && l.SessionID == "" || strings.Contains(claims, `"nonce"`) && !json.Valid([]byte(claims))) {
			t.Errorf("%q read as %+v", claims, l)
		}
	})
}

func TestMW09Authorization(t *testing.T) {
	w := newWorld(t)
	h := w.verifier(dpop).Middleware(http.HandlerFunc(whoami))
	rapid.Check(t, func(rt *rapid.T) {
		status := serve(h, request(rapid.SliceOfN(rapid.String(), 0, 3).Draw(rt, "headers")...)).StatusCode
		if status != 400 && status != 401 {
			rt.Errorf("status %d", status)
		}
	})
}

func TestReaderAgreesWithEncodingJSON(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		value := rapid.MapOfN(rapid.StringMatching(`[^\x00]{0,8}`), rapid.StringMatching(`[^\x00]{0,20}`), 0, 30).Draw(rt, "value")
		text, err := json.Marshal(value)
		if err != nil {
			rt.Fatal(err)
		}
		got := map[string]string{}
		var m members
		r := reader{text: string(text)}
		r.object()
		for {
			name, ok := r.next(&m)
			if !ok {
				break
			}
			got[name] = r.string()
		}
		if err := r.end(); err != nil || !reflect.DeepEqual(got, value) {
			rt.Fatalf("%s read as %v: %v", text, got, err)
		}
	})
}
