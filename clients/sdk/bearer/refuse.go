package bearer

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// Refuse answers a request with an error of VerifyRequest: status, WWW-Authenticate (RFC 6750 §3, RFC 9449 §7.1) and a JSON body with the same
// code and description.
func (v *Verifier) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	var e *Error
	if !errors.As(err, &e) {
		e = unavailable(err)
	}
	if v.config.OnRefuse != nil {
		v.config.OnRefuse(r, e)
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if e.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "5")
	} else {
		for _, challenge := range v.challenges(r, e) {
			h.Add("WWW-Authenticate", challenge)
		}
	}
	if e.Code == codeUseNonce {
		v.dpop.offerNonce(w)
	}
	body, _ := json.Marshal(struct { // strings only: cannot fail
		Code        string `json:"error,omitempty"`
		Description string `json:"error_description"`
	}{e.Code, e.Description})
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(e.Status)
	_, _ = w.Write(append(body, '\n'))
}

// challenges returns a challenge for each scheme that could have succeeded. The error stands in that of the scheme which the client used, or
// should have used. A request without a token gets no error code (RFC 6750 §3.1).
func (v *Verifier) challenges(r *http.Request, e *Error) []string {
	used, _, err := credentials(r)
	if err != nil {
		used = schemeBearer
	}
	var challenges []string
	if v.dpop == nil || !v.config.DPoP.Require {
		challenges = append(challenges, challenge(schemeBearer, e, used == schemeBearer))
	}
	if v.dpop != nil {
		algorithms := `algs="` + strings.Join(v.config.DPoP.Algorithms, " ") + `"`
		c := challenge(schemeDPoP, e, used == schemeDPoP || len(challenges) == 0)
		separator := ", "
		if c == schemeDPoP {
			separator = " "
		}
		challenges = append(challenges, c+separator+algorithms)
	}
	return challenges
}

// challenge writes one. What goes in is from constants and scope tokens: nothing needs to be escaped.
func challenge(scheme string, e *Error, mine bool) string {
	if !mine || e.Code == "" {
		return scheme
	}
	c := scheme + ` error="` + e.Code + `", error_description="` + e.Description + `"`
	if e.Scope != "" {
		c += `, scope="` + e.Scope + `"`
	}
	return c
}
