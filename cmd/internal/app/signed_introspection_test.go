package app_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const introspectionJWT = "application/token-introspection+jwt"

// introspectAs asks about a token and says what kind of answer it wants.
func (p *partner) introspectAs(accept, token string) reply {
	p.w.t.Helper()
	r, err := http.NewRequest("POST", p.w.issuer+"/oauth2/introspect", strings.NewReader(url.Values{"token": {token}}.Encode()))
	p.w.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", accept)
	r.SetBasicAuth(url.QueryEscape(p.id), url.QueryEscape(p.secret))
	return p.w.send(r)
}

// signedAnswer checks a signed answer and returns what it says of the token (RFC 9701 §5).
func (p *partner) signedAnswer(t *testing.T, r reply, alg string) map[string]any {
	t.Helper()
	if r.status != 200 || r.header.Get("Content-Type") != introspectionJWT || r.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v %s", r.status, r.header, r.raw)
	}
	j := readJWT(t, r.raw)
	if j.header["typ"] != "token-introspection+jwt" || j.header["alg"] != alg {
		t.Errorf("header: %v", j.header)
	}
	var claims map[string]any
	p.w.must(json.Unmarshal(p.w.verified(r.raw), &claims))
	answer, ok := claims["token_introspection"].(map[string]any)
	iat, _ := claims["iat"].(float64)
	if !ok || claims["iss"] != p.w.issuer || claims["aud"] != p.id || time.Since(time.Unix(int64(iat), 0)).Abs() > time.Minute {
		t.Errorf("claims: %v", claims)
	}
	// RFC 9701 §5: no exp and no sub, so that the answer cannot pass for an access token or an ID token.
	if claims["exp"] != nil || claims["sub"] != nil || claims["active"] != nil {
		t.Errorf("the answer looks like a token: %v", claims)
	}
	return answer
}

// RFC 9701: whoever asks for a signed answer gets one that says the same as the plain one, of tokens alive and dead.
func TestSignedIntrospection(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		es := w.partner(`{"client_name":"API","grant_types":["client_credentials"],"scope":"x","introspect_any":true,"introspection_signed_response_alg":"ES256"}`)
		r := p.tokens(newBrowser(t), "ada")
		for _, token := range []string{r.text("access_token"), r.text("refresh_token")} {
			for alg, who := range map[string]*partner{"RS256": p, "ES256": es} {
				answer := who.signedAnswer(t, who.introspectAs(introspectionJWT, token), alg)
				plain := who.introspect(token).body
				if answer["active"] != true || len(answer) != len(plain) {
					t.Errorf("signed: %v, plain: %v", answer, plain)
				}
				for name := range plain {
					if quotedValue(answer[name]) != quotedValue(plain[name]) {
						t.Errorf("%s: %v and %v", name, answer[name], plain[name])
					}
				}
			}
		}
		signed := p.introspectAs(introspectionJWT, r.text("access_token")).raw
		if p.active(signed) || w.get("/oauth2/userinfo", signed).status != 401 {
			t.Error("the answer itself passes for an access token")
		}
		p.post("/oauth2/revoke", "token", r.text("access_token"))
		for _, token := range []string{r.text("access_token"), r.text("refresh_token"), "x"} {
			if answer := p.signedAnswer(t, p.introspectAs(introspectionJWT, token), "RS256"); answer["active"] != false || len(answer) != 1 {
				t.Errorf("RFC 9701 §5: of a dead token only that it is: %v", answer)
			}
		}
		if plain := p.introspectAs("application/json", "x"); plain.raw != `{"active":false}` {
			t.Errorf("not asked for: %s", plain.raw)
		}
		r2 := p.introspectAs(introspectionJWT, "")
		r2.expect(t, 400, "invalid_request")
		if !strings.HasPrefix(r2.header.Get("Content-Type"), "application/json") {
			t.Errorf("errors are JSON: %v", r2.header)
		}
		d := w.get("/.well-known/oauth-authorization-server", "").body["introspection_signing_alg_values_supported"]
		if d == nil {
			t.Error("RFC 9701 §7: introspection_signing_alg_values_supported is not announced")
		}
	})
}

func quotedValue(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // it came from JSON
	}
	return string(raw)
}

// RFC 7662 §2.2: exp is the end of the token that was asked about, whatever kind it is.
func TestIntrospectedExpiry(t *testing.T) {
	t.Parallel()
	bothWith(t, "lifetimes: { access_token: 7m, refresh_token: 48h, refresh_idle: 24h }", func(t *testing.T, w *world) {
		p := w.newPartner()
		short := w.partner(`{"client_name":"Short","grant_types":["client_credentials"],"scope":"x","access_token_lifetime":90}`)
		opaque := w.partner(`{"client_name":"Opaque","grant_types":["client_credentials"],"scope":"x","access_token_format":"opaque"}`)
		r := p.tokens(newBrowser(t), "ada")
		expires := func(p *partner, token string, want time.Duration) {
			t.Helper()
			exp, _ := p.introspect(token).body["exp"].(float64)
			if left := time.Until(time.Unix(int64(exp), 0)); left > want+2*time.Second || left < want-15*time.Second {
				t.Errorf("exp is in %s, want %s", left, want)
			}
		}
		expires(p, r.text("access_token"), 7*time.Minute)
		expires(p, r.text("refresh_token"), 24*time.Hour)
		expires(short, short.post("/oauth2/token", "grant_type", "client_credentials").text("access_token"), 90*time.Second)
		expires(opaque, opaque.post("/oauth2/token", "grant_type", "client_credentials").text("access_token"), 7*time.Minute)
		// The absolute end comes before the idle one.
		grant, _, _ := strings.Cut(readJWT(t, r.text("access_token")).text("jti"), ".")
		w.exec("UPDATE grants SET expires_at = " + millisIn(time.Hour) + " WHERE id = '" + grant + "'")
		expires(p, r.text("refresh_token"), time.Hour)
	})
}
