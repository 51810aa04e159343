package provider

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/provider/web"
)

const (
	// pushedPrefix begins every request_uri of ours (RFC 9126 §2.2).
	pushedPrefix = "urn:ietf:params:oauth:request_uri:"
	// pushedLifetime is how long a browser may take to bring a request_uri.
	pushedLifetime = time.Minute
	// pushedBytes is the randomness of a request_uri.
	pushedBytes = 32
)

// ErrPushedRequestNotFound says that no pushed request has the hash. Callers may rely on errors.Is.
var ErrPushedRequestNotFound = errors.New("provider: pushed request not found")

// PushedRequest is an authorization request that a client has pushed (RFC 9126).
type PushedRequest struct {
	Hash      []byte    // SHA-256 of its request_uri
	Sealed    []byte    // what was asked for
	ExpiresAt time.Time // nobody needs it after that
}

// PushedRequestStore keeps pushed requests. storage implements it.
type PushedRequestStore interface {
	InsertPushedRequest(ctx context.Context, r PushedRequest) error
	// PushedRequest returns the request with the hash, or ErrPushedRequestNotFound. An expired one may still be there.
	PushedRequest(ctx context.Context, hash []byte) (PushedRequest, error)
}

// sealedPushedRequest is what a pushed request says, as a CBOR map.
type sealedPushedRequest struct {
	Parameters string `cbor:"1,keyasint,omitempty"` // as a query string, without the client's credentials
	Signed     bool   `cbor:"2,keyasint,omitempty"` // they were in a request object
	Until      int64  `cbor:"3,keyasint,omitempty"` // Unix milliseconds: a browser must have brought the request_uri by then
}

// pushedResponse is the answer of the endpoint (RFC 9126 §2.2).
type pushedResponse struct {
	RequestURI string `json:"request_uri"`
	ExpiresIn  int64  `json:"expires_in"` // seconds
}

// servePushedAuthorizationRequest is the pushed authorization request endpoint (RFC 9126 §2). What it takes has passed every check of the
// authorization endpoint.
func (p *Provider) servePushedAuthorizationRequest(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ParsePost(r, "resource")
	if err != nil {
		return err
	}
	dpopKey, err := p.dpopKey(r, "")
	if err != nil {
		return err
	}
	client, err := p.authenticateClient(r.Context(), r, form)
	if err != nil {
		return err
	}
	if err := p.checkProver(client, dpopKey); err != nil {
		return err
	}
	if form.Has("request_uri") { // RFC 9126 §2.1
		return fosite.ErrInvalidRequest.WithHint("The parameter request_uri must not be pushed: it is what you get here.")
	}
	form.Set("client_id", client.ID)
	for _, credential := range []string{"client_secret", "client_assertion", "client_assertion_type"} {
		form.Del(credential)
	}
	uri := pushedPrefix + randomText(pushedBytes)
	if err := p.push(r, authorization{form: form, pushed: pushedHash(uri)}, dpopKey.thumbprint); err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, pushedResponse{RequestURI: uri, ExpiresIn: int64(pushedLifetime.Seconds())})
	return nil
}

// push checks a request as the authorization endpoint does, and keeps it.
func (p *Provider) push(r *http.Request, a authorization, dpopKey string) (err error) {
	if err := p.takeParameters(r.Context(), &a); err != nil {
		return pageless(err)
	}
	if err := bindDPoPKey(a.form, dpopKey); err != nil {
		return err
	}
	if a.client, a.redirectURI, err = p.clientAndRedirectURI(r.Context(), a.form); err != nil {
		return pageless(err)
	}
	a.form = p.withDefaultScope(a.client, a.form)
	if _, err := p.validate(r, a); err != nil {
		return err
	}
	return p.keepPushed(r.Context(), a)
}

// pageless turns what a person would see as a page into what a client is told (RFC 9126 §2.3).
func pageless(err error) error {
	var page *web.PageError
	if !errors.As(err, &page) {
		return err
	}
	return fosite.ErrInvalidRequest.WithHint(page.Detail)
}

// bindDPoPKey makes the code of the request belong to the key of the DPoP proof that came with it (RFC 9449 §10.1).
func bindDPoPKey(form url.Values, key string) error {
	switch {
	case key == "":
		return nil
	case form.Has("dpop_jkt") && form.Get("dpop_jkt") != key:
		return errDPoPProof.WithHint("The dpop_jkt is not the thumbprint of the key in the DPoP proof. Leave one of the two out.")
	}
	form.Set("dpop_jkt", key)
	return nil
}

// keepPushed keeps a request. One that fits into a URL is carried by the interaction from the first visit on, so that its row goes after its minute;
// a longer one stays for as long as the interaction may last, and is taken only from clients that somebody answers for.
func (p *Provider) keepPushed(ctx context.Context, a authorization) error {
	until := time.Now().Add(pushedLifetime)
	parameters, expires := a.form.Encode(), until
	if len(parameters) > maxParameters {
		if isPublic(a.client) || a.client.SelfRegistered {
			e := fosite.ErrInvalidRequest.WithHint("The authorization request is longer than 4 KiB. Only a client with credentials, registered by an administrator, may push one.")
			e.CodeField = http.StatusRequestEntityTooLarge // RFC 9126 §2.3
			return e
		}
		expires = until.Add(p.config.Lifetimes.Interaction)
	}
	plain, err := cbor.Marshal(sealedPushedRequest{Parameters: parameters, Signed: a.signed, Until: until.UnixMilli()})
	if err != nil {
		panic(err) // our own type always encodes
	}
	request := PushedRequest{Hash: a.pushed, Sealed: p.pushed.Seal(plain, a.pushed), ExpiresAt: expires}
	if err := p.config.PushedRequests.InsertPushedRequest(ctx, request); err != nil {
		return &fault{err}
	}
	return nil
}

func pushedHash(uri string) []byte {
	sum := sha256.Sum256([]byte(uri))
	return sum[:]
}

// takePushed puts what was pushed in the place of what the browser brought, which counts for nothing but the client_id (RFC 9126 §4).
func (p *Provider) takePushed(ctx context.Context, a *authorization, uri string) error {
	hash := pushedHash(uri)
	pushed, form, err := p.pushedRequest(ctx, hash)
	if err != nil {
		return err
	}
	if form == nil || form.Get("client_id") != a.form.Get("client_id") || !time.Now().Before(time.UnixMilli(pushed.Until)) {
		return fosite.ErrInvalidRequestURI.WithHint("The request_uri is unknown, older than a minute, or of another client.")
	}
	a.form, a.pushed, a.signed = form, hash, pushed.Signed
	return nil
}

// pushedRequest opens the pushed request with the hash. The form is nil when there is none.
func (p *Provider) pushedRequest(ctx context.Context, hash []byte) (s sealedPushedRequest, form url.Values, err error) {
	r, err := p.config.PushedRequests.PushedRequest(ctx, hash)
	switch {
	case errors.Is(err, ErrPushedRequestNotFound), err == nil && !time.Now().Before(r.ExpiresAt):
		return s, nil, nil
	case err != nil:
		return s, nil, &fault{err}
	}
	// A row that does not open, because its root secret was taken away or another version has written it, is none.
	plain, err := p.pushed.Open(r.Sealed, hash)
	if err != nil || cbor.Unmarshal(plain, &s) != nil {
		return s, nil, nil //nolint:nilerr // see above
	}
	form, err = url.ParseQuery(s.Parameters)
	return s, form, err
}

// checkPushed: RFC 9126 §5 and §6.
func checkPushed(p *Provider, a authorization) *fosite.RFC6749Error {
	if a.pushed == nil && (p.config.RequirePushedRequests || a.client.Metadata.RequirePushedAuthorizationRequests) {
		return fosite.ErrInvalidRequest.WithHint("The request must be pushed to the pushed_authorization_request_endpoint first; send the request_uri it answers with.")
	}
	return nil
}

// spendPushed uses a pushed request up, once on all nodes (RFC 9126 §7.3). That happens when its code is issued and not at the first visit: a
// person may reload the page, or go back (FAPI 2.0 §5.3.2.2).
func (p *Provider) spendPushed(ctx context.Context, a authorization) error {
	if a.pushed == nil {
		return nil
	}
	used := sha256.Sum256(append([]byte("pushed request\x00"), a.pushed...))
	fresh, err := p.config.Replays.UseOnce(ctx, used[:], time.Now().Add(pushedLifetime+p.config.Lifetimes.Interaction))
	if err != nil {
		return &fault{err}
	}
	if !fresh {
		return fosite.ErrInvalidRequestURI.WithHint("The request_uri has been used before. Push the request again.")
	}
	return nil
}
