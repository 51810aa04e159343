package app_test

import (
	"crypto/ecdsa"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const deviceCodeGrant = "urn:ietf:params:oauth:grant-type:device_code"

// television registers the app of a device: a public client with the device grant and refresh tokens. Members are added to its metadata.
func (w *world) television(members ...string) *partner {
	w.t.Helper()
	members = append(members, `"client_name":"Sunny TV","token_endpoint_auth_method":"none","grant_types":["`+deviceCodeGrant+`","refresh_token"]`)
	return w.partner("{" + strings.Join(members, ",") + "}")
}

// device asks for a device code, and shows what it got.
func (p *partner) device(pairs ...string) reply {
	p.w.t.Helper()
	r := p.post("/oauth2/device_authorization", append([]string{"scope", "openid profile email"}, pairs...)...)
	if r.status != 200 {
		p.w.t.Fatalf("device authorization: %d %s\nlog:\n%s", r.status, r.raw, p.w.log)
	}
	return r
}

// poll asks whether the person has decided.
func (p *partner) poll(device reply, pairs ...string) reply {
	p.w.t.Helper()
	return p.post("/oauth2/token", append([]string{"grant_type", deviceCodeGrant, "device_code", device.text("device_code")}, pairs...)...)
}

// typeCode types a user code, and signs in on the way where that is asked for.
func (w *world) typeCode(b *browser, code, person string) *page {
	w.t.Helper()
	pg := b.open(w.issuer+"/device").press("device-continue", "user_code", code)
	for range 3 {
		switch {
		case pg.has("login-google"):
			pg = pg.press("login-google")
		case pg.has("person-" + person):
			pg = pg.press("person-" + person)
		default:
			return pg
		}
	}
	w.t.Fatalf("the sign-in does not end: %s", pg.body)
	return nil
}

// connect takes a person through the pages up to the confirmation, which must stand there.
func (w *world) connect(b *browser, device reply, person string) *page {
	w.t.Helper()
	pg := w.typeCode(b, device.text("user_code"), person)
	if !pg.has("device-allow") {
		w.t.Fatalf("%d %s:\n%s\nlog:\n%s", pg.status, pg.url, pg.body, w.log)
	}
	return pg
}

// allow has the person allow it.
func (w *world) allow(b *browser, device reply, person string) {
	w.t.Helper()
	if pg := w.connect(b, device, person).press("device-allow"); pg.status != 200 || pg.has("device-allow") || pg.has("user-code") {
		w.t.Fatalf("allow: %d %s", pg.status, pg.body)
	}
}

// expectNotice fails unless the page asks for a code again and says why.
func (p *page) expectNotice(t *testing.T, text string) {
	t.Helper()
	if p.status != 400 || !p.has("user-code") || p.has("device-allow") || !strings.Contains(p.body, text) {
		t.Errorf("%s: %d, want the field and %q:\n%s", p.url, p.status, text, p.body)
	}
}

// form returns what is sent to redeem the device code.
func (p *partner) deviceForm(device reply) url.Values {
	return url.Values{"grant_type": {deviceCodeGrant}, "device_code": {device.text("device_code")}, "client_id": {p.id}}
}

// proving sends a form of a public client to the token endpoint, with a proof of the key.
func (w *world) proving(key *ecdsa.PrivateKey, form url.Values) reply {
	w.t.Helper()
	r, err := http.NewRequest("POST", w.issuer+"/oauth2/token", strings.NewReader(form.Encode()))
	w.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("DPoP", w.proof(key, "POST", "/oauth2/token"))
	return w.send(r)
}
