package app_test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/net/html"
)

// signedIn is what a client has at the end of a flow.
type signedIn struct {
	request, answer url.Values
	shown           bool           // the log-in page was
	tokens          reply          // of the token endpoint; zero without a code
	claims          map[string]any // of the last ID token
	idToken, access string
}

// flow goes through a whole flow and looks at all that comes back.
func (rp *relyingParty) flow(changes ...string) signedIn {
	rp.t.Helper()
	q := rp.request(changes...)
	return rp.complete(rp.visit(q), q)
}

// complete is flow from the answer of the authorization endpoint on.
func (rp *relyingParty) complete(pg *page, q url.Values) (got signedIn) {
	rp.t.Helper()
	got.request = q
	end, shown := rp.pages(pg)
	got.shown, got.answer = shown, rp.expectAnswer(end, q)
	got.idToken, got.access = got.answer.Get("id_token"), got.answer.Get("access_token")
	var sub any
	if got.idToken != "" {
		got.claims = rp.expectIDToken(got.idToken, q, got.answer, true, rp.inIDToken(q)...)
		sub = got.claims["sub"]
	}
	if got.access != "" {
		if sub == nil {
			sub = rp.userInfo(got.access).body["sub"]
		}
		rp.expectUserInfo(rp.userInfo(got.access), sub)
	}
	if code := got.answer.Get("code"); code != "" {
		got.tokens = rp.redeem(code)
		rp.expectTokens(got.tokens, q)
		got.idToken, got.access = got.tokens.text("id_token"), got.tokens.text("access_token")
		got.claims = rp.expectIDToken(got.idToken, q, url.Values{"access_token": {got.access}}, false)
		if sub != nil && got.claims["sub"] != sub {
			rp.t.Errorf("sub %v, then %v", sub, got.claims["sub"])
		}
		if rp.answer.text("userinfo_signed_response_alg") == "" {
			rp.expectUserInfo(rp.userInfo(got.access), got.claims["sub"])
		}
	}
	return got
}

// inIDToken are the claims that the scopes put into the ID token, where no access token opens the userinfo endpoint (OIDC Core §5.4).
func (rp *relyingParty) inIDToken(q url.Values) (names []string) {
	if rp.responseType == "id_token" {
		for _, scope := range strings.Fields(q.Get("scope")) {
			names = append(names, claimsOfScope(scope)...)
		}
	}
	return names
}

// claimsOfScope are those of OIDC Core §5.4 that this server knows.
func claimsOfScope(scope string) []string {
	switch scope {
	case "profile":
		return []string{"name", "given_name", "family_name", "picture", "locale", "updated_at"}
	case "email":
		return []string{"email", "email_verified"}
	}
	return nil
}

// token asks the token endpoint, authenticated as the client registered.
func (rp *relyingParty) token(pairs ...string) reply {
	rp.t.Helper()
	form := changed(nil, pairs...)
	switch rp.authMethod {
	case "client_secret_post":
		return rp.post("/oauth2/token", changed(form, "client_id", rp.id, "client_secret", rp.secret), "", "")
	case "private_key_jwt":
		return rp.post("/oauth2/token", asserted(form, rp.assertion(rp.issuer+"/oauth2/token")), "", "")
	}
	return rp.post("/oauth2/token", form, rp.id, rp.secret)
}

// assertion is a client assertion as the suite makes it.
func (rp *relyingParty) assertion(audience string) string {
	now := time.Now().Unix()
	return rp.sign(map[string]any{"iss": rp.id, "sub": rp.id, "aud": audience, "jti": rand.Text(), "iat": now, "exp": now + 60})
}

// sign signs claims with the key of the client.
func (rp *relyingParty) sign(claims map[string]any) string {
	a := &asserter{w: rp.world, alg: jose.RS256, key: rp.key, kid: rp.kid}
	return a.signWith(nil, claims)
}

func (rp *relyingParty) redeem(code string) reply {
	rp.t.Helper()
	return rp.token("grant_type", "authorization_code", "code", code, "redirect_uri", rp.redirectURI)
}

func (rp *relyingParty) userInfo(access string) reply {
	rp.t.Helper()
	return rp.get("/oauth2/userinfo", access)
}

// silent asks without pages, as the last step of the log-out modules does, with a long state.
func (rp *relyingParty) silent(changes ...string) (*page, url.Values) {
	rp.t.Helper()
	q := rp.request(append([]string{"prompt", "none", "state", strings.Repeat(rand.Text()[:16], 8)}, changes...)...)
	return rp.visit(q), q
}

// needsPerson are the errors that say that a page would have to be shown.
var needsPerson = []string{"interaction_required", "login_required", "account_selection_required", "consent_required"}

// attrOfForm returns an attribute of the first form in a page.
func attrOfForm(t *testing.T, pg *page, name string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(pg.body))
	if err != nil {
		t.Fatal(err)
	}
	form := find(doc, func(n *html.Node) bool { return n.Data == "form" })
	if form == nil {
		return ""
	}
	return attr(form, name)
}

// profile returns the claims that the scopes ask for, from where they are due.
func (rp *relyingParty) profile(got signedIn) map[string]any {
	rp.t.Helper()
	if got.access == "" {
		return got.claims
	}
	return rp.expectUserInfo(rp.userInfo(got.access), got.claims["sub"])
}

// scope is a module of a scope: all of its claims that are known come, and no others.
func scope(names ...string) func(*suite) {
	return func(s *suite) {
		var missing []string
		want := []string{"sub"}
		for _, name := range names {
			if !s.announces("scopes_supported", name) {
				missing = append(missing, name)
			}
			want = append(want, claimsOfScope(name)...)
		}
		if len(missing) > 0 {
			s.skipped(true, "scopes_supported has no "+strings.Join(missing, " and no "))
		}
		rp := s.register()
		profile := rp.profile(rp.flow("scope", "openid "+strings.Join(names, " ")))
		for _, name := range want {
			// Google sends no locale. The suite warns of each claim of OIDC Core §5.4 that an account does not have.
			if profile[name] == nil && name != "locale" {
				s.t.Errorf("%s is missing: %v", name, profile)
			}
		}
		for name := range profile {
			if rp.responseType != "id_token" && !slices.Contains(want, name) {
				s.t.Errorf("nobody asked for %s", name)
			}
		}
	}
}

// alike is a module whose parameters must not change anything.
func alike(pairs ...string) func(*suite) {
	return func(s *suite) {
		rp := s.register()
		if got := rp.flow(pairs...); !got.shown {
			s.t.Error("nobody signed in")
		}
	}
}

// at asks the userinfo endpoint by POST.
func (rp *relyingParty) at(form url.Values, bearer string) reply {
	rp.t.Helper()
	r, err := http.NewRequest("POST", rp.issuer+"/oauth2/userinfo", strings.NewReader(form.Encode()))
	rp.must(err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	return rp.send(r)
}
