package provider

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/details"
)

// errDetails is RFC 9396 §5.
var errDetails = &fosite.RFC6749Error{
	ErrorField: "invalid_authorization_details", DescriptionField: "The authorization_details are invalid.", CodeField: http.StatusBadRequest,
}

// asksDetails says whether a request has authorization details. Where no types are registered the parameter is one that nobody knows, and is
// ignored (RFC 6749 §3.1).
func (p *Provider) asksDetails(form url.Values) bool {
	return form.Get("authorization_details") != "" && len(p.config.DetailsTypes) > 0
}

// checkDetails: RFC 9396 §5.
func checkDetails(p *Provider, a authorization) *fosite.RFC6749Error {
	if !p.asksDetails(a.form) {
		return nil
	}
	if has(strings.Fields(a.form.Get("response_type")), "token") { // RFC 9396 §4: an authorization response cannot say what was granted
		return fosite.ErrInvalidRequest.WithHint("The authorization_details go with response_type code: tokens that have them come from the token endpoint.")
	}
	_, refusal := p.requestedDetails(a.client, a.form.Get("authorization_details"))
	return refusal
}

// requestedDetails reads what a client asks for. It may have the types that it is registered for (RFC 9396 §10).
func (p *Provider) requestedDetails(c *clients.Client, text string) (details.List, *fosite.RFC6749Error) {
	if text == "" || len(p.config.DetailsTypes) == 0 {
		return nil, nil
	}
	list, err := p.config.DetailsTypes.Parse(text)
	if err != nil {
		return nil, errDetails.WithHintf("The parameter authorization_details %s.", err)
	}
	for _, o := range list {
		if !has(c.Metadata.AuthorizationDetailsTypes, o.Type().Name) {
			return nil, errDetails.WithHintf("The client is not registered for the type %s. Add it to its authorization_details_types.", o.Type().Name)
		}
	}
	return list, nil
}

// detailsOf is requestedDetails of a form, as a grant keeps it.
func (p *Provider) detailsOf(c *clients.Client, form url.Values) (string, error) {
	list, refusal := p.requestedDetails(c, form.Get("authorization_details"))
	if refusal != nil {
		return "", refusal
	}
	return list.String(), nil
}

// detailsDigest names details that a person has read; "" for none.
func detailsDigest(text string) string {
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// standingDetails returns what is left of granted details: a type may have been taken from the configuration or from the client since.
func (p *Provider) standingDetails(c *clients.Client, text string) details.List {
	return p.config.DetailsTypes.Restore(text).Filter(func(o details.Object) bool { return has(c.Metadata.AuthorizationDetailsTypes, o.Type().Name) })
}

// narrowDetails decides which details the token gets (RFC 9396 §6, §7): those that the request names, as long as they are granted, or all of
// them. The grant keeps what it has: another token may have the rest. The client is looked up again: what it may have can have changed since it
// authenticated.
func (p *Provider) narrowDetails(ctx context.Context, request fosite.AccessRequester) error {
	s, form := request.GetSession().(*grantSession), request.GetRequestForm()
	asked := form.Get("authorization_details")
	if asked == "" && s.grant.AuthorizationDetails == "" {
		return nil
	}
	c, err := p.client(ctx, request.GetClient().GetID())
	switch {
	case err != nil:
		return err
	case c == nil:
		return ErrGrantNotFound
	}
	list, refusal := p.requestedDetails(c, asked)
	if refusal != nil {
		return refusal
	}
	if request.GetGrantTypes().ExactOne(clients.GrantClientCredentials) {
		return ownDetails(s, list)
	}
	granted := p.standingDetails(c, s.grant.AuthorizationDetails)
	switch {
	case len(list) == 0:
		list = granted
	case !list.Within(granted): // RFC 9396 §6.1
		return errDetails.WithHint("The authorization_details ask for more than was granted. An object must be one of those granted; only values of locations, actions, datatypes and privileges may be left out.")
	}
	if resources := form["resource"]; len(resources) > 0 && !s.settled {
		list = list.Filter(func(o details.Object) bool { return !elsewhere(o.Locations(), resources, s.grant.Audience) })
	}
	s.grant.AuthorizationDetails = list.String()
	return nil
}

// ownDetails grants a client what it asks for itself, where the operator says that no person has to allow it.
func ownDetails(s *grantSession, list details.List) error {
	for _, o := range list {
		if !o.Type().ClientCredentials {
			return errDetails.WithHintf("The type %s needs a person who allows it. A client asking for itself cannot have it.", o.Type().Name)
		}
	}
	s.grant.AuthorizationDetails = list.String()
	return nil
}

// elsewhere says whether locations are known to be at other resources of the audience than those that the token is for: what one API must not do is
// none of its business (RFC 9396 §9.1, §13). Where a location belongs to is known when it is one of the audience, or below one.
func elsewhere(locations, resources, audience []string) bool {
	at := func(list []string) func(string) bool {
		return func(location string) bool {
			return slices.ContainsFunc(list, func(base string) bool {
				return location == base || strings.HasPrefix(location, strings.TrimSuffix(base, "/")+"/")
			})
		}
	}
	unknown := func(location string) bool { return !at(audience)(location) }
	return len(locations) > 0 && !slices.ContainsFunc(locations, at(resources)) && !slices.ContainsFunc(locations, unknown)
}
