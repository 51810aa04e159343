package config

import (
	"cmp"
	"crypto/x509"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Config is a configuration that has been validated. The tags are what Load decodes by and what Reference prints: yaml is the key, default
// and example are written as in the file, min and max bound a duration, enum lists the allowed words.
//
// Secrets from a …_file key are in the key without _file. All paths are absolute.
type Config struct {
	Issuer              string             `yaml:"issuer" example:"https://id.example.com" required:"true" doc:"The public address of this server, and the \"iss\" of every token. https; http only on a loopback host. No path, query, fragment or trailing slash."`
	Listen              string             `yaml:"listen" default:"127.0.0.1:8080" doc:"Where to listen, as host:port. Port 0 takes a free one."`
	Database            Database           `yaml:"database" default:"sqlite:symbolon.db" doc:"sqlite:PATH for the embedded database, or postgres://USER:PASSWORD@HOST/NAME for PostgreSQL and more than one node."`
	DatabaseFile        string             `yaml:"database_file" example:"/run/secrets/database" doc:"A file that holds the database address on one line, instead of database."`
	Secrets             []Secret           `yaml:"secrets" example:"[ … ]" doc:"The root secrets, each at least 32 bytes of text; all else is derived from them. The first is used, the others still open what it replaced. Make one with: openssl rand -base64 32. With SQLite and no secret, one is kept beside the database in PATH.secret; PostgreSQL needs one, the same on every node."`
	SecretsFile         string             `yaml:"secrets_file" example:"/run/secrets/symbolon" doc:"A file with one root secret a line, instead of secrets."`
	Brand               Brand              `yaml:"brand" doc:"What the sign-in pages look like."`
	Upstreams           []Upstream         `yaml:"upstreams" doc:"Where people sign in, in the order of the buttons."`
	MetricsListen       string             `yaml:"metrics_listen" example:"127.0.0.1:9090" doc:"A listener of its own for /metrics, as host:port. Without it /metrics is on the main one."`
	TrustedProxies      []netip.Prefix     `yaml:"trusted_proxies" example:"[10.0.0.0/8]" doc:"The addresses of the proxies whose X-Forwarded-For is believed, in CIDR notation. None by default."`
	EgressAllow         []string           `yaml:"egress_allow" example:"[jwks.internal.example]" doc:"Hosts on private addresses that URLs of registered clients may point to. None by default."`
	LegacyResponseTypes bool               `yaml:"legacy_response_types" default:"false" doc:"Offer the implicit and hybrid flows of OpenID Connect to clients that are registered for them: for certification and old partners. Leave it off."`
	RequirePushed       bool               `yaml:"require_pushed_authorization_requests" default:"false" doc:"Refuse authorization requests that the client has not pushed before (RFC 9126). A client may be registered to need it too."`
	RequestURIParameter bool               `yaml:"request_uri_parameter" default:"false" doc:"Let clients keep signed authorization requests at their own addresses, which this server then fetches. Only addresses registered in request_uris. Pushed requests do the same, better."`
	DPoPNonce           bool               `yaml:"dpop_nonce" default:"false" doc:"Make every DPoP proof carry a nonce of this server: safer against proofs made in advance, at the price of one more request now and then."`
	SessionManagement   bool               `yaml:"session_management" default:"false" doc:"Let the pages of clients watch in a frame whether the person is still signed in (OpenID Connect Session Management). It costs a cookie that other sites' pages make browsers send, and many browsers block it there. Back-channel log-out does better."`
	TLS                 TLS                `yaml:"tls" doc:"Serve https directly. Leave it out behind a proxy that ends TLS."`
	ClientCertificates  ClientCertificates `yaml:"client_certificates" doc:"Clients that authenticate with a certificate, and tokens that are bound to one (RFC 8705)."`
	Registration        Registration       `yaml:"registration" doc:"Clients that register themselves (RFC 7591), which nobody has looked at: people are always asked for consent, and told so."`
	ClientDocuments     ClientDocuments    `yaml:"client_id_metadata_documents" doc:"Clients whose id is the https address of a document that describes them, with the policy of registration."`
	TrustedIssuers      []TrustedIssuer    `yaml:"trusted_issuers" doc:"Issuers whose assertions clients may exchange for tokens of people who are linked to them already (RFC 7523). None by default."`
	Scopes              []Scope            `yaml:"scopes" doc:"Scopes of your own APIs in plain words, for the page where a person allows them. A scope without an entry stands there by its name."`
	DetailsTypes        []DetailsType      `yaml:"authorization_details_types" doc:"What clients may ask for in detail, beside scopes (RFC 9396): a payment, an account. None by default."`
	Lifetimes           Lifetimes          `yaml:"lifetimes" doc:"How long things live, as 90s, 10m or 24h."`
	Log                 Log                `yaml:"log" doc:"The log on standard error."`
	ShutdownDelay       time.Duration      `yaml:"shutdown_delay" default:"0s" min:"0s" max:"5m" doc:"How long to go on answering after SIGTERM while /readyz already says no, so that a balancer can take the node out. 5s suits Kubernetes."`
	ShutdownTimeout     time.Duration      `yaml:"shutdown_timeout" default:"20s" min:"0s" max:"10m" doc:"How long requests may finish after SIGTERM."`
}

// Brand is what the End-User's pages show.
type Brand struct {
	Name    string `yaml:"name" default:"Symbolon" doc:"The name people know this sign-in by; at most 60 characters."`
	Logo    string `yaml:"logo" example:"/etc/symbolon/logo.svg" doc:"An SVG or PNG file of at most 8 KiB."`
	Accent  string `yaml:"accent" example:"#2f5bd7" doc:"The colour of the main button, as #rrggbb."`
	Support string `yaml:"support" example:"https://help.example.com" doc:"Where people get help: an https or mailto address, linked at the foot of every page."`

	LogoData []byte `yaml:"-"` // the file's content; nil without a logo
	LogoType string `yaml:"-"` // image/svg+xml or image/png
}

// Upstream is one place where people sign in.
type Upstream struct {
	ID                  string    `yaml:"id" example:"google" doc:"Letters, digits, -, ., _ and ~, unique. Part of the callback address {issuer}/login/{id}/callback. Never change it: accounts are bound to it."`
	Type                string    `yaml:"type" example:"google" enum:"google,facebook,oidc" doc:"The kind of upstream."`
	Label               string    `yaml:"label" example:"Google" doc:"The name on the button. Google and Facebook have theirs; others default to the id."`
	ClientID            string    `yaml:"client_id" example:"1234.apps.googleusercontent.com" doc:"Our client id at the upstream (Facebook calls it the app id)."`
	ClientSecret        Secret    `yaml:"client_secret" example:"…" doc:"Our client secret at the upstream."`
	ClientSecretFile    string    `yaml:"client_secret_file" example:"/run/secrets/google" doc:"A file that holds the client secret on one line, instead of client_secret."`
	Issuer              string    `yaml:"issuer" example:"https://accounts.google.com" doc:"The upstream's issuer. Required for oidc; for google an override; not for facebook."`
	Scopes              []string  `yaml:"scopes" example:"[openid, profile, email]" doc:"Only oidc: what to ask for. Default: openid profile email."`
	EmailTrust          string    `yaml:"email_trust" default:"none" enum:"none,verified,authoritative" doc:"Only oidc: how far its word about an e-mail address goes. verified: email_verified is believed. authoritative: it also runs the mailboxes of trusted_domains."`
	TrustedDomains      []string  `yaml:"trusted_domains" example:"[corp.example]" doc:"Only oidc with email_trust authoritative: the mail domains it runs."`
	HostedDomain        string    `yaml:"hosted_domain" example:"corp.example" doc:"Only google: admit only people of this Workspace domain, or with * of any."`
	GraphVersion        string    `yaml:"graph_version" example:"v26.0" doc:"Only facebook: the version of the Graph API. Default: v26.0."`
	Endpoints           Endpoints `yaml:"endpoints" doc:"Addresses to use instead of the upstream's own."`
	AllowPrivateNetwork bool      `yaml:"allow_private_network" default:"false" doc:"Let requests to this upstream reach private and loopback addresses, and use http on a loopback host."`
}

// Endpoints override an upstream's own addresses; empty members do not.
type Endpoints struct {
	Authorization string `yaml:"authorization" example:"https://sso.example/authorize" doc:"The page the browser is sent to; for facebook without version and path."`
	Token         string `yaml:"token" example:"https://sso.example/token" doc:"The token endpoint. Not for facebook, which derives it from graph."`
	JWKS          string `yaml:"jwks" example:"https://sso.example/jwks" doc:"The signing keys. Not for facebook."`
	UserInfo      string `yaml:"userinfo" example:"https://sso.example/userinfo" doc:"The userinfo endpoint. Not for facebook."`
	Graph         string `yaml:"graph" example:"https://graph.example" doc:"The Graph API without its version. Only facebook."`
}

// TLS names the certificate of the main listener; both files or none.
type TLS struct {
	CertFile string `yaml:"cert_file" example:"/etc/symbolon/tls.crt" doc:"The certificate chain, PEM."`
	KeyFile  string `yaml:"key_file" example:"/etc/symbolon/tls.key" doc:"Its private key, PEM."`
}

// ClientCertificates says how the certificates of clients are seen and judged.
type ClientCertificates struct {
	Request bool   `yaml:"request" default:"true" doc:"With tls: ask for a certificate on every connection; none need be sent. A browser that has certificates may then ask its person to choose one: false where no client uses any."`
	CAFile  string `yaml:"ca_file" example:"/etc/symbolon/client-ca.pem" doc:"The authorities that issue the certificates of tls_client_auth clients, PEM. Without it only self-signed certificates are taken."`
	Header  string `yaml:"header" example:"Client-Cert" doc:"Behind trusted_proxies: the header in which they forward the certificate, in the form of RFC 9440. They must check that the client holds its key, and remove the header from requests that bring their own."`

	CAs *x509.CertPool `yaml:"-"` // what CAFile holds; nil without it
}

// Enabled reports whether the main listener speaks TLS.
func (t TLS) Enabled() bool { return t.CertFile != "" }

// Lifetimes says how long things live. The idle lifetimes are never longer than the absolute ones.
type Lifetimes struct {
	SessionIdle              time.Duration `yaml:"session_idle" default:"24h" min:"1s" max:"8760h" doc:"A browser's session ends when it is not used for this long."`
	SessionAbsolute          time.Duration `yaml:"session_absolute" default:"720h" min:"1s" max:"8760h" doc:"And this long after the log-in in any case."`
	AccessToken              time.Duration `yaml:"access_token" default:"10m" min:"1s" max:"1h" doc:"Access tokens. A client may have its own."`
	IDToken                  time.Duration `yaml:"id_token" default:"1h" min:"1s" max:"24h" doc:"ID tokens."`
	AuthorizationCode        time.Duration `yaml:"authorization_code" default:"60s" min:"1s" max:"60s" doc:"Authorization codes."`
	RefreshToken             time.Duration `yaml:"refresh_token" default:"720h" min:"1s" max:"8760h" doc:"A grant can be refreshed for this long after the sign-in."`
	RefreshIdle              time.Duration `yaml:"refresh_idle" default:"336h" min:"1s" max:"8760h" doc:"And only while it is refreshed at least this often."`
	RefreshGraceConfidential time.Duration `yaml:"refresh_grace_confidential" default:"60s" min:"0s" max:"5m" doc:"A confidential client that repeats a refresh within this time gets the same answer again; 0s switches it off."`
	RefreshGracePublic       time.Duration `yaml:"refresh_grace_public" default:"10s" min:"0s" max:"60s" doc:"The same for public clients."`
	UpstreamAttempt          time.Duration `yaml:"upstream_attempt" default:"10m" min:"1s" max:"1h" doc:"How long a person may take at the upstream."`
	DeviceCode               time.Duration `yaml:"device_code" default:"10m" min:"1s" max:"30m" doc:"How long a person has to allow what a device asks for."`
	StatusList               time.Duration `yaml:"status_list" default:"30s" min:"1s" max:"1h" doc:"A partner looks at the list of revoked tokens at least this often: log-out reaches it within this time."`
	SigningKey               time.Duration `yaml:"signing_key" default:"2160h" min:"1h" max:"17520h" doc:"A signing key is replaced at this age. Its successor is published an hour before it signs."`
	Interaction              time.Duration `yaml:"interaction" default:"1h" min:"1s" max:"24h" doc:"How long an authorization request may wait on our pages."`
}

// Log says what is logged, and how.
type Log struct {
	Level  slog.Level `yaml:"level" default:"info" enum:"debug,info,warn,error" doc:"The least severe level that is logged."`
	Format string     `yaml:"format" default:"json" enum:"json,text" doc:"json for machines, text for eyes."`
}

// Load reads the configuration: defaults, then the YAML file at path, then the SYMBOLON_… variables of environ ("NAME=value"). Without
// explicit, the file need not exist. Relative paths written in the file, and the default database, start at the folder of the file; those in
// the environment at the working directory. The error is an *Error that lists every mistake.
func Load(path string, explicit bool, environ []string) (*Config, error) {
	l := &loader{file: path, origins: map[string]origin{}}
	c := &Config{}
	l.defaults(c)
	if root := l.parse(explicit); root != nil {
		l.decode(root, c)
	}
	l.environment(environ, c)
	// A value that did not decode is still its default. Rules that need the others right are checked all the same, so that all mistakes come
	// out in one run; a rule never complains twice about one key.
	l.files(c)
	l.validate(c)
	if len(l.mistakes) == 0 {
		return c, nil
	}
	slices.SortStableFunc(l.mistakes, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	return nil, &Error{Mistakes: l.mistakes}
}

// RootSecrets returns the root secrets as bytes, the current one first; none when the configuration names none, which only an embedded
// database allows.
func (c *Config) RootSecrets() [][]byte {
	secrets := make([][]byte, len(c.Secrets))
	for i, s := range c.Secrets {
		secrets[i] = []byte(s.Reveal())
	}
	return secrets
}

// LoopbackIssuer reports whether the issuer is plain http on a loopback host: a developer's machine, where loopback URLs of clients are allowed.
func (c *Config) LoopbackIssuer() bool { return strings.HasPrefix(c.Issuer, "http://") }
