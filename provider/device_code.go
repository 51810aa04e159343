package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
)

// What a device is told while there are no tokens for it (RFC 8628 §3.5).
var (
	errDevicePending = &fosite.RFC6749Error{ErrorField: "authorization_pending", DescriptionField: "The person has not decided yet. Ask again.", CodeField: http.StatusBadRequest}
	errDeviceSlower  = &fosite.RFC6749Error{ErrorField: "slow_down", DescriptionField: "Wait 5 seconds longer between two requests from now on.", CodeField: http.StatusBadRequest}
	errDeviceDenied  = &fosite.RFC6749Error{ErrorField: "access_denied", DescriptionField: "The person did not allow it.", CodeField: http.StatusBadRequest}
	errDeviceExpired = &fosite.RFC6749Error{ErrorField: "expired_token", DescriptionField: "The device code has expired. Start again with a new one.", CodeField: http.StatusBadRequest}
)

// deviceCodeGrant is the device_code grant (RFC 8628 §3.4).
func (p *Provider) deviceCodeGrant() grantHandler {
	return grantHandler{provider: p, grantType: clients.GrantDeviceCode, decide: p.decideDeviceCode, commit: p.commitDeviceCode}
}

func (p *Provider) decideDeviceCode(ctx context.Context, c *clients.Client, form url.Values) (*grantSession, []string, error) {
	hash := deviceHash(form.Get("device_code"))
	if hash == nil {
		return nil, nil, errDeviceCode("it is not one of this server's")
	}
	code, err := p.config.Devices.DeviceCode(ctx, hash)
	if errors.Is(err, ErrDeviceCodeNotFound) {
		return nil, nil, errDeviceCode("it is unknown or has expired")
	}
	if err != nil {
		return nil, nil, &fault{err}
	}
	if code.ClientID != c.ID {
		return nil, nil, errDeviceCode("it was issued to another client")
	}
	if err := p.deviceDecided(ctx, code); err != nil {
		return nil, nil, err
	}
	needsConsent := consentRequired(c)
	client, err := p.codeStands(ctx, code.AccountID, code.SessionID, c.ID, needsConsent, code.Scopes)
	if errors.Is(err, fosite.ErrNotFound) {
		return nil, nil, errDeviceCode("the person signed out, was blocked or withdrew the consent since").WithWrap(err)
	}
	if err != nil {
		return nil, nil, err
	}
	scopes, err := narrow(code.Scopes, client, "")
	if err != nil {
		return nil, nil, err
	}
	grant := Grant{
		ID: code.ID, ClientID: c.ID, AccountID: code.AccountID, SessionID: code.SessionID, Scopes: scopes, Audience: code.Audience,
		AuthTime: code.AuthTime, AMR: code.AMR, ACR: code.ACR, Offline: has(scopes, "offline_access"), NeedsConsent: needsConsent,
		AuthorizationDetails: code.AuthorizationDetails,
	}
	tokenRequestOf(ctx).grant = &grant
	return &grantSession{grant: grant, openID: has(scopes, "openid")}, scopes, nil
}

// deviceDecided is nil when the person has allowed it, and otherwise what the device is told.
func (p *Provider) deviceDecided(ctx context.Context, code DeviceCode) error {
	now := time.Now()
	switch {
	case !now.Before(code.ExpiresAt):
		return errDeviceExpired
	case code.Denied:
		return errDeviceDenied
	case !code.DecidedAt.IsZero():
		return nil
	}
	waited, err := p.config.Devices.PollDeviceCode(ctx, code.DeviceHash, now, devicePolls)
	switch {
	case err != nil:
		return &fault{err}
	case !waited:
		return errDeviceSlower
	}
	return errDevicePending
}

// commitDeviceCode redeems the code. Who comes second gets nothing, and unlike with an authorization code the first one keeps what it has: no
// browser has ever seen a device code, and a device that lost an answer, or asks twice at once, is no thief.
func (p *Provider) commitDeviceCode(ctx context.Context, c *fositeClient, s *grantSession, response fosite.AccessResponder) error {
	err := p.insertGrant(ctx, c, s, p.grantLifetime(c))
	switch {
	case errors.Is(err, ErrGrantExists):
		return errDeviceCode("it has been used before")
	case err != nil:
		return err
	}
	if c.GetGrantTypes().Has(clients.GrantRefreshToken) {
		response.SetExtra("refresh_token", p.refreshToken(s.grant.ID, 0))
	}
	return nil
}

func errDeviceCode(why string) *fosite.RFC6749Error {
	return fosite.ErrInvalidGrant.WithHint("The device code cannot be used: " + why + ".")
}
