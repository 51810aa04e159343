package provider

import (
	"errors"
	"net/http"
	"strings"

	"github.com/symbolon-id/symbolon/provider/account"
	"github.com/symbolon-id/symbolon/provider/web"
)

// userClaims are the claims of an End-User that scopes ask for (OIDC Core §5.1, §5.4). What is not known is left out, never null or empty.
type userClaims struct {
	Subject       string `json:"sub"`
	Name          string `json:"name,omitempty"`
	GivenName     string `json:"given_name,omitempty"`
	FamilyName    string `json:"family_name,omitempty"`
	Picture       string `json:"picture,omitempty"`
	Locale        string `json:"locale,omitempty"`
	UpdatedAt     int64  `json:"updated_at,omitempty"` // Unix seconds
	Email         string `json:"email,omitempty"`
	EmailVerified *bool  `json:"email_verified,omitempty"`
}

func claimsOf(a account.Account, scopes []string) userClaims {
	c := userClaims{Subject: a.ID}
	if has(scopes, "profile") {
		c.Name, c.GivenName, c.FamilyName, c.Picture, c.Locale = a.Name, a.GivenName, a.FamilyName, a.Picture, a.Locale
		c.UpdatedAt = a.UpdatedAt.Unix()
	}
	if has(scopes, "email") && a.Email != "" {
		c.Email, c.EmailVerified = a.Email, &a.EmailVerified
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
	if err := p.checkBinding(r, presented, c); err != nil {
		return err
	}
	web.Annotate(r.Context(), "client", c.ClientID)
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
	writeJSON(w, http.StatusOK, claimsOf(a, scopes))
	return nil
}
