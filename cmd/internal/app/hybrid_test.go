package app_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// legacyPartner is a client of the implicit and hybrid flows.
func (w *world) legacyPartner() *partner {
	return w.partner(`{"client_name":"Old Books","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","implicit"],` +
		`"response_types":["code","id_token","id_token token","code id_token","code token","code id_token token"]}`)
}

// OIDC Core §3.2, §3.3: what each response type brings, with the hashes that belong to it, and in the fragment.
func TestLegacyResponseTypes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/x.db", "legacy_response_types: true")
	p := w.legacyPartner()
	b := newBrowser(t)
	p.tokens(b, "ada")
	b.stopAt = redirectURI
	for _, kind := range []string{"id_token", "id_token token", "code id_token", "code token", "code id_token token", "token id_token code"} {
		p.test(kind, func(t *testing.T, p *partner) {
			got := p.answer(b.open(p.url("response_type", kind)), "fragment")
			for member, word := range map[string]string{"code": "code", "access_token": "token", "id_token": "id_token"} {
				if asked := hasWord(kind, word); asked != (got.Get(member) != "") {
					t.Errorf("%s: %v", member, got)
				}
			}
			p.checkFrontIDToken(t, kind, got)
			if token := got.Get("access_token"); token != "" {
				if info := w.get("/oauth2/userinfo", token); info.status != http.StatusOK || info.text("name") == "" {
					t.Errorf("userinfo: %d %s", info.status, info.raw)
				}
			}
			if code := got.Get("code"); code != "" {
				if r := p.redeem(code); r.status != http.StatusOK || r.text("id_token") == "" {
					t.Errorf("redeem: %d %s", r.status, r.raw)
				}
			}
		})
	}
}

func hasWord(s, word string) bool {
	for _, w := range strings.Fields(s) {
		if w == word {
			return true
		}
	}
	return false
}

func (p *partner) checkFrontIDToken(t *testing.T, kind string, got url.Values) {
	t.Helper()
	if got.Get("id_token") == "" {
		return
	}
	var c map[string]any
	p.w.must(json.Unmarshal(p.w.verified(got.Get("id_token")), &c))
	for claim, member := range map[string]string{"c_hash": "code", "at_hash": "access_token"} {
		want := any(nil)
		if value := got.Get(member); value != "" {
			sum := sha256.Sum256([]byte(value))
			want = base64.RawURLEncoding.EncodeToString(sum[:16])
		}
		if c[claim] != want {
			t.Errorf("%s: got %v, want %v", claim, c[claim], want)
		}
	}
	// OIDC Core §5.4: the profile is in the ID token only where no access token opens the userinfo endpoint.
	if alone := kind == "id_token"; alone != (c["name"] != nil) || alone != (c["email"] != nil) {
		t.Errorf("profile claims: %v", c)
	}
	if c["nonce"] != "n1" {
		t.Errorf("nonce: %v", c["nonce"])
	}
}

// OIDC Core §3.2.2.1, §3.3.2.11; AZ-11, AZ-12: what these flows refuse.
func TestLegacyResponseTypesRefuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/x.db", "legacy_response_types: true")
	legacy, plain := w.legacyPartner(), w.newPartner()
	b := newBrowser(t)
	b.stopAt = redirectURI
	for name, c := range map[string]struct {
		p         *partner
		overrides []string
		want      string
	}{
		"id_token without nonce":      {legacy, []string{"response_type", "id_token", "nonce", ""}, "invalid_request"},
		"code id_token without nonce": {legacy, []string{"response_type", "code id_token", "nonce", ""}, "invalid_request"},
		"token alone":                 {legacy, []string{"response_type", "token"}, "unsupported_response_type"},
		"a client not registered":     {plain, []string{"response_type", "code id_token"}, "unauthorized_client"},
		"tokens in a query":           {legacy, []string{"response_type", "id_token token", "response_mode", "query"}, "invalid_request"},
		"tokens in a signed query":    {legacy, []string{"response_type", "id_token", "response_mode", "query.jwt"}, "invalid_request"},
		"without openid":              {legacy, []string{"response_type", "code token", "scope", "profile"}, "invalid_request"},
	} {
		pg := b.open(c.p.url(c.overrides...))
		u, err := url.Parse(pg.location)
		w.must(err)
		q, _ := url.ParseQuery(u.Fragment)
		if q.Get("error") != c.want || u.RawQuery != "" || q.Get("state") != "s1" {
			t.Errorf("%s: %d %s", name, pg.status, pg.location)
		}
	}
	// conformance: code token needs no nonce.
	if got := legacy.signInFragment(b, "ada", "response_type", "code token", "nonce", ""); got.Get("code") == "" || got.Get("access_token") == "" {
		t.Errorf("code token without nonce: %v", got)
	}
}

// signInFragment signs in and returns what came back in the fragment.
func (p *partner) signInFragment(b *browser, person string, overrides ...string) url.Values {
	p.w.t.Helper()
	p.signIn(b, person, "response_type", "code")
	return p.answer(b.open(p.url(overrides...)), "fragment")
}

// AZ-11: without the operator's word nothing of it is offered, announced or registrable.
func TestLegacyResponseTypesAreOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/x.db", "")
	doc := w.get("/.well-known/openid-configuration", "")
	if types, _ := doc.body["response_types_supported"].([]any); len(types) != 1 || types[0] != "code" {
		t.Errorf("response types: %v", doc.body["response_types_supported"])
	}
	b := newBrowser(t)
	b.stopAt = redirectURI
	if pg := b.open(w.newPartner().url("response_type", "code id_token")); !strings.Contains(pg.location, "error=unsupported_response_type") {
		t.Errorf("%s", pg.location)
	}
}

// OIDC Back-Channel Logout §2.5, OIDC Front-Channel Logout §3: who was signed in by an ID token from the authorization endpoint alone is logged out too.
func TestLegacyClientsAreToldOfTheLogout(t *testing.T) {
	t.Parallel()
	bothWith(t, "legacy_response_types: true", func(t *testing.T, w *world) {
		for _, responseType := range []string{"id_token", "code id_token"} {
			e, b := newEar(t), newBrowser(t)
			p := w.partner(`{"client_name":"Old Books","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","implicit"],"backchannel_logout_uri":"` + e.URL + `/bc",` +
				`"frontchannel_logout_uri":"https://partner.example/fc","frontchannel_logout_session_required":true,"response_types":["code","id_token","code id_token"]}`)
			sid := readJWT(t, p.signInFragment(b, "ada", "response_type", responseType).Get("id_token")).text("sid")
			pg := b.open(w.issuer + "/logout").press("logout-confirm")
			if !strings.Contains(pg.body, "https://partner.example/fc?") || !strings.Contains(pg.body, sid) {
				t.Errorf("%s: no frame for it\n%s", responseType, pg.body)
			}
			if told := readJWT(t, e.heard(t, 1)).text("sid"); told != sid {
				t.Errorf("%s: told of %q, not of %q", responseType, told, sid)
			}
		}
	})
}
