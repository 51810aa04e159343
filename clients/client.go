package clients

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Errors a Store returns. Callers may rely on errors.Is.
var (
	// ErrNotFound says that no client has the id.
	ErrNotFound = errors.New("clients: not found")
	// ErrExists says that a client with the id, or made with the same idempotency key, is already there.
	ErrExists = errors.New("clients: exists")
	// ErrConflict says that the client changed since it was read: Version differs.
	ErrConflict = errors.New("clients: changed in between")
)

// Client is a registered partner app. It is read-only once loaded: the same value is shared between requests.
type Client struct {
	ID       string // opaque, at most 2,048 characters; may be an https URL
	Metadata Metadata
	Secrets  []Secret // valid ones only, newest first; at most two; empty for a client whose method uses none
	// Version counts changes of the row, from 1. It is the ETag of the admin API and the guard of every update.
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
	// DisabledAt is not zero for a client that an administrator has switched off: every endpoint treats it as unknown.
	DisabledAt time.Time
	// SelfRegistered says that no administrator has looked at the client: all it says of itself is its own word. The person is asked for consent
	// whatever SkipConsent says, and no error leads to its redirect URIs before the person has signed in.
	SelfRegistered bool
}

// Metadata is what a client says of itself, by the names of RFC 7591 §2, OIDC Registration §2 and OIDC RP-Logout §3.1.
// Zero members are left out of JSON. Normalize fills the defaults, Validate reports every mistake.
type Metadata struct {
	RedirectURIs             []string          `json:"redirect_uris,omitempty"`
	TokenEndpointAuthMethod  string            `json:"token_endpoint_auth_method,omitempty"` // client_secret_basic (default), …; see the AuthMethod constants
	GrantTypes               []string          `json:"grant_types,omitempty"`                // authorization_code (default), …; see the Grant constants
	ResponseTypes            []string          `json:"response_types,omitempty"`             // code (default); more only where legacy response types are on
	ClientName               string            `json:"client_name,omitempty"`
	ClientNameLocalized      map[string]string `json:"-"` // "client_name#ko": language tag to name; marshalled as members of their own
	ClientURI                string            `json:"client_uri,omitempty"`
	LogoURI                  string            `json:"logo_uri,omitempty"`
	PolicyURI                string            `json:"policy_uri,omitempty"`
	TosURI                   string            `json:"tos_uri,omitempty"`
	Scope                    string            `json:"scope,omitempty"` // space-separated; what the client may ask for
	Contacts                 []string          `json:"contacts,omitempty"`
	ApplicationType          string            `json:"application_type,omitempty"`             // web (default), native
	SubjectType              string            `json:"subject_type,omitempty"`                 // public (default), pairwise
	IDTokenSignedResponseAlg string            `json:"id_token_signed_response_alg,omitempty"` // RS256 (default), PS256, ES256, EdDSA
	DefaultMaxAge            *int64            `json:"default_max_age,omitempty"`              // seconds
	PostLogoutRedirectURIs   []string          `json:"post_logout_redirect_uris,omitempty"`
	InitiateLoginURI         string            `json:"initiate_login_uri,omitempty"`
	// OIDC Back-Channel Logout §2.2, OIDC Front-Channel Logout §2.
	BackchannelLogoutURI              string `json:"backchannel_logout_uri,omitempty"`
	BackchannelLogoutSessionRequired  bool   `json:"backchannel_logout_session_required,omitempty"`
	FrontchannelLogoutURI             string `json:"frontchannel_logout_uri,omitempty"`
	FrontchannelLogoutSessionRequired bool   `json:"frontchannel_logout_session_required,omitempty"`

	// DPoPBoundAccessTokens makes every token request prove a key (RFC 9449 §5.2).
	DPoPBoundAccessTokens bool `json:"dpop_bound_access_tokens,omitempty"`
	// AuthorizationSignedResponseAlg signs authorization responses that are asked for as JWT (JARM §3): RS256 (default), PS256, ES256, EdDSA.
	AuthorizationSignedResponseAlg string `json:"authorization_signed_response_alg,omitempty"`
	// SectorIdentifierURI is where the redirect URIs of a pairwise client's sector are listed (OIDC Core §8.1); its host is the sector.
	SectorIdentifierURI string `json:"sector_identifier_uri,omitempty"`
	// UserInfoSignedResponseAlg makes the answer of the userinfo endpoint a signed JWT: RS256, PS256, ES256, EdDSA. Left out: JSON.
	UserInfoSignedResponseAlg string `json:"userinfo_signed_response_alg,omitempty"`
	// What is encrypted to the client's key, and how (OIDC Registration §2, JARM §3, RFC 9701 §6): RSA-OAEP-256, ECDH-ES or ECDH-ES+A256KW, with
	// A128CBC-HS256 (default) or A256GCM.
	IDTokenEncryptedResponseAlg       string `json:"id_token_encrypted_response_alg,omitempty"`
	IDTokenEncryptedResponseEnc       string `json:"id_token_encrypted_response_enc,omitempty"`
	UserInfoEncryptedResponseAlg      string `json:"userinfo_encrypted_response_alg,omitempty"`
	UserInfoEncryptedResponseEnc      string `json:"userinfo_encrypted_response_enc,omitempty"`
	AuthorizationEncryptedResponseAlg string `json:"authorization_encrypted_response_alg,omitempty"`
	AuthorizationEncryptedResponseEnc string `json:"authorization_encrypted_response_enc,omitempty"`
	IntrospectionEncryptedResponseAlg string `json:"introspection_encrypted_response_alg,omitempty"`
	IntrospectionEncryptedResponseEnc string `json:"introspection_encrypted_response_enc,omitempty"`
	// IntrospectionSignedResponseAlg signs introspection answers that are asked for as JWT (RFC 9701 §6): RS256 (default), PS256, ES256, EdDSA.
	IntrospectionSignedResponseAlg string `json:"introspection_signed_response_alg,omitempty"`

	// TokenEndpointAuthSigningAlg is the only algorithm of the client's assertions. Left out: any that its method allows.
	TokenEndpointAuthSigningAlg string `json:"token_endpoint_auth_signing_alg,omitempty"`
	// JWKS holds the client's public keys (RFC 7517 §5), or JWKSURI says where they are; never both.
	JWKS    json.RawMessage `json:"jwks,omitempty"`
	JWKSURI string          `json:"jwks_uri,omitempty"`
	// RequestObjectSigningAlg is the only algorithm of the client's request objects (OIDC Registration §2): RS256, PS256, ES256, EdDSA. Left out: any.
	RequestObjectSigningAlg string `json:"request_object_signing_alg,omitempty"`
	// RequireSignedRequestObject refuses authorization requests that are not in a request object (RFC 9101 §10.5).
	RequireSignedRequestObject bool `json:"require_signed_request_object,omitempty"`
	// RequestURIs are the addresses where the client keeps request objects.
	RequestURIs []string `json:"request_uris,omitempty"`
	// RequirePushedAuthorizationRequests refuses authorization requests that were not pushed (RFC 9126 §6).
	RequirePushedAuthorizationRequests bool `json:"require_pushed_authorization_requests,omitempty"`
	// RFC 8705 §2.1.2: the subject of the certificate of a tls_client_auth client, in exactly one way.
	TLSClientAuthSubjectDN string `json:"tls_client_auth_subject_dn,omitempty"` // RFC 4514
	TLSClientAuthSANDNS    string `json:"tls_client_auth_san_dns,omitempty"`
	TLSClientAuthSANURI    string `json:"tls_client_auth_san_uri,omitempty"`
	TLSClientAuthSANIP     string `json:"tls_client_auth_san_ip,omitempty"`
	TLSClientAuthSANEmail  string `json:"tls_client_auth_san_email,omitempty"`
	// CertificateBoundAccessTokens makes every token request come with the client's certificate (RFC 8705 §3.4).
	CertificateBoundAccessTokens bool `json:"tls_client_certificate_bound_access_tokens,omitempty"`

	// AuthorizationDetailsTypes are the types of authorization details that the client may ask for (RFC 9396 §10).
	AuthorizationDetailsTypes []string `json:"authorization_details_types,omitempty"`

	SoftwareID      string `json:"software_id,omitempty"`
	SoftwareVersion string `json:"software_version,omitempty"`

	// Members of our own, for administrators only. None of them may be set by a client that registers itself.

	// Audience lists the resource servers, as absolute URIs or plain ids, that the client may ask tokens for (RFC 8707); the first is the default.
	Audience []string `json:"audience,omitempty"`
	// SkipConsent marks one of the operator's own clients: the consent page is left out.
	SkipConsent bool `json:"skip_consent,omitempty"`
	// RequirePKCE overrides the rule for confidential clients. Public clients always need PKCE.
	RequirePKCE *bool `json:"require_pkce,omitempty"`
	// AccessTokenLifetime overrides the configured lifetime, in seconds; at most 3,600.
	AccessTokenLifetime int64 `json:"access_token_lifetime,omitempty"`
	// AccessTokenFormat is jwt (default) or opaque: a token that only this server can read.
	AccessTokenFormat string `json:"access_token_format,omitempty"`
	// IntrospectAny lets the client introspect tokens of every client.
	IntrospectAny bool `json:"introspect_any,omitempty"`
	// TokenExchangeClients lists the clients whose access tokens the client may exchange (RFC 8693) beside its own and those that are meant for it.
	TokenExchangeClients []string `json:"token_exchange_clients,omitempty"`
}

// Secret is one client secret at rest.
type Secret struct {
	ID        string // names the secret in the admin API; not secret
	Hash      string // "sha256$" + hex for secrets of ours, "sealed$" + base64 for client_secret_jwt, a PHC string ("$argon2id$…") for imported ones
	CreatedAt time.Time
	ExpiresAt time.Time // zero: until it is rotated away
}

// ClientFilter narrows and pages a listing.
type ClientFilter struct {
	After string // id of the last client seen; "" from the start. Ordered by id.
	Limit int    // 1 to 200
}

// Store keeps clients. storage implements it.
type Store interface {
	// Client returns the client with its valid secrets, ErrNotFound, or a storage fault.
	Client(ctx context.Context, id string) (*Client, error)
	// Clients returns one page ordered by id.
	Clients(ctx context.Context, f ClientFilter) ([]*Client, error)
	// CreateClient inserts the client and its secrets in one commit. idempotencyKey may be empty; a used one is ErrExists, as is a used id.
	CreateClient(ctx context.Context, c *Client, idempotencyKey string) error
	// UpdateClient writes metadata, DisabledAt and the set of secrets when the row still has c.Version, and raises it. ErrConflict otherwise.
	// Secrets that are not in c.Secrets are deleted.
	UpdateClient(ctx context.Context, c *Client) error
	// DeleteClient removes the client and its secrets, and revokes its grants, in one commit. Its id is never given again. ErrNotFound if it was not there.
	DeleteClient(ctx context.Context, id string) error
	// ClientByIdempotencyKey returns the client that was created with the key, or ErrNotFound.
	ClientByIdempotencyKey(ctx context.Context, key string) (*Client, error)
}
