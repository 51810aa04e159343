package provider

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/web"
)

// ProfileClaims are the claims of an End-User that scopes ask for (OIDC Core §5.1, §5.4). What is not known is left out, never null or empty.
type ProfileClaims struct {
	Name          string `json:"name,omitempty"`
	GivenName     string `json:"given_name,omitempty"`
	FamilyName    string `json:"family_name,omitempty"`
	Picture       string `json:"picture,omitempty"`
	Locale        string `json:"locale,omitempty"`
	UpdatedAt     int64  `json:"updated_at,omitempty"` // Unix seconds
	Email         string `json:"email,omitempty"`
	EmailVerified *bool  `json:"email_verified,omitempty"`
}

// userInfo is the answer of the userinfo endpoint. A signed or encrypted one says who made it for whom.
type userInfo struct {
	Issuer   string `json:"iss,omitempty"`
	Subject  string `json:"sub"`
	Audience string `json:"aud,omitempty"`
	ProfileClaims
}

// releasedClaims returns the names of the claims that the scopes cover, and those asked for by name as long as the client is registered for the
// scope that covers them.
func releasedClaims(c *clients.Client, scopes, named []string) []string {
	registered := strings.Fields(c.Metadata.Scope)
	var names []string
	for name, scope := range claimScopes {
		if has(scopes, scope) || (has(named, name) && has(registered, scope)) {
			names = append(names, name)
		}
	}
	return names
}

// claimsOf returns the claims with the names, as far as they are known.
func claimsOf(a account.Account, names []string) ProfileClaims {
	text := func(name, value string) string {
		if !has(names, name) {
			return ""
		}
		return value
	}
	c := ProfileClaims{
		Name: text("name", a.Name), GivenName: text("given_name", a.GivenName), FamilyName: text("family_name", a.FamilyName),
		Picture: text("picture", a.Picture), Locale: text("locale", a.Locale), Email: text("email", a.Email),
	}
	if has(names, "updated_at") {
		c.UpdatedAt = a.UpdatedAt.Unix()
	}
	if has(names, "email_verified") && a.Email != "" {
		c.EmailVerified = &a.EmailVerified
	}
	return c
}

// serveUserInfo is the userinfo endpoint (OIDC Core §5.3), by GET and by POST.
func (p *Provider) serveUserInfo(w http.ResponseWriter, r *http.Request) error {
	r.PostForm = nil
	if r.Method == http.MethodPost && r.Header.Get("Content-Type") != "" {
		if _, err := web.ParseForm(r); err != nil {
			return err
		}
	}
	presented, err := bearerToken(r)
	if err != nil {
		return err
	}
	c, g, err := p.liveAccessToken(r.Context(), presented.token)
	if err != nil {
		return errBearer(err, presented)
	}
	web.Annotate(r.Context(), "client", c.ClientID)
	client, err := p.client(r.Context(), c.ClientID)
	if err != nil {
		return err
	}
	if client == nil { // removed a moment ago
		return &bearerError{RFC6749Error: errInvalidToken, status: http.StatusUnauthorized}
	}
	if err := p.checkBinding(r, presented, c, client); err != nil {
		return err
	}
	allowOrigin(r.Context(), client)
	scopes := strings.Fields(c.Scope)
	if g.ID == "" || !has(scopes, "openid") || !has(c.Audience, p.config.Issuer) {
		return &bearerError{RFC6749Error: errScope, status: http.StatusForbidden, scope: "openid"}
	}
	a, err := p.config.Accounts.Account(r.Context(), g.AccountID)
	if errors.Is(err, account.ErrNotFound) || (err == nil && !a.BlockedAt.IsZero()) {
		return &bearerError{RFC6749Error: errInvalidToken, status: http.StatusUnauthorized}
	}
	if err != nil {
		return &fault{err}
	}
	return p.writeUserInfo(r.Context(), w, client, userInfo{
		Subject: p.subject(client, a.ID), ProfileClaims: claimsOf(a, releasedClaims(client, scopes, g.UserInfoClaims)),
	})
}

// writeUserInfo answers as the client has registered: with JSON, or with a JWT that is signed, encrypted, or both (OIDC Core §5.3.2).
func (p *Provider) writeUserInfo(ctx context.Context, w http.ResponseWriter, c *clients.Client, info userInfo) error {
	alg, how := c.Metadata.UserInfoSignedResponseAlg, userInfoEncryption(c)
	if alg == "" && how.alg == "" {
		writeJSON(w, http.StatusOK, info)
		return nil
	}
	info.Issuer, info.Audience = p.config.Issuer, c.ID
	var token string
	var err error
	if alg == "" {
		token, err = p.encryptClaims(ctx, c, how, info)
	} else {
		token, err = p.signFor(ctx, c, alg, how, "JWT", info)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/jwt")
	w.Write([]byte(token))
	return nil
}
