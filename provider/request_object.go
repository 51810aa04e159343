package provider

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json" // exact names, and no member twice
	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
)

const (
	// maxRequestObject bounds a request object, in bytes.
	maxRequestObject = 64 << 10
	// maxRequestObjectAge bounds both how far ahead its exp may be and how long ago its nbf (FAPI 2.0 Message Signing §5.3.1).
	maxRequestObjectAge = time.Hour
	maxRequestMembers   = 100
)

// requestObject is a request object that parses (RFC 9101 §4). Nothing in it is proven yet.
type requestObject struct {
	jws        assertion // header and signature only: its claims are those of another kind of JWT
	claims     requestClaims
	parameters url.Values
}

// requestClaims are the claims about the request object itself. They are no parameters.
type requestClaims struct {
	Issuer    string          `json:"iss"`
	Subject   string          `json:"sub"`
	Audience  requestAudience `json:"aud"`
	ExpiresAt *float64        `json:"exp"`
	NotBefore *float64        `json:"nbf"`
	IssuedAt  *float64        `json:"iat"`
	ID        string          `json:"jti"`
}

// requestAudience is an "aud" claim: a string or an array of them (RFC 7519 §4.1.3).
type requestAudience []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *requestAudience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = requestAudience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// errRequestObject is what the client is told of a request object that is not good (RFC 9101 §7).
func errRequestObject(why string) error { return fosite.ErrInvalidRequestObject.WithHint(why) }

// parseRequestObject reads a compact JWS whose payload is the parameters. Its error is an invalid_request_object.
func parseRequestObject(text string) (*requestObject, error) {
	if strings.Count(text, ".") == 4 {
		return nil, errRequestObject("The request object is encrypted, which is not offered. Sign it only.")
	}
	header, payload, ok := splitJWS(text, maxRequestObject)
	var o requestObject
	if !ok || json.Unmarshal(header, &o.jws.header) != nil {
		return nil, errRequestObject("The request object is not a compact JWS.")
	}
	h := &o.jws.header
	if h.Critical != nil || h.B64 != nil || h.Key != nil || h.KeyURL != nil || h.CertURL != nil {
		return nil, errRequestObject("The header of the request object must have none of crit, b64, jwk, jku and x5u.")
	}
	// RFC 8725 §3.11: whatever else the client's key signs is no request.
	if t := strings.TrimPrefix(strings.ToLower(h.Type), "application/"); t != "" && t != "jwt" && t != "oauth-authz-req+jwt" {
		return nil, errRequestObject("The typ of the request object must be oauth-authz-req+jwt.")
	}
	// RFC 9101 §6.2: only what is signed with one of these is looked at; takeRequestObject checks by whom.
	jws, err := jose.ParseSignedCompact(text, assertionAlgorithms)
	if err != nil {
		return nil, errRequestObject("The request object must be signed with RS256, PS256, ES256 or EdDSA.")
	}
	o.jws.jws = jws
	var members map[string]json.RawMessage
	if !utf8.Valid(payload) || json.Unmarshal(payload, &members) != nil || members == nil || len(members) > maxRequestMembers {
		return nil, errRequestObject("The payload of the request object is not a JSON object of at most 100 members, each there once.")
	}
	if json.Unmarshal(payload, &o.claims) != nil {
		return nil, errRequestObject("One of iss, sub, aud, exp, nbf, iat and jti in the request object has the wrong type.")
	}
	o.parameters, err = parametersOf(members)
	return &o, err
}

// parametersOf turns the members of a request object into the parameters that they stand for (RFC 9101 §4): a text is itself, a number or a truth
// value is what is written there, and an object or an array is its JSON.
func parametersOf(members map[string]json.RawMessage) (url.Values, error) {
	form := url.Values{}
	for name, value := range members {
		if slices.Contains([]string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"}, name) {
			continue
		}
		texts, err := parameterTexts(name, value)
		if err != nil || !isParameterText(append(texts, name)) {
			return nil, errRequestObject("The member " + printable(name) + " of the request object cannot be a parameter.")
		}
		form[name] = texts
	}
	return form, nil
}

func parameterTexts(name string, value json.RawMessage) ([]string, error) {
	switch value[0] {
	case '"':
		var text string
		err := json.Unmarshal(value, &text)
		return []string{text}, err
	case 'n':
		return nil, errors.New("null is no value")
	case '[':
		if name == "resource" { // RFC 8707 §2: the one parameter that may be there several times
			var list []string
			err := json.Unmarshal(value, &list)
			return list, err
		}
	}
	var compact bytes.Buffer
	err := stdjson.Compact(&compact, value)
	return []string{compact.String()}, err
}

// isParameterText says whether a form could have the texts: package web reads no others.
func isParameterText(texts []string) bool {
	return !slices.ContainsFunc(texts, func(s string) bool { return !utf8.ValidString(s) || strings.ContainsRune(s, 0) })
}

// takeRequestObject puts the parameters of a request object in the place of those beside it, which count for nothing (RFC 9101 §6.3). Once the
// signature is checked, errors go where the object says.
func (p *Provider) takeRequestObject(ctx context.Context, a *authorization, c *clients.Client, text string, fetched bool) error {
	if len(c.Metadata.JWKS) == 0 && c.Metadata.JWKSURI == "" { // OIDC Core §6: said by name
		return fosite.ErrRequestNotSupported.WithHint("The client has registered no keys that a request object could be signed with: add jwks or jwks_uri.")
	}
	o, err := parseRequestObject(text)
	if err != nil {
		return err
	}
	if alg := c.Metadata.RequestObjectSigningAlg; alg != "" && alg != string(o.jws.header.Algorithm) {
		return errRequestObject("The request object is not signed with the client's request_object_signing_alg.")
	}
	if !p.maySignWith(c, o.jws.header.Algorithm) {
		return errRequestObject("A client of the FAPI 2.0 profile signs its request objects with PS256, ES256 or EdDSA.")
	}
	signed, err := p.clientKeys.verify(ctx, c, o.jws.signedBy)
	if err != nil {
		return err
	}
	if !signed {
		return errRequestObject("The signature of the request object is not by one of the client's keys.")
	}
	if o.parameters.Get("client_id") != c.ID { // RFC 9101 §6.3
		return errRequestObject("The client_id in the request object is missing or differs from the one beside it.")
	}
	outer := a.form
	a.form, a.signed = o.parameters, true
	if why := p.requestObjectUnfit(c, o, fetched); why != "" {
		return errRequestObject(why)
	}
	// OIDC Core §6.1: response_type may be beside the object, for the sake of RFC 6749, and is the same then.
	if outer.Has("response_type") && outer.Get("response_type") != a.form.Get("response_type") {
		return fosite.ErrInvalidRequest.WithHint("The response_type beside the request object differs from the one in it.")
	}
	if a.pushed == nil && len(a.form.Encode()) > maxParameters {
		return errRequestObject("The parameters in the request object are longer than 4 KiB. Push the request.")
	}
	return nil
}

// requestObjectUnfit says what is wrong with a signed request object, or nothing. One that was fetched was made for this request, or is one of
// those that the client has registered: it needs no end of its own.
func (p *Provider) requestObjectUnfit(c *clients.Client, o *requestObject, fetched bool) string {
	now, claims := time.Now(), o.claims
	notLater := func(date *float64, limit time.Time) bool {
		return date == nil || sane(*date) && !numericDate(*date).After(limit)
	}
	notSooner := func(date *float64, limit time.Time) bool {
		return date == nil || sane(*date) && !numericDate(*date).Before(limit)
	}
	strict := p.highAssurance(c)
	switch {
	case o.parameters.Has("request") || o.parameters.Has("request_uri"): // RFC 9101 §4
		return "A request object must not have request or request_uri in it."
	case claims.Issuer != c.ID:
		return "The iss of the request object must be the client_id."
	case claims.Subject == c.ID: // RFC 9101 §10.8: a client assertion is no request
		return "The sub of the request object must not be the client_id: leave it out."
	case !slices.Contains(claims.Audience, p.config.Issuer): // RFC 8725 §3.9
		return "The aud of the request object must be the issuer of this server."
	case claims.ExpiresAt == nil && (!fetched || strict), claims.NotBefore == nil && strict:
		return "The request object needs an exp. A client of the FAPI 2.0 profile needs an nbf too."
	case claims.ExpiresAt != nil && (!sane(*claims.ExpiresAt) || !numericDate(*claims.ExpiresAt).After(now)):
		return "The request object has expired."
	case !notLater(claims.ExpiresAt, now.Add(maxRequestObjectAge+assertionSkew)):
		return "The exp of the request object is more than an hour ahead."
	case claims.ExpiresAt != nil && claims.NotBefore != nil && *claims.ExpiresAt-*claims.NotBefore > maxRequestObjectAge.Seconds():
		return "The exp of the request object is more than an hour after its nbf."
	case !notSooner(claims.NotBefore, now.Add(-maxRequestObjectAge)):
		return "The nbf of the request object is more than an hour ago."
	case !notLater(claims.NotBefore, now.Add(assertionSkew)), !notLater(claims.IssuedAt, now.Add(assertionSkew)):
		return "The nbf or iat of the request object is in the future."
	}
	return ""
}

// checkSigned: RFC 9101 §10.5.
func checkSigned(_ *Provider, a authorization) *fosite.RFC6749Error {
	if !a.signed && a.client.Metadata.RequireSignedRequestObject {
		return fosite.ErrInvalidRequest.WithHint("This client must send its parameters in a signed request object.")
	}
	return nil
}
