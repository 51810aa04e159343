package upstreamtest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Behaviour says what the simulator does wrong. The zero value is a faultless upstream.
type Behaviour struct {
	// Deny answers every authorization request as if the person had pressed Cancel.
	Deny bool `json:"deny,omitempty"`
	// MissingEmail withholds the address, as when the person unticks it.
	MissingEmail bool `json:"missing_email,omitempty"`
	// AuthorizationError answers every authorization request with this error code.
	AuthorizationError string `json:"authorization_error,omitempty"`
	// OmitIssuer leaves the iss parameter out of callbacks although discovery announces it; WrongIssuer sends another.
	OmitIssuer  bool `json:"omit_iss,omitempty"`
	WrongIssuer bool `json:"wrong_iss,omitempty"`

	// Delay makes the endpoints in At slow. A Go duration: "2s".
	Delay Duration `json:"delay,omitempty"`
	// Fault is what the endpoints in At answer with.
	Fault Fault `json:"fault,omitempty"`
	// At names endpoints: discovery, jwks, authorize, token, userinfo, me. Empty: token.
	At []string `json:"at,omitempty"`

	// IDToken is what is wrong with ID tokens (Google).
	IDToken TokenFault `json:"id_token,omitempty"`
	// BareIssuer spells the issuer of ID tokens without its scheme, as Google sometimes does.
	BareIssuer bool `json:"bare_issuer,omitempty"`
	// GraphError answers Graph requests with this code, GraphSubcode with it (Facebook).
	GraphError   int `json:"graph_error,omitempty"`
	GraphSubcode int `json:"graph_subcode,omitempty"`
}

// Fault is a way for an endpoint to fail.
type Fault string

// The faults.
const (
	FaultHang        Fault = "hang"        // no answer until the client gives up
	FaultUnavailable Fault = "unavailable" // 503
	FaultRateLimit   Fault = "rate_limit"  // 429
	FaultGarbage     Fault = "garbage"     // 200, JSON content type, noise
	FaultTruncated   Fault = "truncated"   // 200, JSON that stops in the middle
	FaultHTML        Fault = "html"        // 500 with a page
	FaultHTMLOK      Fault = "html_ok"     // 200 with a page
	FaultHuge        Fault = "huge"        // 10 MiB of JSON
	FaultGzipBomb    Fault = "gzip_bomb"   // 64 MiB of JSON in a few KiB
	FaultRedirect    Fault = "redirect"    // 307 to /_sim/canary
	FaultErrorOK     Fault = "error_ok"    // 200 with an OAuth error
)

// TokenFault is a way for an ID token to be wrong.
type TokenFault string

// The faults of ID tokens.
const (
	TokenWrongNonce    TokenFault = "wrong_nonce"
	TokenNoNonce       TokenFault = "no_nonce"
	TokenWrongAudience TokenFault = "wrong_aud"
	TokenWrongIssuer   TokenFault = "wrong_iss"
	TokenWrongAZP      TokenFault = "wrong_azp"
	TokenWrongHash     TokenFault = "wrong_at_hash"
	TokenExpired       TokenFault = "expired"
	TokenFuture        TokenFault = "future" // iat in an hour
	TokenNoSubject     TokenFault = "no_sub"
	TokenOddSubject    TokenFault = "odd_sub"   // with a control character
	TokenDuplicate     TokenFault = "duplicate" // two members "sub"
	TokenAlgNone       TokenFault = "alg_none"
	TokenHS256         TokenFault = "hs256" // with the public key as the secret
	TokenUnknownKey    TokenFault = "unknown_kid"
	TokenBadSignature  TokenFault = "bad_signature"
	TokenMissing       TokenFault = "missing"
)

// Duration is a time.Duration that is text in JSON.
type Duration time.Duration

// MarshalText returns "2s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText accepts what time.ParseDuration does.
func (d *Duration) UnmarshalText(b []byte) error {
	parsed, err := time.ParseDuration(string(b))
	*d = Duration(parsed)
	return err
}

func (b Behaviour) hits(endpoint string) bool {
	return slices.Contains(b.At, endpoint) || len(b.At) == 0 && endpoint == "token"
}

// interfere plays the fault at the endpoint, and says whether that was the answer.
func (b Behaviour) interfere(w http.ResponseWriter, r *http.Request, endpoint string) bool {
	if !b.hits(endpoint) {
		return false
	}
	if b.Delay > 0 {
		select {
		case <-r.Context().Done():
			return true
		case <-time.After(time.Duration(b.Delay)):
		}
	}
	switch b.Fault {
	case "":
		return false
	case FaultHang:
		<-r.Context().Done()
	case FaultUnavailable:
		http.Error(w, "the simulated upstream is down", http.StatusServiceUnavailable)
	case FaultRateLimit:
		http.Error(w, "slow down", http.StatusTooManyRequests)
	case FaultHTML:
		answer(w, http.StatusInternalServerError, "text/html; charset=utf-8", []byte("<!doctype html><title>Sorry</title><h1>Something went wrong</h1>"))
	case FaultHTMLOK:
		answer(w, http.StatusOK, "text/html; charset=utf-8", []byte("<!doctype html><title>Welcome</title><h1>Sign in to the network</h1>"))
	case FaultGarbage:
		answer(w, http.StatusOK, "application/json", []byte("\x00\xff}{][ not json"))
	case FaultTruncated:
		answer(w, http.StatusOK, "application/json", []byte(`{"access_token":"half-a-tok`))
	case FaultHuge:
		answer(w, http.StatusOK, "application/json", hugeJSON(10<<20))
	case FaultGzipBomb:
		w.Header().Set("Content-Encoding", "gzip")
		answer(w, http.StatusOK, "application/json", compressed(hugeJSON(64<<20)))
	case FaultRedirect:
		http.Redirect(w, r, "/_sim/canary", http.StatusTemporaryRedirect)
	case FaultErrorOK:
		answer(w, http.StatusOK, "application/json", []byte(`{"error":"server_error","error_description":"with status 200"}`))
	default:
		http.Error(w, fmt.Sprintf("no such fault: %q", b.Fault), http.StatusNotImplemented)
	}
	return true
}

func hugeJSON(size int) []byte {
	return []byte(`{"access_token":"` + strings.Repeat("a", size) + `","token_type":"Bearer"}`)
}

func compressed(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data) // to memory
	z.Close()
	return b.Bytes()
}

func answer(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	w.Write(body) // a client that has gone away is none of our business
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	answer(w, status, "application/json; charset=utf-8", body)
}
