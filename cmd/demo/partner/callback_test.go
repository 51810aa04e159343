package partner

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// MW-10: what the app believes of an answer, and what not.
func TestMW10Answer(t *testing.T) {
	for _, test := range []struct {
		name    string
		answer  func(q url.Values)          // changes the answer
		idToken func(claims map[string]any) // changes the ID token
		subject string                      // of userinfo
		problem string                      // the code that is shown; empty: signed in
	}{
		{name: "a good answer"},
		{name: "RFC 9207 §2.4: another provider's iss", answer: func(q url.Values) { q.Set("iss", "https://other.example") }, problem: "wrong_issuer"},
		{name: "RFC 9207 §2.4: no iss although it is announced", answer: func(q url.Values) { q.Del("iss") }, problem: "wrong_issuer"},
		{name: "RFC 6749 §4.1.2.1: an error", answer: func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") }, problem: "access_denied"},
		{name: "OIDC Core §3.1.3.7: another nonce", idToken: func(c map[string]any) { c["nonce"] = "replayed" }, problem: "not_verified"},
		{name: "OIDC Core §3.1.3.7: no nonce", idToken: func(c map[string]any) { delete(c, "nonce") }, problem: "not_verified"},
		{name: "OIDC Core §3.1.3.7: another issuer", idToken: func(c map[string]any) { c["iss"] = "https://other.example" }, problem: "not_verified"},
		{name: "OIDC Core §3.1.3.7: another audience", idToken: func(c map[string]any) { c["aud"] = "night-radio" }, problem: "not_verified"},
		{name: "OIDC Core §3.1.3.7: expired", idToken: func(c map[string]any) { c["exp"] = time.Now().Add(-time.Minute).Unix() }, problem: "not_verified"},
		{name: "OIDC Core §3.1.3.8: at_hash of another token", idToken: func(c map[string]any) { c["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA" }, problem: "not_verified"},
		{name: "OIDC Core §5.3.2: userinfo about somebody else", subject: "eve", problem: "not_verified"},
	} {
		t.Run(test.name, func(t *testing.T) {
			i := newIssuer(t)
			app, base := newBooks(t, i)
			cookie, asked := begin(t, base, "/sign-in")
			if asked.Get("code_challenge_method") != "S256" || asked.Get("nonce") == "" || asked.Get("state") == "" {
				t.Fatalf("asked without PKCE, nonce or state: %v", asked)
			}
			answer := goodAnswer(i, asked)
			if test.answer != nil {
				test.answer(answer)
			}
			claims := goodIDToken(i, asked.Get("nonce"))
			if test.idToken != nil {
				test.idToken(claims)
			}
			i.idToken = claims
			if test.subject != "" {
				i.subject = test.subject
			}
			res := get(t, base+CallbackPath+"?"+answer.Encode(), cookie)
			if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/" {
				t.Fatalf("%s to %q", res.Status, res.Header.Get("Location"))
			}
			s, known := app.sessions.get(cookie.Value)
			if test.problem == "" {
				if known || len(res.Cookies()) != 1 || res.Cookies()[0].Value == cookie.Value {
					t.Error("the session id from before the sign-in is still good")
				}
				i.wantVerifier(asked.Get("code_challenge"))
				return
			}
			if s.problem == nil || s.problem.Code != test.problem || s.person != nil || len(res.Cookies()) != 0 {
				t.Errorf("problem %+v, person %+v, want %q and nobody", s.problem, s.person, test.problem)
			}
			if test.problem == "wrong_issuer" && len(i.asked) != 0 {
				t.Error("the code of another provider was sent on")
			}
		})
	}
}

// wantVerifier checks that the code was redeemed with the verifier of the challenge (RFC 7636 §4.6).
func (i *issuer) wantVerifier(challenge string) {
	i.t.Helper()
	if len(i.asked) != 1 {
		i.t.Fatalf("the token endpoint was asked %d times", len(i.asked))
	}
	sum := sha256.Sum256([]byte(i.asked[0].Get("code_verifier")))
	if got := base64.RawURLEncoding.EncodeToString(sum[:]); got != challenge {
		i.t.Errorf("the verifier's challenge is %q, want %q", got, challenge)
	}
}

// MW-10: an answer counts once, and only in the browser that asked (RFC 6749 §10.12).
func TestMW10State(t *testing.T) {
	i := newIssuer(t)
	_, base := newBooks(t, i)
	cookie, asked := begin(t, base, "/sign-in")
	i.idToken = goodIDToken(i, asked.Get("nonce"))
	good := goodAnswer(i, asked)
	other, othersAsked := begin(t, base, "/sign-in")
	with := func(state ...string) url.Values {
		return url.Values{"code": good["code"], "iss": good["iss"], "state": state}
	}
	for _, test := range []struct {
		name   string
		who    *http.Cookie
		answer url.Values
	}{
		{"no cookie", nil, good},
		{"another browser", other, good},
		{"no state", cookie, with()},
		{"an empty state", cookie, with("")},
		{"a made-up state", cookie, with("made-up")},
		{"another browser's state", cookie, with(othersAsked.Get("state"))},
	} {
		if res := get(t, base+CallbackPath+"?"+test.answer.Encode(), test.who); res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s", test.name, res.Status)
		}
	}
	answer := base + CallbackPath + "?" + good.Encode()
	first := get(t, answer, cookie)
	if first.StatusCode != http.StatusSeeOther || len(first.Cookies()) != 1 {
		t.Fatalf("the browser that asked: %s", first.Status)
	}
	if res := get(t, answer, cookie); res.StatusCode != http.StatusBadRequest {
		t.Errorf("the old cookie, a second time: %s", res.Status)
	}
	// The back button: the person is signed in, which is all they wanted.
	if res := get(t, answer, first.Cookies()[0]); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/" || len(res.Cookies()) != 0 {
		t.Errorf("signed in, a second time: %s", res.Status)
	}
	if len(i.asked) != 1 {
		t.Errorf("the code was sent %d times", len(i.asked))
	}
}

// MW-10: a sign-in ends at a page of the app's own, whatever the link to it says.
func TestMW10ReturnPath(t *testing.T) {
	i := newIssuer(t)
	_, base := newBooks(t, i)
	for asked, want := range map[string]string{
		"/account":                    "/account",
		"/account?tab=e-mail#top":     "/account?tab=e-mail",
		"":                            "/",
		"account":                     "/",
		"https://other.example/":      "/",
		"//other.example/":            "/",
		"///other.example/":           "/",
		`/\other.example/`:            "/",
		`\/other.example/`:            "/",
		"/\t/other.example/":          "/",
		"/\r\nSet-Cookie: a=b":        "/",
		"javascript:alert(1)":         "/",
		"/.//other.example/":          "/other.example/", // a page that is not there, but here
		base + "/account":             "/",
		"/%5Cother.example/":          "/%5Cother.example/",
		"https:/other.example/":       "/",
		" //other.example/":           "/",
		"http://127.0.0.1@o.example/": "/",
	} {
		cookie, question := begin(t, base, "/sign-in?"+url.Values{"return": {asked}}.Encode())
		i.idToken = goodIDToken(i, question.Get("nonce"))
		res := get(t, base+CallbackPath+"?"+goodAnswer(i, question).Encode(), cookie)
		if got := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || got != want {
			t.Errorf("return %q: %s to %q, want %q", asked, res.Status, got, want)
		}
	}
	if res := get(t, base+"/account", nil); res.Header.Get("Location") != "/sign-in?return=/account" {
		t.Errorf("the account page of nobody: %s to %q", res.Status, res.Header.Get("Location"))
	}
}

// TestCrossOriginPost shows that another site cannot press the buttons.
func TestCrossOriginPost(t *testing.T) {
	_, base := newBooks(t, newIssuer(t))
	for _, path := range []string{"/call-api", "/introspect", "/refresh", "/log-out"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Sec-Fetch-Site", "same-site") // Night Radio is at the same host
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
}

func goodIDToken(i *issuer, nonce string) map[string]any {
	sum := sha256.Sum256([]byte("opaque")) // the access token
	return map[string]any{
		"iss": i.server.URL, "aud": "books", "sub": "ada", "exp": inAnHour(), "iat": time.Now().Unix(), "nonce": nonce,
		"at_hash": base64.RawURLEncoding.EncodeToString(sum[:16]),
	}
}
