package provider

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/provider/web"
)

// oauthError turns any error into the one that the client is told. What is not an OAuth error is a server_error whose cause only the log sees;
// a storage fault is temporarily_unavailable, so that the client tries again instead of giving up.
func oauthError(err error) *fosite.RFC6749Error {
	var f *fault
	var e, inner *fosite.RFC6749Error
	switch {
	case errors.As(err, &f):
		return fosite.ErrTemporarilyUnavailable.WithHint("The server cannot reach its database right now. Try again in a few seconds.").WithWrap(err)
	case errors.Is(err, fosite.ErrInvalidatedAuthorizeCode):
		// Fosite hands a lost race for a code out as server_error.
		return fosite.ErrInvalidGrant.WithHint("The authorization code has been used before, so everything it was used for was revoked.").WithWrap(err)
	case errors.Is(err, ErrGrantNotFound):
		return fosite.ErrInvalidGrant.WithHint("The sign-in that this comes from has ended.").WithWrap(err)
	case errors.Is(err, web.ErrFormDuplicate), errors.Is(err, web.ErrFormSyntax), errors.Is(err, web.ErrFormQuery):
		return fosite.ErrInvalidRequest.WithHint(strings.TrimPrefix(err.Error(), "web: ") + ".").WithWrap(err)
	case errors.As(err, &e):
		// Fosite makes a server_error of whatever our store answers; what we said is inside.
		if e.ErrorField == fosite.ErrServerError.ErrorField && errors.As(e.Unwrap(), &inner) {
			return inner
		}
		return e
	default:
		return fosite.ErrServerError.WithHint("Something went wrong on the server.").WithWrap(err)
	}
}

// statusOf returns the HTTP status of an error answer.
func statusOf(err error, e *fosite.RFC6749Error) int {
	switch {
	case errors.Is(err, web.ErrFormSize):
		return http.StatusRequestEntityTooLarge
	case e.ErrorField == fosite.ErrTemporarilyUnavailable.ErrorField:
		return http.StatusServiceUnavailable
	case e.CodeField == 0:
		return http.StatusBadRequest
	}
	return e.CodeField
}

// errorBody is an OAuth error answer (RFC 6749 §5.2).
type errorBody struct {
	Error       string `json:"error,omitempty"`
	Description string `json:"error_description,omitempty"`
}

// writeError answers a client, at every endpoint that is not for browsers.
func writeError(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, web.ErrFormType) || errors.Is(err, web.ErrFormSize) {
		err = errors.Join(err, fosite.ErrInvalidRequest.WithHint(strings.TrimPrefix(err.Error(), "web: ")+"."))
	}
	e := oauthError(err)
	status := statusOf(err, e)
	allowAnyOrigin(r.Context())
	var c *clientError
	var b *bearerError
	switch {
	case errors.As(err, &b):
		w.Header().Set("WWW-Authenticate", b.challenge())
		status = b.status
	case errors.As(err, &c): // RFC 6749 §5.2, RFC 9110 §15.5.2
		status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", `Basic realm="symbolon", charset="UTF-8"`)
	case status == http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "2")
	}
	web.Annotate(r.Context(), "oauth_error", e.ErrorField)
	if status >= http.StatusInternalServerError || e.DebugField != "" {
		web.Fail(r.Context(), causeOf(err))
	}
	body := errorBody{Error: e.ErrorField, Description: description(e)}
	if e == errNoToken { // RFC 6750 §3.1: nobody has done anything wrong yet
		body.Error = ""
	}
	writeJSON(w, status, body)
}

// Refuse answers a request to an API that met no endpoint, the wrong method, or a fault before or around its handler.
func Refuse(w http.ResponseWriter, status int, description string) {
	code := fosite.ErrInvalidRequest.ErrorField
	if status >= http.StatusInternalServerError {
		code = fosite.ErrServerError.ErrorField
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, status, errorBody{Error: code, Description: description})
}

// causeOf describes err for the log: fosite's errors say only their code.
func causeOf(err error) error {
	var e *fosite.RFC6749Error
	if errors.As(err, &e) {
		if cause := e.Unwrap(); cause != nil {
			return errors.Join(errors.New(e.ErrorField+" "+e.DebugField), cause)
		}
		return errors.New(e.ErrorField + " " + e.DebugField)
	}
	return err
}

// description is the sentence for the client's developer, in the characters that RFC 6749 §5.2 allows.
func description(e *fosite.RFC6749Error) string {
	text := e.HintField
	if text == "" {
		text = e.DescriptionField
	}
	return printable(text)
}

// printable drops what must not be in an error_description, and bounds it: parts of it may come from the request.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == '\\':
			return '\''
		case r < ' ' || r > '~':
			return -1
		}
		return r
	}, s)
	if len(s) > 500 {
		s = s[:500]
	}
	return s
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(err) // our own types always encode
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(encoded)
}
