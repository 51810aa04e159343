package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// OIDC Core §5.3: userinfo by GET, by POST with a header and by POST with a form; types are right and nothing is null or empty.
func TestUserInfo(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.newPartner()
		r := p.tokens(newBrowser(t), "ada")
		token := r.text("access_token")
		get := w.get("/oauth2/userinfo", token)
		if get.status != 200 || get.text("sub") != readJWT(t, r.text("id_token")).text("sub") || get.text("email") != "ada.lovelace@gmail.com" || get.body["email_verified"] != true || get.text("name") != "Ada Lovelace" {
			t.Errorf("%d %s", get.status, get.raw)
		}
		if at, ok := get.body["updated_at"].(float64); ok && at > 1e11 {
			t.Errorf("updated_at in milliseconds: %v", at)
		}
		for claim, value := range get.body {
			if value == nil || value == "" {
				t.Errorf("%s is %v", claim, value)
			}
		}
		if get.header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(get.header.Get("Content-Type"), "application/json") || get.header.Get("Set-Cookie") != "" {
			t.Errorf("%v", get.header)
		}
		header := w.basic("/oauth2/userinfo", url.Values{}, "Bearer "+token)
		body := w.post("/oauth2/userinfo", url.Values{"access_token": {token}}, "", "")
		bare, err := http.NewRequest("POST", w.issuer+"/oauth2/userinfo", nil)
		w.must(err)
		bare.Header.Set("Authorization", "Bearer "+token)
		for name, a := range map[string]reply{"POST with a header": header, "POST with a form": body, "POST without a body": w.send(bare)} {
			if a.status != 200 || a.raw != get.raw {
				t.Errorf("%s: %d %s", name, a.status, a.raw)
			}
		}
		both := w.basic("/oauth2/userinfo", url.Values{"access_token": {token}}, "Bearer "+token)
		if both.status != 400 || !strings.Contains(both.header.Get("WWW-Authenticate"), "invalid_request") {
			t.Errorf("RFC 6750 §2: two ways at once: %d %s", both.status, both.raw)
		}
	})
}

// RFC 6750 §2.3, §3: no token in the query; the challenge says what is wrong, and nothing when no token came.
func TestUserInfoRefusals(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	b := newBrowser(t)
	r := p.tokens(b, "ada")
	token := r.text("access_token")
	none := w.get("/oauth2/userinfo", "")
	if challenge := none.header.Get("WWW-Authenticate"); none.status != 401 || !strings.HasPrefix(challenge, "Bearer") || strings.Contains(challenge, "error") {
		t.Errorf("without a token: %d %q", none.status, challenge)
	}
	for _, query := range []string{"?access_token=" + token, "?access_token=" + token + "&x=1", "?token=" + token} {
		if a := w.get("/oauth2/userinfo"+query, ""); a.status != 401 && a.status != 400 {
			t.Errorf("token in the query: %d %s", a.status, a.raw)
		}
		if a := w.post("/oauth2/userinfo"+query, url.Values{"x": {"1"}}, "", ""); a.status != 401 && a.status != 400 {
			t.Errorf("token in the query of a POST: %d %s", a.status, a.raw)
		}
	}
	for name, bad := range map[string]string{"ID token": r.text("id_token"), "refresh token": r.text("refresh_token"), "code": p.ask(b).expectCode(t), "garbage": "x"} {
		a := w.get("/oauth2/userinfo", bad)
		if a.status != 401 || !strings.Contains(a.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
			t.Errorf("%s: %d %q", name, a.status, a.header.Get("WWW-Authenticate"))
		}
	}
	// The session cookie opens no API.
	cookie, err := http.NewRequest("GET", w.issuer+"/oauth2/userinfo", nil)
	w.must(err)
	cookie.AddCookie(&http.Cookie{Name: "__Host-symbolon", Value: b.cookies[w.host()]["__Host-symbolon"]})
	if a := w.send(cookie); a.status != 401 {
		t.Errorf("cookie: %d %s", a.status, a.raw)
	}
}

// IR-06: the header is read one way, and oddities are 4xx.
func TestAuthorizationHeaderParsing(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.newPartner()
	token := p.tokens(newBrowser(t), "ada").text("access_token")
	for _, header := range []string{"Bearer " + token, "bearer " + token, "BEARER " + token} {
		r, err := http.NewRequest("GET", w.issuer+"/oauth2/userinfo", nil)
		w.must(err)
		r.Header.Set("Authorization", header)
		if a := w.send(r); a.status != 200 {
			t.Errorf("RFC 9110 §11.1: %.7s: %d", header, a.status)
		}
	}
	for name, headers := range map[string][]string{
		"tab": {"Bearer\t" + token}, "no space": {"Bearer" + token}, "trailing comma": {"Bearer " + token + ","}, "quoted": {`Bearer "` + token + `"`}, "two tokens": {"Bearer " + token + " " + token},
		"two headers": {"Bearer " + token, "Bearer " + token}, "two schemes": {"Basic x, Bearer " + token}, "Basic first": {"Basic eDp5", "Bearer " + token}, "not ASCII": {"Bearer " + token + "é"}, "bytes": {"Bearer \xff\xfe"},
		"scheme only": {"Bearer"}, "scheme and space": {"Bearer  "}, "token only": {token}, "Token": {"Token " + token}, "list": {"Bearer " + token + ", Bearer " + token}, "empty": {""}, "20 KiB": {"Bearer " + strings.Repeat("a", 20<<10)},
	} {
		r, err := http.NewRequest("GET", w.issuer+"/oauth2/userinfo", nil)
		w.must(err)
		r.Header["Authorization"] = headers
		a := w.send(r)
		if a.status != 401 && a.status != 400 && a.status != 431 {
			t.Errorf("%s: %d %.100s", name, a.status, a.raw)
		}
		if a.status != 431 && !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: WWW-Authenticate %q", name, a.header.Get("WWW-Authenticate"))
		}
	}
	r, err := http.NewRequest("GET", w.issuer+"/oauth2/userinfo", nil)
	w.must(err)
	r.Header.Set("Authorization", "Bearer "+strings.Repeat("a", 100<<10))
	resp, err := plainClient.Do(r)
	if err == nil {
		if resp.Body.Close(); resp.StatusCode != 431 {
			t.Errorf("100 KiB: %d", resp.StatusCode)
		}
	}
	for _, kind := range []string{"multipart/form-data; boundary=x", "application/json", "text/plain"} {
		r, err := http.NewRequest("POST", w.issuer+"/oauth2/userinfo", strings.NewReader("access_token="+url.QueryEscape(token)))
		w.must(err)
		r.Header.Set("Content-Type", kind)
		if a := w.send(r); a.status < 400 || a.status >= 500 {
			t.Errorf("RFC 6750 §2.2: %s: %d", kind, a.status)
		}
	}
}
