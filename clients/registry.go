package clients

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"
)

// Errors of a Registry beside those of its Store and *MetadataError.
var (
	// ErrIdempotencyMismatch says that the idempotency key was used before, for another client.
	ErrIdempotencyMismatch = errors.New("clients: idempotency key was used for another request")
	// ErrNoSecret says that the client authenticates without a client_secret, so there is none to rotate.
	ErrNoSecret = errors.New("clients: the client has no secret (its token_endpoint_auth_method uses none)")
	// ErrOverlap says that the overlap of a rotation is negative or over MaxOverlap.
	ErrOverlap = errors.New("clients: overlap must be between 0 and 30 days")
)

// MaxOverlap is how long a replaced secret may stay valid.
const MaxOverlap = 30 * 24 * time.Hour

// RegistryConfig is what a Registry works with.
type RegistryConfig struct {
	Store Store
	Cache *Cache // told of every change; nil when nothing in the process caches clients
	// SecretKey computes the answers of idempotent creations, 32 bytes or more. Nothing else may use it. With another key, a repeated request
	// is a new one.
	SecretKey []byte
	// Sealer keeps the secrets of client_secret_jwt clients; its purpose is SealPurpose. Without it there can be none.
	Sealer Sealer
	// FetchSector gets the documents of sector_identifier_uri. Without it no client can have one.
	FetchSector FetchSector
	// LoopbackURLs is Rules.LoopbackURLs.
	LoopbackURLs bool
	// LegacyResponseTypes is Rules.LegacyResponseTypes.
	LegacyResponseTypes bool
	// AuthorizationDetailsTypes is Rules.AuthorizationDetailsTypes.
	AuthorizationDetailsTypes []string
}

// Registry registers clients for administrators.
type Registry struct {
	cfg   RegistryConfig
	rules Rules
}

// NewRegistry returns a registry.
func NewRegistry(cfg RegistryConfig) *Registry {
	return &Registry{cfg: cfg, rules: Rules{
		Administrator: true, LoopbackURLs: cfg.LoopbackURLs, LegacyResponseTypes: cfg.LegacyResponseTypes,
		AuthorizationDetailsTypes: cfg.AuthorizationDetailsTypes,
	}}
}

// CreateOptions is what a creation may say beside the metadata.
type CreateOptions struct {
	ID string // chosen by the administrator, 1 to 2,048 visible ASCII characters; "" for a random one
	// IdempotencyKey makes a repetition answer as the first time, secret included; "" for none. The caller makes it its own: two callers with one
	// key are one caller here.
	IdempotencyKey string
	// ImportedSecretHash is the hash of the secret that the client has had elsewhere: a PHC string of argon2id, or "sha256$" and hexadecimal.
	ImportedSecretHash string
	// Ignored are the members of the document that are not known here.
	Ignored []string

	found problems // what DecodeRegistration has found
}

// Create registers a client and returns it with its secret, which is not kept and is "" for a client whose method uses none and for an imported secret. Errors:
// *MetadataError, ErrExists (the id is or was taken), ErrIdempotencyMismatch, or a storage fault.
func (r *Registry) Create(ctx context.Context, meta Metadata, opts CreateOptions) (*Client, string, error) {
	if err := CheckCreate(&meta, opts, r.rules); err != nil {
		return nil, "", err
	}
	if err := r.cfg.FetchSector.Check(ctx, nil, &meta); err != nil {
		return nil, "", err
	}
	from := source(random)
	key := ""
	if opts.IdempotencyKey != "" {
		var err error
		if from, key, err = r.computed(meta, opts); err != nil {
			return nil, "", err
		}
	}
	c, secret := newClient(meta, opts, from, time.Now().UTC().Truncate(time.Millisecond))
	if err := c.SealSecret(secret, r.cfg.Sealer); err != nil {
		return nil, "", err
	}
	err := r.cfg.Store.CreateClient(ctx, c, key)
	if errors.Is(err, ErrExists) && key != "" {
		return r.repeat(ctx, c, secret, key, opts.ID != "")
	}
	if err != nil {
		return nil, "", fmt.Errorf("create client %s: %w", quote(c.ID), err)
	}
	r.forget(c.ID)
	return c, secret, nil
}

// CheckCreate reports what is wrong with a registration: a *MetadataError with every mistake. It completes meta by its defaults.
func CheckCreate(meta *Metadata, opts CreateOptions, rules Rules) error {
	meta.Normalize()
	found := slices.Clone(opts.found)
	var invalid *MetadataError
	if err := meta.Validate(rules); errors.As(err, &invalid) {
		for _, p := range invalid.Problems {
			// A member that could not be read is not there either: that is said already.
			if !slices.ContainsFunc(opts.found, func(known Problem) bool { return known.Member == p.Member }) {
				found = append(found, p)
			}
		}
	}
	if id := opts.ID; id != "" && (len(id) > maxID || !isVisibleASCII(id) || id == "." || id == "..") {
		found.add("client_id", "must have 1 to 2,048 visible ASCII characters")
	}
	if opts.ImportedSecretHash != "" {
		if reason := checkSecretHash(opts.ImportedSecretHash); reason != "" {
			found.add("client_secret_hash", reason)
		}
		if method := meta.TokenEndpointAuthMethod; method != AuthMethodBasic && method != AuthMethodPost {
			found.add("client_secret_hash", "is there, but token_endpoint_auth_method is "+quote(method)+", which no hash can check")
		}
	}
	if len(found) > 0 { // a misspelt member may be what is missing
		for _, name := range opts.Ignored {
			found.add(name, reasonUnknown)
		}
	}
	return found.err()
}

func newClient(meta Metadata, opts CreateOptions, from source, now time.Time) (*Client, string) {
	c := &Client{ID: opts.ID, Metadata: meta, Version: 1, CreatedAt: now, UpdatedAt: now}
	if c.ID == "" {
		c.ID = newID(from)
	}
	if !c.HasSecret() {
		return c, ""
	}
	plaintext, secret := makeSecret(from, c.secretSize(), now)
	if opts.ImportedSecretHash != "" {
		plaintext, secret.Hash = "", opts.ImportedSecretHash
	}
	c.Secrets = []Secret{secret}
	return c, plaintext
}

// newID returns 128 bits in 22 characters. None begins with "-": a command line would take it for a flag.
func newID(from source) string {
	for label := "id"; ; label += "+" {
		if id := base64.RawURLEncoding.EncodeToString(from(label, 16)); id[0] != '-' {
			return id
		}
	}
}

// computed returns a source whose bytes follow from the idempotency key and the whole request, and the name under which the store remembers the
// key. What is computed can be told again without being kept.
func (r *Registry) computed(meta Metadata, opts CreateOptions) (source, string, error) {
	if len(r.cfg.SecretKey) < 32 {
		return nil, "", errors.New("clients: idempotent creation needs a SecretKey of 32 bytes or more")
	}
	body, err := json.Marshal(meta)
	if err != nil {
		return nil, "", fmt.Errorf("encode client metadata: %w", err)
	}
	seed := mac(r.cfg.SecretKey, "client", opts.IdempotencyKey, string(body), opts.ID, opts.ImportedSecretHash)
	from := func(label string, n int) []byte { return mac(seed, label)[:n] }
	name := base64.RawURLEncoding.EncodeToString(mac(r.cfg.SecretKey, "idempotency key", opts.IdempotencyKey))
	return from, name, nil
}

// mac is HMAC-SHA-256 over parts, each preceded by its length so that no two lists of parts look alike.
func mac(key []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	for _, part := range parts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}

// repeat answers a creation whose idempotency key, or id, is taken. wanted is what the request computes to.
func (r *Registry) repeat(ctx context.Context, wanted *Client, secret, key string, chosenID bool) (*Client, string, error) {
	first, err := r.cfg.Store.ClientByIdempotencyKey(ctx, key)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, "", fmt.Errorf("create client %s: %w", quote(wanted.ID), ErrExists)
	case err != nil:
		return nil, "", fmt.Errorf("load client by idempotency key: %w", err)
	case first.ID != wanted.ID || chosenID && !sameRequest(first, wanted):
		return nil, "", ErrIdempotencyMismatch
	}
	wanted.CreatedAt, wanted.UpdatedAt = first.CreatedAt, first.CreatedAt
	for i := range wanted.Secrets {
		wanted.Secrets[i].CreatedAt = first.CreatedAt
	}
	return wanted, secret, nil
}

// sameRequest says whether two creations with one chosen id were the same. A computed id tells by itself, a chosen one does not; the computed id
// of the secret does too, and so does the metadata until it is changed.
func sameRequest(first, wanted *Client) bool {
	sameSecret := len(wanted.Secrets) > 0 && slices.ContainsFunc(first.Secrets, func(s Secret) bool { return s.ID == wanted.Secrets[0].ID })
	return sameSecret || first.Version == 1 && reflect.DeepEqual(first.Metadata, wanted.Metadata)
}

// Get returns the client as it is now, ErrNotFound, or a storage fault.
func (r *Registry) Get(ctx context.Context, id string) (*Client, error) {
	if !possibleID(id) {
		return nil, ErrNotFound
	}
	c, err := r.cfg.Store.Client(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("load client %s: %w", quote(id), err)
	}
	return c, nil
}

// List returns a page of clients by id. A limit of 0 means 50; more than 200 means 200.
func (r *Registry) List(ctx context.Context, f ClientFilter) ([]*Client, error) {
	if f.Limit <= 0 {
		f.Limit = 50
	}
	f.Limit = min(f.Limit, 200)
	list, err := r.cfg.Store.Clients(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("list clients: %w", err)
	}
	return list, nil
}

// Delete removes the client and revokes its grants. ErrNotFound if it was not there.
func (r *Registry) Delete(ctx context.Context, id string) error {
	if !possibleID(id) {
		return ErrNotFound
	}
	err := r.cfg.Store.DeleteClient(ctx, id)
	r.forget(id)
	if err != nil {
		return fmt.Errorf("delete client %s: %w", quote(id), err)
	}
	return nil
}

func (r *Registry) forget(id string) {
	if r.cfg.Cache != nil {
		r.cfg.Cache.Forget(id)
	}
}
