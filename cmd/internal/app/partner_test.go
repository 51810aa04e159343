package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// redirectURI is where partners of these tests are sent back to. Nobody listens there: the browser stops in time.
const redirectURI = "https://partner.example/cb"

// partner is a partner app made of other people's libraries.
type partner struct {
	w        *world
	id       string
	secret   string
	provider *oidc.Provider
	oauth    oauth2.Config
}

// newPartner registers a confidential client with refresh tokens.
func (w *world) newPartner() *partner {
	w.t.Helper()
	return w.partner(`{"client_name":"Sunny Books","redirect_uris":["` + redirectURI + `"],"grant_types":["authorization_code","refresh_token"]}`)
}

func (w *world) partner(metadata string) *partner {
	w.t.Helper()
	p := &partner{w: w}
	p.id, p.secret = w.client(metadata)
	var err error
	p.provider, err = oidc.NewProvider(w.t.Context(), w.issuer)
	w.must(err)
	p.oauth = oauth2.Config{
		ClientID: p.id, ClientSecret: p.secret, Endpoint: p.provider.Endpoint(), RedirectURL: redirectURI, Scopes: []string{"openid", "profile", "email"},
	}
	p.oauth.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if p.secret == "" {
		p.oauth.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return p
}

const testVerifier = "test-verifier-test-verifier-test-verifier-0123456789"

// url returns an authorization request with state s1, nonce n1 and PKCE. Overrides replace parameters; an empty value takes one out.
func (p *partner) url(overrides ...string) string {
	raw := p.oauth.AuthCodeURL("s1", oidc.Nonce("n1"), oauth2.S256ChallengeOption(testVerifier))
	u, _ := url.Parse(raw)
	q := u.Query()
	for i := 0; i+1 < len(overrides); i += 2 {
		if overrides[i+1] == "" {
			q.Del(overrides[i])
		} else {
			q.Set(overrides[i], overrides[i+1])
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// signIn takes the browser through the whole sign-in with Google as person, consenting where asked, and returns the parameters that came back.
func (p *partner) signIn(b *browser, person string, overrides ...string) url.Values {
	p.w.t.Helper()
	b.stopAt = redirectURI
	pg := b.open(p.url(overrides...))
	for range 5 {
		switch {
		case strings.HasPrefix(pg.location, redirectURI):
			u, _ := url.Parse(pg.location)
			return u.Query()
		case pg.has("login-google"):
			pg = pg.press("login-google")
		case pg.has("person-" + person):
			pg = pg.press("person-" + person)
		case pg.has("consent-allow"):
			pg = pg.press("consent-allow")
		default:
			p.w.t.Fatalf("stuck at %s (%d):\n%s\nlog:\n%s", pg.url, pg.status, pg.body, p.w.log)
		}
	}
	p.w.t.Fatal("the sign-in does not end")
	return nil
}

// code signs in and returns the authorization code.
func (p *partner) code(b *browser, person string, overrides ...string) string {
	p.w.t.Helper()
	q := p.signIn(b, person, overrides...)
	if q.Get("code") == "" {
		p.w.t.Fatalf("no code: %v", q)
	}
	return q.Get("code")
}

// reply is an answer of the token endpoint and the like.
type reply struct {
	status int
	header http.Header
	body   map[string]any
	raw    string
}

// text returns a member of the answer as text.
func (r reply) text(name string) string { s, _ := r.body[name].(string); return s }

// post sends a form to an endpoint with the partner's own authentication. An empty value takes a parameter out.
func (p *partner) post(path string, pairs ...string) reply {
	p.w.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			form.Del(pairs[i])
		}
	}
	if p.secret == "" {
		form.Set("client_id", p.id)
		return p.w.post(path, form, "", "")
	}
	return p.w.post(path, form, p.id, p.secret)
}

// redeem exchanges a code.
func (p *partner) redeem(code string, pairs ...string) reply {
	p.w.t.Helper()
	return p.post("/oauth2/token", append([]string{
		"grant_type", "authorization_code", "code", code, "redirect_uri", redirectURI, "code_verifier", testVerifier,
	}, pairs...)...)
}

// refresh uses a refresh token.
func (p *partner) refresh(token string, pairs ...string) reply {
	p.w.t.Helper()
	return p.post("/oauth2/token", append([]string{"grant_type", "refresh_token", "refresh_token", token}, pairs...)...)
}

// tokens signs in and redeems the code.
func (p *partner) tokens(b *browser, person string, overrides ...string) reply {
	p.w.t.Helper()
	r := p.redeem(p.code(b, person, overrides...))
	if r.status != http.StatusOK {
		p.w.t.Fatalf("redeem: %d %s\nlog:\n%s", r.status, r.raw, p.w.log)
	}
	return r
}

// post sends a form; id and secret go into the Authorization header unless id is empty.
func (w *world) post(path string, form url.Values, id, secret string) reply {
	w.t.Helper()
	r, err := http.NewRequest("POST", w.issuer+path, strings.NewReader(form.Encode()))
	w.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if id != "" {
		r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	}
	return w.send(r)
}

// get asks for a path with a bearer token, if any.
func (w *world) get(path, bearer string) reply {
	w.t.Helper()
	r, err := http.NewRequest("GET", w.issuer+path, nil)
	w.must(err)
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	return w.send(r)
}

func (w *world) send(r *http.Request) reply {
	w.t.Helper()
	resp, err := plainClient.Do(reroute(r, w.node))
	w.must(err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	w.must(err)
	out := reply{status: resp.StatusCode, header: resp.Header, raw: string(raw)}
	_ = json.Unmarshal(raw, &out.body)
	return out
}

// expect fails unless the answer has the status and the OAuth error code.
func (r reply) expect(t *testing.T, status int, code string) {
	t.Helper()
	if r.status != status || r.text("error") != code {
		t.Errorf("got %d %s, want %d %s", r.status, r.raw, status, code)
	}
	if code != "" && len(r.text("error_description")) < 10 {
		t.Errorf("%s has no sentence for the developer: %s", code, r.raw)
	}
}
