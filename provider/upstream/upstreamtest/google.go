package upstreamtest

import (
	"net/http"
	"slices"
	"sync"

	"github.com/symbolon-id/symbolon/provider/upstream"
)

// Google is a simulated Google: OpenID Connect with Google's habits.
type Google struct {
	*simulator

	state   sync.Mutex
	keys    []signingKey // the first one signs
	codes   map[string]*googleGrant
	tokens  map[string]*googleGrant // by access token
	consent map[string]bool         // person key of those who have consented before
	onToken func(IDToken) string
}

// googleGrant is what a code or an access token stands for.
type googleGrant struct {
	person      Person
	redirectURI string
	nonce       string
	challenge   string
	method      string
	scopes      []string
	offline     bool
	spent       bool
	accessToken string
}

// NewGoogle returns a simulated Google.
func NewGoogle(o Options) *Google {
	if o.ClientID == "" {
		o.ClientID = "symbolon-at-google"
	}
	if o.ClientSecret == "" {
		o.ClientSecret = "simulated-google-secret"
	}
	if o.People == nil {
		o.People = GooglePeople()
	}
	g := &Google{
		simulator: newSimulator("Google", o), codes: map[string]*googleGrant{}, tokens: map[string]*googleGrant{}, consent: map[string]bool{},
		keys: []signingKey{newSigningKey(), newSigningKey()},
	}
	handle := func(pattern, name string, h http.HandlerFunc) { g.mux.HandleFunc(pattern, g.endpoint(name, h)) }
	handle("GET /.well-known/openid-configuration", "discovery", g.discovery)
	handle("GET /oauth2/v3/certs", "jwks", g.certs)
	handle("GET /o/oauth2/v2/auth", "authorize", g.authorize)
	handle("POST /o/oauth2/v2/auth/choose", "choose", g.choose)
	handle("POST /token", "token", g.token)
	handle("GET /v1/userinfo", "userinfo", g.userInfo)
	handle("POST /revoke", "revoke", g.revoke)
	handle("GET /tokeninfo", "tokeninfo", g.tokenInfo)
	g.mux.HandleFunc("POST /_sim/rotate-keys", func(w http.ResponseWriter, r *http.Request) {
		g.RotateKeys(r.FormValue("keep") == "true")
		w.WriteHeader(http.StatusNoContent)
	})
	return g
}

// Config returns the configuration of a connector to this Google, once it has a base URL.
func (g *Google) Config(id string, client *http.Client) upstream.GoogleConfig {
	return upstream.GoogleConfig{
		ID: id, Issuer: g.BaseURL(), ClientID: g.options.ClientID, ClientSecret: g.options.ClientSecret, AllowLoopbackHTTP: true, HTTPClient: client,
	}
}

// OIDCConfig returns the configuration of a generic connector to this Google.
func (g *Google) OIDCConfig(id string, client *http.Client) upstream.OIDCConfig {
	return upstream.OIDCConfig{
		ID: id, Label: "Corporate", Issuer: g.BaseURL(), ClientID: g.options.ClientID, ClientSecret: g.options.ClientSecret, AllowLoopbackHTTP: true, HTTPClient: client,
	}
}

// OnIDToken has f make every ID token from now on; nil ends it. For attacks that Behaviour does not know.
func (g *Google) OnIDToken(f func(IDToken) string) {
	g.state.Lock()
	defer g.state.Unlock()
	g.onToken = f
}

func (g *Google) discovery(w http.ResponseWriter, _ *http.Request) {
	base := g.BaseURL()
	w.Header().Set("Cache-Control", "public, max-age=3600")
	body := map[string]any{
		"issuer":                                         base,
		"authorization_endpoint":                         base + "/o/oauth2/v2/auth",
		"token_endpoint":                                 base + "/token",
		"userinfo_endpoint":                              base + "/v1/userinfo",
		"revocation_endpoint":                            base + "/revoke",
		"jwks_uri":                                       base + "/oauth2/v3/certs",
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{"RS256"},
		"scopes_supported":                               []string{"openid", "email", "profile"},
		"token_endpoint_auth_methods_supported":          []string{"client_secret_post", "client_secret_basic"},
		"claims_supported":                               []string{"aud", "email", "email_verified", "exp", "family_name", "given_name", "iat", "iss", "name", "picture", "sub"},
		"code_challenge_methods_supported":               []string{"plain", "S256"},
		"grant_types_supported":                          []string{"authorization_code", "refresh_token"},
		"authorization_response_iss_parameter_supported": true,
	}
	answerCacheable(w, body)
}

// claimsOf is what Google says of the person in ID token and userinfo, by the scopes granted.
func (g *Google) claimsOf(grant *googleGrant) map[string]any {
	p := grant.person
	c := map[string]any{"sub": p.Subject}
	if slices.Contains(grant.scopes, "email") && p.Email != "" && !g.current().MissingEmail {
		c["email"], c["email_verified"] = p.Email, p.EmailVerified
	}
	if p.HostedDomain != "" {
		c["hd"] = p.HostedDomain
	}
	if slices.Contains(grant.scopes, "profile") {
		c["name"], c["given_name"], c["family_name"] = p.Name, p.GivenName, p.FamilyName
		if !p.NoPicture {
			c["picture"] = g.BaseURL() + "/_sim/photo/" + p.Key + ".svg"
		}
		if p.Locale != "" {
			c["locale"] = p.Locale
		}
	}
	return c
}
