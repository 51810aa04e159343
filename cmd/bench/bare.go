package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/symbolon-id/symbolon/cmd/internal/load"
)

// bareCommand makes this program the bare server: bare ADDRESS DATABASE.
const bareCommand = "bare"

// bare is the least that answers a flow: it authenticates nobody and decides nothing. What it signs, verifies, seals and commits is of the kind
// and size that the flow needs; everything the real server does beyond it is what the ratio shows.
type bare struct {
	issuer   string
	jose     *bareKeys
	store    *bareStore
	document []byte // of the size of the discovery document
}

func runBare(address, database string) error {
	store, err := openBareStore(context.Background(), database)
	if err != nil {
		return fmt.Errorf("bare server: %w", err)
	}
	keys, err := newBareKeys()
	if err != nil {
		return fmt.Errorf("bare server: %w", err)
	}
	b := &bare{issuer: "http://" + address, jose: keys, store: store, document: []byte(`{"filler":"` + strings.Repeat("x", 1800) + `"}`)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", b.serveDocument)
	mux.HandleFunc("GET /.well-known/openid-configuration", b.serveDocument)
	mux.HandleFunc("GET /oauth2/jwks", b.serveDocument)
	mux.HandleFunc("GET /oauth2/status/0", b.serveDocument)
	mux.HandleFunc("GET /oauth2/authorize", failing(b.serveAuthorize))
	mux.HandleFunc("POST /oauth2/token", failing(b.serveToken))
	mux.HandleFunc("POST /oauth2/introspect", failing(b.serveIntrospection))
	mux.HandleFunc("GET /oauth2/userinfo", failing(b.serveUserInfo))
	mux.HandleFunc("POST /oauth2/revoke", failing(b.serveRevocation))
	// The limits of the real server: some of them set timers for each request.
	server := &http.Server{
		Addr: address, Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
	}
	return server.ListenAndServe()
}

func failing(h func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}
}

func (b *bare) serveDocument(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Write(b.document) // a client that has gone away is none of our business
}

// serveAuthorize reads one row, as for the session, and seals a code.
func (b *bare) serveAuthorize(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	record, err := b.store.person(r.Context())
	if err != nil {
		return err
	}
	code := b.jose.seal(randomText(16) + "." + record)
	w.Header().Set("Location", query.Get("redirect_uri")+"?code="+code+"&state="+query.Get("state"))
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// serveToken signs what each grant type is answered with; a sign-in is one row, a refresh one changed row.
func (b *bare) serveToken(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	if r.PostForm.Get("grant_type") == "client_credentials" {
		access, err := b.jose.sign("at+jwt", b.accessClaims(randomText(8), r.PostForm.Get("scope")))
		if err != nil {
			return err
		}
		return answerJSON(w, load.Tokens{AccessToken: access, TokenType: "Bearer", ExpiresIn: 600})
	}
	id, err := b.commit(r)
	if err != nil {
		return err
	}
	access, err := b.jose.sign("at+jwt", b.accessClaims(id+"."+randomText(8), "openid profile email"))
	if err != nil {
		return err
	}
	identity, err := b.jose.sign("JWT", b.idClaims())
	if err != nil {
		return err
	}
	return answerJSON(w, load.Tokens{AccessToken: access, TokenType: "Bearer", ExpiresIn: 600, RefreshToken: id, IDToken: identity})
}

func (b *bare) commit(r *http.Request) (id string, err error) {
	if r.PostForm.Get("grant_type") == "refresh_token" {
		id = r.PostForm.Get("refresh_token")
		return id, b.store.rotate(r.Context(), id)
	}
	sealed, err := b.jose.open(r.PostForm.Get("code"))
	if err != nil {
		return "", err
	}
	id, record, _ := strings.Cut(sealed, ".")
	return id, b.store.insert(r.Context(), id, record)
}

// serveIntrospection verifies one signature and reads one row.
func (b *bare) serveIntrospection(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	claims, err := b.live(r.Context(), r.PostForm.Get("token"))
	if err != nil {
		return err
	}
	return answerJSON(w, struct {
		Active bool `json:"active"`
		bareAccessClaims
	}{true, claims})
}

func (b *bare) serveUserInfo(w http.ResponseWriter, r *http.Request) error {
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	claims, err := b.live(r.Context(), token)
	if err != nil {
		return err
	}
	return answerJSON(w, map[string]any{"sub": claims.Subject, "name": "Person 1", "email": "person1@gmail.com", "email_verified": true})
}

func (b *bare) live(ctx context.Context, token string) (claims bareAccessClaims, err error) {
	payload, err := b.jose.verify(token)
	if err != nil {
		return claims, err
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return claims, err
	}
	id, _, _ := strings.Cut(claims.ID, ".")
	return claims, b.store.grant(ctx, id)
}

// serveRevocation changes one row.
func (b *bare) serveRevocation(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	if err := b.store.revoke(r.Context(), r.PostForm.Get("token")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

func answerJSON(w http.ResponseWriter, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(raw)
	return nil
}
