package bearer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// logout returns a log-out token for the session s1, with some claims changed; nil takes one away.
func (w *world) logout(changes map[string]any) string {
	now := time.Now().Unix()
	claims := map[string]any{
		"iss": w.issuer, "aud": "shop", "iat": now, "exp": now + 120, "jti": fmt.Sprint(time.Now().UnixNano()), "sub": "anna", "sid": "s1",
		"events": map[string]any{logoutEvent: map[string]any{}},
	}
	for name, value := range changes {
		if value == nil {
			delete(claims, name)
		} else {
			claims[name] = value
		}
	}
	return w.sign("logout+jwt", claims)
}

func logoutRequest(token string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/backchannel-logout", strings.NewReader(url.Values{"logout_token": {token}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func TestLogoutEndsTheSessionAtOnce(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
		var got []Logout
		h := v.LogoutHandler("shop", func(_ context.Context, l Logout) error {
			got = append(got, l)
			return nil
		})
		exp := time.Now().Unix() + 10*hour
		session := w.token(map[string]any{"sid": "s1", "exp": exp})
		otherSession := w.token(map[string]any{"sid": "s2", "exp": exp})
		noSession := w.token(map[string]any{"exp": exp})
		ahead := w.token(map[string]any{"sid": "s1", "iat": time.Now().Unix() + 8, "exp": exp})
		for _, token := range []string{session, otherSession, noSession, ahead} {
			accepts(t, v, token)
		}
		token := w.logout(nil)
		response := serve(h, logoutRequest(token))
		if response.StatusCode != 200 || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d %v", response.StatusCode, response.Header)
		}
		if len(got) != 1 || got[0].Subject != "anna" || got[0].SessionID != "s1" || got[0].Issuer != testIssuer || got[0].ID == "" {
			t.Errorf("got %+v", got)
		}
		revoked(t, v, session)
		revoked(t, v, ahead)
		accepts(t, v, otherSession)
		accepts(t, v, noSession)
		if response := serve(h, logoutRequest(token)); response.StatusCode != 200 || len(got) != 1 {
			t.Errorf("the same again: %d, handled %d times", response.StatusCode, len(got))
		}
		time.Sleep(30 * time.Second) // a grant that outlives its session (offline access) gets new tokens
		accepts(t, v, w.token(map[string]any{"sid": "s1"}))
		time.Sleep(9 * time.Hour)
		revoked(t, v, session)
	})
}

func TestLogoutOfASubjectEndsAllItsSessions(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world, v *Verifier) {
		h := v.LogoutHandler("shop", nil)
		ours, others := w.token(map[string]any{"sid": "s1"}), w.token(map[string]any{"sub": "bert", "sid": "s3"})
		client := w.token(nil)
		if response := serve(h, logoutRequest(w.logout(map[string]any{"sid": nil}))); response.StatusCode != 200 {
			t.Fatal(response.StatusCode)
		}
		revoked(t, v, ours)
		revoked(t, v, client)
		accepts(t, v, others)
		time.Sleep(time.Second)
		accepts(t, v, w.token(map[string]any{"sid": "s4"})) // signed in again
	})
}

func TestLogoutIsRememberedAsLongAsTokensLive(t *testing.T) {
	bubble(t, func(c *Config) { c.MaxTokenLifetime = time.Hour }, func(t *testing.T, w *world, v *Verifier) {
		h := v.LogoutHandler("shop", nil)
		token := w.token(map[string]any{"sid": "s1", "iat": time.Now().Unix() + 10, "exp": time.Now().Unix() + 10 + hour})
		serve(h, logoutRequest(w.logout(nil)))
		for range 3620 {
			if _, err := v.Verify(t.Context(), token); err == nil {
				t.Fatal("accepted again")
			}
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		serve(h, logoutRequest(w.logout(map[string]any{"sid": "s2"})))
		if n := v.denied.count.Load(); n != 1 {
			t.Errorf("%d log-outs are remembered", n)
		}
	})
}

func TestOIDCBackChannelLogout26(t *testing.T) {
	w := newWorld(t)
	v := w.verifier(nil)
	h := v.LogoutHandler("shop", func(context.Context, Logout) error {
		t.Error("handled")
		return nil
	})
	eve := newWorld(t)
	now := time.Now().Unix()
	typed := func(typ string) string {
		return w.sign(typ, map[string]any{
			"iss": w.issuer, "aud": "shop", "iat": now, "exp": now + 60, "jti": "x", "sub": "anna", "events": map[string]any{logoutEvent: map[string]any{}},
		})
	}
	for name, token := range map[string]string{
		"other key":        eve.logout(nil),
		"other issuer":     w.logout(map[string]any{"iss": "https://evil.example.com"}),
		"other audience":   w.logout(map[string]any{"aud": []string{"other", "shop2"}}),
		"no audience":      w.logout(map[string]any{"aud": nil}),
		"no iat":           w.logout(map[string]any{"iat": nil}),
		"no exp":           w.logout(map[string]any{"exp": nil}),
		"expired":          w.logout(map[string]any{"exp": now - 60}),
		"from the future":  w.logout(map[string]any{"iat": now + 60, "exp": now + 120}),
		"for a year":       w.logout(map[string]any{"exp": now + 31_000_000}),
		"no jti":           w.logout(map[string]any{"jti": nil}),
		"no sub, no sid":   w.logout(map[string]any{"sub": nil, "sid": nil}),
		"sub number":       w.logout(map[string]any{"sub": 1}),
		"nonce":            w.logout(map[string]any{"nonce": "n"}),
		"nonce null":       w.logout(map[string]any{"nonce": false}),
		"no events":        w.logout(map[string]any{"events": nil}),
		"events array":     w.logout(map[string]any{"events": []string{logoutEvent}}),
		"other event":      w.logout(map[string]any{"events": map[string]any{"http://schemas.openid.net/event/other": map[string]any{}}}),
		"event not object": w.logout(map[string]any{"events": map[string]any{logoutEvent: true}}),
		"typ JWT":          typed("JWT"),
		"typ at+jwt":       typed("at+jwt"),
		"typ secevent+jwt": typed("secevent+jwt"),
		"access token":     w.token(nil),
		"none":             segment(`{"alg":"none","typ":"logout+jwt"}`) + "." + strings.Split(w.logout(nil), ".")[1] + ".",
		"giant":            strings.Repeat("A", 9<<10),
		"empty":            "",
	} {
		t.Run(name, func(t *testing.T) {
			response := serve(h, logoutRequest(token))
			body, _ := io.ReadAll(response.Body)
			if response.StatusCode != 400 || response.Header.Get("Cache-Control") != "no-store" || !strings.Contains(string(body), `"error":"invalid_request"`) {
				t.Errorf("%d %v %s", response.StatusCode, response.Header, body)
			}
		})
	}
	if v.denied.count.Load() != 0 {
		t.Error("a refused log-out token ended something")
	}
}

func TestLogoutRequest(t *testing.T) {
	w := newWorld(t)
	h := w.verifier(nil).LogoutHandler("shop", nil)
	body := func(media, text string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/backchannel-logout", strings.NewReader(text))
		r.Header.Set("Content-Type", media)
		return r
	}
	const form = "application/x-www-form-urlencoded"
	token := "logout_token=" + w.logout(nil)
	for name, tt := range map[string]struct {
		request *http.Request
		status  int
	}{
		"GET":           {httptest.NewRequest(http.MethodGet, "/backchannel-logout?"+token, nil), 405},
		"in the query":  {httptest.NewRequest(http.MethodPost, "/backchannel-logout?"+token, nil), 400},
		"JSON":          {body("application/json", token), 400},
		"multipart":     {body("multipart/form-data; boundary=x", token), 400},
		"twice":         {body(form, token+"&"+token), 400},
		"bad escape":    {body(form, "logout_token=%zz"), 400},
		"1 MiB":         {body(form, token+"&x="+strings.Repeat("x", 1<<20)), 400},
		"unknown field": {body(form+"; charset=utf-8", "x=1&"+token), 200},
	} {
		if response := serve(h, tt.request); response.StatusCode != tt.status {
			t.Errorf("%s: %d, want %d", name, response.StatusCode, tt.status)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("LogoutHandler without a client id does not panic")
		}
	}()
	w.verifier(nil).LogoutHandler("", nil)
}

func TestFailedLogoutMayBeTriedAgain(t *testing.T) {
	w := newWorld(t)
	fault := errors.New("database is down")
	calls := 0
	h := w.verifier(nil).LogoutHandler("shop", func(context.Context, Logout) error {
		calls++
		return fault
	})
	token := w.logout(nil)
	if response := serve(h, logoutRequest(token)); response.StatusCode != 400 {
		t.Errorf("status %d (OIDC Back-Channel Logout §2.8)", response.StatusCode)
	}
	fault = nil
	if response := serve(h, logoutRequest(token)); response.StatusCode != 200 || calls != 2 {
		t.Errorf("the second try: %d after %d calls", response.StatusCode, calls)
	}
}

func TestDeniedIsBounded(t *testing.T) {
	d := &denied{}
	now := time.Now()
	for i := range maxDenied {
		if err := d.add(deniedKey{session: fmt.Sprint(i)}, denial{issuedUpTo: now, until: now.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.add(deniedKey{session: "one more"}, denial{until: now.Add(time.Hour)}); !errors.Is(err, errDeniedFull) {
		t.Errorf("got %v", err)
	}
	if err := d.add(deniedKey{session: "5"}, denial{issuedUpTo: now.Add(-time.Hour), until: now.Add(time.Hour)}); err != nil {
		t.Errorf("a session that is known: %v", err)
	}
	if !d.has(&Token{SessionID: "5", IssuedAt: now}, now) {
		t.Error("an older log-out took back a newer one")
	}
}
