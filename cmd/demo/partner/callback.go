package partner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// serveCallback takes the provider's answer. The result is kept in the session and the browser sent home, so that the address with the code is
// no page that could be loaded again.
func (a *App) serveCallback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	id, s := a.session(r)
	at, ok := a.attempts.take(q.Get("state"), id)
	switch {
	case !ok && s.person != nil: // the back button, or a second tab: the person is signed in, which is what they wanted
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	case !ok:
		a.fail(w, &problem{status: http.StatusBadRequest, Code: "unknown_state", Description: "This sign-in has already ended, or was begun in another browser."})
		return
	}
	signedIn, p := a.finish(r.Context(), at, q)
	if p != nil {
		a.sessions.change(id, func(s *session) { s.problem = p })
		a.log(p)
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	a.accounts.visit(signedIn.person.identity)
	// A session id that was known before the sign-in is worth nothing after it.
	a.sessions.end(id)
	a.setCookie(w, a.sessions.begin(signedIn))
	http.Redirect(w, r, at.returnTo, http.StatusSeeOther)
}

// finish turns the answer into a session.
func (a *App) finish(ctx context.Context, at attempt, q url.Values) (session, *problem) {
	ctx = oidc.ClientContext(ctx, a.client)
	rp, err := a.discover(ctx)
	if err != nil {
		return session{}, unreachable(err)
	}
	// RFC 9207 §2.4: an answer that another server made is not looked at any further.
	if iss := q.Get("iss"); iss != a.config.Issuer && (iss != "" || rp.metadata.ResponseIss) {
		return session{}, &problem{Code: "wrong_issuer", Description: "The answer did not come from the sign-in service that was asked."}
	}
	if code := q.Get("error"); code != "" {
		return session{}, &problem{Code: code, Description: q.Get("error_description")}
	}
	token, err := rp.oauth.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(at.verifier))
	if err != nil {
		return session{}, oauthProblem(err)
	}
	signedIn, err := rp.identify(ctx, token, at.nonce)
	if err != nil {
		return session{}, &problem{Code: "not_verified", Description: "The sign-in service's answer did not pass the check.", cause: err}
	}
	return signedIn, nil
}

// identify checks the ID token and asks userinfo for the rest. That the token is genuine, for us, and in time needs no call to the provider.
func (rp *relyingParty) identify(ctx context.Context, token *oauth2.Token, nonce string) (session, error) {
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return session{}, errors.New("there is no ID token")
	}
	id, err := rp.idTokens.Verify(ctx, raw)
	if err != nil {
		return session{}, err
	}
	if id.Nonce != nonce {
		return session{}, errors.New("the ID token has another nonce")
	}
	if err := id.VerifyAccessToken(token.AccessToken); err != nil {
		return session{}, fmt.Errorf("at_hash: %w", err)
	}
	var claims struct {
		SessionID string `json:"sid"`
	}
	if err := id.Claims(&claims); err != nil {
		return session{}, fmt.Errorf("ID token: %w", err)
	}
	who, err := rp.profile(ctx, token, identity{id.Issuer, id.Subject})
	if err != nil {
		return session{}, fmt.Errorf("userinfo: %w", err)
	}
	return session{person: who, sid: claims.SessionID, token: token, idToken: raw}, nil
}

// profile asks userinfo what the person is called.
func (rp *relyingParty) profile(ctx context.Context, token *oauth2.Token, who identity) (*person, error) {
	info, err := rp.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return nil, err
	}
	if info.Subject != who.Subject { // OIDC Core §5.3.2
		return nil, errors.New("it is about somebody else")
	}
	var claims struct {
		Name      string `json:"name"`
		GivenName string `json:"given_name"`
		Picture   string `json:"picture"`
	}
	if err := info.Claims(&claims); err != nil {
		return nil, err
	}
	return &person{
		identity: who, Name: cmp.Or(claims.Name, claims.GivenName, info.Email, "stranger"), Email: info.Email, Picture: claims.Picture,
	}, nil
}
