package adminapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

// defaultOverlap is how long the replaced secret stays valid when the request does not say.
const defaultOverlap = 24 * time.Hour

// rotateSecret makes a new secret and answers with it, once. The body is optional.
func (a *API) rotateSecret(w http.ResponseWriter, r *http.Request) error {
	if _, err := readQuery(r); err != nil {
		return err
	}
	overlap, err := readOverlap(w, r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	version, err := a.precondition(r, id)
	if err != nil {
		return err
	}
	secret, c, err := a.cfg.Registry.RotateSecretIf(r.Context(), id, overlap, version)
	if errors.Is(err, clients.ErrOverlap) {
		return badRequest("overlap_seconds must be a number from 0 to 2592000.")
	}
	if err != nil {
		return err
	}
	web.Annotate(r.Context(), "client_secret_rotated", c.ID)
	return writeJSON(w, http.StatusCreated, clients.Response(c, secret))
}

// readOverlap reads {"overlap_seconds": n}. No body and no member mean the default.
func readOverlap(w http.ResponseWriter, r *http.Request) (time.Duration, error) {
	if r.ContentLength == 0 {
		return defaultOverlap, nil
	}
	body, err := readBody(w, r, "application/json")
	if err != nil {
		return 0, err
	}
	var members map[string]json.RawMessage // exact names; encoding/json would match a struct's without regard to case
	if json.Unmarshal(body, &members) != nil || members == nil {
		return 0, badRequest("The body must be a JSON object.")
	}
	value, named := members["overlap_seconds"]
	if len(members) > 1 || len(members) == 1 && !named {
		return 0, badRequest("The body has an unknown member. Known here: overlap_seconds.")
	}
	if !named {
		return defaultOverlap, nil
	}
	var seconds *int64
	if json.Unmarshal(value, &seconds) != nil || seconds == nil || *seconds < 0 || *seconds > int64(clients.MaxOverlap/time.Second) {
		return 0, badRequest("overlap_seconds must be a number from 0 to 2592000.")
	}
	return time.Duration(*seconds) * time.Second, nil
}
