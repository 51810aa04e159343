package bearer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/symbolon-id/symbolon/clients/sdk/bearer"
)

// An API with two routes. Who calls is the pair of issuer and subject.
func Example() {
	v, err := bearer.New(bearer.Config{
		Issuer:   "https://id.example.com",
		Audience: "https://api.example.com",
	})
	if err != nil {
		slog.Error(err.Error())
		return
	}
	defer v.Close()

	mux := http.NewServeMux()
	mux.Handle("GET /orders", v.Require("orders:read")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := bearer.FromContext(r.Context())
		fmt.Fprintf(w, "the orders of %s at %s\n", token.Subject, token.Issuer)
	})))
	mux.Handle("POST /orders", v.Require("orders:read", "orders:write")(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
	})))
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {}) // open to all, and it shows

	server := &http.Server{Addr: "127.0.0.1:8080", Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	_ = server // server.ListenAndServe()
}

// What is refused, and what is fetched, can go to logs and metrics. Neither hook sees a token.
func ExampleConfig_observed() {
	_, err := bearer.New(bearer.Config{
		Issuer:   "https://id.example.com",
		Audience: "https://api.example.com",
		OnFetch: func(f bearer.Fetch) {
			if f.Err != nil {
				slog.Warn("the issuer does not answer as it should", "kind", f.Kind, "error", f.Err)
			}
		},
		OnRefuse: func(r *http.Request, e *bearer.Error) {
			slog.Info("refused", "path", r.URL.Path, "code", e.Code, "cause", e.Unwrap(), "revoked", errors.Is(e, bearer.ErrRevoked))
		},
	})
	fmt.Println(err)
	// Output: <nil>
}

// A partner with sessions of its own ends them when the person logs out at the issuer. The handler's URL is the client's
// backchannel_logout_uri.
func ExampleVerifier_LogoutHandler() {
	v, err := bearer.New(bearer.Config{Issuer: "https://id.example.com", Audience: "https://api.example.com"})
	if err != nil {
		slog.Error(err.Error())
		return
	}
	defer v.Close()
	mux := http.NewServeMux()
	mux.Handle("POST /backchannel-logout", v.LogoutHandler("shop", func(_ context.Context, l bearer.Logout) error {
		slog.Info("log-out", "issuer", l.Issuer, "subject", l.Subject, "session", l.SessionID)
		return nil // or the error of the store that the sessions are in
	}))
}

// Outside of net/http, say in a gRPC interceptor, Verify takes the token alone.
func ExampleVerifier_Verify() {
	v, err := bearer.New(bearer.Config{Issuer: "https://id.example.com", Audience: "https://api.example.com"})
	if err != nil {
		slog.Error(err.Error())
		return
	}
	defer v.Close()
	_, err = v.Verify(context.Background(), "not a token")
	var refused *bearer.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Status, refused.Code)
	}
	// Output: 401 invalid_token
}

// DPoP: a stolen token is worth nothing without the client's key.
func ExampleDPoPPolicy() {
	_, err := bearer.New(bearer.Config{
		Issuer:   "https://id.example.com",
		Audience: "https://api.example.com",
		DPoP:     bearer.DPoPPolicy{Require: true, PublicURL: "https://api.example.com"},
	})
	fmt.Println(err)
	// Output: <nil>
}
