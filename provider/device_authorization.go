package provider

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/web"
)

// DevicePath is the page where a person types the code that a device shows.
const DevicePath = "/device"

const (
	// devicePolls is how long a device waits between two questions, and how much longer each time that it does not (RFC 8628 §3.5).
	devicePolls = 5 * time.Second
	// Anybody can ask in the name of a public client, and each request is a row: so many from a network, so many for a client, in a minute.
	deviceRequestsPerNetwork = 30
	deviceRequestsPerClient  = 600
)

// deviceAuthorization is the answer to a device (RFC 8628 §3.2).
type deviceAuthorization struct {
	DeviceCode              string `json:"device_code"`
	UserCode                string `json:"user_code"`
	VerificationURI         string `json:"verification_uri"`
	VerificationURIComplete string `json:"verification_uri_complete"`
	ExpiresIn               int64  `json:"expires_in"` // seconds
	Interval                int64  `json:"interval"`   // seconds
}

// errDeviceRate refuses one who asks for device codes too often.
var errDeviceRate = &fosite.RFC6749Error{ErrorField: "slow_down", DescriptionField: "Too many device codes were asked for. Try again in a minute.", CodeField: http.StatusTooManyRequests}

// serveDeviceAuthorization is the device authorization endpoint (RFC 8628 §3.1).
func (p *Provider) serveDeviceAuthorization(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ParsePost(r, "resource")
	if err != nil {
		return err
	}
	client, err := p.authenticateClient(r.Context(), r, form)
	if err != nil {
		return err
	}
	if err := registeredFor(client, clients.GrantDeviceCode); err != nil {
		return err
	}
	scopes, audience, err := p.deviceScopes(client, form)
	if err != nil {
		return err
	}
	details, err := p.detailsOf(client, form)
	if err != nil {
		return err
	}
	if isPublic(client) {
		if !p.deviceTries.networks.Spend(web.Network(web.ClientIP(r.Context()), 64)) || !p.deviceTries.clients.Spend(client.ID) {
			return errDeviceRate
		}
	}
	answer, err := p.newDevice(r.Context(), client, DeviceCode{Scopes: scopes, Audience: audience, AuthorizationDetails: details})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// deviceScopes applies the rules of an authorization request to scope and resource (RFC 6749 §3.3, RFC 8707 §2).
func (p *Provider) deviceScopes(c *clients.Client, form url.Values) (scopes, audience []string, err error) {
	scopes, refusal := p.requestedScopes(c, p.withDefaultScope(c, form))
	if refusal != nil {
		return nil, nil, refusal
	}
	audience, err = p.audienceFor(c, form["resource"], scopes)
	return scopes, audience, err
}

// newDevice makes both codes and keeps their hashes, with what the row says that the device asks for.
func (p *Provider) newDevice(ctx context.Context, c *clients.Client, row DeviceCode) (*deviceAuthorization, error) {
	device, user, now := newDeviceCode(), newUserCode(), time.Now()
	row.ID, row.DeviceHash, row.UserHash, row.ClientID = randomID(), deviceHash(device), p.userCodes.Sum([]byte(user)), c.ID
	row.CreatedAt, row.ExpiresAt, row.Interval = now, now.Add(p.config.Lifetimes.DeviceCode), devicePolls
	if ip := web.ClientIP(ctx); ip.IsValid() {
		row.Address = ip.String()
	}
	if err := p.config.Devices.InsertDeviceCode(ctx, row); err != nil { // a user code that is taken is as good as never
		return nil, &fault{err}
	}
	web.Annotate(ctx, "device", row.ID)
	page, shown := p.config.Issuer+DevicePath, showUserCode(user)
	return &deviceAuthorization{
		DeviceCode: device, UserCode: shown, VerificationURI: page, VerificationURIComplete: page + "?user_code=" + shown,
		ExpiresIn: int64(p.config.Lifetimes.DeviceCode / time.Second), Interval: int64(devicePolls / time.Second),
	}, nil
}
