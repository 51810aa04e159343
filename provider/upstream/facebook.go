package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/oauth2"

	"github.com/symbolon-id/symbolon/provider/account"
)

const (
	// FacebookIssuer stands for Facebook in identities: plain OAuth has no issuer.
	FacebookIssuer = "https://www.facebook.com"
	// DefaultGraphVersion is the newest version known to this code. Facebook serves each for about two years.
	DefaultGraphVersion = "v26.0"
)

// FacebookConfig configures a connector to Facebook.
type FacebookConfig struct {
	ID           string // see ValidID
	Label        string // on the button; default: Facebook
	ClientID     string // the app id
	ClientSecret string // the app secret
	GraphVersion string // "v26.0"; default: DefaultGraphVersion

	DialogURL         string       // default: https://www.facebook.com
	GraphURL          string       // default: https://graph.facebook.com
	AllowLoopbackHTTP bool         // see OIDCConfig
	HTTPClient        *http.Client // see OIDCConfig
}

// Facebook is a connector to Facebook Login: OAuth 2.0 and one Graph request. Facebook verifies no address for us and proves no time of
// authentication; ids differ from app to app.
type Facebook struct {
	info              Info
	oauth             oauth2.Config // without RedirectURL
	me                string
	allowLoopbackHTTP bool
	client            *http.Client
}

// NewFacebook checks the configuration, without any request, and reports every mistake at once.
func NewFacebook(cfg FacebookConfig) (*Facebook, error) {
	cfg.setDefaults()
	dialog, graph := strings.TrimSuffix(cfg.DialogURL, "/"), strings.TrimSuffix(cfg.GraphURL, "/")
	errs := []error{
		checkBasics(cfg.ID, cfg.Label, cfg.ClientID, cfg.HTTPClient),
		checkEndpoint("dialog URL", dialog, cfg.AllowLoopbackHTTP),
		checkEndpoint("graph URL", graph, cfg.AllowLoopbackHTTP),
	}
	if cfg.ClientSecret == "" {
		errs = append(errs, errors.New("client secret is missing"))
	}
	if !regexp.MustCompile(`^v[1-9][0-9]{0,2}\.[0-9]{1,2}$`).MatchString(cfg.GraphVersion) {
		errs = append(errs, fmt.Errorf(`graph version %q is not like "v26.0"`, cfg.GraphVersion))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("upstream %q: %w", cfg.ID, err)
	}
	return &Facebook{
		info: Info{ID: cfg.ID, Type: "facebook", Label: cfg.Label, Origins: []string{origin(dialog)}},
		oauth: oauth2.Config{
			ClientID:     cfg.ClientID,
			ClientSecret: cfg.ClientSecret,
			Endpoint: oauth2.Endpoint{
				AuthURL:   dialog + "/" + cfg.GraphVersion + "/dialog/oauth",
				TokenURL:  graph + "/" + cfg.GraphVersion + "/oauth/access_token",
				AuthStyle: oauth2.AuthStyleInParams,
			},
			Scopes: []string{"public_profile", "email"},
		},
		me:                graph + "/" + cfg.GraphVersion + "/me",
		allowLoopbackHTTP: cfg.AllowLoopbackHTTP,
		client:            limited(cfg.HTTPClient),
	}, nil
}

func (cfg *FacebookConfig) setDefaults() {
	for _, d := range []struct {
		member *string
		value  string
	}{
		{&cfg.Label, "Facebook"},
		{&cfg.GraphVersion, DefaultGraphVersion},
		{&cfg.DialogURL, "https://www.facebook.com"},
		{&cfg.GraphURL, "https://graph.facebook.com"},
	} {
		if *d.member == "" {
			*d.member = d.value
		}
	}
}

// Info names the upstream.
func (c *Facebook) Info() Info { return c.info }

// Begin returns the URL of the login dialog. Facebook has no account chooser to ask for, and no nonce without an ID token. It documents PKCE for
// its OpenID mode only; elsewhere the parameters are ignored.
func (c *Facebook) Begin(_ context.Context, b Begin) (string, error) {
	options := []oauth2.AuthCodeOption{
		oauth2.SetAuthURLParam("code_challenge", b.CodeChallenge),
		oauth2.SetAuthURLParam("code_challenge_method", "S256"),
	}
	if b.Reauthenticate {
		options = append(options, oauth2.SetAuthURLParam("auth_type", "reauthenticate"))
	}
	cfg := c.oauth
	cfg.RedirectURL = b.RedirectURI
	return cfg.AuthCodeURL(b.State, options...), nil
}

// Finish redeems the callback with two requests: token and profile. The access token is forgotten afterwards.
func (c *Facebook) Finish(ctx context.Context, f Finish) (account.Proof, error) {
	if err := dialogError(f.Query); err != nil {
		return account.Proof{}, err
	}
	code, err := authorizationCode(f.Query, issuerParameter{allowed: []string{FacebookIssuer}})
	if err != nil {
		return account.Proof{}, err
	}
	cfg := c.oauth
	cfg.RedirectURL = f.RedirectURI
	token, err := redeem(ctx, c.client, cfg, code, f.CodeVerifier, func(e *oauth2.RetrieveError) error {
		return graphError(e.Response.StatusCode, e.Body)
	})
	if err != nil {
		return account.Proof{}, err
	}
	person, err := c.person(ctx, token.AccessToken)
	if err != nil {
		return account.Proof{}, err
	}
	return person.proof(c.info.ID, c.oauth.ClientID, c.allowLoopbackHTTP), nil
}

// person asks Graph who the token is about. appsecret_proof shows that the token is used by the app it was issued to.
func (c *Facebook) person(ctx context.Context, accessToken string) (graphPerson, error) {
	q := url.Values{
		"fields":          {"id,name,first_name,last_name,email,picture.width(256).height(256)"},
		"appsecret_proof": {appSecretProof(accessToken, c.oauth.ClientSecret)},
	}
	res, body, err := get(ctx, c.client, c.me+"?"+q.Encode(), "application/json", accessToken)
	if err != nil {
		return graphPerson{}, fmt.Errorf("profile: %w: %w", ErrUnavailable, err)
	}
	if res.StatusCode != http.StatusOK {
		if err := statusError(res.StatusCode); err != nil {
			return graphPerson{}, fmt.Errorf("profile: %w", err)
		}
		return graphPerson{}, fmt.Errorf("profile: %w", graphError(res.StatusCode, body))
	}
	person, err := parseGraphPerson(body)
	if err != nil {
		return graphPerson{}, fmt.Errorf("profile: %w", err)
	}
	return person, nil
}
