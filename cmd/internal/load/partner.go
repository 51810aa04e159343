package load

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// RedirectURI is where partners of this package are sent back to. Nobody listens there: the browser stops in time.
const RedirectURI = "https://partner.example/cb"

// verifier and challenge are one PKCE pair (the example of RFC 7636): what is measured does not depend on its being secret.
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// Refusal is an answer that says no, or is not what it should be. Any other error means that no answer came: what was asked for may have been
// done or not.
type Refusal struct {
	Request string // "POST /oauth2/token"
	Status  int
	Code    string // the OAuth error, if any
	Body    string
}

// Error says what was asked and answered.
func (r *Refusal) Error() string { return fmt.Sprintf("%s: %d %s", r.Request, r.Status, r.Body) }

func refusal(method, path string, status int, body []byte) *Refusal {
	var answer struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(body, &answer) // a page has no code
	return &Refusal{Request: method + " " + path, Status: status, Code: answer.Error, Body: string(body)}
}

// Partner is a confidential client's server, authenticated by client_secret_basic. It is safe for concurrent use.
type Partner struct {
	Issuer string
	ID     string
	Secret string
	Client *http.Client
}

// Tokens is an answer of the token endpoint.
type Tokens struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
}

// StatusList returns the address of the list that the access token names (Token Status List §6.2). It verifies nothing.
func (t Tokens) StatusList() (uri string, err error) {
	_, rest, _ := strings.Cut(t.AccessToken, ".")
	payload, _, _ := strings.Cut(rest, ".")
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return "", err
	}
	var claims struct {
		Status struct {
			List struct {
				URI string `json:"uri"`
			} `json:"status_list"`
		} `json:"status"`
	}
	if err := json.Unmarshal(raw, &claims); err != nil || claims.Status.List.URI == "" {
		return "", errors.New("load: the access token names no status list")
	}
	return claims.Status.List.URI, nil
}

// Authorize asks for a code in a browser that is signed in and has consented: one request.
func (p *Partner) Authorize(ctx context.Context, b *Browser) (code string, err error) {
	pg, err := b.once(ctx, http.MethodGet, p.authorizationURL(), nil, "cross-site")
	if err != nil {
		return "", err
	}
	return codeOf(pg)
}

// SignIn takes the browser through the whole sign-in with the simulated Google as person, consenting where asked, and returns the code.
func (p *Partner) SignIn(ctx context.Context, b *Browser, person string) (code string, err error) {
	pg, err := b.walk(ctx, p.authorizationURL(), RedirectURI, "login-google", "person-"+person, "consent-allow")
	if err != nil {
		return "", err
	}
	if pg.location == "" {
		return "", fmt.Errorf("load: stuck at %s:\n%s", pg.url.Path, pg.body)
	}
	return codeOf(pg)
}

func (p *Partner) authorizationURL() string {
	return p.Issuer + "/oauth2/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {p.ID}, "redirect_uri": {RedirectURI}, "scope": {"openid profile email"}, "state": {"af0ifjsldkj"},
		"nonce": {"n-0S6_WzA2Mj"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}.Encode()
}

func codeOf(p *page) (string, error) {
	u, err := url.Parse(p.location)
	if err != nil {
		return "", err
	}
	if code := u.Query().Get("code"); code != "" && strings.HasPrefix(p.location, RedirectURI) {
		return code, nil
	}
	return "", fmt.Errorf("load: no code came back, but %q", p.location)
}

// Redeem exchanges a code. All three tokens must be in the answer.
func (p *Partner) Redeem(ctx context.Context, code string) (Tokens, error) {
	return p.tokens(ctx, true, "grant_type", "authorization_code", "code", code, "redirect_uri", RedirectURI, "code_verifier", verifier)
}

// Refresh uses a refresh token. All three tokens must be in the answer.
func (p *Partner) Refresh(ctx context.Context, token string) (Tokens, error) {
	return p.tokens(ctx, true, "grant_type", "refresh_token", "refresh_token", token)
}

// ClientCredentials asks for a token of the client's own.
func (p *Partner) ClientCredentials(ctx context.Context) (Tokens, error) {
	return p.tokens(ctx, false, "grant_type", "client_credentials", "scope", "read")
}

func (p *Partner) tokens(ctx context.Context, signIn bool, form ...string) (t Tokens, err error) {
	if err := p.post(ctx, "/oauth2/token", &t, form...); err != nil {
		return Tokens{}, err
	}
	if strings.Count(t.AccessToken, ".") != 2 || t.ExpiresIn <= 0 || signIn && (t.RefreshToken == "" || strings.Count(t.IDToken, ".") != 2) {
		return Tokens{}, &Refusal{Request: "POST /oauth2/token", Status: http.StatusOK, Body: fmt.Sprintf("tokens are missing: %+v", t)}
	}
	return t, nil
}

// Introspect reports whether the token is active.
func (p *Partner) Introspect(ctx context.Context, token string) (active bool, err error) {
	var answer struct {
		Active bool `json:"active"`
	}
	err = p.post(ctx, "/oauth2/introspect", &answer, "token", token)
	return answer.Active, err
}

// Revoke ends the grant of the token.
func (p *Partner) Revoke(ctx context.Context, token string) error {
	return p.post(ctx, "/oauth2/revoke", nil, "token", token)
}

// UserInfo asks who the access token is about.
func (p *Partner) UserInfo(ctx context.Context, accessToken string) (subject string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Issuer+"/oauth2/userinfo", nil)
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+accessToken)
	var claims struct {
		Subject string `json:"sub"`
	}
	if err := p.answer(r, &claims); err != nil {
		return "", err
	}
	if claims.Subject == "" {
		return "", errors.New("load: userinfo without sub")
	}
	return claims.Subject, nil
}

// Document returns what GET path answers.
func (p *Partner) Document(ctx context.Context, path string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Issuer+path, nil)
	if err != nil {
		return "", err
	}
	resp, body, err := send(p.Client, r)
	if err == nil && (resp.StatusCode != http.StatusOK || len(body) == 0) {
		err = refusal(r.Method, path, resp.StatusCode, body)
	}
	return string(body), err
}

func (p *Partner) post(ctx context.Context, path string, answer any, pairs ...string) error {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(p.ID), url.QueryEscape(p.Secret))
	return p.answer(r, answer)
}

// answer decodes what the endpoint says; nil for nothing to decode.
func (p *Partner) answer(r *http.Request, into any) error {
	resp, body, err := send(p.Client, r)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return refusal(r.Method, r.URL.Path, resp.StatusCode, body)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err)
	}
	return nil
}
