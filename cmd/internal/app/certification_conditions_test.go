package app_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// What the suite looks at in every module, whatever the module is about. Where it would only warn, this fails.

// answered takes the authorization response out of where the response mode puts it. For the form the button is pressed as a person would.
func (rp *relyingParty) answered(pg *page) url.Values {
	rp.t.Helper()
	if rp.formPost {
		if !pg.has("continue") || attrOfForm(rp.t, pg, "action") != rp.redirectURI || !strings.EqualFold(attrOfForm(rp.t, pg, "method"), "post") {
			rp.t.Fatalf("no form to the client at %s (%d to %q):\n%s", pg.url, pg.status, pg.location, pg.body)
		}
		return fieldsOf(rp.t, pg.body)
	}
	own, query, fragment := cutAnswer(pg.location)
	want, registered, _ := strings.Cut(rp.redirectURI, "?")
	if own != want || !strings.HasPrefix(query, registered) {
		rp.t.Fatalf("%d to %q, want %s\n%s", pg.status, pg.location, rp.redirectURI, pg.body)
	}
	parameters := query
	if rp.responseType != "code" {
		parameters = fragment
	}
	if (rp.responseType != "code") != (query == registered) || (rp.responseType == "code") != (fragment == "") { // OAuth Response Types §5
		rp.t.Fatalf("the answer of %s is in the wrong place: %q", rp.responseType, pg.location)
	}
	q, err := url.ParseQuery(parameters)
	rp.must(err)
	return q
}

func cutAnswer(location string) (own, query, fragment string) {
	location, fragment, _ = strings.Cut(location, "#")
	own, query, _ = strings.Cut(location, "?")
	return own, query, fragment
}

// expectAnswer looks at a successful authorization response, and returns it.
func (rp *relyingParty) expectAnswer(pg *page, request url.Values) url.Values {
	rp.t.Helper()
	got := rp.answered(pg)
	if got.Has("error") {
		rp.t.Fatalf("refused: %v", got)
	}
	allowed := []string{"state", "iss", "session_state"}
	if rp.returns("code") {
		allowed = append(allowed, "code")
	}
	if rp.returns("token") {
		allowed = append(allowed, "access_token", "token_type", "expires_in", "scope")
	}
	if rp.returns("id_token") {
		allowed = append(allowed, "id_token")
	}
	rp.expectOnly(got, allowed...)
	if got.Get("state") != request.Get("state") || got.Get("iss") != rp.issuer || got.Has("session_state") != (rp.discovery()["check_session_iframe"] != nil) {
		rp.t.Errorf("%v, asked %v", got, request)
	}
	for member, word := range map[string]string{"code": "code", "access_token": "token", "id_token": "id_token"} {
		if got.Has(member) != rp.returns(word) {
			rp.t.Errorf("%s: %v", member, got)
		}
	}
	if code := got.Get("code"); code != "" && (len(code)*8 < 128 || entropy(code) < 96) {
		rp.t.Errorf("the code can be guessed: %s", code)
	}
	if got.Has("access_token") && (got.Get("token_type") != "Bearer" || got.Get("scope") != request.Get("scope") || got.Get("expires_in") == "") {
		rp.t.Errorf("access token: %v", got)
	}
	return got
}

// expectOnly fails on parameters that are not allowed, or come twice. Those of the registered redirect URI are.
func (rp *relyingParty) expectOnly(got url.Values, allowed ...string) {
	rp.t.Helper()
	_, query, _ := strings.Cut(rp.redirectURI, "?")
	own, _ := url.ParseQuery(query)
	for name, values := range got {
		if len(values) != 1 || !slices.Contains(allowed, name) && own.Get(name) != values[0] {
			rp.t.Errorf("%s: %v", name, values)
		}
	}
}

// expectRefusal looks at an error response, and that its code is one of codes.
func (rp *relyingParty) expectRefusal(pg *page, request url.Values, codes ...string) {
	rp.t.Helper()
	got := rp.answered(pg)
	rp.expectOnly(got, "error", "error_description", "error_uri", "state", "iss", "session_state")
	if got.Get("state") != request.Get("state") || got.Get("iss") != rp.issuer || !slices.Contains(codes, got.Get("error")) {
		rp.t.Errorf("%v, want %v", got, codes)
	}
	rp.expectErrorText(got.Get("error"), got.Get("error_description"))
}

// expectErrorText: RFC 6749 §4.1.2.1 and RFC 6749 §5.2 allow the same characters.
func (s *suite) expectErrorText(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
			s.t.Errorf("error text %q", text)
		}
	}
}

// entropy is how the suite measures it: by the letters of the value, in bits.
func entropy(value string) (bits float64) {
	for _, letter := range value {
		bits -= math.Log2(float64(strings.Count(value, string(letter))) / float64(len(value)))
	}
	return bits
}

// expectIDToken verifies an ID token and returns its claims. beside are the code and the access token that came with it, either may be empty; front
// says that it came from the authorization endpoint. More claims may have been asked for.
func (rp *relyingParty) expectIDToken(token string, request, beside url.Values, front bool, asked ...string) map[string]any {
	rp.t.Helper()
	claims := rp.opened(token, "JWT")
	allowed := []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash", "c_hash"}
	for name := range claims {
		if !slices.Contains(allowed, name) && !slices.Contains(asked, name) {
			rp.t.Errorf("nobody asked for %s: %v", name, claims)
		}
	}
	nonce, _ := claims["nonce"].(string)
	if claims["iss"] != rp.issuer || claims["aud"] != rp.id || nonce != request.Get("nonce") {
		rp.t.Errorf("%v, asked %v", claims, request)
	}
	if sub, _ := claims["sub"].(string); sub == "" || len(sub) > 255 || strings.ContainsFunc(sub, func(r rune) bool { return r > '~' }) {
		rp.t.Errorf("sub: %v", claims["sub"])
	}
	for claim, member := range map[string]string{"at_hash": "access_token", "c_hash": "code"} {
		value := beside.Get(member)
		sum := sha256.Sum256([]byte(value))
		want := base64.RawURLEncoding.EncodeToString(sum[:16])
		got, there := claims[claim]
		if there && (value == "" || got != want) || front && value != "" && !there {
			rp.t.Errorf("%s: %v, want %v", claim, got, want)
		}
	}
	j := jwt{claims: claims}
	if iat := j.seconds(rp.t, "iat"); j.seconds(rp.t, "exp") <= iat || j.seconds(rp.t, "auth_time") > iat {
		rp.t.Errorf("times: %v", claims)
	}
	expectTypes(rp.t, claims)
	return claims
}

// opened verifies a token with the published key that its header names: RS256, as for clients that choose nothing.
func (s *suite) opened(token, typ string) map[string]any {
	s.t.Helper()
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	s.must(err)
	header := jws.Signatures[0].Header
	if header.KeyID == "" || header.ExtraHeaders["typ"] != typ {
		s.t.Errorf("header: %+v", header)
	}
	var set jose.JSONWebKeySet
	s.must(json.Unmarshal([]byte(s.get("/oauth2/jwks", "").raw), &set))
	keys := set.Key(header.KeyID)
	if len(keys) != 1 {
		s.t.Fatalf("%d keys %s", len(keys), header.KeyID)
	}
	payload, err := jws.Verify(keys[0])
	s.must(err)
	var claims map[string]any
	s.must(json.Unmarshal(payload, &claims))
	return claims
}

// expectTypes: OIDC Core §5.1. Nothing is null or empty.
func expectTypes(t *testing.T, claims map[string]any) {
	t.Helper()
	for name, value := range claims {
		switch name {
		case "email_verified", "phone_number_verified":
			if _, ok := value.(bool); !ok {
				t.Errorf("%s: %v", name, value)
			}
		case "updated_at", "exp", "iat", "auth_time":
			jwt{claims: claims}.seconds(t, name)
		case "amr":
			if list, _ := value.([]any); len(list) == 0 {
				t.Errorf("%s: %v", name, value)
			}
		default:
			if text, _ := value.(string); text == "" {
				t.Errorf("%s: %v", name, value)
			}
		}
	}
}

// expectUserInfo looks at an answer of the userinfo endpoint and returns its claims.
func (rp *relyingParty) expectUserInfo(r reply, sub any) map[string]any {
	rp.t.Helper()
	if r.status != http.StatusOK || r.header.Get("Content-Type") != "application/json" || sub == nil || r.body["sub"] != sub {
		rp.t.Errorf("userinfo of %v: %d %v %s", sub, r.status, r.header, r.raw)
	}
	expectTypes(rp.t, r.body)
	return r.body
}

// expectTokens looks at a token response.
func (rp *relyingParty) expectTokens(r reply, request url.Values) {
	rp.t.Helper()
	if r.status != http.StatusOK || r.header.Get("Content-Type") != "application/json" || r.header.Get("Cache-Control") != "no-store" || r.header.Get("Pragma") != "no-cache" {
		rp.t.Fatalf("token: %d %v %s", r.status, r.header, r.raw)
	}
	for name := range r.body {
		if !slices.Contains([]string{"access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token"}, name) {
			rp.t.Errorf("the token response has %s", name)
		}
	}
	if n, ok := r.body["expires_in"].(float64); !ok || n <= 0 || n != math.Trunc(n) || !strings.EqualFold(r.text("token_type"), "bearer") || r.text("scope") != request.Get("scope") {
		rp.t.Errorf("token: %s", r.raw)
	}
	for _, name := range []string{"access_token", "refresh_token"} {
		value := r.text(name)
		if name == "refresh_token" && value == "" {
			continue
		}
		if len(value)*8 < 128 || entropy(value) < 96 || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			rp.t.Errorf("%s: %q", name, value)
		}
	}
}

// expectTokenError looks at an error of the token endpoint.
func (rp *relyingParty) expectTokenError(r reply, status int, code string) {
	rp.t.Helper()
	r.expect(rp.t, status, code)
	if r.header.Get("Content-Type") != "application/json" || r.header.Get("Cache-Control") != "no-store" {
		rp.t.Errorf("%v", r.header)
	}
	rp.expectErrorText(r.text("error"), r.text("error_description"))
}
