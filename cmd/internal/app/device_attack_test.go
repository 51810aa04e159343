package app_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// guesses types n wrong codes and returns how many were looked up.
func (w *world) guesses(b *browser, n int, person string) (looked int) {
	w.t.Helper()
	for i := range n {
		pg := w.typeCode(b, fmt.Sprintf("BBBB-%c%c%cB", "CDFGH"[i%5], "CDFGH"[i/5%5], "CDFGH"[i/25%5]), person)
		switch {
		case pg.status == 400 && pg.has("user-code"):
			looked++
		case pg.status != http.StatusTooManyRequests:
			w.t.Fatalf("guess %d: %d %s", i, pg.status, pg.body)
		}
	}
	return looked
}

// DV-02: guessing user codes.
func TestUserCodeGuessing(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "trusted_proxies: [ 127.0.0.1/32 ]")
	p := w.television()
	d := p.device()
	from := func(address string) *browser {
		b := newBrowser(t)
		b.headers.Set("X-Forwarded-For", address)
		return b
	}
	b := from("192.0.2.1")
	if n := w.guesses(b, 40, "ada"); n != 5 {
		t.Errorf("%d guesses of one browser were looked up", n)
	}
	if pg := w.typeCode(b, d.text("user_code"), "ada"); pg.status != http.StatusTooManyRequests {
		t.Errorf("the right code, locked out: %d", pg.status)
	}
	if n := w.guesses(from("192.0.2.2"), 20, "ada"); n != 0 {
		t.Errorf("%d guesses of one account in another browser", n)
	}
	if n := w.guesses(from("192.0.2.1"), 20, "alan"); n != 5 {
		t.Errorf("%d guesses of another account at the address", n)
	}
	if n := w.guesses(from("192.0.2.1"), 20, "grace"); n != 0 {
		t.Errorf("%d guesses of a third account at the address", n)
	}
	// Nobody else is held up.
	if pg := w.typeCode(from("192.0.2.3"), d.text("user_code"), "grace"); !pg.has("device-allow") {
		t.Errorf("another person: %d %s", pg.status, pg.body)
	}
	var looked atomic.Int32
	crowd := from("2001:db8:1:1::1")
	w.typeCode(crowd, "BBBB-BBBB", "grace") // signs in
	parallel(50, func(i int) {
		own := crowd.copy()
		own.headers.Set("X-Forwarded-For", fmt.Sprintf("2001:db8:1:%x::1", i))
		if pg := own.open(w.issuer+"/device").press("device-continue", "user_code", "BBBB-BBBZ"); pg.status == 400 {
			looked.Add(1)
		}
	})
	if looked.Load() > 4 {
		t.Errorf("%d guesses at once over many /64s", looked.Load())
	}
}

// DV-03: the link with the code approves nothing, in a browser that is signed in.
func TestDeviceLink(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "trusted_proxies: [ 127.0.0.1/32 ]")
	p, b := w.television(), newBrowser(t)
	w.typeCode(b, "BBBB-BBBB", "ada")
	form := url.Values{"client_id": {p.id}, "scope": {"openid email"}}
	r, err := http.NewRequest("POST", w.issuer+"/oauth2/device_authorization", strings.NewReader(form.Encode()))
	w.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-For", "203.0.113.66")
	d := w.send(r)
	pg := b.open(d.text("verification_uri_complete"))
	if !strings.Contains(pg.body, d.text("user_code")) || pg.has("device-allow") || !strings.Contains(pg.body, "in front of you") {
		t.Errorf("the link: %s", pg.body)
	}
	p.poll(d).expect(t, 400, "authorization_pending")
	pg = pg.press("device-continue")
	for _, want := range []string{"Sunny TV", d.text("user_code"), "Another one (203.0.113.66)", "Just now", "a…e@gmail.com", "Ada Lovelace"} {
		if !strings.Contains(pg.body, want) {
			t.Errorf("the confirmation lacks %q:\n%s", want, pg.body)
		}
	}
	p.poll(d).expect(t, 400, "slow_down")
	// Another site's form, and a link from another browser, decide nothing.
	forged := url.Values{"i": {pg.url.Query().Get("i")}, "decision": {"allow"}}
	if got := b.do("POST", w.issuer+"/device", forged, "cross-site"); got.status != 403 {
		t.Errorf("a cross-site form: %d", got.status)
	}
	if got := newBrowser(t).open(pg.url.String()); got.status != 400 || got.has("device-allow") {
		t.Errorf("another browser: %d", got.status)
	}
	if got := b.do("POST", w.issuer+"/device", forged, "same-origin"); !got.has("device-allow") {
		t.Errorf("a form without its session: %d", got.status)
	}
	if got := b.do("POST", w.issuer+"/consent", forged, "same-origin"); got.status != 400 {
		t.Errorf("the consent page: %d", got.status)
	}
	if got := b.open(w.issuer + "/oauth2/authorize/resume?i=" + url.QueryEscape(pg.url.Query().Get("i"))); got.status != 400 {
		t.Errorf("the decision about authorization requests: %d", got.status)
	}
	p.poll(d).expect(t, 400, "slow_down")
	pg.press("device-allow")
	p.poll(d).expect(t, 200, "")
}

// TK-09, TK-10: a device code is nothing else, nothing else is one, and an empty one matches nothing.
func TestDeviceCodeConfusion(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p, other, b := w.television(), w.television(), newBrowser(t)
	d := p.device()
	w.allow(b, d, "ada")
	waiting := p.device()
	web := w.newPartner()
	tokens := web.tokens(newBrowser(t), "alan")
	for _, code := range []string{
		"", " ", d.text("user_code"), d.text("device_code") + "=", d.text("device_code") + "\n", strings.ToUpper(d.text("device_code")), "sym_dc_", waiting.text("user_code"),
		tokens.text("access_token"), tokens.text("refresh_token"), tokens.text("id_token"), "sym_ac_" + strings.TrimPrefix(d.text("device_code"), "sym_dc_"),
		web.code(newBrowser(t), "alan"),
	} {
		want := map[bool]string{true: "invalid_request", false: "invalid_grant"}[code == ""] // RFC 6749 §5.2: a parameter is missing
		p.post("/oauth2/token", "grant_type", deviceCodeGrant, "device_code", code).expect(t, 400, want)
	}
	other.poll(d).expect(t, 400, "invalid_grant") // issued to another client
	for _, parameter := range []string{"code", "refresh_token"} {
		grant := map[string]string{"code": "authorization_code", "refresh_token": "refresh_token"}[parameter]
		web.post("/oauth2/token", "grant_type", grant, parameter, d.text("device_code"), "redirect_uri", redirectURI, "code_verifier", testVerifier).expect(t, 400, "invalid_grant")
	}
	if web.active(d.text("device_code")) || web.active(d.text("user_code")) || w.get("/oauth2/userinfo", d.text("device_code")).status != 401 {
		t.Error("a device code opens something")
	}
	p.post("/oauth2/revoke", "token", d.text("device_code")).expect(t, 200, "")
	for _, code := range []string{"", " ", "BBBB-BBB", d.text("device_code"), "BBBB-BBBBB", "bbbb bbbö"} {
		if pg := w.typeCode(b, code, "ada"); pg.status != 400 || !strings.Contains(pg.body, "no complete code") {
			t.Errorf("%q: %d", code, pg.status)
		}
	}
	p.poll(d).expect(t, 200, "")
}

// DS-08: rows that anybody can make are few, and go.
func TestDeviceCodesAreFew(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.television()
		made := 0
		for range 60 {
			switch r := p.post("/oauth2/device_authorization", "scope", "openid"); r.status {
			case 200:
				made++
			case http.StatusTooManyRequests:
			default:
				t.Fatalf("%d %s", r.status, r.raw)
			}
		}
		if made != 30 || w.count("device_codes") != 30 {
			t.Errorf("%d codes, %d rows", made, w.count("device_codes"))
		}
		_, err := w.stores.DB.Sweep(context.Background(), time.Now().Add(time.Hour), 10)
		w.must(err)
		if n := w.count("device_codes"); n != 0 {
			t.Errorf("%d rows stay", n)
		}
	})
}

// RT-07: neither code lies in the database or the log.
func TestDeviceCodesAtRest(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p := w.television()
		d := p.device()
		p.poll(d)
		w.allow(newBrowser(t), d, "ada")
		p.poll(d).expect(t, 200, "")
		plain := strings.ReplaceAll(d.text("user_code"), "-", "")
		for what, text := range map[string]string{"database": string(w.dump()), "log": w.log.String()} {
			for _, code := range []string{d.text("device_code"), strings.TrimPrefix(d.text("device_code"), "sym_dc_"), d.text("user_code"), plain} {
				if strings.Contains(text, code) {
					t.Errorf("%s lies in the %s", code, what)
				}
			}
		}
	})
}
