package partner

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// TestCallback shows what the app believes of an answer, and what not.
func TestCallback(t *testing.T) {
	for _, test := range []struct {
		name    string
		answer  func(q url.Values)          // changes the answer
		idToken func(claims map[string]any) // changes the ID token
		subject string                      // of userinfo
		problem string                      // the code that is shown; empty: signed in
	}{
		{name: "a good answer"},
		{name: "RFC 9207 §2.4: another iss", answer: func(q url.Values) { q.Set("iss", "https://other.example") }, problem: "wrong_issuer"},
		{name: "RFC 9207 §2.4: no iss although it is announced", answer: func(q url.Values) { q.Del("iss") }, problem: "wrong_issuer"},
		{name: "RFC 6749 §4.1.2.1: an error", answer: func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") }, problem: "access_denied"},
		{name: "OIDC Core §3.1.3.7: another nonce", idToken: func(c map[string]any) { c["nonce"] = "replayed" }, problem: "not_verified"},
		{name: "OIDC Core §3.1.3.7: another audience", idToken: func(c map[string]any) { c["aud"] = "night-radio" }, problem: "not_verified"},
		{name: "OIDC Core §3.1.3.7: expired", idToken: func(c map[string]any) { c["exp"] = time.Now().Add(-time.Minute).Unix() }, problem: "not_verified"},
		{name: "OIDC Core §3.1.3.8: at_hash of another token", idToken: func(c map[string]any) { c["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA" }, problem: "not_verified"},
		{name: "OIDC Core §5.3.2: userinfo about somebody else", subject: "eve", problem: "not_verified"},
	} {
		t.Run(test.name, func(t *testing.T) {
			i := newIssuer(t)
			app, base := newBooks(t, i)
			cookie, asked := begin(t, base)
			if asked.Get("code_challenge_method") != "S256" || asked.Get("nonce") == "" || asked.Get("state") == "" {
				t.Fatalf("asked without PKCE, nonce or state: %v", asked)
			}
			answer := url.Values{"code": {"c"}, "state": asked["state"], "iss": {i.server.URL}}
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
			old, known := app.sessions.get(cookie.Value)
			if test.problem == "" {
				if len(res.Cookies()) != 1 || known {
					t.Error("the session id from before the sign-in is still good")
				}
				return
			}
			if old.problem == nil || old.problem.Code != test.problem || old.person != nil {
				t.Errorf("problem %+v, person %+v, want %q and nobody", old.problem, old.person, test.problem)
			}
		})
	}
}

// TestCallbackState shows that an answer counts once, and only in the browser that asked (RFC 6749 §10.12).
func TestCallbackState(t *testing.T) {
	i := newIssuer(t)
	_, base := newBooks(t, i)
	cookie, asked := begin(t, base)
	i.idToken = goodIDToken(i, asked.Get("nonce"))
	answer := base + CallbackPath + "?" + url.Values{"code": {"c"}, "state": asked["state"], "iss": {i.server.URL}}.Encode()

	other, _ := begin(t, base)
	for name, who := range map[string]*http.Cookie{"no cookie": nil, "another browser": other} {
		if res := get(t, answer, who); res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s", name, res.Status)
		}
	}
	first := get(t, answer, cookie)
	if first.StatusCode != http.StatusSeeOther || len(first.Cookies()) != 1 {
		t.Fatalf("the browser that asked: %s", first.Status)
	}
	if res := get(t, answer, cookie); res.StatusCode != http.StatusBadRequest {
		t.Errorf("the old cookie, a second time: %s", res.Status)
	}
	// The back button: the person is signed in, which is all they wanted.
	if res := get(t, answer, first.Cookies()[0]); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/" {
		t.Errorf("signed in, a second time: %s", res.Status)
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
