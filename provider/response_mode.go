package provider

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/provider/web"
)

// responseMode is how an authorization response travels to the client (OAuth Response Types §2.1, OAuth Form Post §2, JARM §2.3).
type responseMode struct {
	carrier string // query, fragment or form_post
	jwt     bool   // the parameters are in one signed JWT
}

// responseModes are the modes by the values of response_mode. The plain "jwt" is the default mode of the response type, signed.
var responseModes = map[string]responseMode{
	"query": {carrier: "query"}, "fragment": {carrier: "fragment"}, "form_post": {carrier: "form_post"},
	"query.jwt": {"query", true}, "fragment.jwt": {"fragment", true}, "form_post.jwt": {"form_post", true},
}

// modeOf returns the mode of a request. Where the request is in error, also in its response_mode, the response type decides: an answer that could
// hold a token never goes into a query.
func modeOf(form url.Values) responseMode {
	byType := responseMode{carrier: "query"}
	if usesFragment(form) {
		byType.carrier = "fragment"
	}
	asked := form.Get("response_mode")
	if asked == "jwt" {
		byType.jwt = true
		return byType
	}
	mode, ok := responseModes[asked]
	if !ok || (mode.carrier == "query" && byType.carrier == "fragment") {
		return byType
	}
	return mode
}

// usesFragment reports whether the response type, also one that is not offered, has tokens in the front channel (OAuth Response Types §5).
func usesFragment(form url.Values) bool {
	words := strings.Fields(form.Get("response_type"))
	return has(words, "token") || has(words, "id_token")
}

// checkResponseMode: OAuth Response Types §2.1. Tokens never travel in a query (OAuth Response Types §3).
func checkResponseMode(_ *Provider, a authorization) *fosite.RFC6749Error {
	asked := a.form.Get("response_mode")
	if asked == "" || asked == "jwt" {
		return nil
	}
	mode, ok := responseModes[asked]
	switch {
	case !ok:
		return fosite.ErrInvalidRequest.WithHint("The response_mode must be one of query, fragment, form_post, jwt, query.jwt, fragment.jwt and form_post.jwt.")
	case mode.carrier == "query" && usesFragment(a.form):
		return fosite.ErrInvalidRequest.WithHint("The response_mode query is only for response types without token and id_token: tokens never travel in a query.")
	}
	return nil
}

// respond sends the parameters to the client's redirect URI, with the client's state and who answers (RFC 9207 §2).
func (p *Provider) respond(w http.ResponseWriter, r *http.Request, a authorization, parameters url.Values) error {
	parameters.Del("state") // fosite adds an empty one
	if a.form.Has("state") {
		parameters.Set("state", a.form.Get("state"))
	}
	mode := modeOf(a.form)
	if mode.jwt {
		signed, err := p.signResponse(r.Context(), a, parameters)
		if err != nil {
			return pageOfEncryption(err)
		}
		parameters = url.Values{"response": {signed}}
	} else {
		parameters.Set("iss", p.config.Issuer)
	}
	w.Header().Set("Referrer-Policy", "no-referrer")
	switch mode.carrier {
	case "form_post":
		p.config.FormPost(w, r, a.redirectURI, a.form.Get("ui_locales"), parameters)
	case "fragment":
		web.SeeOther(w, a.redirectURI+"#"+parameters.Encode())
	default:
		web.SeeOther(w, withParameters(a.redirectURI, parameters)) // the registered URI stays as it is, its own query too
	}
	return nil
}

// answerURL is the address at the client with an error in its query, for a person who chooses to go there.
func (p *Provider) answerURL(a authorization, pairs ...string) string {
	parameters := url.Values{"iss": {p.config.Issuer}}
	for i := 0; i+1 < len(pairs); i += 2 {
		parameters.Set(pairs[i], pairs[i+1])
	}
	if a.form.Has("state") {
		parameters.Set("state", a.form.Get("state"))
	}
	return withParameters(a.redirectURI, parameters)
}

// responseLifetime is how long a signed response is good for (JARM §2.1: at most ten minutes).
const responseLifetime = 5 * time.Minute

// signResponse puts the parameters into a JWT for the client (JARM §2.1, FAPI 2.0 Message Signing §5.4).
func (p *Provider) signResponse(ctx context.Context, a authorization, parameters url.Values) (string, error) {
	claims := map[string]any{"iss": p.config.Issuer, "aud": a.client.ID, "exp": time.Now().Add(responseLifetime).Unix()}
	for name := range parameters {
		claims[name] = parameters.Get(name)
	}
	return p.signFor(ctx, a.client, a.client.Metadata.AuthorizationSignedResponseAlg, authorizationEncryption(a.client), "JWT", claims)
}

// withParameters adds parameters to an address that may have some already.
func withParameters(address string, parameters url.Values) string {
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + parameters.Encode()
}
