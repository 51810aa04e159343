package upstream

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestCleanPictureFD20(t *testing.T) {
	for in, want := range map[string]string{
		"https://lh3.googleusercontent.com/a/x=s96-c":         "https://lh3.googleusercontent.com/a/x=s96-c",
		"https://cdn.example/ü.png":                           "https://cdn.example/%C3%BC.png",
		"http://cdn.example/a.png":                            "",
		"javascript:alert(1)":                                 "",
		"data:image/png;base64,AAAA":                          "",
		"https://user:pass@cdn.example/a":                     "",
		"https://10.0.0.1/a":                                  "",
		"https://169.254.169.254/latest":                      "",
		"https://[::1]/a":                                     "",
		"https://[::ffff:127.0.0.1]/a":                        "",
		"https://localhost/a":                                 "",
		"https://x.localhost/a":                               "",
		"http://127.0.0.1:1/a":                                "",
		"//cdn.example/a":                                     "",
		"https://cdn.example/a\r\nx":                          "",
		"https://cdn.example/" + strings.Repeat("a", 100<<10): "",
		"": "",
	} {
		if got := cleanPicture(in, false); got != want {
			t.Errorf("%.60q: %q; want %q", in, got, want)
		}
	}
	if got := cleanPicture("http://127.0.0.1:1/a", true); got == "" {
		t.Error("loopback picture refused in a simulation")
	}
	if got := cleanPicture("http://192.168.0.1/a", true); got != "" {
		t.Error("private picture accepted in a simulation")
	}
}

func TestCleanLocaleFD20(t *testing.T) {
	for in, want := range map[string]string{
		"ko": "ko", "en_US": "en-US", "zh-hant-tw": "zh-Hant-TW", "../../etc": "", "und": "", "x": "", strings.Repeat("en-", 40): "",
	} {
		if got := cleanLocale(in); got != want {
			t.Errorf("%q: %q; want %q", in, got, want)
		}
	}
}

func TestLifetimeOfDocuments(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"": time.Hour, "max-age=20000": 20000 * time.Second, "public, max-age=1": 5 * time.Minute, "max-age=99999999": 24 * time.Hour, "no-store": 5 * time.Minute,
		"max-age=-5": 5 * time.Minute, "max-age=soon": time.Hour, `Max-Age="7200", must-revalidate`: 2 * time.Hour, "max-age=99999999999999999999": time.Hour,
	} {
		if got := lifetime(http.Header{"Cache-Control": {in}}); got != want {
			t.Errorf("%q: %v; want %v", in, got, want)
		}
	}
}

func FuzzClaims(f *testing.F) {
	now := time.Unix(1_800_000_000, 0)
	want := expectedToken{issuers: []string{"https://i.example", "i.example"}, clientID: "c", nonce: "n"}
	f.Add([]byte(`{"iss":"https://i.example","aud":"c","exp":1800000100,"iat":1800000000,"nonce":"n","sub":"1"}`))
	f.Add([]byte(`{"iss":"i.example","aud":["c","d"],"azp":"c","exp":1800000100,"iat":1800000000,"nonce":"n","sub":"1","SUB":"2"}`))
	f.Add([]byte(`{"ſub":"1","sub":"2"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseClaims(data)
		if err != nil {
			return
		}
		// What passes has exactly one reading, also for a parser that ignores case.
		var loose struct{ Sub, Iss, Nonce json.RawMessage }
		if json.Unmarshal(data, &loose) != nil {
			t.Fatalf("accepted what encoding/json refuses: %q", data)
		}
		if want.check(c, now) == nil {
			if string(loose.Sub) != string(c["sub"]) || string(loose.Iss) != string(c["iss"]) || string(loose.Nonce) != string(c["nonce"]) {
				t.Fatalf("two readings of %q", data)
			}
			if sub, ok := c.text("sub"); !ok || !isSubject(sub) {
				t.Fatalf("accepted subject %q", sub)
			}
		}
	})
}

func FuzzGraphPerson(f *testing.F) {
	f.Add([]byte(`{"id":"10158304728163045","name":"Ada","email":"a@b.example","picture":{"data":{"url":"https://x.example/p","is_silhouette":false}}}`))
	f.Add([]byte(`{"id":9007199254740993,"name":null}`))
	f.Add([]byte(`{"error":{"message":"m","type":"OAuthException","code":190,"error_subcode":463}}`))
	f.Add([]byte(`{"error":"invalid_grant"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if err := graphError(400, body); !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrMisconfigured) && !errors.Is(err, ErrProtocol) || len(err.Error()) > 200 {
			t.Fatalf("%v", err)
		}
		p, err := parseGraphPerson(body)
		if err != nil {
			return
		}
		proof := p.proof("facebook", "1", false)
		if proof.Subject == "" || !isSubject(proof.Subject) || proof.EmailTrust != 0 {
			t.Fatalf("%+v", proof)
		}
		if !utf8.ValidString(proof.Name) || utf8.RuneCountInString(proof.Name) > maxName || hasControl(proof.Name) {
			t.Fatalf("name %q", proof.Name)
		}
		if proof.Picture != "" && !strings.HasPrefix(proof.Picture, "https://") {
			t.Fatalf("picture %q", proof.Picture)
		}
	})
}

func FuzzCompactToken(f *testing.F) {
	f.Add("eyJhbGciOiJSUzI1NiJ9.e30.AA")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add(strings.Repeat(".", 100))
	keys := newKeySet(nil, nil, nil)
	keys.algs = append(keys.algs, "RS256", "PS256", "ES256", "EdDSA")
	f.Fuzz(func(t *testing.T, token string) {
		jws, err := parseCompact(token, keys.algs)
		if err != nil {
			return
		}
		if again, err := jws.CompactSerialize(); err != nil || strings.Count(again, ".") != 2 {
			t.Fatalf("%q: %v", token, err)
		}
	})
}

func TestValidID(t *testing.T) {
	for id, want := range map[string]bool{
		"google": true, "corp-2": true, "Corp_SSO.1~x": true, strings.Repeat("a", 2048): true,
		strings.Repeat("a", 2049): false, "": false, ".": false, "..": false, "-a": false, "a/b": false, "a b": false, "a%41": false, "ä": false, "a\n": false,
	} {
		if got := ValidID(id); got != want {
			t.Errorf("%.40q: %v", id, got)
		}
	}
}
