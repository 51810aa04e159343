package upstreamtest

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"
)

func (g *Google) token(w http.ResponseWriter, r *http.Request) {
	form := r.PostForm
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		// RFC 6749 §2.3.1: both are form-encoded before they are joined
		id, _ = url.QueryUnescape(user)
		secret, _ = url.QueryUnescape(password)
	}
	if id != g.options.ClientID || secret != g.options.ClientSecret {
		oauthError(w, http.StatusUnauthorized, "invalid_client", "Unauthorized")
		return
	}
	if form.Get("grant_type") != "authorization_code" {
		oauthError(w, http.StatusBadRequest, "unsupported_grant_type", "Invalid grant_type: "+form.Get("grant_type"))
		return
	}
	grant, detail := g.redeem(form)
	if grant == nil {
		oauthError(w, http.StatusBadRequest, "invalid_grant", detail)
		return
	}
	body := map[string]any{
		"access_token": grant.accessToken,
		"expires_in":   3599,
		"scope":        strings.Join(fullScopes(grant.scopes), " "),
		"token_type":   "Bearer",
	}
	if grant.offline {
		body["refresh_token"] = "1//0" + random()
	}
	if t := g.idToken(grant); t != "" {
		body["id_token"] = t
	}
	answerJSON(w, http.StatusOK, body)
}

// redeem spends a code. The second use of a code ends what the first one got.
func (g *Google) redeem(form url.Values) (*googleGrant, string) {
	g.state.Lock()
	defer g.state.Unlock()
	grant, ok := g.codes[form.Get("code")]
	switch {
	case !ok:
		return nil, "Malformed auth code."
	case grant.spent:
		delete(g.tokens, grant.accessToken)
		return nil, "Bad Request"
	case grant.redirectURI != form.Get("redirect_uri"):
		return nil, "Bad Request"
	}
	grant.spent = true
	if !proves(grant.challenge, grant.method, form.Get("code_verifier")) {
		return nil, "Invalid code verifier."
	}
	grant.accessToken = "ya29." + random() + random()
	g.tokens[grant.accessToken] = grant
	return grant, ""
}

// proves is RFC 7636 §4.6; without a challenge there is nothing to prove.
func proves(challenge, method, verifier string) bool {
	switch {
	case challenge == "":
		return true
	case method == "S256":
		sum := sha256.Sum256([]byte(verifier))
		return challenge == base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return challenge == verifier
}

func (g *Google) userInfo(w http.ResponseWriter, r *http.Request) {
	g.state.Lock()
	grant, ok := g.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	g.state.Unlock()
	if !ok {
		oauthError(w, http.StatusUnauthorized, "invalid_request", "Invalid Credentials")
		return
	}
	answerJSON(w, http.StatusOK, g.claimsOf(grant))
}

func (g *Google) revoke(w http.ResponseWriter, r *http.Request) {
	g.state.Lock()
	defer g.state.Unlock()
	if _, ok := g.tokens[r.Form.Get("token")]; !ok {
		oauthError(w, http.StatusBadRequest, "invalid_token", "Token expired or revoked")
		return
	}
	delete(g.tokens, r.Form.Get("token"))
	answerJSON(w, http.StatusOK, struct{}{})
}

func (g *Google) tokenInfo(w http.ResponseWriter, r *http.Request) {
	g.state.Lock()
	grant, ok := g.tokens[r.Form.Get("access_token")]
	g.state.Unlock()
	if !ok {
		oauthError(w, http.StatusBadRequest, "invalid_token", "Invalid Value")
		return
	}
	answerJSON(w, http.StatusOK, map[string]any{
		"azp": g.options.ClientID, "aud": g.options.ClientID, "sub": grant.person.Subject, "scope": strings.Join(fullScopes(grant.scopes), " "), "expires_in": "3599",
	})
}

func oauthError(w http.ResponseWriter, status int, code, description string) {
	answerJSON(w, status, map[string]string{"error": code, "error_description": description})
}

// idToken makes the ID token of a grant, with what the behaviour says is wrong. It never has auth_time.
func (g *Google) idToken(grant *googleGrant) string {
	b := g.current()
	now := time.Now()
	claims := g.claimsOf(grant)
	claims["iss"], claims["aud"], claims["azp"] = g.BaseURL(), g.options.ClientID, g.options.ClientID
	claims["iat"], claims["exp"] = now.Unix(), now.Add(time.Hour).Unix()
	sum := sha256.Sum256([]byte(grant.accessToken))
	claims["at_hash"] = base64.RawURLEncoding.EncodeToString(sum[:16])
	if grant.nonce != "" {
		claims["nonce"] = grant.nonce
	}
	if b.BareIssuer {
		_, claims["iss"], _ = strings.Cut(g.BaseURL(), "://")
	}
	g.state.Lock()
	key, onToken := g.keys[0], g.onToken
	g.state.Unlock()
	t := IDToken{Header: map[string]any{"alg": "RS256", "kid": key.id, "typ": "JWT"}, Claims: claims, Key: key.private}
	if onToken != nil {
		return onToken(t)
	}
	return t.spoiled(b.IDToken)
}
