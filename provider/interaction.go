package provider

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/symbolon-id/symbolon/clients"
	"github.com/symbolon-id/symbolon/provider/details"
	"github.com/symbolon-id/symbolon/provider/seal"
	"github.com/symbolon-id/symbolon/provider/web"
)

// ResumePath is where the pages send the browser back to with "i": the only place that decides what is next.
const ResumePath = "/oauth2/authorize/resume"

// Interaction is an authorization request that waits for the End-User: what the pages need to know of it. It travels as the parameter "i",
// sealed and bound to the browser that started it. Showing one writes nothing to the database.
type Interaction struct {
	ID          string // names it in the log
	Sealed      string // the value of "i"
	Client      *clients.Client
	RedirectURI string
	Scopes      []string     // what the client asks for and may have; the scopes that cover the claims it names too
	Details     details.List // RFC 9396: each is a line of its own to the person
	// DetailsDigest names Details in the form of the page that shows them; empty without any.
	DetailsDigest string

	UILocales string // BCP 47 tags, space-separated
	// Popup: the client says that it has opened a window for this, and waits in the one behind it (OIDC Core §3.1.2.1, display).
	Popup bool
	// Reauthenticate: the decision wants a new proof of the person.
	Reauthenticate bool
	// SelectAccount: the decision wants the person to choose the account.
	SelectAccount bool
	// UserCode is not empty when a device asks instead of a client's page: Client and RedirectURI are then unknown, and the pages go back to
	// DevicePath. Where it is empty too, nobody asks: the person wants to see their account, and the pages go back to AccountPath.
	UserCode    string
	FirstSeenAt time.Time
}

// sealedInteraction is what "i" says, as a CBOR map (see sealedCode). The parameters in it are not trusted further than the
// seal: they are validated again at each step, so that a client changed in between is noticed.
type sealedInteraction struct {
	ID          string `cbor:"1,keyasint,omitempty"`
	Browser     []byte `cbor:"2,keyasint,omitempty"` // SHA-256 of the binding cookie
	FirstSeenAt int64  `cbor:"3,keyasint,omitempty"` // Unix milliseconds
	Parameters  string `cbor:"4,keyasint,omitempty"` // the authorization request, as a query string; empty when it is too long for a URL and was pushed, or when there is none
	Denied      bool   `cbor:"5,keyasint,omitempty"` // the person said no
	AllowedBy   string `cbor:"6,keyasint,omitempty"` // the account that said yes to this very request; empty while nobody has
	// AllowedDetails is the digest of the authorization details that it read, empty without any: another node may know other types.
	AllowedDetails string `cbor:"7,keyasint,omitempty"`

	Pushed   []byte `cbor:"8,keyasint,omitempty"`  // hash of the request_uri that it came by; nil when it was not pushed
	Signed   bool   `cbor:"9,keyasint,omitempty"`  // it was in a request object
	UserCode string `cbor:"10,keyasint,omitempty"` // of a device; there is no authorization request then
	// What the decision asked the sign-in for: a new proof of the person, a choice of the account.
	Reauthenticate bool `cbor:"11,keyasint,omitempty"`
	SelectAccount  bool `cbor:"12,keyasint,omitempty"`
}

// own reports whether no client and no device asks for the sign-in.
func (s *sealedInteraction) own() bool {
	return s.Parameters == "" && len(s.Pushed) == 0 && s.UserCode == ""
}

func (s *sealedInteraction) firstSeenAt() time.Time { return time.UnixMilli(s.FirstSeenAt) }

func (p *Provider) sealInteraction(s sealedInteraction) string {
	plain, err := cbor.Marshal(s)
	if err != nil {
		panic(err) // our own type always encodes
	}
	return p.interactions.SealToken(plain, nil, s.firstSeenAt().Add(p.config.Lifetimes.Interaction))
}

// unseal opens an interaction whoever it belongs to. Its errors are *web.PageError.
func (p *Provider) unseal(sealed string) (s sealedInteraction, err error) {
	plain, err := p.interactions.OpenToken(sealed, nil)
	switch {
	case errors.Is(err, seal.ErrExpired):
		return s, &web.PageError{Kind: web.PageLinkExpired, Err: err}
	case err != nil:
		return s, &web.PageError{Kind: web.PageLinkInvalid, Err: err}
	}
	if err := cbor.Unmarshal(plain, &s); err != nil {
		return s, &web.PageError{Kind: web.PageLinkInvalid, Err: err}
	}
	return s, nil
}

// openInteraction opens "i" and checks that this browser started it. Its errors are *web.PageError.
func (p *Provider) openInteraction(sealed string, r *http.Request) (sealedInteraction, error) {
	s, err := p.unseal(sealed)
	if err != nil {
		return s, err
	}
	if subtle.ConstantTimeCompare(s.Browser, p.BrowserHash(r)) != 1 {
		return s, &web.PageError{Kind: web.PageOtherBrowser}
	}
	web.Annotate(r.Context(), "interaction", s.ID)
	return s, nil
}

// parametersOfInteraction returns the authorization request. Its errors are *web.PageError, or a storage fault.
func (p *Provider) parametersOfInteraction(ctx context.Context, s *sealedInteraction) (form url.Values, err error) {
	if s.Parameters != "" {
		form, err = url.ParseQuery(s.Parameters)
	} else if _, form, err = p.pushedRequest(ctx, s.Pushed); err == nil && form == nil {
		return nil, &web.PageError{Kind: web.PageLinkExpired}
	}
	var f *fault
	if err != nil && !errors.As(err, &f) {
		return nil, &web.PageError{Kind: web.PageLinkInvalid, Err: err}
	}
	return form, err
}

// Interaction opens the parameter "i" of r. Its errors are *web.PageError, or a storage fault.
func (p *Provider) Interaction(r *http.Request) (*Interaction, error) {
	return p.InteractionOf(r.Context(), r.FormValue("i"), r)
}

// InteractionOf is Interaction for an "i" that comes back by another way, as from an upstream attempt.
func (p *Provider) InteractionOf(ctx context.Context, sealed string, r *http.Request) (*Interaction, error) {
	s, err := p.openInteraction(sealed, r)
	if err != nil {
		return nil, err
	}
	if s.UserCode != "" || s.own() {
		return &Interaction{ID: s.ID, Sealed: sealed, UserCode: s.UserCode, FirstSeenAt: s.firstSeenAt()}, nil
	}
	form, err := p.parametersOfInteraction(ctx, &s)
	if err != nil {
		return nil, err
	}
	client, redirectURI, err := p.clientAndRedirectURI(ctx, form)
	if err != nil {
		return nil, err
	}
	claims, err := claimsOfRequest(client, form.Get("claims"), form.Get("scope"))
	if err != nil {
		return nil, &web.PageError{Kind: web.PageLinkInvalid, Err: err} // it was read when the interaction was sealed
	}
	asked, refusal := p.requestedDetails(client, form.Get("authorization_details"))
	if refusal != nil {
		return nil, &web.PageError{Kind: web.PageLinkInvalid, Err: refusal} // as above, or the type was taken away since
	}
	return &Interaction{
		ID: s.ID, Sealed: sealed, Client: client, RedirectURI: redirectURI,
		Scopes:  withClaimScopes(allowedScopes(client, strings.Fields(form.Get("scope"))), claims.idToken, claims.userInfo),
		Details: asked, DetailsDigest: detailsDigest(asked.String()),
		UILocales: form.Get("ui_locales"), Popup: form.Get("display") == "popup",
		Reauthenticate: s.Reauthenticate, SelectAccount: s.SelectAccount, FirstSeenAt: s.firstSeenAt(),
	}, nil
}

// StartAccount seals a sign-in for its own sake into an interaction of this browser, and returns the address where it goes on: afterwards the
// person is at AccountPath, and nowhere else.
func (p *Provider) StartAccount(w http.ResponseWriter, r *http.Request) (location string) {
	s := sealedInteraction{ID: randomID(), Browser: p.bindBrowser(w, r), FirstSeenAt: time.Now().UnixMilli()}
	return "/login?i=" + url.QueryEscape(p.sealInteraction(s))
}

// ResumeURL is where the browser goes when a page is done with i.
func (p *Provider) ResumeURL(i *Interaction) string {
	switch {
	case i.UserCode != "":
		return devicePage(i.Sealed)
	case i.Client == nil:
		return AccountPath
	}
	return ResumePath + "?i=" + url.QueryEscape(i.Sealed)
}

// DenyURL is where the browser goes when the person said no.
func (p *Provider) DenyURL(i *Interaction) string {
	switch {
	case i.UserCode != "":
		return DevicePath
	case i.Client == nil:
		return "/"
	}
	s, err := p.unseal(i.Sealed)
	if err != nil {
		return p.ResumeURL(i) // it expired a moment ago: resuming says so
	}
	s.Denied = true
	return ResumePath + "?i=" + url.QueryEscape(p.sealInteraction(s))
}

// Allow records that the account consents to what i asks for, and seals the answer into i: it answers this request only, not another one of the
// same client that happens to be open.
func (p *Provider) Allow(ctx context.Context, i *Interaction, accountID string) error {
	s, err := p.unseal(i.Sealed)
	if err != nil {
		return err
	}
	consent := Consent{AccountID: accountID, ClientID: i.Client.ID, Scopes: i.Scopes, GrantedAt: time.Now()}
	if err := p.config.Consents.SaveConsent(ctx, consent); err != nil {
		return &fault{err}
	}
	s.AllowedBy, s.AllowedDetails = accountID, i.DetailsDigest
	i.Sealed = p.sealInteraction(s)
	return nil
}
