package registration

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

// register answers a client registration request (RFC 7591 §3.1).
func (e *Endpoint) register(w http.ResponseWriter, r *http.Request) error {
	initial, err := e.admit(r)
	if err != nil {
		return err
	}
	doc, err := readDocument(r)
	if err != nil {
		return err
	}
	if err := e.Policy.Prepare(&doc.metadata); err != nil {
		return err
	}
	if err := e.FetchSector.Check(r.Context(), nil, &doc.metadata); err != nil {
		return err
	}
	c, secret := clients.NewSelfRegistered(doc.metadata, time.Now())
	if err := c.SealSecret(secret, e.Sealer); err != nil {
		return err
	}
	token, hash := newToken(accessPrefix)
	err = e.Store.RegisterClient(r.Context(), c, clients.SelfRegistration{TokenHash: hash, InitialHash: initial, Limit: e.MaxClients})
	switch {
	case errors.Is(err, clients.ErrToken): // its last use was spent by another request in between
		return errInvalidToken
	case err != nil:
		return fmt.Errorf("register client: %w", err)
	}
	e.Cache.Forget(c.ID)
	web.Annotate(r.Context(), "client_registered", c.ID)
	return writeJSON(w, http.StatusCreated, e.information(c, secret, token))
}

// admit says whether the request may register a client, and returns the hash of the initial access token that it spends; nil where anybody may
// register. Who may is looked at before the body is read.
func (e *Endpoint) admit(r *http.Request) ([]byte, error) {
	from := web.ClientIP(r.Context())
	if e.Open {
		if !e.limit.take(from) {
			return nil, errTooMany
		}
		return nil, nil
	}
	if !e.limit.open(from) {
		return nil, errTooMany
	}
	token, err := bearer(r)
	if err != nil {
		return nil, err
	}
	hash := hashOf(token)
	t, err := e.Store.InitialAccessToken(r.Context(), hash)
	if errors.Is(err, clients.ErrToken) {
		e.limit.take(from)
		return nil, errInvalidToken
	}
	if err != nil {
		return nil, fmt.Errorf("look up initial access token: %w", err)
	}
	web.Annotate(r.Context(), "initial_access_token", t.ID)
	return hash, nil
}
