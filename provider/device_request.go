package provider

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/details"
	"github.com/symbolon-id/symbolon/provider/session"
	"github.com/symbolon-id/symbolon/provider/web"
)

// What may be wrong with a user code. Callers may rely on errors.Is.
var (
	// ErrUserCode says that no device shows the code.
	ErrUserCode = errors.New("provider: user code unknown")
	// ErrUserCodeExpired says that the code is too old.
	ErrUserCodeExpired = errors.New("provider: user code expired")
	// ErrUserCodeUsed says that somebody has decided already. The decision is final.
	ErrUserCodeUsed = errors.New("provider: user code used")
)

// DeviceRequest is what a device asks a person to allow, and who that person is.
type DeviceRequest struct {
	UserCode  string // as the device shows it
	Client    *clients.Client
	Scopes    []string
	Details   details.List
	CreatedAt time.Time
	Address   string // IP address of the device; empty: unknown
	Near      bool   // the device is in the network of the browser
	Session   session.Session

	code DeviceCode
}

// deviceTries bound the guessing of user codes (RFC 8628 §5.1) and the making of device codes.
type deviceTries struct {
	// Wrong codes in ten minutes: of a browser, an account, a household and a site. A code is looked up for people who are signed in only, so a
	// guess costs an account besides.
	browsers, accounts, households, sites *web.Tries
	// Device codes in a minute.
	networks, clients *web.Tries
}

func newDeviceTries() deviceTries {
	const long = 10 * time.Minute
	return deviceTries{
		browsers: web.NewTries(5, long), accounts: web.NewTries(5, long), households: web.NewTries(10, long), sites: web.NewTries(40, long),
		networks: web.NewTries(deviceRequestsPerNetwork, time.Minute), clients: web.NewTries(deviceRequestsPerClient, time.Minute),
	}
}

// StartDevice seals the code that a person has typed into an interaction of this browser, and returns the address where it goes on. Whether a
// device shows the code is not looked at before the person has signed in. ErrUserCode for what is no user code at all.
func (p *Provider) StartDevice(w http.ResponseWriter, r *http.Request, typed string) (location string, err error) {
	code := parseUserCode(typed)
	if code == "" {
		return "", ErrUserCode
	}
	s := sealedInteraction{
		ID: randomID(), Browser: p.bindBrowser(w, r), FirstSeenAt: time.Now().UnixMilli(), UserCode: code,
	}
	return devicePage(p.sealInteraction(s)), nil
}

func devicePage(sealed string) string { return DevicePath + "?i=" + url.QueryEscape(sealed) }

// Device says what is next with the user code in the parameter "i" of r: a page to go to first, or the request to decide. Its errors are
// ErrUserCode, ErrUserCodeExpired, ErrUserCodeUsed, *web.PageError or a storage fault.
func (p *Provider) Device(r *http.Request) (d *DeviceRequest, location string, err error) {
	i, err := p.Interaction(r)
	if err != nil {
		return nil, "", err
	}
	if i.UserCode == "" {
		return nil, "", &web.PageError{Kind: web.PageLinkInvalid}
	}
	s, err := p.config.Sessions.Current(r)
	switch {
	case errors.Is(err, session.ErrNotFound):
		return nil, "/login?i=" + url.QueryEscape(i.Sealed), nil
	case err != nil:
		return nil, "", &fault{err}
	}
	if d, err = p.guess(r, i.UserCode, s.AccountID); err != nil {
		return nil, "", err
	}
	d.Session = s
	return d, "", nil
}

// guess looks a user code up, as long as those who ask have tries left. All are spent before the look-up and come back when the code is right.
func (p *Provider) guess(r *http.Request, code, accountID string) (*DeviceRequest, error) {
	ip := web.ClientIP(r.Context())
	tries := []struct {
		tries *web.Tries
		who   string
	}{
		{p.deviceTries.browsers, base64.RawURLEncoding.EncodeToString(p.BrowserHash(r))},
		{p.deviceTries.accounts, accountID},
		{p.deviceTries.households, web.Network(ip, 64)},
		{p.deviceTries.sites, web.Network(ip, 48)},
	}
	giveBack := func(n int) {
		for _, t := range tries[:n] {
			t.tries.GiveBack(t.who)
		}
	}
	for n, t := range tries {
		if !t.tries.Spend(t.who) {
			giveBack(n)
			return nil, &web.PageError{Kind: web.PageTooManyRequests}
		}
	}
	d, err := p.deviceRequest(r.Context(), code, ip)
	if !errors.Is(err, ErrUserCode) {
		giveBack(len(tries))
	}
	return d, err
}

func (p *Provider) deviceRequest(ctx context.Context, code string, browser netip.Addr) (*DeviceRequest, error) {
	row, err := p.config.Devices.DeviceCodeByUserCode(ctx, p.userCodes.Sums([]byte(code)))
	switch {
	case errors.Is(err, ErrDeviceCodeNotFound):
		return nil, ErrUserCode
	case err != nil:
		return nil, &fault{err}
	case !row.DecidedAt.IsZero():
		return nil, ErrUserCodeUsed
	case !time.Now().Before(row.ExpiresAt):
		return nil, ErrUserCodeExpired
	}
	web.Annotate(ctx, "client", row.ClientID)
	web.Annotate(ctx, "device", row.ID)
	client, err := p.client(ctx, row.ClientID)
	switch {
	case err != nil:
		return nil, err
	case client == nil || !has(client.Metadata.GrantTypes, clients.GrantDeviceCode):
		return nil, ErrUserCodeExpired // the client was taken away since
	}
	shown := p.standingDetails(client, row.AuthorizationDetails)
	if shown.String() != row.AuthorizationDetails {
		return nil, ErrUserCodeExpired // or a type was; what the person cannot read is not allowed
	}
	device, _ := netip.ParseAddr(row.Address)
	return &DeviceRequest{
		UserCode: showUserCode(code), Client: client, Scopes: row.Scopes, CreatedAt: row.CreatedAt, Address: row.Address,
		Details: shown,
		Near:    device.IsValid() && web.Network(device, 64) == web.Network(browser, 64), code: row,
	}, nil
}

// DecideDevice records what the person of d's session decided, once and for all: ErrUserCodeUsed when somebody was faster, or the code has expired
// since.
func (p *Provider) DecideDevice(ctx context.Context, d *DeviceRequest, allow bool) error {
	row, s := d.code, d.Session
	row.DecidedAt, row.Denied = time.Now(), !allow
	row.AccountID, row.SessionID, row.AuthTime, row.AMR, row.ACR = s.AccountID, s.ID, s.AuthTime, s.AMR, s.ACR
	if allow { // before the decision: the device may ask at the same moment, and the consent is looked at then
		consent := Consent{AccountID: s.AccountID, ClientID: d.Client.ID, Scopes: d.Scopes, GrantedAt: row.DecidedAt}
		if err := p.config.Consents.SaveConsent(ctx, consent); err != nil {
			return &fault{err}
		}
	}
	decided, err := p.config.Devices.DecideDeviceCode(ctx, row)
	switch {
	case err != nil:
		return &fault{err}
	case !decided:
		return ErrUserCodeUsed
	}
	return nil
}
