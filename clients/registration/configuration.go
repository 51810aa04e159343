package registration

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

// registered is a client that proved to be the one it manages.
type registered struct {
	client *clients.Client
	token  string // its registration access token
	hash   []byte
}

// authenticate returns the client whose configuration r asks for. RFC 7592 §2: a wrong token, another client's token and a client that is not
// there are one answer.
func (e *Endpoint) authenticate(r *http.Request) (registered, error) {
	token, err := bearer(r)
	if err != nil {
		return registered{}, err
	}
	c, hash, err := e.Store.RegisteredClient(r.Context(), r.PathValue("client_id"))
	if errors.Is(err, clients.ErrNotFound) {
		c, hash = nil, make([]byte, len(hashOf(""))) // compared with all the same: it takes as long
	} else if err != nil {
		return registered{}, fmt.Errorf("load registration: %w", err)
	}
	presented := hashOf(token)
	if subtle.ConstantTimeCompare(presented, hash) != 1 || c == nil || !c.DisabledAt.IsZero() {
		return registered{}, errInvalidToken
	}
	web.Annotate(r.Context(), "client", c.ID)
	return registered{client: c, token: token, hash: presented}, nil
}

// read answers what is registered (RFC 7592 §2.1). The secret is not in it: it is shown when it is made, and only its hash is kept.
func (e *Endpoint) read(w http.ResponseWriter, r *http.Request) error {
	known, err := e.authenticate(r)
	if err != nil {
		return err
	}
	token := known.token
	if e.Rotation == RotateAlways {
		next, hash := newToken(accessPrefix)
		if err := e.Store.RotateRegistrationToken(r.Context(), known.client.ID, known.hash, hash); err != nil {
			return asTokenError(err)
		}
		token = next
	}
	return writeJSON(w, http.StatusOK, e.information(known.client, "", token))
}

// update replaces what is registered by what the client says now (RFC 7592 §2.2): a member that is left out goes back to its default. What an
// administrator gave the client stays.
func (e *Endpoint) update(w http.ResponseWriter, r *http.Request) error {
	known, err := e.authenticate(r)
	if err != nil {
		return err
	}
	doc, err := readDocument(r)
	if err != nil {
		return err
	}
	if err := e.checkIdentity(r, known.client, doc); err != nil {
		return err
	}
	next := *known.client
	next.UpdatedAt = time.Now().UTC().Truncate(time.Millisecond)
	if next.Metadata, err = clients.Replace(known.client.Metadata, doc.metadata, e.Policy.Prepare); err != nil {
		return err
	}
	if err := e.FetchSector.Check(r.Context(), &known.client.Metadata, &next.Metadata); err != nil {
		return err
	}
	secret, err := e.fitSecrets(&next)
	if err != nil {
		return err
	}
	token, hash := known.token, known.hash
	if e.Rotation != RotateNever { // RFC 7592 §5
		token, hash = newToken(accessPrefix)
	}
	err = e.Store.UpdateRegisteredClient(r.Context(), &next, known.hash, hash)
	e.Cache.Forget(next.ID)
	if err != nil {
		return asTokenError(err)
	}
	web.Annotate(r.Context(), "client_updated", next.ID)
	next.Version++
	return writeJSON(w, http.StatusOK, e.information(&next, secret, token))
}

// checkIdentity: RFC 7592 §2.2. The document names the client that it is for, and a secret in it is the client's own: nobody chooses one. A
// sealed secret is not opened for this; it is not replaced either.
func (e *Endpoint) checkIdentity(r *http.Request, c *clients.Client, doc document) error {
	if doc.id != c.ID {
		return badMetadata("The client_id must be there, and be the one of the client.")
	}
	if doc.secret == "" || c.Metadata.TokenEndpointAuthMethod == clients.AuthMethodSecretJWT {
		return nil
	}
	ok, err := e.secrets.Verify(r.Context(), c, doc.secret)
	if err == nil && !ok {
		return badMetadata("The client_secret is not the client's. It cannot be chosen: leave it out.")
	}
	return err
}

// fitSecrets takes from the client the secrets that its new way to authenticate cannot use, and gives it the one that it needs and has not.
func (e *Endpoint) fitSecrets(c *clients.Client) (secret string, err error) {
	c.DropUnfitSecrets()
	if !c.HasSecret() || len(c.Secrets) > 0 {
		return "", nil
	}
	rotated, secret := c.Rotate(c.UpdatedAt, 0)
	*c = *rotated
	return secret, c.SealSecret(secret, e.Sealer)
}

// remove deletes the client with everything that was issued to it (RFC 7592 §2.3).
func (e *Endpoint) remove(w http.ResponseWriter, r *http.Request) error {
	known, err := e.authenticate(r)
	if err != nil {
		return err
	}
	err = e.Store.DeleteClient(r.Context(), known.client.ID)
	e.Cache.Forget(known.client.ID)
	if err != nil && !errors.Is(err, clients.ErrNotFound) { // another request was first
		return fmt.Errorf("delete client: %w", err)
	}
	web.Annotate(r.Context(), "client_deleted", known.client.ID)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// asTokenError: a registration access token that was replaced while this request was under way is a token that is not valid any more.
func asTokenError(err error) error {
	if errors.Is(err, clients.ErrToken) {
		return errInvalidToken
	}
	return fmt.Errorf("update registration: %w", err)
}
