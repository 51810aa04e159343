package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
)

// Limits on the claims parameter.
const (
	maxClaimsRequest = 8 << 10 // bytes
	maxClaimsDepth   = 8
	maxClaims        = 50 // named in both members together
)

// claimScopes are the claims that can be asked for one by one, with the scope that covers each (OIDC Core §5.4): who allows the scope allows
// the claim.
var claimScopes = map[string]string{
	"name": "profile", "given_name": "profile", "family_name": "profile", "picture": "profile", "locale": "profile", "updated_at": "profile",
	"email": "email", "email_verified": "email",
}

// claimsRequest is what the claims parameter asks for (OIDC Core §5.5), as far as we have it. The zero value asks for nothing.
type claimsRequest struct {
	idToken, userInfo []string   // names of claimScopes that the client may have, sorted
	subjects          [][]string // each a list of which the "sub" of who signs in must be one
	acrs              []string   // one of which the sign-in must prove; nil: any
}

// requestedClaim is how one claim is asked for (OIDC Core §5.5.1). null asks for it with no more words. Which value a client expects says nothing
// about what the claim is, so only sub and acr look at it.
type requestedClaim struct {
	essential bool
	values    []json.RawMessage // the claim is to be one of them; nil: any will do
}

// checkClaims: OIDC Core §5.5.
func checkClaims(_ *Provider, a authorization) *fosite.RFC6749Error {
	if _, err := claimsOfRequest(a.client, a.form.Get("claims"), a.form.Get("scope")); err != nil {
		return fosite.ErrInvalidRequest.WithHint("The parameter claims " + err.Error() + ".")
	}
	return nil
}

// claimsOfRequest reads the claims parameter of a request with the scope. It belongs to OpenID requests: others ask for nothing with it. Claims
// that we do not have are left out, and those whose scope the client is not registered for. The error says what is wrong with the parameter.
func claimsOfRequest(c *clients.Client, parameter, scope string) (claimsRequest, error) {
	if parameter == "" {
		return claimsRequest{}, nil
	}
	members, err := parseClaims(parameter)
	if err != nil || !has(strings.Fields(scope), "openid") {
		return claimsRequest{}, err
	}
	request := claimsRequest{idToken: releasable(c, members["id_token"]), userInfo: releasable(c, members["userinfo"])}
	for _, member := range []string{"id_token", "userinfo"} {
		sub, err := members[member]["sub"].texts()
		if err != nil {
			return claimsRequest{}, err
		}
		if sub != nil {
			request.subjects = append(request.subjects, sub)
		}
	}
	acr := members["id_token"]["acr"]
	acrs, err := acr.texts()
	if acr.essential { // OIDC Core §5.5.1.1: a voluntary one that cannot be met is left as it is
		request.acrs = acrs
	}
	return request, err
}

// releasable returns the names that the client may have, sorted.
func releasable(c *clients.Client, member map[string]requestedClaim) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(member)) {
		if scope := claimScopes[name]; scope != "" && has(strings.Fields(c.Metadata.Scope), scope) {
			names = append(names, name)
		}
	}
	return names
}

// withClaimScopes adds the scopes that cover the claims: what the person is asked for, and has to have allowed.
func withClaimScopes(scopes []string, claims ...[]string) []string {
	scopes = slices.Clip(scopes)
	for _, name := range slices.Concat(claims...) {
		scopes = appendMissing(scopes, claimScopes[name])
	}
	return scopes
}

// texts returns the values as texts.
func (c requestedClaim) texts() ([]string, error) {
	var texts []string
	for _, value := range c.values {
		var text string
		if value[0] != '"' || json.Unmarshal(value, &text) != nil {
			return nil, errors.New("has a value for sub or acr that is no text")
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// parseClaims reads the parameter: an object whose members id_token and userinfo, where they are there, are objects of claims. Other members
// mean nothing to us.
func parseClaims(parameter string) (map[string]map[string]requestedClaim, error) {
	if len(parameter) > maxClaimsRequest {
		return nil, errors.New("is longer than 8 KiB")
	}
	if err := checkJSON(parameter, maxClaimsDepth); err != nil {
		return nil, err
	}
	var document map[string]json.RawMessage
	if json.Unmarshal([]byte(parameter), &document) != nil || document == nil {
		return nil, errors.New("is no JSON object")
	}
	members, count := map[string]map[string]requestedClaim{}, 0
	for _, member := range []string{"id_token", "userinfo"} {
		var claims map[string]json.RawMessage
		if raw := document[member]; raw != nil && json.Unmarshal(raw, &claims) != nil {
			return nil, errors.New("has something else than an object for its member " + member)
		}
		if count += len(claims); count > maxClaims {
			return nil, errors.New("asks for more than 50 claims")
		}
		members[member] = map[string]requestedClaim{}
		for name, raw := range claims {
			claim, err := parseClaim(name, raw)
			if err != nil {
				return nil, err
			}
			members[member][name] = claim
		}
	}
	return members, nil
}

// parseClaim reads how one claim is asked for. Of a claim that we do not have, nobody knows what words may be there.
func parseClaim(name string, raw json.RawMessage) (claim requestedClaim, err error) {
	var words map[string]json.RawMessage
	if json.Unmarshal(raw, &words) != nil {
		return claim, errors.New("asks for a claim with something that is neither null nor an object")
	}
	if claimScopes[name] == "" && !slices.Contains([]string{"sub", "acr", "auth_time"}, name) {
		return claim, nil
	}
	essential, value, values := words["essential"], words["value"], words["values"]
	switch {
	case essential != nil && string(essential) != "true" && string(essential) != "false":
		return claim, errors.New("has an essential that is neither true nor false")
	case value != nil && (value[0] == '{' || value[0] == '[' || value[0] == 'n'):
		return claim, errors.New("has a value that is no text, number or truth value")
	case values != nil && (json.Unmarshal(values, &claim.values) != nil || len(claim.values) == 0):
		return claim, errors.New("has values that are no array, or an empty one")
	case value != nil && values != nil: // OIDC Core §5.5.1 knows either
		return claim, errors.New("has both value and values for one claim")
	}
	claim.essential = string(essential) == "true"
	if value != nil {
		claim.values = []json.RawMessage{value}
	}
	return claim, nil
}

// checkJSON refuses what encoding/json is lenient about: a member that is there twice, deep nesting, invalid UTF-8.
func checkJSON(text string, depth int) error {
	if !utf8.ValidString(text) {
		return errors.New("is not valid UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.UseNumber()
	if err := checkValue(dec, depth); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("is not valid JSON")
	}
	return nil
}

func checkValue(dec *json.Decoder, depth int) error {
	token, err := dec.Token()
	if err != nil {
		return errors.New("is not valid JSON")
	}
	open, nested := token.(json.Delim)
	if !nested {
		return nil
	}
	if depth == 0 {
		return errors.New("is nested too deep")
	}
	seen := map[string]bool{}
	for dec.More() {
		if open == '{' {
			name, _ := dec.Token() // a text, or More would have said no; what is wrong with it shows in the value
			text, _ := name.(string)
			if seen[text] {
				return errors.New("has a member twice")
			}
			seen[text] = true
		}
		if err := checkValue(dec, depth-1); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return errors.New("is not valid JSON")
	}
	return nil
}
