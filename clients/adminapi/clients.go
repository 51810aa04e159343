package adminapi

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

const (
	pathClients  = "/admin/v1/clients"
	defaultLimit = 50
	maxLimit     = 200
)

// listClients answers one page, ordered by client_id.
func (a *API) listClients(w http.ResponseWriter, r *http.Request) error {
	query, err := readQuery(r, "limit", "after")
	if err != nil {
		return err
	}
	limit := defaultLimit
	if query.Has("limit") {
		limit, err = strconv.Atoi(query.Get("limit"))
		if err != nil || limit < 1 || limit > maxLimit {
			return badRequest("limit must be a number from 1 to 200.")
		}
	}
	caller, after := callerOf(r.Context()), ""
	if query.Has("after") {
		if after, err = a.openCursor(caller, limit, query.Get("after")); err != nil {
			return err
		}
	}
	list, err := a.cfg.Registry.List(r.Context(), clients.ClientFilter{After: after, Limit: limit})
	if err != nil {
		return err
	}
	page := struct {
		Clients []clients.Registration `json:"clients"`
		Next    string                 `json:"next,omitempty"`
	}{Clients: make([]clients.Registration, 0, len(list))}
	for _, c := range list {
		page.Clients = append(page.Clients, clients.Response(c, ""))
	}
	// A full page may be the last one; the page after it is then empty.
	if len(list) == limit {
		page.Next = a.newCursor(caller, limit, list[len(list)-1].ID)
		next := a.cfg.Issuer + pathClients + "?limit=" + strconv.Itoa(limit) + "&after=" + page.Next
		w.Header().Set("Link", "<"+next+`>; rel="next"`) // RFC 8288 §3
	}
	return writeJSON(w, http.StatusOK, page)
}

// createClient registers a client: RFC 7591 §3.2.1 in its answer. The document may choose the client_id.
func (a *API) createClient(w http.ResponseWriter, r *http.Request) error {
	if _, err := readQuery(r); err != nil {
		return err
	}
	key, err := a.idempotencyKey(r)
	if err != nil {
		return err
	}
	body, err := readBody(w, r, "application/json")
	if err != nil {
		return err
	}
	meta, opts, err := clients.DecodeRegistration(body)
	if err != nil {
		return err
	}
	opts.IdempotencyKey = key
	c, secret, err := a.cfg.Registry.Create(r.Context(), meta, opts)
	if err != nil {
		return err
	}
	web.Annotate(r.Context(), "client_created", c.ID)
	w.Header().Set("Location", a.cfg.Issuer+pathClients+"/"+escapeID(c.ID))
	return writeJSON(w, http.StatusCreated, clients.Response(c, secret))
}

// idempotencyKey returns the caller's own name for the request: no caller can repeat another's.
func (a *API) idempotencyKey(r *http.Request) (string, error) {
	keys := r.Header.Values("Idempotency-Key")
	if len(keys) == 0 {
		return "", nil
	}
	if len(keys) > 1 || keys[0] == "" || len(keys[0]) > 255 {
		return "", badRequest("Idempotency-Key must be there once, with 1 to 255 characters.")
	}
	caller := callerOf(r.Context())
	return strings.Join([]string{strconv.Quote(caller.ClientID), strconv.Quote(caller.AccountID), keys[0]}, " "), nil
}

func (a *API) getClient(w http.ResponseWriter, r *http.Request) error {
	if _, err := readQuery(r); err != nil {
		return err
	}
	c, err := a.cfg.Registry.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, clients.Response(c, ""))
}

// updateClient applies an RFC 7396 merge patch.
func (a *API) updateClient(w http.ResponseWriter, r *http.Request) error {
	if _, err := readQuery(r); err != nil {
		return err
	}
	patch, err := readBody(w, r, "application/merge-patch+json", "application/json")
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	version, err := a.precondition(r, id)
	if err != nil {
		return err
	}
	c, err := a.cfg.Registry.Update(r.Context(), id, patch, version)
	if err != nil {
		return err
	}
	web.Annotate(r.Context(), "client_updated", c.ID)
	return writeJSON(w, http.StatusOK, clients.Response(c, ""))
}

// deleteClient deletes whatever the client has become after If-Match was checked: who deletes does not care for a change in between.
func (a *API) deleteClient(w http.ResponseWriter, r *http.Request) error {
	if _, err := readQuery(r); err != nil {
		return err
	}
	id := r.PathValue("id")
	if _, err := a.precondition(r, id); err != nil {
		return err
	}
	if err := a.cfg.Registry.Delete(r.Context(), id); err != nil {
		return err
	}
	web.Annotate(r.Context(), "client_deleted", id)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// escapeID makes one path segment of a client id, which may be a URL.
func escapeID(id string) string { return url.PathEscape(id) }
