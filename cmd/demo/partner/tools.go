package partner

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// The buttons that show what happens behind a sign-in. Each keeps its outcome in the session and sends the browser home to see it.

// apiCall is a call of the app's own API, for the page.
type apiCall struct {
	Request string
	Status  string // "200 OK"
	OK      bool
	Body    string
	Claims  string // of the token that was sent, decoded
	When    string // "2.1 s after the log-out"; empty during a session
}

// shownCalls is how many calls the page shows.
const shownCalls = 5

// holder returns the session and its access token, also that of a session that has ended; without one it sends the browser home.
func (a *App) holder(w http.ResponseWriter, r *http.Request) (id string, s session, ok bool) {
	id, s = a.session(r)
	if s.accessToken() == "" {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return "", session{}, false
	}
	return id, s, true
}

// serveCallAPI calls the API with the access token, as any program that holds it could.
func (a *App) serveCallAPI(w http.ResponseWriter, r *http.Request) {
	id, s, ok := a.holder(w, r)
	if !ok {
		return
	}
	call := apiCall{Request: "GET " + ShelfPath, Claims: pretty(s.accessToken()), When: s.when()}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, a.config.BaseURL+ShelfPath, nil)
	if err == nil {
		req.Header.Set("Authorization", "Bearer "+s.accessToken())
		call.Status, call.Body, err = a.fetch(req)
	}
	if err != nil {
		call.Status, call.Body = "no answer", err.Error()
	}
	call.OK = strings.HasPrefix(call.Status, "200")
	a.sessions.change(id, func(s *session) {
		calls := append([]apiCall{call}, s.calls...) // a slice of its own: pages that are being shown have the old one
		s.calls = calls[:min(len(calls), shownCalls)]
	})
	http.Redirect(w, r, "/#call", http.StatusSeeOther)
}

// serveIntrospect asks the provider about the access token (RFC 7662 §2.1): what an app does that cannot, or will not, check it by itself.
func (a *App) serveIntrospect(w http.ResponseWriter, r *http.Request) {
	id, s, ok := a.holder(w, r)
	if !ok {
		return
	}
	answer, err := a.introspect(r.Context(), s.accessToken())
	if err != nil {
		answer = err.Error()
	}
	a.sessions.change(id, func(s *session) { s.introspection = answer })
	http.Redirect(w, r, "/#introspection", http.StatusSeeOther)
}

func (a *App) introspect(ctx context.Context, token string) (string, error) {
	rp, err := a.discover(ctx)
	if err != nil {
		return "", err
	}
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, rp.metadata.IntrospectionEndpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	// RFC 6749 §2.3.1: both are form-encoded before they go into the header.
	req.SetBasicAuth(url.QueryEscape(a.config.ClientID), url.QueryEscape(a.config.ClientSecret))
	status, body, err := a.fetch(req)
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(status, "200") {
		return status + "\n" + body, nil
	}
	return body, nil
}

// serveRefresh exchanges the refresh token for new tokens (RFC 6749 §6).
func (a *App) serveRefresh(w http.ResponseWriter, r *http.Request) {
	id, s := a.session(r)
	if s.person == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	ctx := oidc.ClientContext(r.Context(), a.client)
	token, idToken, err := a.refresh(ctx, s)
	a.sessions.change(id, func(s *session) {
		switch {
		case s.person == nil: // signed out in the meantime: the new tokens must not bring the session back
		case err != nil:
			s.problem = oauthProblem(err)
		default:
			s.token, s.idToken, s.refreshed = token, idToken, s.refreshed+1
			s.calls, s.introspection = nil, ""
		}
	})
	http.Redirect(w, r, "/#tokens", http.StatusSeeOther)
}

// refresh returns the new tokens. A new ID token must be about the same person (OIDC Core §12.2).
func (a *App) refresh(ctx context.Context, s session) (*oauth2.Token, string, error) {
	rp, err := a.discover(ctx)
	if err != nil {
		return nil, "", err
	}
	token, err := rp.oauth.TokenSource(ctx, &oauth2.Token{RefreshToken: s.token.RefreshToken}).Token()
	if err != nil {
		return nil, "", err
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return token, s.idToken, nil
	}
	id, err := rp.idTokens.Verify(ctx, raw)
	if err != nil {
		return nil, "", err
	}
	if (identity{id.Issuer, id.Subject}) != s.person.identity {
		return nil, "", fmt.Errorf("the new ID token is about somebody else")
	}
	return token, raw, nil
}

// fetch returns the status and the body, indented where it is JSON.
func (a *App) fetch(req *http.Request) (status, body string, err error) {
	res, err := a.client.Do(req)
	if err != nil {
		return "", "", err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return "", "", err
	}
	var indented bytes.Buffer
	if json.Indent(&indented, data, "", "  ") != nil {
		return res.Status, string(data), nil
	}
	return res.Status, indented.String(), nil
}

// pretty returns header and payload of a JWT, decoded for eyes.
func pretty(raw string) string {
	var out []string
	for part := range 2 {
		var v json.RawMessage
		var indented bytes.Buffer
		if decodePart(raw, part, &v) != nil || json.Indent(&indented, v, "", "  ") != nil {
			return "not a JWT"
		}
		out = append(out, indented.String())
	}
	return strings.Join(out, "\n")
}

// decodePart decodes the header (0) or the payload (1) of a JWT. Nothing is verified by it.
func decodePart(raw string, part int, into any) error {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return errors.New("not a JWT")
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[part])
	if err != nil {
		return fmt.Errorf("decode JWT: %w", err)
	}
	return json.Unmarshal(data, into)
}

// remaining says how long the token is still good for.
func remaining(t time.Time) string {
	left := time.Until(t).Round(time.Second)
	if left <= 0 {
		return "has expired"
	}
	return fmt.Sprintf("is good for another %d min %d s", left/time.Minute, left%time.Minute/time.Second)
}
