package app_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"
)

// usable is everything a run gave out that somebody could use, by name.
type usable map[string]string

// fullRun signs people in by both upstreams, redeems, refreshes, introspects, revokes and logs out, with mistakes in between, and returns all
// that was secret.
func (w *world) fullRun() usable {
	t := w.t
	t.Helper()
	all := usable{"verifier": testVerifier, "upstream secret": "simulated-facebook-secret"}
	p := w.newPartner()
	p.oauth.Scopes = append(p.oauth.Scopes, "offline_access")
	all["client secret"] = p.secret
	rotated, _, err := w.clients.RotateSecret(t.Context(), p.id, 0)
	w.must(err)
	all["rotated secret"] = rotated
	other := w.newPartner()
	all["other secret"] = other.secret
	p.secret = rotated
	b := newBrowser(t)
	b.stopAt = w.google.BaseURL()
	const state, nonce = "state-which-nobody-else-may-see", "nonce-which-nobody-else-may-see"
	pg := b.open(p.url("state", state, "nonce", nonce))
	all["interaction"] = pg.url.Query().Get("i")
	pg = pg.press("login-google")
	upstream, err := url.Parse(pg.location)
	w.must(err)
	all["state"], all["upstream state"] = state, upstream.Query().Get("state")
	b.stopAt = w.issuer + "/login/google/callback"
	callback, err := url.Parse(b.open(pg.location).press("person-ada").location)
	w.must(err)
	all["upstream code"] = callback.Query().Get("code")
	b.stopAt = redirectURI
	pg = b.open(callback.String()).press("consent-allow")
	all["code"] = pg.expectCode(t)
	r := p.redeem(all["code"])
	r.expect(t, 200, "")
	all["access token"], all["refresh token"], all["ID token"] = r.text("access_token"), r.text("refresh_token"), r.text("id_token")
	all["session cookie"], all["browser cookie"] = b.cookies[w.host()]["__Host-symbolon"], b.cookies[w.host()]["__Host-symbolon-browser"]
	r2 := p.refresh(all["refresh token"])
	all["second access token"], all["second refresh token"], all["second ID token"] = r2.text("access_token"), r2.text("refresh_token"), r2.text("id_token")
	p.active(all["second access token"])
	w.get("/oauth2/userinfo", all["second access token"])
	// Mistakes are what gets logged.
	all["unredeemed code"] = p.ask(b).expectCode(t)
	other.redeem(all["unredeemed code"])
	p.redeem(all["unredeemed code"], "code_verifier", "another-verifier-that-is-secret-another-0123456789")
	all["wrong verifier"] = "another-verifier-that-is-secret-another-0123456789"
	p.refresh(all["access token"])
	w.get("/oauth2/userinfo", all["refresh token"])
	w.get("/oauth2/userinfo?access_token="+all["access token"], "")
	w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_secret": {all["other secret"]}, "client_id": {p.id}}, "", "")
	w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, p.id, all["other secret"])
	b.open(w.issuer + "/oauth2/nowhere/" + all["access token"] + "?token=" + all["access token"])
	b.open(callback.String())
	b.open(w.issuer + "/login/google/callback?state=" + all["upstream state"] + "&error=" + all["access token"])
	p.ask(b, "id_token_hint", all["ID token"], "login_hint", "ada.lovelace@gmail.com", "prompt", "none")
	p.redeem(all["code"])
	facebook := newBrowser(t)
	facebook.stopAt = redirectURI
	pg = facebook.open(other.url()).press("login-facebook").press("person-grace").press("consent-allow")
	r = other.redeem(pg.expectCode(t))
	all["facebook session"], all["facebook access token"] = facebook.cookies[w.host()]["__Host-symbolon"], r.text("access_token")
	other.post("/oauth2/revoke", "token", all["facebook access token"])
	b.open(w.issuer + "/oauth2/logout?id_token_hint=" + url.QueryEscape(all["ID token"]))
	for name, value := range all {
		if len(value) < 16 {
			t.Fatalf("%s was not collected: %q", name, value)
		}
	}
	return all
}

// RT-07, BR-18, EN-04: a dump of the database has nothing usable in it, plain or encoded.
func TestNothingUsableAtRest(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		all := w.fullRun()
		dump := w.dump()
		if !bytes.Contains(dump, []byte(w.account("ada.lovelace@gmail.com").ID)) {
			t.Fatal("the dump is not one")
		}
		for name, value := range all {
			if name == "interaction" {
				continue // sealed, and bound to a browser whose cookie is not there
			}
			for how, form := range encodings(value) {
				if bytes.Contains(dump, []byte(form)) {
					t.Errorf("%s lies in the database, %s", name, how)
				}
			}
		}
		for _, plain := range []string{"PRIVATE KEY", "0123456789abcdef0123456789abcdef-test", w.google.Config("", nil).ClientSecret} {
			if plain != "" && bytes.Contains(dump, []byte(plain)) {
				t.Errorf("%s lies in the database", plain)
			}
		}
		if !bytes.Contains(dump, []byte("upstream_attempts: ")) && w.count("upstream_attempts") > 0 {
			t.Error("the attempts are not in the dump")
		}
	})
}

// encodings are the forms in which a value may lie somewhere. A token's usable part is looked for too.
func encodings(value string) map[string]string {
	forms := map[string]string{
		"plain": value, "base64": base64.RawStdEncoding.EncodeToString([]byte(value)), "base64url": base64.RawURLEncoding.EncodeToString([]byte(value)),
		"hexadecimal": hex.EncodeToString([]byte(value)), "escaped": url.QueryEscape(value),
	}
	core := value
	for _, prefix := range []string{"sym_ac_", "sym_rt_", "sym_cs_"} {
		core = strings.TrimPrefix(core, prefix)
	}
	forms["without its prefix"] = core
	if parts := strings.Split(core, "."); len(parts) == 3 {
		forms["its signature"] = parts[2]
	}
	if raw, err := base64.RawURLEncoding.DecodeString(core); err == nil && len(raw) >= 16 {
		forms["decoded"], forms["decoded, hexadecimal"], forms["decoded, base64"] = string(raw), hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw)
	}
	return forms
}

// EN-03: the log of a whole run at debug level, and the metrics, have no secret, code, token, cookie or address in them.
func TestNothingSecretInTheLog(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		all := w.fullRun()
		log, metrics := w.log.String(), w.get("/metrics", "").raw
		if strings.Count(log, `"msg":"request"`) < 20 {
			t.Fatalf("the log is not one:\n%s", log)
		}
		for _, person := range []string{"ada.lovelace@gmail.com", "ada.lovelace", "grace.hopper@ships.example", "Ada Lovelace", "Hopper"} {
			if strings.Contains(log, person) || strings.Contains(metrics, person) {
				t.Errorf("%s stands in the log or the metrics", person)
			}
		}
		for name, value := range all {
			for how, form := range encodings(value) {
				if strings.Contains(log, form) {
					t.Errorf("%s stands in the log, %s", name, how)
				}
				if strings.Contains(metrics, form) {
					t.Errorf("%s stands in the metrics, %s", name, how)
				}
			}
		}
	})
}
