package app_test

import (
	"crypto/elliptic"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// RFC 8628 §3.1 to §3.5, with golang.org/x/oauth2 as the device.
func TestDeviceWithOtherPeoplesLibrary(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.television()
	p.oauth.RedirectURL = ""
	answer, err := p.oauth.DeviceAuth(t.Context())
	w.must(err)
	if !regexp.MustCompile(`^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$`).MatchString(answer.UserCode) || !strings.HasPrefix(answer.DeviceCode, "sym_dc_") || len(answer.DeviceCode) != 50 {
		t.Errorf("codes %+v", answer)
	}
	if left := time.Until(answer.Expiry); answer.Interval != 5 || left < 590*time.Second || left > 610*time.Second {
		t.Errorf("interval %d, expiry in %s", answer.Interval, left)
	}
	if answer.VerificationURI != w.issuer+"/device" || answer.VerificationURIComplete != w.issuer+"/device?user_code="+answer.UserCode {
		t.Errorf("addresses %+v", answer)
	}
	w.allow(newBrowser(t), reply{body: map[string]any{"user_code": answer.UserCode}}, "ada")
	tokens, err := p.oauth.DeviceAccessToken(t.Context(), answer)
	w.must(err)
	raw, _ := tokens.Extra("id_token").(string)
	id, err := p.provider.Verifier(&oidc.Config{ClientID: p.id}).Verify(t.Context(), raw)
	w.must(err)
	if id.Subject != w.account("ada.lovelace@gmail.com").ID {
		t.Errorf("signed in as %s", id.Subject)
	}
	fresh, err := p.oauth.TokenSource(t.Context(), &oauth2.Token{RefreshToken: tokens.RefreshToken}).Token()
	w.must(err)
	if w.get("/oauth2/userinfo", fresh.AccessToken).text("email") != "ada.lovelace@gmail.com" {
		t.Error("userinfo does not know the person")
	}
}

func TestDeviceGrant(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		p, b := w.television(), newBrowser(t)
		d := p.device()
		p.poll(d).expect(t, 400, "authorization_pending")
		p.poll(d).expect(t, 400, "slow_down") // RFC 8628 §3.5
		p.poll(d).expect(t, 400, "slow_down")
		w.allow(b, d, "ada")
		r := p.poll(d) // what is decided is told at once
		r.expect(t, 200, "")
		access, id := readJWT(t, r.text("access_token")), readJWT(t, r.text("id_token"))
		if id.text("sub") != access.text("sub") || id.text("aud") != p.id || id.text("sid") == "" || r.text("scope") != "openid profile email" {
			t.Errorf("tokens: %s", r.raw)
		}
		if w.get("/oauth2/userinfo", r.text("access_token")).status != 200 {
			t.Error("userinfo refuses the token")
		}
		p.refresh(r.text("refresh_token")).expect(t, 200, "")
		p.poll(d).expect(t, 400, "invalid_grant")
		if w.get("/oauth2/userinfo", r.text("access_token")).status != 200 {
			t.Error("a second answer that was lost ends the grant")
		}
		b.open(w.issuer + "/logout").press("logout-confirm")
		if w.get("/oauth2/userinfo", r.text("access_token")).status != 401 {
			t.Error("log-out does not reach the device")
		}
		p.refresh(r.text("refresh_token")).expect(t, 400, "invalid_grant")
	})
}

// DV-01: 20 pollers at the moment of approval, over two nodes: exactly one token set, and it stays alive.
func TestDeviceParallelPolling(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, a *world) {
		p := a.television()
		onB := p.at(a.second())
		b := newBrowser(t)
		for round := range 3 {
			d := p.device()
			confirm := a.connect(b, d, "ada")
			var won atomic.Value
			var sets atomic.Int32
			parallel(21, func(i int) {
				if i == 20 {
					confirm.press("device-allow")
					return
				}
				at := p
				if i%2 == 1 {
					at = onB
				}
				for range 40 {
					r := at.poll(d)
					switch r.text("error") {
					case "":
						sets.Add(1)
						won.Store(r.text("access_token"))
						return
					case "authorization_pending", "slow_down":
						time.Sleep(10 * time.Millisecond)
					case "invalid_grant":
						return
					default:
						t.Errorf("%d %s", r.status, r.raw)
						return
					}
				}
			})
			if sets.Load() != 1 {
				t.Fatalf("round %d: %d token sets", round, sets.Load())
			}
			if a.get("/oauth2/userinfo", won.Load().(string)).status != 200 {
				t.Errorf("round %d: the tokens are dead", round)
			}
		}
	})
}

// DV-04: a decision is final, and one person's.
func TestDeviceDecisionIsFinal(t *testing.T) {
	t.Parallel()
	bothWith(t, "lifetimes: { device_code: 2s }", func(t *testing.T, w *world) {
		p, ada, alan := w.television(), newBrowser(t), newBrowser(t)
		w.typeCode(ada, "BBBB-BBBB", "ada")
		w.typeCode(alan, "BBBB-BBBB", "alan")
		subject := func(r reply) string { return readJWT(t, r.text("id_token")).text("sub") }

		d := p.device()
		late := w.connect(alan, d, "alan")
		w.allow(ada, d, "ada")
		late.press("device-allow").expectNotice(t, "already been used")
		late.press("device-deny").expectNotice(t, "already been used")
		w.typeCode(alan, d.text("user_code"), "alan").expectNotice(t, "already been used")
		r := p.poll(d)
		r.expect(t, 200, "")
		if subject(r) != w.account("ada.lovelace@gmail.com").ID {
			t.Error("the tokens are somebody else's")
		}

		d = p.device()
		both := w.connect(ada, d, "ada")
		both.press("device-deny")
		both.press("device-allow").expectNotice(t, "already been used")
		p.poll(d).expect(t, 400, "access_denied")
		p.poll(d).expect(t, 400, "access_denied")

		d = p.device()
		pg := w.connect(ada, d, "ada")
		time.Sleep(2100 * time.Millisecond)
		pg.press("device-allow").expectNotice(t, "too old")
		p.poll(d).expect(t, 400, "expired_token")
		w.typeCode(ada, d.text("user_code"), "ada").expectNotice(t, "too old")

		d = p.device()
		w.allow(ada, d, "ada")
		time.Sleep(2100 * time.Millisecond)
		p.poll(d).expect(t, 400, "expired_token")
	})
}

// DV-05, CA-01 and the rules of /authorize for scope and resource.
func TestDeviceAuthorizationRequest(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.television(`"audience":["https://api.example"]`)
	web := w.newPartner()
	confidential := w.partner(`{"client_name":"Box","grant_types":["` + deviceCodeGrant + `"],"redirect_uris":[]}`)
	const path = "/oauth2/device_authorization"
	web.post(path, "scope", "openid").expect(t, 400, "unauthorized_client")
	web.post("/oauth2/token", "grant_type", deviceCodeGrant, "device_code", "x").expect(t, 400, "unauthorized_client")
	for name, c := range map[string]struct {
		form url.Values
		id   string
		code string
	}{
		"no client":             {url.Values{"scope": {"openid"}}, "", "invalid_client"},
		"unknown client":        {url.Values{"scope": {"openid"}, "client_id": {"nobody"}}, "", "invalid_client"},
		"secret of none":        {url.Values{"scope": {"openid"}, "client_id": {p.id}, "client_secret": {"x"}}, "", "invalid_client"},
		"no secret":             {url.Values{"scope": {"openid"}, "client_id": {confidential.id}}, "", "invalid_client"},
		"no scope":              {url.Values{"client_id": {p.id}}, "", "invalid_scope"},
		"scope too wide":        {url.Values{"scope": {"openid symbolon:admin"}, "client_id": {p.id}}, "", "invalid_scope"},
		"unknown resource":      {url.Values{"scope": {"openid"}, "client_id": {p.id}, "resource": {"https://other.example"}}, "", "invalid_target"},
		"a parameter repeated":  {url.Values{"scope": {"openid", "openid"}, "client_id": {p.id}}, "", "invalid_request"},
		"a parameter not asked": {url.Values{"scope": {"openid"}, "client_id": {p.id}, "display": {"tv"}}, "", ""},
	} {
		r := w.post(path, c.form, "", "")
		if r.text("error") != c.code {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
	d := p.device("resource", "https://api.example")
	w.allow(newBrowser(t), d, "ada")
	r := p.poll(d)
	r.expect(t, 200, "")
	if aud := fmt.Sprint(readJWT(t, r.text("access_token")).claims["aud"]); aud != "[https://api.example "+w.issuer+"]" {
		t.Errorf("audience %s", aud)
	}
	d = confidential.device("scope", "openid offline_access") // RT-06
	w.allow(newBrowser(t), d, "ada")
	if r = confidential.poll(d); r.status != 200 || r.body["refresh_token"] != nil || r.text("scope") != "openid" {
		t.Errorf("without the refresh_token grant: %d %s", r.status, r.raw)
	}
}

// DV-06: what changed between the decision and the tokens counts.
func TestDevicePolicyAtTokenTime(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		for name, change := range map[string]func(p *partner, b *browser){
			"log-out": func(_ *partner, b *browser) { b.open(w.issuer + "/logout").press("logout-confirm") },
			"blocked": func(*partner, *browser) {
				w.must(w.stores.DB.Block(t.Context(), w.account("ada.lovelace@gmail.com").ID, time.Now()))
			},
			"withdrawn": func(p *partner, _ *browser) {
				w.must(w.stores.DB.DeleteConsent(t.Context(), w.account("ada.lovelace@gmail.com").ID, p.id, time.Now()))
			},
		} {
			p, b := w.television(), newBrowser(t)
			d := p.device()
			w.allow(b, d, "ada")
			change(p, b)
			if r := p.poll(d); r.status != 400 || r.text("error") != "invalid_grant" {
				t.Errorf("%s: %d %s", name, r.status, r.raw)
			}
			if name == "blocked" {
				w.must(w.stores.DB.Unblock(t.Context(), w.account("ada.lovelace@gmail.com").ID))
				p.poll(d).expect(t, 400, "invalid_grant") // the session has ended
			}
		}
		p, b := w.television(), newBrowser(t)
		d := p.device()
		w.allow(b, d, "ada")
		w.must(w.clients.Delete(t.Context(), p.id))
		if r := p.poll(d); r.text("error") != "invalid_client" && r.text("error") != "invalid_grant" { // the node may have it in its cache for some seconds
			t.Errorf("deleted client: %d %s", r.status, r.raw)
		}
	})
}

// A user code may be typed in any way that people do (RFC 8628 §6.1).
func TestUserCodeSpelling(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p, b := w.television(), newBrowser(t)
	code := p.device().text("user_code")
	w.typeCode(b, code, "ada")
	plain := strings.ReplaceAll(code, "-", "")
	for _, typed := range []string{plain, strings.ToLower(code), strings.ToLower(plain), " " + code + " ", plain[:2] + " " + plain[2:4] + "–" + plain[4:]} {
		if pg := w.typeCode(b, typed, "ada"); !pg.has("device-allow") {
			t.Errorf("%q: %d %s", typed, pg.status, pg.body)
		}
	}
}

// RFC 9449 §5: a public client's refresh token is bound to the key of the first request.
func TestDeviceWithDPoP(t *testing.T) {
	t.Parallel()
	w := embeddedWorld(t, "")
	p := w.television(`"dpop_bound_access_tokens":true`)
	key := ecKey(t, elliptic.P256())
	d := p.device()
	w.allow(newBrowser(t), d, "ada")
	form := p.deviceForm(d)
	w.post("/oauth2/token", form, "", "").expect(t, 400, "invalid_dpop_proof")
	r := w.proving(key, form)
	r.expect(t, 200, "")
	if r.text("token_type") != "DPoP" || fmt.Sprint(readJWT(t, r.text("access_token")).claims["cnf"]) != "map[jkt:"+thumbprint(t, key)+"]" {
		t.Errorf("not bound: %s", r.raw)
	}
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.text("refresh_token")}, "client_id": {p.id}}
	w.proving(ecKey(t, elliptic.P256()), refresh).expect(t, 400, "invalid_grant")
	w.proving(key, refresh).expect(t, 200, "")
}
