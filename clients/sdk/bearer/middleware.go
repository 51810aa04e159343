package bearer

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

const (
	schemeBearer = "Bearer"
	schemeDPoP   = "DPoP"
)

// Middleware lets requests through to next that carry a token as Config demands. next finds it with FromContext. Wrap the routes that need a
// token; there is no list of public paths that a cunning path could match. CORS goes around it: a browser's preflight request carries no token.
func (v *Verifier) Middleware(next http.Handler) http.Handler {
	return v.guard(next, nil)
}

// Require is Middleware for routes that need more scopes: v.Require("orders:read")(next). Inside Middleware of the same Verifier it does not
// verify again. It panics if a scope is not one scope token (RFC 6749 §3.3), as http.ServeMux does with a bad pattern.
func (v *Verifier) Require(scope string, more ...string) func(next http.Handler) http.Handler {
	scopes := append([]string{scope}, more...)
	for _, s := range scopes {
		if !isScopeToken(s) {
			panic(fmt.Sprintf("bearer: %q is not one scope", s))
		}
	}
	return func(next http.Handler) http.Handler { return v.guard(next, scopes) }
}

func (v *Verifier) guard(next http.Handler, scopes []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t, ok := FromContext(r.Context())
		// A token that another Verifier accepted was accepted for another audience or issuer.
		ours := ok && t.verifier == v
		var err error
		if !ours {
			t, err = v.VerifyRequest(r)
		}
		if err == nil {
			err = t.lacks(scopes)
		}
		if err != nil {
			v.Refuse(w, r, err)
			return
		}
		if !ours {
			r = r.WithContext(context.WithValue(r.Context(), contextKey{}, t))
			if t.KeyThumbprint != "" {
				v.dpop.offerNonce(w)
			}
		}
		next.ServeHTTP(w, r)
	})
}

// credentials returns the scheme and the token of the Authorization header (RFC 6750 §2.1, RFC 9449 §7.1).
func credentials(r *http.Request) (scheme, token string, err error) {
	headers := r.Header.Values("Authorization")
	switch {
	case len(headers) == 0:
		return "", "", noToken()
	case len(headers) > 1:
		return "", "", invalidRequest("Send one Authorization header.")
	}
	scheme, token, _ = strings.Cut(headers[0], " ")
	switch {
	case strings.EqualFold(scheme, schemeBearer):
		scheme = schemeBearer
	case strings.EqualFold(scheme, schemeDPoP):
		scheme = schemeDPoP
	default:
		return "", "", noToken()
	}
	if token = strings.Trim(token, " "); token == "" {
		return "", "", invalidRequest("The Authorization header has a scheme and no token.")
	}
	return scheme, token, nil
}
