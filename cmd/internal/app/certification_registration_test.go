package app_test

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
)

// registrationModules are those of the plans Dynamic, Config and third-party-initiated login that are about metadata, the client's or ours.
func registrationModules() map[string]func(*suite) {
	return map[string]func(*suite){
		"oidcc-idtoken-rs256":                                func(s *suite) { s.register("id_token_signed_response_alg", "RS256").flow() },
		"oidcc-userinfo-rs256":                               userInfoRS256,
		"oidcc-ensure-redirect-uri-in-authorization-request": redirectURIMissing,
		"oidcc-redirect-uri-query-OK": func(s *suite) {
			rp := s.register("redirect_uris", []any{redirectURI + "?foo=bar"})
			rp.redirectURI += "?foo=bar"
			rp.flow()
		},
		"oidcc-redirect-uri-query-mismatch": func(s *suite) {
			rp := s.register("redirect_uris", []any{redirectURI + "?foo=bar"})
			rp.visit(rp.request("redirect_uri", redirectURI+"?bar=foo")).expectLocalError(s.t)
		},
		"oidcc-redirect-uri-query-added": func(s *suite) {
			rp := s.register()
			rp.visit(rp.request("redirect_uri", redirectURI+"?foo=bar")).expectLocalError(s.t)
		},
		"oidcc-redirect-uri-regfrag": func(s *suite) {
			s.unregistrable("invalid_redirect_uri", "redirect_uris", []any{redirectURI + "#foobar"})
		},
		"oidcc-discovery-endpoint-verification": discoveryVerification,
		"oidcc-registration-logo-uri":           logo,
		"oidcc-registration-policy-uri":         func(s *suite) { s.linked("policy_uri", "https://partner.example/policy") },
		"oidcc-registration-tos-uri":            func(s *suite) { s.linked("tos_uri", "https://partner.example/tos") },
		"oidcc-registration-sector-uri": func(s *suite) {
			rp := s.register("subject_type", "pairwise", "sector_identifier_uri", sectorDocument(s.t, redirectURI))
			rp.flow()
		},
		"oidcc-registration-sector-bad": func(s *suite) {
			s.unregistrable("invalid_client_metadata", "subject_type", "pairwise", "sector_identifier_uri", sectorDocument(s.t, "https://partner.example/invalid"))
		},
		"oidcc-3rd_party-init-login": initiateLogin,
		"oidcc-3rd_party-init-login-nohttps": func(s *suite) {
			s.unregistrable("invalid_client_metadata", "initiate_login_uri", "http://partner.example/initiate_login")
		},
	}
}

// unregistrable fails unless the registration is refused with the code.
func (s *suite) unregistrable(code string, changes ...any) {
	s.t.Helper()
	r := s.registration(s.document(changes...))
	r.expect(s.t, http.StatusBadRequest, code)
	if r.header.Get("Content-Type") != "application/json" || r.body["client_id"] != nil {
		s.t.Errorf("%v %s", r.header, r.raw)
	}
}

func userInfoRS256(s *suite) {
	if !s.announces("userinfo_signing_alg_values_supported", "RS256") {
		s.t.Error("RS256 is not announced")
	}
	rp := s.register("userinfo_signed_response_alg", "RS256")
	got := rp.flow()
	r := rp.userInfo(got.access)
	if r.status != http.StatusOK || r.header.Get("Content-Type") != "application/jwt" {
		s.t.Fatalf("%d %v %s", r.status, r.header, r.raw)
	}
	if claims := s.opened(r.raw, "JWT"); claims["iss"] != s.issuer || claims["aud"] != rp.id || claims["sub"] != got.claims["sub"] || claims["nonce"] != nil {
		s.t.Errorf("%v", claims)
	}
}

func redirectURIMissing(s *suite) {
	for _, uris := range [][]any{{redirectURI}, {redirectURI, redirectURI + "/2"}} {
		rp := s.register("redirect_uris", uris)
		rp.visit(rp.request("redirect_uri", "")).expectLocalError(s.t)
	}
}

// linked fails unless the first page that a person sees links the address.
func (s *suite) linked(member, address string) {
	s.t.Helper()
	rp := s.register(member, address)
	pg := rp.visit(rp.request())
	pg.expectLogin(s.t)
	if !strings.Contains(pg.body, `href="`+address+`"`) {
		s.t.Errorf("no link to %s on\n%s", address, pg.body)
	}
}

// logo: the picture stands on the first page, and comes from this server, so that its own host does not learn who signs in.
func logo(s *suite) {
	rp := s.register("logo_uri", hostLogo(s.t).uri)
	pg := rp.visit(rp.request())
	pg.expectLogin(s.t)
	pg.expectLogo(s.t)
}

func initiateLogin(s *suite) {
	rp := s.register("initiate_login_uri", "https://partner.example/initiate_login")
	r := s.ask("GET", rp.answer.text("registration_client_uri"), rp.answer.text("registration_access_token"), "")
	if r.status != http.StatusOK || r.header.Get("Content-Type") != "application/json" {
		s.t.Errorf("%d %v", r.status, r.header)
	}
	for member, value := range rp.answer.body { // all but the secret, which is shown once, and when it expires
		if got := r.body[member]; !strings.HasPrefix(member, "client_secret") && string(mustJSON(s, got)) != string(mustJSON(s, value)) {
			s.t.Errorf("%s is %v, and was %v", member, got, value)
		}
	}
}

func mustJSON(s *suite, v any) []byte {
	raw, err := json.Marshal(v)
	s.must(err)
	return raw
}

// randomPath is a path that nobody guesses.
func randomPath() string { return "/requesturi/" + rand.Text() + rand.Text() }
