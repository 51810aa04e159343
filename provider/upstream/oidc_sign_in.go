package upstream

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/oauth2"

	"github.com/symbolon-id/symbolon/provider/account"
)

// Begin returns the authorization request. OIDC Core §3.1.2.1, RFC 7636 §4.3.
func (c *OIDC) Begin(ctx context.Context, b Begin) (string, error) {
	m, err := c.discovered(ctx)
	if err != nil {
		return "", err
	}
	options := append(c.dialect.parameters(b),
		oauth2.SetAuthURLParam("nonce", b.Nonce),
		oauth2.SetAuthURLParam("code_challenge", b.CodeChallenge),
		oauth2.SetAuthURLParam("code_challenge_method", "S256"))
	if b.UILocales != "" {
		options = append(options, oauth2.SetAuthURLParam("ui_locales", b.UILocales))
	}
	cfg := c.oauth(m, b.RedirectURI)
	return cfg.AuthCodeURL(b.State, options...), nil
}

// promptParameters asks an upstream that follows the specification. OIDC Core §3.1.2.1.
func promptParameters(b Begin) []oauth2.AuthCodeOption {
	switch {
	case b.Reauthenticate:
		return []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0")}
	case b.SelectAccount:
		return []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("prompt", "select_account")}
	}
	return nil
}

// Finish redeems the callback: one token request, and one to userinfo when the ID token does not say what we asked for.
func (c *OIDC) Finish(ctx context.Context, f Finish) (account.Proof, error) {
	m, err := c.discovered(ctx)
	if err != nil {
		return account.Proof{}, err
	}
	code, err := authorizationCode(f.Query, issuerParameter{allowed: c.issuers, required: m.IssuerParameter})
	if err != nil {
		return account.Proof{}, err
	}
	token, err := redeem(ctx, c.client, c.oauth(m, f.RedirectURI), code, f.CodeVerifier, tokenError)
	if err != nil {
		return account.Proof{}, err
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok || raw == "" {
		return account.Proof{}, fmt.Errorf("%w: no ID token in the token response", ErrProtocol)
	}
	identity, err := verifyIDToken(ctx, c.keys, raw, expectedToken{
		issuers: c.issuers, clientID: c.clientID, nonce: f.Nonce, accessToken: token.AccessToken,
	})
	if err != nil {
		return account.Proof{}, err
	}
	if c.dialect.admit != nil {
		if err := c.dialect.admit(identity); err != nil {
			return account.Proof{}, err
		}
	}
	profile, err := c.profile(ctx, m, identity, token.AccessToken)
	if err != nil {
		return account.Proof{}, err
	}
	return c.proof(identity, profile), nil
}

// discovered returns the provider's metadata or ErrUnavailable.
func (c *OIDC) discovered(ctx context.Context) (metadata, error) {
	m, err := c.metadata.get(ctx)
	if err != nil && !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrMisconfigured) {
		err = fmt.Errorf("%w: discovery: %w", ErrUnavailable, err)
	}
	return m, err
}

func (c *OIDC) oauth(m metadata, redirectURI string) oauth2.Config {
	return oauth2.Config{
		ClientID:     c.clientID,
		ClientSecret: c.clientSecret,
		Endpoint:     oauth2.Endpoint{AuthURL: m.AuthorizationEndpoint, TokenURL: m.TokenEndpoint, AuthStyle: c.authStyle},
		RedirectURL:  redirectURI,
		Scopes:       c.scopes,
	}
}

// profile returns the claims to read name and address from: those of the ID token, with what they lack from userinfo.
func (c *OIDC) profile(ctx context.Context, m metadata, identity claims, accessToken string) (claims, error) {
	lacks := func(scope, claim string) bool { return slices.Contains(c.scopes, scope) && !identity.has(claim) }
	if !c.dialect.userInfo || m.UserInfoEndpoint == "" || !lacks("profile", "name") && !lacks("email", "email") {
		return identity, nil
	}
	info, err := userInfo(ctx, c.client, m.UserInfoEndpoint, accessToken)
	if err != nil {
		return nil, err
	}
	// OIDC Core §5.3.2: userinfo of another subject must not be used
	want, _ := identity.text("sub")
	if sub, _ := info.text("sub"); sub != want {
		return nil, fmt.Errorf("%w: userinfo is of another subject", ErrProtocol)
	}
	merged := make(claims)
	for _, name := range []string{"name", "given_name", "family_name", "picture", "locale"} {
		if value, ok := identity[name]; ok {
			merged[name] = value
		} else if value, ok := info[name]; ok {
			merged[name] = value
		}
	}
	// An address and the flag about it come from one place, or the flag would vouch for an address it was not said of.
	source := identity
	if !identity.has("email") {
		source = info
	}
	for _, name := range []string{"email", "email_verified"} {
		if value, ok := source[name]; ok {
			merged[name] = value
		}
	}
	return merged, nil
}

// proof puts the verified claims into our words.
func (c *OIDC) proof(identity, profile claims) account.Proof {
	subject, _ := identity.text("sub")
	text := func(name string) string { s, _ := profile.text(name); return s }
	p := account.Proof{
		Connector:  c.info.ID,
		Issuer:     c.issuers[0],
		Subject:    subject,
		Email:      cleanEmail(text("email")),
		Name:       cleanName(text("name")),
		GivenName:  cleanName(text("given_name")),
		FamilyName: cleanName(text("family_name")),
		Picture:    cleanPicture(text("picture"), c.allowLoopbackHTTP),
		Locale:     cleanLocale(text("locale")),
	}
	if c.dialect.pairwise {
		p.Audience = c.clientID
	}
	if p.Email != "" {
		p.EmailTrust = c.dialect.emailTrust(p.Email, claims{"email_verified": profile["email_verified"], "hd": identity["hd"]})
	}
	if c.dialect.provesAuthentication {
		p.AuthTime, _ = identity.time("auth_time")
		amr, _ := identity.texts("amr")
		p.AMR = cleanReferences(amr)
		if acr, _ := identity.text("acr"); len(acr) <= maxSubject && !hasControl(acr) {
			p.ACR = acr
		}
	}
	return p
}

// declaredTrust judges addresses by what the operator declares of the provider. Only a JSON true in email_verified counts.
func declaredTrust(trust account.EmailTrust, domains []string) func(string, claims) account.EmailTrust {
	trusted := make(map[string]bool)
	for _, domain := range domains {
		trusted[mailDomain(domain)] = true
	}
	return func(email string, c claims) account.EmailTrust {
		switch {
		case !c.isTrue("email_verified"):
			return account.EmailUnverified
		case trusted[account.EmailDomain(email)]:
			return account.EmailAuthoritative
		}
		return trust
	}
}

// mailDomain returns the normal form of a mail domain, or "" for what is none.
func mailDomain(s string) string {
	return account.EmailDomain(cleanEmail("x@" + s))
}
