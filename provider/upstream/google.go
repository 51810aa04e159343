package upstream

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/oauth2"

	"github.com/symbolon-id/symbolon/provider/account"
)

// GoogleIssuer is the canonical one of the two issuers in Google's ID tokens.
const GoogleIssuer = "https://accounts.google.com"

// GoogleConfig configures a connector to Google.
type GoogleConfig struct {
	ID           string // see ValidID
	Label        string // on the button; default: Google
	ClientID     string
	ClientSecret string
	// HostedDomain admits only accounts of this Workspace domain, by the signed hd claim; "*" admits those of any Workspace domain.
	HostedDomain string

	Issuer            string // default: GoogleIssuer; a simulator has another
	Endpoints         Endpoints
	AllowLoopbackHTTP bool         // see OIDCConfig
	HTTPClient        *http.Client // see OIDCConfig
}

// NewGoogle returns a connector to Google: OpenID Connect with Google's habits. Google's subjects are the same for every client, so Proof.Audience stays empty and
// changing the client does not change who people are. Google never says when somebody authenticated (it leaves out auth_time even when
// max_age is sent), so Proof.AuthTime is zero: a re-authentication can be asked for but not proven.
func NewGoogle(cfg GoogleConfig) (*OIDC, error) {
	if cfg.Label == "" {
		cfg.Label = "Google"
	}
	if cfg.Issuer == "" {
		cfg.Issuer = GoogleIssuer
	}
	hd := cfg.HostedDomain
	c, err := newOIDC("google", OIDCConfig{
		ID: cfg.ID, Label: cfg.Label, Issuer: cfg.Issuer, ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret,
		TokenEndpointAuthMethod: "client_secret_post",
		SigningAlgs:             []string{"RS256"},
		Endpoints:               cfg.Endpoints,
		AllowLoopbackHTTP:       cfg.AllowLoopbackHTTP,
		HTTPClient:              cfg.HTTPClient,
	}, googleIssuers(cfg.Issuer), dialect{
		parameters: func(b Begin) []oauth2.AuthCodeOption { return googleParameters(b, hd) },
		emailTrust: googleTrust,
		admit:      func(c claims) error { return admitHostedDomain(c, hd) },
	})
	if hd != strings.ToLower(hd) {
		err = errors.Join(err, errors.New("hosted domain: write it in lower case, as Google does"))
	}
	if err != nil {
		return nil, fmt.Errorf("upstream %q: %w", cfg.ID, err)
	}
	return c, nil
}

// googleIssuers returns the two spellings that Google uses, with and without the scheme. The first is the one we keep: the claim's literal text
// would make two persons of one.
func googleIssuers(issuer string) []string {
	_, bare, _ := strings.Cut(issuer, "://")
	return []string{issuer, bare}
}

// googleParameters asks for what Google can do: it knows no prompt=login and no max_age, and its account chooser is the nearest thing.
func googleParameters(b Begin, hostedDomain string) []oauth2.AuthCodeOption {
	var options []oauth2.AuthCodeOption
	if b.Reauthenticate || b.SelectAccount {
		options = append(options, oauth2.SetAuthURLParam("prompt", "select_account"))
	}
	if hostedDomain != "" {
		options = append(options, oauth2.SetAuthURLParam("hd", hostedDomain))
	}
	return options
}

// googleTrust: Google runs the mailboxes of gmail.com and of Workspace domains. Any other address it has verified once, and may have changed
// hands since.
func googleTrust(email string, c claims) account.EmailTrust {
	hd, _ := c.text("hd")
	switch {
	case !c.isTrue("email_verified"):
		return account.EmailUnverified
	case hd != "", account.EmailDomain(email) == "gmail.com":
		return account.EmailAuthoritative
	}
	return account.EmailVerified
}

// admitHostedDomain lets the signed claim decide. The hd parameter of the request is a hint that anybody can take out, and the address's domain
// is not the account's.
func admitHostedDomain(c claims, want string) error {
	hd, _ := c.text("hd")
	if want == "" || hd == want || want == "*" && hd != "" {
		return nil
	}
	return fmt.Errorf("%w: not of the hosted domain", ErrForbidden)
}
